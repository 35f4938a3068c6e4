"""ST11 and ST12: the shipments there are, and what is still to be shipped; seek paging."""

from __future__ import annotations

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Json
from returns_assets.sandbox.mirakl import seek_places as seek
from returns_assets.sandbox.mirakl.shipments import switched_on
from returns_assets.sandbox.mirakl.shipping import units_left
from returns_assets.sandbox.records import Order
from returns_assets.sandbox.shipment_book import ShipmentEntry
from returns_assets.sandbox.state import MarketplaceState

# A shipment that left follows its order on the way.
_FOLLOWED = ("TO_COLLECT", "RECEIVED", "CLOSED")


def shown(place: MarketplaceState, entry: ShipmentEntry) -> Json:
    """ST11's form, with the status that its order has reached."""
    state = place.orders[entry.order_id].state
    if entry.shipment["status"] == "SHIPPED" and state in _FOLLOWED:
        return entry.shipment | {"status": state}
    return entry.shipment


def st11(call: Call) -> Answer:
    """GET /api/shipments."""
    switched_on(call)
    start, size = seek.place_of(call)
    _, falling = seek.direction(call, "dateCreated")
    orders, states = set(call.many("order_id")), set(call.many("shipment_state_code"))
    debits = set(call.many("shipment_customer_debit_state_code"))
    changed_from, changed_to = call.moment("last_updated_from"), call.moment("last_updated_to")
    rows: list[Json] = []
    for entry in call.place.shipments.entries.values():
        row = shown(call.place, entry)
        changed = wire.millis(row["last_updated_date"])
        if (
            (not orders or entry.order_id in orders)
            and (not states or row["status"] in states)
            and (not debits or row["status_customer_debit"] in debits)
            and (changed_from is None or changed >= changed_from)
            and (changed_to is None or changed <= changed_to)
        ):
            rows.append(row)
    rows.sort(key=lambda row: (row["created_date"], row["id"]), reverse=falling)
    return seek.page(call, rows, start, size)


def _to_ship(call: Call, order: Order) -> Json | None:
    left = units_left(call, order)
    lines: list[Json] = [
        {
            "offer_sku": line["offer_sku"],
            "order_line_id": line["order_line_id"],
            "package_reference": None,
            "product_title": line["product_title"],
            "quantity": left[line["order_line_id"]],
        }
        for line in order["order_lines"]
        if left.get(line["order_line_id"], 0) > 0
    ]
    if not lines:
        return None
    return {
        "fulfillment": order["fulfillment"],
        "order_id": order["order_id"],
        "references": order.get("references"),
        "shipment_lines": lines,
        "shipping_address": order["customer"].get("shipping_address"),
        "shipping_date": order.get("customer_debited_date") or order["created_date"],
        "shipping_deadline": order.get("shipping_deadline"),
        "shipping_type_code": order["shipping_type_code"],
        "shipping_type_standard_code": order.get("shipping_type_standard_code"),
    }


def st12(call: Call) -> Answer:
    """GET /api/shipments/items_to_ship: by order, what is in no shipment yet."""
    switched_on(call)
    start, size = seek.place_of(call)
    _, falling = seek.direction(call, "shippingDate")
    orders, centers = set(call.many("order_id")), set(call.many("fulfillment_center_code"))
    since, until = call.moment("shipping_date_from"), call.moment("shipping_date_to")
    rows: list[Json] = []
    for record in call.place.orders.values():
        if record.state != "SHIPPING" or (orders and record.order_id not in orders) or (centers and record.center not in centers):
            continue
        row = _to_ship(call, record.order())
        if row is not None:
            at = wire.millis(row["shipping_date"])
            if (since is None or at >= since) and (until is None or at <= until):
                rows.append(row)
    rows.sort(key=lambda row: (row["shipping_date"], row["order_id"]), reverse=falling)
    return seek.page(call, rows, start, size)
