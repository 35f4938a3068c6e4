"""OR21, OR23, OR24: an order is accepted, gets its tracking and is shipped. Debit, receipt and closing are the operator's (operator.py)."""

from __future__ import annotations

from typing import Any, cast

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal
from returns_assets.sandbox.mirakl.carriers import named, needs_tracking
from returns_assets.sandbox.mirakl.shipping import ship_rest
from returns_assets.sandbox.records import Order


def _order_id(call: Call) -> str:
    """/orders/{order_id}/<verb>; 404 when this shop has no such order."""
    order_id = call.path.split("/")[2]
    if order_id not in call.place.orders:
        raise Refusal(404, f"Order {order_id} not found")
    return order_id


def _coded(code: str, message: str, field: str | None = None) -> Refusal:
    return Refusal(400, message, [{"code": code, "field": field, "message": message}])


def or21(call: Call) -> Answer:
    """PUT /api/orders/{order_id}/accept: order_lines[] {id, accepted}. Accepted lines wait for the debit, the others are REFUSED."""
    order_id = _order_id(call)
    lines: Any = call.json().get("order_lines")
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in cast(list[Any], lines)):
        raise Refusal(400, "Bad Request")
    decisions: dict[str, bool] = {}
    for line in cast(list[Json], lines):
        if not isinstance(line.get("id"), str) or not isinstance(line.get("accepted"), bool):
            raise _coded("VALIDATION_ERROR", "each order line needs id and accepted", "order_lines")
        if line["id"] in decisions:
            raise _coded("ORDER_LINE_DUPLICATE_ID", f"Order line {line['id']} is given twice", "order_lines")
        decisions[line["id"]] = line["accepted"]

    def accept(order: Order) -> None:
        if order["order_state"] != "WAITING_ACCEPTANCE":
            raise _coded("ORDER_INVALID_STATE", f"Order status must be 'WAITING_ACCEPTANCE' but is '{order['order_state']}'")
        known = {line["order_line_id"] for line in order["order_lines"]}
        unknown = sorted(set(decisions) - known)
        if unknown:
            raise _coded("ORDER_LINE_NOT_FOUND", f"Order line {unknown[0]} not found", "order_lines")
        if known - set(decisions):
            raise _coded("VALIDATION_ERROR", "every order line needs a decision", "order_lines")
        now = wire.iso(call.state.clock.now())
        for line in order["order_lines"]:
            line["order_line_state"] = "WAITING_DEBIT" if decisions[line["order_line_id"]] else "REFUSED"
            line["last_updated_date"] = now
        order["order_state"] = "WAITING_DEBIT" if any(decisions.values()) else "REFUSED"
        order["acceptance_decision_date"] = order["last_updated_date"] = now

    call.state.update(call.place.config.key, order_id, accept)
    return Answer(204)


def or23(call: Call) -> Answer:
    """PUT /api/orders/{order_id}/tracking; overwrites. Whether real servers take it after the dispatch is not established: a switch."""
    order_id = _order_id(call)
    config = call.place.config
    fields = named(call.json(), config, "carrier_url").on_order()
    states = ("SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED") if config.tracking_after_dispatch else ("SHIPPING",)

    def track(order: Order) -> None:
        if order["order_state"] not in states:
            raise Refusal(400, f"Tracking cannot be set: order status is '{order['order_state']}'")
        if order["order_state"] == "SHIPPING":
            _check_shop_ships(order)
        order |= fields
        order["last_updated_date"] = wire.iso(call.state.clock.now())

    call.state.update(config.key, order_id, track)
    return Answer(204)


def _check_shop_ships(order: Order) -> None:
    if not order["can_shop_ship"]:
        raise Refusal(400, f"The order {order['order_id']} is not shipped by the shop")


def or24(call: Call) -> Answer:
    """PUT /api/orders/{order_id}/ship, without a body: all of the order that is not in a shipment yet, as one shipment."""
    order_id = _order_id(call)
    config = call.place.config

    def ship(order: Order) -> None:
        if order["order_state"] != "SHIPPING":
            raise Refusal(400, f"Order status must be 'SHIPPING' but is '{order['order_state']}'")
        _check_shop_ships(order)
        if needs_tracking(order, config) and not order.get("shipping_tracking"):
            raise Refusal(400, "Tracking details are mandatory for this shipping method")
        ship_rest(call, order)

    call.state.update(config.key, order_id, ship)
    return Answer(204)
