"""TL02: the transaction log, worked out from orders and refunds when asked for; seek paging with opaque tokens.

When rows appear relative to the refund's state is not documented (reference, 9): here at once, PENDING until the refund is paid.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Json
from returns_assets.sandbox.mirakl import seek_places as seek
from returns_assets.sandbox.mirakl.tax_view import tax_sum
from returns_assets.sandbox.records import Order
from returns_assets.sandbox.refund_book import RefundEntry, refund_state

ORDER_TYPES = ("ORDER_AMOUNT", "ORDER_AMOUNT_TAX", "ORDER_SHIPPING_AMOUNT", "ORDER_SHIPPING_AMOUNT_TAX", "COMMISSION_FEE", "COMMISSION_VAT")
REFUND_TYPES = (
    "REFUND_ORDER_AMOUNT",
    "REFUND_ORDER_AMOUNT_TAX",
    "REFUND_ORDER_SHIPPING_AMOUNT",
    "REFUND_ORDER_SHIPPING_AMOUNT_TAX",
    "REFUND_COMMISSION_FEE",
    "REFUND_COMMISSION_VAT",
)


def _row(row_id: str, type_: str, amount: Decimal, order: Json, line_id: str, created: str, updated: str, state: str, **more: Any) -> Json:
    return {
        "accounting_document_creation_date": None,
        "accounting_document_id": None,
        "accounting_document_number": None,
        "amount": amount,
        "amount_credited": max(amount, Decimal("0.00")),
        "amount_debited": max(-amount, Decimal("0.00")),
        "balance": Decimal("0.00"),
        "currency_iso_code": order["currency"],
        "date_created": created,
        "entities": {
            "channel": None,
            "debit": None,
            "fee": None,
            "order": {"commercial_id": order["commercial_id"], "creation_date": order["created"], "id": order["id"], "references": None},
            "order_line": {"id": line_id},
            "order_tax": more.get("order_tax"),
            "refund": {"id": more["refund_id"]} if "refund_id" in more else None,
            "shipment": None,
            "shop_tax": None,
            "transaction_info": None,
        },
        "id": row_id,
        "last_updated": updated,
        "payment_state": state,
        "seller_billing_cycle_id": None,
        "type": type_,
    }


def _order_head(order: Order) -> Json:
    return {
        "id": order["order_id"],
        "commercial_id": order["commercial_id"],
        "created": order["created_date"],
        "currency": order["currency_iso_code"],
    }


def _net(amount: Any, taxes: Any, mode: str) -> Decimal:
    """The log shows the product and its tax apart, whatever the order's mode."""
    return Decimal(amount) - (tax_sum(taxes) if mode == "TAX_INCLUDED" else 0)


def _tax_rows(prefix: str, type_: str, taxes: Any, sign: int, **common: Any) -> Iterator[Json]:
    for n, tax in enumerate(taxes or ()):
        yield _row(f"{prefix}{n}", type_, sign * Decimal(tax["amount"]), order_tax={"code": tax["code"], "rate": tax.get("rate")}, **common)


def _sold(order: Order) -> Iterator[Json]:
    """Rows of a debited order's lines."""
    head, mode = _order_head(order), order["order_tax_mode"]
    for line in order["order_lines"]:
        base = f"O{line['order_line_id']}"
        at = order["customer_debited_date"]
        common: Json = {"order": head, "line_id": line["order_line_id"], "created": at, "updated": at, "state": "PAYABLE"}
        yield _row(f"{base}/1", "ORDER_AMOUNT", _net(line["price"], line.get("taxes"), mode), **common)
        yield from _tax_rows(f"{base}/2/", "ORDER_AMOUNT_TAX", line.get("taxes"), 1, **common)
        if line["shipping_price"]:
            yield _row(f"{base}/3", "ORDER_SHIPPING_AMOUNT", _net(line["shipping_price"], line.get("shipping_taxes"), mode), **common)
            yield from _tax_rows(f"{base}/4/", "ORDER_SHIPPING_AMOUNT_TAX", line.get("shipping_taxes"), 1, **common)
        yield _row(f"{base}/5", "COMMISSION_FEE", -Decimal(line["commission_fee"]), **common)
        yield _row(f"{base}/6", "COMMISSION_VAT", -tax_sum(line.get("commission_taxes")), **common)


