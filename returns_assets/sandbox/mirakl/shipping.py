"""What leaves the house: shipments made and shipped, and what that does to the lines and the state of their order.

A line is SHIPPED once all its units are, an order once none of its lines is left in SHIPPING (not published; the plain reading).
"""

from __future__ import annotations

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Call, Json
from returns_assets.sandbox.mirakl.carriers import of_order
from returns_assets.sandbox.records import Order
from returns_assets.sandbox.shipment_book import OPEN, ShipmentEntry


def units_left(call: Call, order: Order) -> dict[str, int]:
    """Units by line that may still go into a shipment."""
    taken = call.place.shipments.units(order["order_id"], shipped=False)
    return {
        line["order_line_id"]: line["quantity"] - taken.get(line["order_line_id"], 0)
        for line in order["order_lines"]
        if line["order_line_state"] == "SHIPPING"
    }


def keep(call: Call, entry: ShipmentEntry) -> None:
    """Into the state file with the next commit."""
    call.state.keep(f"shipment:{call.place.config.key}", entry.shipment["id"], entry.as_dict())


def add(call: Call, order: Order, lines: list[Json], source: str, given: Json) -> ShipmentEntry:
    """A new shipment that has not left. `lines`: order_line_id, offer_sku, quantity, package_reference; `given`: further fields."""
    now = wire.iso(call.state.clock.now())
    entry = ShipmentEntry(
        order["order_id"],
        source,
        {
            "created_date": now,
            "id": call.place.shipments.new_id(call.place.config.key),
            "invoice_reference": None,
            "last_updated_date": now,
            "order_id": order["order_id"],
            "payment_details": None,
            "shipment_additional_information": None,
            "shipment_lines": lines,
            "shipped_date": None,
            "shipping_from": None,
            "status": "SHIPPING",
            "status_customer_debit": "NO_DEBIT",
            "tracking": None,
            **given,
        },
    )
    call.place.shipments.add(entry)
    order["last_updated_date"] = now
    keep(call, entry)
    return entry


def ship(call: Call, order: Order, entry: ShipmentEntry) -> None:
    """The shipment leaves; lines and order move when nothing is left of them. `order` is changed in place and saved by the caller."""
    now = wire.iso(call.state.clock.now())
    entry.shipment |= {"status": "SHIPPED", "shipped_date": now, "last_updated_date": now}
    keep(call, entry)
    settle(call, order)


def settle(call: Call, order: Order) -> None:
    """Lines and order follow what has left."""
    now = wire.iso(call.state.clock.now())
    gone = call.place.shipments.units(order["order_id"], shipped=True)
    for line in order["order_lines"]:
        if line["order_line_state"] == "SHIPPING" and gone.get(line["order_line_id"], 0) >= line["quantity"]:
            line |= {"order_line_state": "SHIPPED", "shipped_date": now, "last_updated_date": now}
    order["last_updated_date"] = now
    if all(line["order_line_state"] != "SHIPPING" for line in order["order_lines"]):
        order |= {"order_state": "SHIPPED", "can_shop_ship": False, "can_cancel": False}


def ship_rest(call: Call, order: Order) -> None:
    """OR24: what is in no shipment yet becomes one, and everything leaves."""
    skus = {line["order_line_id"]: line["offer_sku"] for line in order["order_lines"]}
    rest: list[Json] = [
        {"offer_sku": skus[line_id], "order_line_id": line_id, "package_reference": None, "quantity": units}
        for line_id, units in units_left(call, order).items()
        if units > 0
    ]
    if rest:
        add(call, order, rest, "OR24", {"tracking": of_order(order)})
    for entry in call.place.shipments.of_order(order["order_id"]):
        if entry.shipment["status"] in OPEN:
            ship(call, order, entry)
