"""OR30: a line, or part of it, is cancelled before the dispatch; what is cancelled leaves the line's price and totals.

Whether price and quantity of the line shrink at Mirakl is not published (reference, 3.4); here they do.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import partial

from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal
from returns_assets.sandbox.mirakl import refund_rules as rules
from returns_assets.sandbox.mirakl.refund_request import Item, Request, read
from returns_assets.sandbox.mirakl.refunds import Draft, fully_refunded
from returns_assets.sandbox.mirakl.sales import put_back
from returns_assets.sandbox.mirakl.shipping import settle
from returns_assets.sandbox.mirakl.tax_view import sign, tax_sum
from returns_assets.sandbox.records import Order

CANCELABLE = ("STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING")


def _shrink(line: Json, cancelation: Json) -> None:
    for name, taxes in (("taxes", cancelation["taxes"]), ("shipping_taxes", cancelation["shipping_taxes"])):
        gone = {tax["code"]: Decimal(tax["amount"]) for tax in taxes}
        for tax in line.get(name) or ():
            tax["amount"] -= gone.get(tax["code"], Decimal(0))
    line["price"] -= cancelation["amount"]
    line["shipping_price"] -= cancelation["shipping_amount"]
    line["total_price"] -= cancelation["amount"] + cancelation["shipping_amount"]
    line["quantity"] = max(line["quantity"] - cancelation["quantity"], 0)
    line["commission_fee"] -= cancelation["commission_amount"]
    line["total_commission"] -= cancelation["commission_total_amount"]
    for tax, part in zip(line.get("commission_taxes") or (), cancelation["commission_taxes"], strict=True):
        tax["amount"] -= part["amount"]


def _share(whole: Decimal, amount: Decimal, price: Decimal, quantum: Decimal) -> Decimal:
    return (whole * amount / price).quantize(quantum, rounding=ROUND_HALF_UP) if price else Decimal("0.00")


def _cancel(draft: Draft, request: Request, item: Item) -> Json:
    config = draft.config
    order, line = draft.line(item.order_line_id)
    rules.check_reason(item.reason_code, "CANCELATION", config)
    rules.check_currency(item, order, config)
    if line["order_line_state"] not in CANCELABLE:
        raise Refusal(400, f"The order line {item.order_line_id} cannot be cancelled in state {line['order_line_state']}")
    left = rules.remainder(line, order, request.mode)
    rules.check_remainder(item, line, left)
    taxes = rules.split_taxes(line, item, request.mode, left, config, shipping=False)
    shipping_taxes = rules.split_taxes(line, item, request.mode, left, config, shipping=True)
    way = -sign(order["order_tax_mode"], request.mode)
    amount = item.amount + way * tax_sum(taxes)
    price = Decimal(line["price"])
    commission = _share(Decimal(line["commission_fee"]), amount, price, config.quantum)
    commission_taxes: list[Json] = [
        {"code": tax["code"], "amount": _share(Decimal(tax["amount"]), amount, price, config.quantum), "rate": tax.get("rate")}
        for tax in line.get("commission_taxes") or ()
    ]
    cancelation: Json = {
        "amount": amount,
        "commission_amount": commission,
        "commission_taxes": commission_taxes,
        "commission_total_amount": commission + tax_sum(commission_taxes),
        "created_date": draft.now,
        "fees": [],
        "id": draft.place.refunds.new_id(),
        "quantity": item.quantity,
        "reason_code": item.reason_code,
        "shipping_amount": item.shipping_amount + way * tax_sum(shipping_taxes),
        "shipping_taxes": shipping_taxes,
        "taxes": taxes,
    }
    _shrink(line, cancelation)
    line["cancelations"].append(cancelation)
    line["last_updated_date"] = draft.now
    if not line["price"] and not line["shipping_price"]:
        line |= {"order_line_state": "CANCELED", "can_refund": False}
    _sum_up(order, draft.now)
    return {
        "amount": item.amount,
        "cancelation_id": cancelation["id"],
        "currency_iso_code": order["currency_iso_code"],
        "fees": [],
        "order_line_id": item.order_line_id,
        "quantity": item.quantity,
        "reason_code": item.reason_code,
        "shipping_amount": item.shipping_amount,
        "shipping_taxes": shipping_taxes,
        "taxes": taxes,
    }


def _sum_up(order: Order, now: str) -> None:
    for name in ("price", "shipping_price", "total_price", "total_commission"):
        order[name] = sum((line[name] for line in order["order_lines"]), Decimal("0.00"))
    order["last_updated_date"] = now
    order["fully_refunded"] = fully_refunded(order)
    if all(line["order_line_state"] == "CANCELED" for line in order["order_lines"]):
        order |= {"order_state": "CANCELED", "can_cancel": False, "can_shop_ship": False}


def or30(call: Call) -> Answer:
    """PUT /api/orders/cancel. One refusal refuses the whole call."""
    request = read(call.json(), "cancelations", call.place.config, quantity_required=True)
    draft = Draft(call.state, call.place)
    answers = [_cancel(draft, request, item) for item in request.items]
    draft.commit()
    for order_id in draft.orders:
        if call.place.shipments.of_order(order_id):  # what is left of a line may have left already
            call.state.update(draft.config.key, order_id, partial(settle, call))
    put_back(call, "cancelation", [(item.order_line_id, item.quantity) for item in request.items])
    return Answer.json({"cancelations": answers, "order_tax_mode": request.mode})