def _refunded(entry: RefundEntry, order: Order) -> Iterator[Json]:
    refund, head, mode = entry.refund, _order_head(order), order["order_tax_mode"]
    state = "PAYABLE" if refund_state(refund) == "REFUNDED" else "PENDING"
    common: Json = {"order": head, "line_id": entry.order_line_id, "refund_id": entry.refund_id, "state": state}
    common |= {"created": refund["created_date"], "updated": entry.updated}
    base = f"R{entry.refund_id}"
    taxes, shipping_taxes = refund.get("taxes"), refund.get("shipping_taxes")
    if refund["amount"]:
        yield _row(f"{base}/1", "REFUND_ORDER_AMOUNT", -_net(refund["amount"], taxes, mode), **common)
    yield from _tax_rows(f"{base}/2/", "REFUND_ORDER_AMOUNT_TAX", taxes, -1, **common)
    if refund["shipping_amount"]:
        yield _row(f"{base}/3", "REFUND_ORDER_SHIPPING_AMOUNT", -_net(refund["shipping_amount"], shipping_taxes, mode), **common)
    yield from _tax_rows(f"{base}/4/", "REFUND_ORDER_SHIPPING_AMOUNT_TAX", shipping_taxes, -1, **common)
    if refund.get("commission_amount"):
        yield _row(f"{base}/5", "REFUND_COMMISSION_FEE", Decimal(refund["commission_amount"]), **common)
        yield _row(f"{base}/6", "REFUND_COMMISSION_VAT", tax_sum(refund.get("commission_taxes")), **common)


def _all(call: Call, types: set[str]) -> Iterator[Json]:
    place = call.place
    order_ids = set(call.many("order_id")) | {place.order_of_line(line_id) or "" for line_id in call.many("order_line_id")}
    if not types or types & set(ORDER_TYPES):
        for record in place.sorted_orders():
            if record.debited and (not order_ids or record.order_id in order_ids):
                yield from _sold(record.order())
    if not types or types & set(REFUND_TYPES):
        for entry in place.refunds.entries.values():
            if not order_ids or entry.order_id in order_ids:
                yield from _refunded(entry, place.orders[entry.order_id].order())


def _fits(call: Call, types: set[str]) -> list[Json]:
    lines, states = set(call.many("order_line_id")), set(call.many("payment_state"))
    created_from, created_to = call.moment("date_created_from"), call.moment("date_created_to")
    changed_from = call.moment("last_updated_from")
    rows: list[Json] = []
    for row in _all(call, types):
        created = wire.millis(row["date_created"])
        if (
            (types and row["type"] not in types)
            or (lines and row["entities"]["order_line"]["id"] not in lines)
            or (states and row["payment_state"] not in states)
            or (created_from is not None and created < created_from)
            or (created_to is not None and created > created_to)
            or (changed_from is not None and wire.millis(row["last_updated"]) < changed_from)
        ):
            continue
        rows.append(row)
    return rows


def tl02(call: Call) -> Answer:
    """GET /api/sellerpayment/transactions_logs. With page_token all other parameters are ignored (reference, 1.5)."""
    start, size = seek.place_of(call, 2000)
    criterion, falling = seek.direction(call, "dateCreated", "lastUpdated")
    question = ("TL02", call.raw_query)
    rows: list[Json] | None = call.place.cache.get(question)
    if rows is None:
        field = "date_created" if criterion == "dateCreated" else "last_updated"
        rows = _fits(call, set(call.many("transaction_type")))
        rows.sort(key=lambda row: (row[field], row["id"]), reverse=falling)
        call.place.cache[question] = rows
    return seek.page(call, rows, start, size)
