"""An operator's small lists (RE01, OR75, CUR01, PC01, A01, SH21, SH12) -> rows of mirakl_reference. Pure functions over landed answers.

Lists: `refund_reason` and the other reason types (`return_reason`, `cancelation_reason`, ...), `tax`, `currency`, `platform` (PC01 by
dotted key), `account` (balances, currency and state only: the rest of A01 is personal data), `carrier`, `shipping_type`. Facts:
reference, 4.6, 5.3, 9, 10.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

import pyarrow as pa

from returns_assets.mirakl.client import parse

OPERATIONS = ("RE01", "OR75", "CUR01", "PC01", "A01", "SH21", "SH12")
DISPATCH_OPERATIONS = ("PC01", "SH21", "SH12")  # what the dispatch flow needs of them
LISTS = {"PC01": "platform", "SH21": "carrier", "SH12": "shipping_type"}
SCHEMA = pa.schema(
    [
        ("marketplace", pa.string()),
        ("day", pa.date32()),
        ("list", pa.string()),
        ("code", pa.string()),
        ("label", pa.string()),
        ("value", pa.string()),
        ("attributes", pa.string()),
        ("fetched_at", pa.timestamp("us")),
    ]
)
_BALANCES = ("payable_balance", "pending_balance", "paid_balance", "reserve_balance")


@dataclass(frozen=True)
class Entry:
    """One entry of one list."""

    list: str
    code: str
    label: str | None = None
    value: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])


def entries(operation: str, body: bytes) -> list[Entry]:
    """The entries of one answer; unknown fields are ignored. Raises MiraklUnreadableError."""
    answer = parse(operation, body)
    if operation == "RE01":
        return [_reason(reason) for reason in _objects(answer, "reasons") if reason.get("code") is not None]
    if operation == "OR75":
        return [Entry("tax", code, _text(tax.get("label"))) for tax in _objects(answer, "taxes") if (code := _text(tax.get("code")))]
    if operation == "CUR01":
        return [_currency(currency) for currency in _objects(answer, "currencies") if currency.get("iso_code") or currency.get("code")]
    if operation == "SH21":
        return [_coded("carrier", each, "standard_code", "tracking_url") for each in _objects(answer, "carriers") if each.get("code")]
    if operation == "SH12":
        names = ("standard_code", "mandatory_tracking", "delivery_by_operator")
        return [_coded("shipping_type", each, *names) for each in _objects(answer, "shipping_types") if each.get("code")]
    if operation == "PC01":
        return [Entry("platform", key, value=value) for key, value in _flat("", answer)]
    return list(_account(answer))


def table(marketplace: str, day: date, found: list[tuple[Entry, datetime]]) -> pa.Table:
    """Rows of mirakl_reference; one row an entry, the first of equal (list, code) wins."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for entry, fetched_at in found:
        rows.setdefault(
            (entry.list, entry.code),
            {
                "marketplace": marketplace,
                "day": day,
                "list": entry.list,
                "code": entry.code,
                "label": entry.label,
                "value": entry.value,
                "attributes": json.dumps(entry.attributes, sort_keys=True, default=str),
                "fetched_at": fetched_at.astimezone(UTC).replace(tzinfo=None),
            },
        )
    return pa.Table.from_pylist(list(rows.values()), SCHEMA)


def refund_reasons(body: bytes) -> frozenset[str]:
    """The codes that a shop may use for refunds now (type REFUND, is_shop_right), from an RE01 answer."""
    return frozenset(e.code for e in entries("RE01", body) if e.list == "refund_reason" and e.attributes["is_shop_right"])


def _reason(reason: dict[str, Any]) -> Entry:
    kind = str(reason.get("type") or "unknown").lower()
    return Entry(
        f"{kind}_reason", str(reason["code"]), _text(reason.get("label")), None, {"is_shop_right": reason.get("is_shop_right") is True}
    )


def _currency(currency: dict[str, Any]) -> Entry:
    default = currency.get("platform_default") is True
    return Entry(
        "currency", str(currency.get("iso_code") or currency["code"]), _text(currency.get("label")), None, {"platform_default": default}
    )


def _coded(name: str, each: dict[str, Any], *attributes: str) -> Entry:
    return Entry(name, str(each["code"]), _text(each.get("label")), None, {attribute: each.get(attribute) for attribute in attributes})


def _account(answer: dict[str, Any]) -> Iterator[Entry]:
    for name in ("shop_id", "shop_state", "currency_iso_code"):
        if answer.get(name) is not None:
            yield Entry("account", name, value=str(answer[name]))
    details = answer.get("payment_details")
    for name in _BALANCES if isinstance(details, dict) else ():
        value = cast("dict[str, Any]", details).get(name)
        if value is not None:
            yield Entry("account", name, value=str(value))


def _objects(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = answer.get(name)
    if not isinstance(found, list):
        return []
    return [cast("dict[str, Any]", entry) for entry in cast("list[Any]", found) if isinstance(entry, dict)]


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """Dotted keys to texts: true/false, numbers as written, lists as JSON; null is left out."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _flat(f"{prefix}.{key}" if prefix else key, inner)
    elif isinstance(value, bool):
        yield prefix, "true" if value else "false"
    elif isinstance(value, list):
        yield prefix, json.dumps(value, sort_keys=True, default=str)
    elif value is not None:
        yield prefix, str(value)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
