"""Bodies of the ST operations read strictly: nesting, required fields, kinds of values. A body that is wrong here is a 400 as a whole,
and nothing of it is done; what an entry asks for is judged entry by entry elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

from returns_assets.sandbox.exchange import Call, Json, Refusal

_REFERENCE = re.compile(r"[0-9a-zA-Z_-]{0,255}")


@dataclass(slots=True)
class WantedLine:
    """`line_id` or, as older clients do, `sku`."""

    line_id: str | None
    sku: str | None
    quantity: int
    package: str | None


@dataclass(slots=True)
class Wanted:
    """One entry of ST01."""

    order_id: str
    lines: list[WantedLine]
    shipped: bool
    tracking: Json | None
    warehouse: str | None
    reference: str | None
    information: list[Any] | None


def entries(call: Call, most: int) -> list[Json]:
    given: Any = call.json().get("shipments")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in cast(list[Any], given)):
        raise Refusal(400, "Bad Request")
    found = cast(list[Json], given)
    if not 1 <= len(found) <= most:
        raise Refusal(400, f"shipments must have 1 to {most} entries, {len(found)} given")
    return found


def by_id(call: Call, most: int) -> list[tuple[str, Json]]:
    """Entries of the operations on shipments that exist."""
    return [(required_text(entry, "id"), entry) for entry in entries(call, most)]


def required_text(entry: Json, name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(400, f"{name} is required")
    return value


def _optional(entry: Json, name: str, kind: type[Any]) -> Any:
    value = entry.get(name)
    if value is not None and not isinstance(value, kind):
        raise Refusal(400, "Bad Request")
    return value


def tracking(entry: Json) -> Json | None:
    return _optional(entry, "tracking", dict)


def warehouse(entry: Json) -> str | None:
    """The code in shipping_from."""
    origin: Json | None = _optional(entry, "shipping_from", dict)
    place: Json | None = None if origin is None else _optional(origin, "warehouse", dict)
    return None if place is None else required_text(place, "code")


def _line(entry: Any) -> WantedLine:
    if not isinstance(entry, dict):
        raise Refusal(400, "Bad Request")
    data = cast(Json, entry)
    line_id, sku = _optional(data, "order_line_id", str), _optional(data, "offer_sku", str)
    if line_id is None and sku is None:
        raise Refusal(400, "a shipment line needs order_line_id")
    quantity: Any = data.get("quantity")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise Refusal(400, "quantity must be a whole number of at least 1")
    return WantedLine(line_id, sku, quantity, _optional(data, "package_reference", str))


def wanted(call: Call) -> list[Wanted]:
    """ST01's body."""
    found: list[Wanted] = []
    for entry in entries(call, 1000):
        lines: Any = entry.get("shipment_lines")
        if not isinstance(lines, list) or not lines:
            raise Refusal(400, "shipment_lines is required")
        reference: str | None = _optional(entry, "invoice_reference", str)
        if reference is not None and not _REFERENCE.fullmatch(reference):
            raise Refusal(400, "invoice_reference may have 255 characters of 0-9, a-z, A-Z, _ and -")
        found.append(
            Wanted(
                required_text(entry, "order_id"),
                [_line(line) for line in cast(list[Any], lines)],
                _optional(entry, "shipped", bool) or False,
                tracking(entry),
                warehouse(entry),
                reference,
                _optional(entry, "shipment_additional_information", list),
            )
        )
    return found
