"""OR28: judge every entry, then write all refunds at once or none; and the same writing for a refund made by hand in the back office."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal
from returns_assets.sandbox.mirakl import refund_rules as rules
from returns_assets.sandbox.mirakl.refund_request import Item, Request, read
from returns_assets.sandbox.mirakl.sales import put_back
from returns_assets.sandbox.mirakl.tax_view import sign, tax_sum
from returns_assets.sandbox.records import Order
from returns_assets.sandbox.refund_book import RefundEntry
from returns_assets.sandbox.state import MarketplaceState, State

_INACTIVE = ("REFUSED", "CANCELED")
# SHIPPING and SHIPPED lines are paid from the pending balance, the rest from the payable one (reference, 4.4).
_PENDING = ("SHIPPING", "SHIPPED")


class Draft:
    """The orders a call touches, changed in memory only; nothing is stored before `commit`, so a refusal leaves no trace."""

    def __init__(self, state: State, place: MarketplaceState) -> None:
        self.state, self.place, self.config = state, place, place.config
        self.now = wire.iso(state.clock.now())
        self.orders: dict[str, Order] = {}
        self.needed: dict[str, Decimal] = {}
        self.entries: list[RefundEntry] = []
        self._groups: dict[str, str] = {}

    def line(self, order_line_id: str) -> tuple[Order, Json]:
        order_id = self.place.order_of_line(order_line_id)
        if order_id is not None:
            if order_id not in self.orders:
                self.orders[order_id] = self.place.orders[order_id].order()
            order = self.orders[order_id]
            for line in order["order_lines"]:
                if line["order_line_id"] == order_line_id:
                    return order, line
        raise Refusal(404, f"Order line {order_line_id} not found")

    def write(self, item: Item, order: Order, line: Json, mode: str, taxes: list[Json], shipping_taxes: list[Json], source: str) -> Json:
        """Add the refund to the line; gives OR11's refunds[] entry, in the order's stored tax mode."""
        way = -sign(order["order_tax_mode"], mode)
        refund_id = self.place.refunds.new_id()
        group = self._groups.setdefault(order["order_id"], str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.config.key}/{refund_id}")))
        amount = item.amount + way * tax_sum(taxes)
        commission, commission_taxes = _commission(line, amount, self.config)
        refund: Json = {
            "amount": amount,
            "commission_amount": commission,
            "commission_taxes": commission_taxes,
            "commission_tax_amount": tax_sum(commission_taxes),
            "commission_total_amount": commission + tax_sum(commission_taxes),
            "created_date": self.now,
            "eco_contributions": [],
            "fees": [],
            "id": refund_id,
            "order_refund_id": group,
            "purchase_information": None,
            "quantity": item.quantity,
            "reason_code": item.reason_code,
            "refund_state": "WAITING_REFUND",
            "shipping_amount": item.shipping_amount + way * tax_sum(shipping_taxes),
            "shipping_taxes": shipping_taxes,
            "state": "WAITING_REFUND",
            "taxes": taxes,
            "tax_legal_notice": None,
            "transaction_date": None,
            "transaction_number": None,
        }
        if self.config.refund_state_field == "state":
            del refund["refund_state"]
        line["refunds"].append(refund)
        # can_refund speaks of the full line amount (reference, fact 5), so any refund ends it.
        line["can_refund"] = False
        line["last_updated_date"] = order["last_updated_date"] = self.now
        order["fully_refunded"] = fully_refunded(order)
        self.entries.append(
            RefundEntry(refund_id, order["order_id"], line["order_line_id"], order["currency_iso_code"], source, refund, self.now)
        )
        return refund

    def commit(self) -> None:
        for name, amount in self.needed.items():
            balance: Decimal | None = getattr(self.config, f"{name}_balance")
            if balance is not None:
                setattr(self.config, f"{name}_balance", balance - amount)
                self.state.save_marketplace(self.config.key)
        for entry in self.entries:
            self.place.refunds.add(entry)
            self.state.save_refund(self.config.key, entry.refund_id)
        self.state.save(self.config.key, *self.orders.values())


def _commission(line: Json, amount: Decimal, config: MarketplaceConfig) -> tuple[Decimal, list[Json]]:
    """The part of the commission that goes back with `amount`; the last refund takes what is left, so that the cents add up."""
    price, refunds = Decimal(line["price"]), line["refunds"]
    last = amount == price - sum((Decimal(refund["amount"]) for refund in refunds), Decimal(0))

    def part(whole: Decimal, before: Iterable[Any]) -> Decimal:
        left = whole - sum((Decimal(value) for value in before), Decimal(0))
        return left if last else min(left, (whole * amount / price).quantize(config.quantum, rounding=ROUND_HALF_UP))

    if not price:
        return Decimal("0.00"), []
    fee = part(Decimal(line["commission_fee"]), (refund["commission_amount"] for refund in refunds))
    taxes: list[Json] = []
    for tax in line.get("commission_taxes") or ():
        old = (t["amount"] for refund in refunds for t in refund["commission_taxes"] if t["code"] == tax["code"])
        taxes.append({"code": tax["code"], "amount": part(Decimal(tax["amount"]), old), "rate": tax.get("rate")})
    return fee, taxes


def fully_refunded(order: Order) -> bool:
    """The refunds asked for add up to all active lines (reference, 3.3)."""
    active = [line for line in order["order_lines"] if line["order_line_state"] not in _INACTIVE]
    return bool(active) and all(_exhausted(line, order) for line in active)


def _exhausted(line: Json, order: Order) -> bool:
    left = rules.remainder(line, order, order["order_tax_mode"])
    return not left.product and not left.shipping


def _judge(draft: Draft, request: Request, item: Item) -> tuple[Item, Json]:
    order, line = draft.line(item.order_line_id)
    rules.check_reason(item.reason_code, "REFUND", draft.config)
    rules.check_currency(item, order, draft.config)
    rules.check_state(line, order, draft.config)
    left = rules.remainder(line, order, request.mode)
    rules.check_remainder(item, line, left)
    taxes = rules.split_taxes(line, item, request.mode, left, draft.config, shipping=False)
    shipping_taxes = rules.split_taxes(line, item, request.mode, left, draft.config, shipping=True)
    stored = rules.remainder(line, order, order["order_tax_mode"])
    way = -sign(order["order_tax_mode"], request.mode)
    if item.amount + way * tax_sum(taxes) > stored.product or item.shipping_amount + way * tax_sum(shipping_taxes) > stored.shipping:
        # Seen gross there is room, net there is not: a tax that only the caller can name was left out.
        raise Refusal(400, f"The taxes of order line {line['order_line_id']} must be given with an amount that contains them")
    balance = "pending" if line["order_line_state"] in _PENDING else "payable"
    gross = item.amount + item.shipping_amount
    if request.mode == "TAX_EXCLUDED":
        gross += tax_sum(taxes) + tax_sum(shipping_taxes)
    draft.needed[balance] = draft.needed.get(balance, Decimal(0)) + gross
    return item, draft.write(item, order, line, request.mode, taxes, shipping_taxes, "api")


def or28(call: Call) -> Answer:
    """PUT /api/orders/refund. One refusal refuses the whole call (atomicity is not published; this is the safe reading)."""
    request = read(call.json(), "refunds", call.place.config)
    draft = Draft(call.state, call.place)
    first_id = call.place.refunds.next_id
    try:
        written = [_judge(draft, request, item) for item in request.items]
        rules.check_balance(draft.needed, call.place.config)
    except Refusal:
        call.place.refunds.next_id = first_id
        raise
    draft.commit()
    put_back(call, "refund", [(item.order_line_id, item.quantity) for item in request.items])
    answers: list[Json] = [
        {
            "amount": item.amount,
            "currency_iso_code": entry.currency,
            "eco_contributions": [],
            "excluded_from_shipment": item.excluded_from_shipment,
            "fees": [],
            "order_line_id": item.order_line_id,
            "order_refund_id": refund["order_refund_id"],
            "quantity": item.quantity,
            "reason_code": item.reason_code,
            "refund_id": refund["id"],
            "shipping_amount": item.shipping_amount,
            "shipping_taxes": refund["shipping_taxes"],
            "taxes": refund["taxes"],
        }
        for (item, refund), entry in zip(written, draft.entries, strict=True)
    ]
    answers.reverse()  # the order of the answer is not guaranteed (reference, 4.2): clients must join by order_line_id
    return Answer.json({"order_tax_mode": request.mode, "refunds": answers})


def _with_taxes(item: Item, line: Json, left: rules.Left, config: MarketplaceConfig) -> Item:
    """The back office fills in the taxes that only a caller can name: in proportion, unless they were given."""
    for name, given, asked, price in (
        ("taxes", item.taxes, item.amount, left.price),
        ("shipping_taxes", item.shipping_taxes, item.shipping_amount, left.shipping_price),
    ):
        for tax in line.get(name) or ():
            if tax.get("tax_calculation_rule") == "NONE" and price:
                share = (Decimal(tax["amount"]) * asked / price).quantize(config.quantum, rounding=ROUND_HALF_UP)
                given.setdefault(tax["code"], share)
    return item


def ghost_refund(state: State, marketplace: str, item: Item, *, mode: str | None = None) -> RefundEntry:
    """A refund made by hand in the back office: neither reason nor state nor balance can stop it, the remainder does (Refusal)."""
    with state.lock:
        place = state.marketplace(marketplace)
        draft = Draft(state, place)
        order, line = draft.line(item.order_line_id)
        asked_in: str = mode or order["order_tax_mode"]
        left = rules.remainder(line, order, asked_in)
        rules.check_remainder(item, line, left)
        item = _with_taxes(item, line, left, place.config)
        taxes = rules.split_taxes(line, item, asked_in, left, place.config, shipping=False)
        shipping_taxes = rules.split_taxes(line, item, asked_in, left, place.config, shipping=True)
        draft.write(item, order, line, asked_in, taxes, shipping_taxes, "ghost")
        draft.commit()
        return draft.entries[0]
