"""An order seen in the other tax mode: OR11's order_tax_mode converts prices, refunds and cancelations, never the taxes themselves."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from returns_assets.sandbox.records import Order

Json = dict[str, Any]
CENT = Decimal("0.01")


def tax_sum(taxes: Any) -> Decimal:
    return sum((Decimal(tax["amount"]) for tax in taxes or ()), Decimal("0.00"))


def sign(stored: str, asked: str) -> int:
    """+1: taxes go on top, -1: they come off, 0: same view."""
    if stored == asked:
        return 0
    return 1 if asked == "TAX_INCLUDED" else -1


def _line(line: Json, way: int) -> None:
    taxes, shipping_taxes = tax_sum(line.get("taxes")), tax_sum(line.get("shipping_taxes"))
    units: list[Any] = [tax.get("origin_unit_amount") for tax in line.get("taxes") or ()]
    if any(unit is None for unit in units):
        unit_tax = (taxes / max(int(line["quantity"]), 1)).quantize(CENT, rounding=ROUND_HALF_UP)
    else:
        unit_tax = sum((Decimal(unit) for unit in units), Decimal("0.00"))
    line["price"] += way * taxes
    line["shipping_price"] += way * shipping_taxes
    line["total_price"] += way * (taxes + shipping_taxes)
    for name in ("price_unit", "origin_unit_price"):
        if line.get(name) is not None:
            line[name] += way * unit_tax
    for part in (*line["refunds"], *line["cancelations"]):
        part["amount"] += way * tax_sum(part.get("taxes"))
        part["shipping_amount"] += way * tax_sum(part.get("shipping_taxes"))


def shown_in(order: Order, mode: str) -> Order:
    """The order changed in place to `mode`."""
    way = sign(order["order_tax_mode"], mode)
    if way:
        for line in order["order_lines"]:
            _line(line, way)
        for name in ("price", "shipping_price", "total_price"):
            order[name] = sum((line[name] for line in order["order_lines"]), Decimal("0.00"))
        order["order_tax_mode"] = mode
    return order
