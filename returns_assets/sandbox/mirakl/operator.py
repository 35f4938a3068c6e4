"""The operator's side of Mirakl: refunds get paid, orders become RECEIVED and CLOSED as time passes, a line is put into a state by hand."""

from __future__ import annotations

from datetime import datetime

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Json, Refusal
from returns_assets.sandbox.mirakl.refund_rules import remainder
from returns_assets.sandbox.mirakl.shape import LINE_STATES, ORDER_STATES
from returns_assets.sandbox.records import Order
from returns_assets.sandbox.refund_book import refund_state
from returns_assets.sandbox.state import State

REFUND_STATES = ("WAITING_REFUND_TAX_CONFIRMATION", "WAITING_REFUND", "WAITING_REFUND_PAYMENT", "REFUNDED")
# The deprecated field knows three values only.
_OLD = {"WAITING_REFUND_TAX_CONFIRMATION": "WAITING_REFUND"}
_DAY = 86_400_000


def _step(refund: Json, now: str, to: str | None) -> bool:
    """One step on, or up to `to`; False when it was there already."""
    at = REFUND_STATES.index(refund_state(refund))
    goal = at + 1 if to is None else REFUND_STATES.index(to)
    if at >= min(goal, len(REFUND_STATES) - 1):
        return False
    state = REFUND_STATES[goal]
    refund["state"] = _OLD.get(state, state)
    if "refund_state" in refund:
        refund["refund_state"] = state
    if state == "REFUNDED":
        refund["transaction_date"], refund["transaction_number"] = now, f"PSP-{refund['id']}"
    return True


def tick(state: State, marketplace: str, *, to: str | None = None, refund_ids: list[str] | None = None) -> int:
    """The operator's payment job: every open refund one step on (or all the way to `to`). Gives the number that moved."""
    with state.lock:
        place = state.marketplace(marketplace)
        wanted = None if refund_ids is None else set(refund_ids)
        due: dict[str, set[str]] = {}
        for entry in place.refunds.entries.values():
            if refund_state(entry.refund) != "REFUNDED" and (wanted is None or entry.refund_id in wanted):
                due.setdefault(entry.order_id, set()).add(entry.refund_id)
        now = wire.iso(state.clock.now())
        moved = 0
        orders: list[Order] = []
        for order_id, ids in due.items():
            order = place.orders[order_id].order()
            for line in order["order_lines"]:
                paid = [refund for refund in line["refunds"] if refund["id"] in ids and _step(refund, now, to)]
                if paid:
                    moved += len(paid)
                    for refund in paid:
                        entry = place.refunds.entries[refund["id"]]
                        entry.refund, entry.updated = refund, now
                        state.save_refund(marketplace, entry.refund_id)
                    line["last_updated_date"] = order["last_updated_date"] = now
                    left = remainder(line, order, order["order_tax_mode"])
                    if not left.product and not left.shipping and all(refund_state(r) == "REFUNDED" for r in line["refunds"]):
                        line["order_line_state"] = "REFUNDED"
            if place.config.close_when_refunded and all(line["order_line_state"] == "REFUNDED" for line in order["order_lines"]):
                order["order_state"] = "CLOSED"
            orders.append(order)
        state.save(marketplace, *orders)
        return moved


def set_line_state(state: State, marketplace: str, order_line_id: str, line_state: str, order_state: str | None = None) -> Order:
    """By hand; the order keeps its state unless one is given. Refusal for what does not exist."""
    if line_state not in LINE_STATES or (order_state is not None and order_state not in ORDER_STATES):
        raise Refusal(400, f"unknown state; order lines know {', '.join(LINE_STATES)}")
    order_id = state.order_of_line(marketplace, order_line_id)
    if order_id is None:
        raise Refusal(404, f"Order line {order_line_id} not found")
    now = wire.iso(state.clock.now())

    def change(order: Order) -> None:
        line = next((each for each in order["order_lines"] if each["order_line_id"] == order_line_id), None)
        if line is None:
            raise Refusal(404, f"Order line {order_line_id} not found")
        line |= {"order_line_state": line_state, "last_updated_date": now}
        line["can_refund"] = line_state in state.marketplace(marketplace).config.refundable_states and not line["refunds"]
        order["last_updated_date"] = now
        order["has_incident"] = any(each["order_line_state"] == "INCIDENT_OPEN" for each in order["order_lines"])
        if order_state is not None:
            order |= {"order_state": order_state, "can_shop_ship": order_state == "SHIPPING"}

    return state.update(marketplace, order_id, change)


def _move(order: Order, old: str, new: str, at: str) -> None:
    order |= {"order_state": new, "last_updated_date": at}
    for line in order["order_lines"]:
        if line["order_line_state"] == old:
            line |= {"order_line_state": new, "last_updated_date": at}
            if new == "RECEIVED":
                line["received_date"] = at
            if new == "CLOSED":
                line["can_refund"] = False


def time_passed(state: State, now: datetime) -> int:
    """SHIPPED -> RECEIVED -> CLOSED by the marketplace's delays, counted from the dispatch. Gives the number of orders that moved."""
    at, text, count = wire.to_millis(now), wire.iso(now), 0
    with state.lock:
        for key, place in state.marketplaces.items():
            changed: dict[str, Order] = {}
            for old, new, days in (
                ("SHIPPED", "RECEIVED", place.config.received_after_days),
                ("RECEIVED", "CLOSED", place.config.closed_after_days),
            ):
                if days is None:
                    continue
                limit = at - days * _DAY
                for record in place.orders.values():
                    moved = changed.get(record.order_id)
                    standing = moved["order_state"] if moved is not None else record.state
                    if standing == old and record.shipped is not None and record.shipped <= limit:
                        _move(changed.setdefault(record.order_id, moved or record.order()), old, new, text)
            if changed:
                state.save(key, *changed.values())
                count += len(changed)
    return count


def settle_debits(state: State, marketplace: str) -> int:
    """The operator's front debits the customers of accepted orders: WAITING_DEBIT(_PAYMENT) -> SHIPPING."""
    now = wire.iso(state.clock.now())
    orders: list[Order] = []
    with state.lock:
        for record in state.marketplace(marketplace).orders.values():
            if record.state in ("WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"):
                order = record.order()
                _move(order, record.state, "SHIPPING", now)
                order |= {"customer_debited_date": now, "can_shop_ship": True}
                for line in order["order_lines"]:
                    if line["order_line_state"] == "SHIPPING":
                        line["debited_date"] = now
                orders.append(order)
        state.save(marketplace, *orders)
    return len(orders)
