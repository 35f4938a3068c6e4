"""OR28's and OR30's request body read strictly: nesting, required fields, kinds of values. What it asks for is judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.exchange import Json, Refusal, decimal
from returns_assets.sandbox.records import MODES


@dataclass(slots=True)
class Item:
    """One entry; `taxes` and `shipping_taxes` by code. Amounts are in the request's tax mode."""

    order_line_id: str
    amount: Decimal
    shipping_amount: Decimal
    reason_code: str
    quantity: int
    currency: str | None
    excluded_from_shipment: bool
    taxes: dict[str, Decimal]
    shipping_taxes: dict[str, Decimal]


@dataclass(slots=True)
class Request:
    mode: str
    items: list[Item]


def _amount(entry: Json, name: str, where: str, config: MarketplaceConfig) -> Decimal:
    """Quoted decimals and more places than the currency has are accepted as long as the value itself fits the currency."""
    if entry.get(name) is None:
        raise Refusal(400, f"{where}.{name} is required")
    try:
        value = decimal(entry[name])
    except ValueError:
        raise Refusal(400, f"{where}.{name} is not a number") from None
    if value < 0:
        raise Refusal(400, f"{where}.{name} must not be negative")
    exact = value.quantize(config.quantum)
    if exact != value:
        raise Refusal(400, f"{where}.{name} has more than {config.currency_digits} decimals")
    return exact


def _taxes(entry: Json, name: str, where: str, config: MarketplaceConfig) -> dict[str, Decimal]:
    given: Any = entry.get(name)
    if given is None:
        return {}
    if not isinstance(given, list):
        raise Refusal(400, "Bad Request")
    taxes: dict[str, Decimal] = {}
    for n, tax in enumerate(cast(list[Any], given)):
        if not isinstance(tax, dict) or not isinstance(tax.get("code"), str):  # pyright: ignore[reportUnknownMemberType]
            raise Refusal(400, f"{where}.{name}[{n}]: a tax needs a code")
        code = str(cast(Json, tax)["code"])
        if code in taxes:
            raise Refusal(400, f"{where}.{name}[{n}]: tax code {code} is given twice")
        taxes[code] = _amount(cast(Json, tax), "amount", f"{where}.{name}[{n}]", config)
    return taxes


def _text(entry: Json, name: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(400, f"{where}.{name} is required")
    return value


def _item(entry: Any, where: str, config: MarketplaceConfig, quantity_required: bool) -> Item:
    if not isinstance(entry, dict):
        raise Refusal(400, "Bad Request")
    data = cast(Json, entry)
    quantity: Any = data.get("quantity")
    if quantity is None:
        if quantity_required:
            raise Refusal(400, f"{where}.quantity is required")
        quantity = 0
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity < 2**31:
        raise Refusal(400, f"{where}.quantity is not a whole number")
    currency: Any = data.get("currency_iso_code")
    excluded: Any = data.get("excluded_from_shipment") or False
    if not isinstance(excluded, bool) or not (currency is None or isinstance(currency, str)):
        raise Refusal(400, "Bad Request")
    item = Item(
        order_line_id=_text(data, "order_line_id", where),
        amount=_amount(data, "amount", where, config),
        shipping_amount=_amount(data, "shipping_amount", where, config),
        reason_code=_text(data, "reason_code", where),
        quantity=quantity,
        currency=currency,
        excluded_from_shipment=excluded,
        taxes=_taxes(data, "taxes", where, config),
        shipping_taxes=_taxes(data, "shipping_taxes", where, config),
    )
    if not item.amount and not item.shipping_amount:
        raise Refusal(400, f"{where}: amount and shipping_amount must not both be zero")
    return item


def read(body: Json, name: str, config: MarketplaceConfig, *, quantity_required: bool = False) -> Request:
    """`name`: refunds or cancelations. A body nested in another way gets the bare 400 that real servers give."""
    entries: Any = body.get(name)
    if not isinstance(entries, list) or not entries:
        raise Refusal(400, "Bad Request")
    mode: Any = body.get("order_tax_mode")
    if mode is not None and mode not in MODES:
        raise Refusal(400, f"order_tax_mode must be one of {', '.join(MODES)}")
    items = [_item(entry, f"{name}[{n}]", config, quantity_required) for n, entry in enumerate(cast(list[Any], entries))]
    return Request(mode or config.order_tax_mode, items)
