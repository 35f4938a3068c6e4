"""OR11 answers as sold orders, read right before they are told to ReBound, and the addresses in them.

An address lives in this process only until its request is sent: it is in no table, no ledger row and no text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, cast

from returns_assets.mirakl.client import parse
from returns_assets.mirakl.errors import MiraklUnreadableError
from returns_assets.rebound.sales_order import SoldLine, SoldOrder

KEPT = Decimal("0.0001")  # as the warehouse keeps money: both readings give one document


@dataclass(frozen=True, slots=True, repr=False)
class FreshOrder:
    """An order as Mirakl shows it now. `address`: what is sent of its shipping address; kept out of every text, hence no repr."""

    order: SoldOrder
    address: Mapping[str, str]


def fresh_orders(pages: Iterable[bytes], address_fields: Mapping[str, str]) -> dict[str, FreshOrder]:
    """The orders of OR11's answers by id; `address_fields`: field sent -> field of the shipping address. Raises MiraklUnreadableError."""
    found: dict[str, FreshOrder] = {}
    for page in pages:
        answer = parse("OR11", page)
        try:
            for row in cast("list[dict[str, Any]]", answer["orders"]):
                customer = cast("dict[str, Any]", row.get("customer") or {})
                address = cast("dict[str, Any]", customer.get("shipping_address") or {})
                order = _order(row, str(address.get("country_iso_code") or ""))
                sent = {name: str(address[field]) for name, field in address_fields.items() if address.get(field)}
                found[order.order_id] = FreshOrder(order, sent)
        except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation):
            # the cause's own text could repeat what was read
            raise MiraklUnreadableError("OR11: an order that cannot be read") from None
    return found


def _order(row: Mapping[str, Any], country: str) -> SoldOrder:
    return SoldOrder(
        order_id=str(row["order_id"]),
        commercial_id=str(row.get("commercial_id") or ""),
        state=str(row.get("order_state") or ""),
        currency=str(row.get("currency_iso_code") or ""),
        country=country,
        fully_refunded=bool(row.get("fully_refunded")),
        created_at=_moment(row.get("created_date")),
        lines=[_line(line) for line in row.get("order_lines") or ()],
    )


def _line(line: Mapping[str, Any]) -> SoldLine:
    price = line.get("price_unit")
    return SoldLine(
        line_id=str(line["order_line_id"]),
        state=str(line.get("order_line_state") or ""),
        sku=str(line.get("offer_sku") or ""),
        product_sku=str(line.get("product_sku") or ""),
        title=str(line.get("product_title") or ""),
        quantity=int(line.get("quantity") or 0),
        price_unit=None if price is None else Decimal(str(price)).quantize(KEPT, ROUND_HALF_UP),
        shipped_at=_moment(line.get("shipped_date")),
    )


def _moment(value: Any) -> datetime | None:
    return None if not value else datetime.fromisoformat(str(value)).astimezone(UTC)
