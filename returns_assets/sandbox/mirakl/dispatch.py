"""OR21, OR23, OR24: an order is accepted, gets its tracking and is shipped. Debit, receipt and closing are the operator's (operator.py)."""

from __future__ import annotations

from typing import Any, cast

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal
from returns_assets.sandbox.mirakl.platform_data import feature
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


def _tracking(body: Json, call: Call) -> Json:
    """The order's shipping_* fields; a registered carrier's address is built from its template, a free name brings its own."""
    config = call.place.config
    code, name, number = body.get("carrier_code"), body.get("carrier_name"), body.get("tracking_number")
    if bool(code) == bool(name):
        raise Refusal(400, "Give either carrier_code or carrier_name")
    if code:
        carrier = next((c for c in config.carriers if c["code"] == code), None)
        if carrier is None:
            raise Refusal(400, f"The carrier code {code} is unknown")
        template: str | None = carrier.get("tracking_url")
        if template and "{trackingId}" in template and not number:
            raise Refusal(400, f"tracking_number is required for the carrier {code}")
        url = template.replace("{trackingId}", str(number)) if template else None
        return {
            "shipping_carrier_code": code,
            "shipping_carrier_standard_code": carrier.get("standard_code"),
            "shipping_company": carrier["label"],
            "shipping_tracking": number,
            "shipping_tracking_url": url,
        }
    if feature(config, "disable_seller_alternative_carrier"):
        raise Refusal(400, "This platform accepts registered carriers only")
    return {
        "shipping_carrier_code": None,
        "shipping_carrier_standard_code": body.get("carrier_standard_code"),
        "shipping_company": name,
        "shipping_tracking": number,
        "shipping_tracking_url": body.get("carrier_url"),
    }


def or23(call: Call) -> Answer:
    """PUT /api/orders/{order_id}/tracking; overwrites, also after the dispatch (whether real servers refuse that is not established)."""
    order_id = _order_id(call)
    fields = _tracking(call.json(), call)

    def track(order: Order) -> None:
        if order["order_state"] not in ("SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED"):
            raise Refusal(400, f"Tracking cannot be set: order status is '{order['order_state']}'")
        order |= fields
        order["last_updated_date"] = wire.iso(call.state.clock.now())

    call.state.update(call.place.config.key, order_id, track)
    return Answer(204)


def or24(call: Call) -> Answer:
    """PUT /api/orders/{order_id}/ship, without a body: the whole order."""
    order_id = _order_id(call)
    tracked = {kind["code"] for kind in call.place.config.shipping_types if kind["mandatory_tracking"]}

    def ship(order: Order) -> None:
        if order["order_state"] != "SHIPPING" or not order["can_shop_ship"]:
            raise Refusal(400, f"Order status must be 'SHIPPING' but is '{order['order_state']}'")
        if order["shipping_type_code"] in tracked and not order.get("shipping_tracking"):
            raise Refusal(400, "Tracking details are mandatory for this shipping method")
        now = wire.iso(call.state.clock.now())
        order |= {"order_state": "SHIPPED", "can_shop_ship": False, "can_cancel": False, "last_updated_date": now}
        for line in order["order_lines"]:
            if line["order_line_state"] == "SHIPPING":
                line |= {"order_line_state": "SHIPPED", "shipped_date": now, "last_updated_date": now}

    call.state.update(call.place.config.key, order_id, ship)
    return Answer(204)
