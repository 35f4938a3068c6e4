"""ST01, ST06, ST07, ST23, ST24: several shipments to an order. Every entry succeeds or fails by itself, inside a 201 or 200.

Off (404) unless PC01 shows features.shipment.multi_shipment. Texts are those of the published examples where there are any.
"""

from __future__ import annotations

from collections.abc import Callable

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal
from returns_assets.sandbox.mirakl import shipment_request as request
from returns_assets.sandbox.mirakl.carriers import named, needs_tracking
from returns_assets.sandbox.mirakl.platform_data import feature
from returns_assets.sandbox.mirakl.shipment_request import Wanted, WantedLine
from returns_assets.sandbox.mirakl.shipping import add, keep, ship, units_left
from returns_assets.sandbox.records import Order
from returns_assets.sandbox.shipment_book import ShipmentEntry


def switched_on(call: Call) -> None:
    """Refusal 404 where the operator has no multi-shipment (reference, 5.2)."""
    if not feature(call.place.config, "shipment.multi_shipment"):
        raise Refusal(404, "Not Found")


def _tracked(call: Call, given: Json | None) -> Json | None:
    return None if given is None else named(given, call.place.config, "tracking_url", both=True).on_shipment()


def _origin(call: Call, code: str | None) -> Json | None:
    """`shipping_from`: the warehouse must be one of the shop's."""
    if code is None:
        return None
    if code not in call.place.config.warehouses:
        raise Refusal(400, f"Warehouse with code {code} does not exist")
    return {"address": None, "warehouse": {"code": code}}


def _line(order: Order, wanted: WantedLine, left: dict[str, int]) -> Json:
    """The shipment line; takes its units off `left`. A SKU that is on several lines means the first one."""
    for line in order["order_lines"]:
        line_id: str = line["order_line_id"]
        if wanted.line_id == line_id or (wanted.line_id is None and wanted.sku == line["offer_sku"]):
            if wanted.quantity > left.get(line_id, 0):
                raise Refusal(400, "Shipment quantity is invalid.")
            left[line_id] -= wanted.quantity
            return {
                "offer_sku": line["offer_sku"],
                "order_line_id": line_id,
                "package_reference": wanted.package,
                "quantity": wanted.quantity,
            }
    raise Refusal(400, f"The order has no line '{wanted.line_id or wanted.sku}'.")


def _create(call: Call, wanted: Wanted) -> Json:
    if wanted.order_id not in call.place.orders:
        raise Refusal(400, f"No order with id '{wanted.order_id}'.")
    made: list[ShipmentEntry] = []

    def change(order: Order) -> None:
        if order["order_state"] != "SHIPPING":
            raise Refusal(400, f"The order status must be 'SHIPPING' but it is '{order['order_state']}'.")
        left = units_left(call, order)
        lines = [_line(order, each, left) for each in wanted.lines]
        given: Json = {
            "invoice_reference": wanted.reference,
            "shipment_additional_information": wanted.information,
            "shipping_from": _origin(call, wanted.warehouse),
            "tracking": _tracked(call, wanted.tracking),
        }
        if wanted.shipped:
            _check_tracking(call, order, given["tracking"])
        made.append(add(call, order, lines, "ST01", given))
        if wanted.shipped:
            ship(call, order, made[0])

    call.state.update(call.place.config.key, wanted.order_id, change)
    return made[0].shipment


def _check_tracking(call: Call, order: Order, tracking: Json | None) -> None:
    if needs_tracking(order, call.place.config) and not (tracking and tracking["tracking_number"]):
        raise Refusal(400, "Tracking details are mandatory for this shipping method")


def st01(call: Call) -> Answer:
    """POST /api/shipments. Errors name the order only, as the real ones do: two shipments of one order cannot be told apart."""
    switched_on(call)
    success: list[Json] = []
    errors: list[Json] = []
    for wanted in request.wanted(call):
        try:
            success.append(_create(call, wanted))
        except Refusal as refusal:
            errors.append({"order_id": wanted.order_id, "message": refusal.message})
    return Answer.json({"shipment_errors": errors, "shipment_success": success}, 201)


def _each(call: Call, most: int, act: Callable[[ShipmentEntry, Json], Json]) -> Answer:
    """`act` on every shipment that is named, in order; its Refusal is that entry's error."""
    switched_on(call)
    success: list[Json] = []
    errors: list[Json] = []
    for shipment_id, entry in request.by_id(call, most):
        known = call.place.shipments.entries.get(shipment_id)
        try:
            if known is None:
                raise Refusal(400, f"No shipment with id '{shipment_id}'.")
            success.append({"id": shipment_id, **act(known, entry)})
        except Refusal as refusal:
            errors.append({"id": shipment_id, "message": refusal.message})
    return Answer.json({"shipment_errors": errors, "shipment_success": success})


def _touch(call: Call, order_id: str) -> str:
    """The order changed now; what was kept is committed with it."""
    now = wire.iso(call.state.clock.now())
    call.state.update(call.place.config.key, order_id, lambda order: order.update(last_updated_date=now))
    return now


def _change(call: Call, known: ShipmentEntry, **fields: Json | None) -> None:
    known.shipment |= {**fields, "last_updated_date": wire.iso(call.state.clock.now())}
    keep(call, known)
    _touch(call, known.order_id)


def _check_open(known: ShipmentEntry, what: str) -> None:
    if known.shipment["status"] != "SHIPPING":
        raise Refusal(400, f"Shipment with id '{known.shipment['id']}' is not in SHIPPING status and cannot be {what}.")


def st06(call: Call) -> Answer:
    """PUT /api/shipments/delete: shipments that have not left; their units may be shipped again."""

    def delete(known: ShipmentEntry, _: Json) -> Json:
        _check_open(known, "deleted")
        shipment_id: str = known.shipment["id"]
        call.place.shipments.remove(shipment_id)
        call.state.keep(f"shipment:{call.place.config.key}", shipment_id, None)
        _touch(call, known.order_id)
        return {}

    return _each(call, 1000, delete)


def st07(call: Call) -> Answer:
    """PUT /api/shipments: another origin."""

    def update(known: ShipmentEntry, entry: Json) -> Json:
        origin = _origin(call, request.warehouse(entry))
        _change(call, known, shipping_from=origin)
        return {"shipping_from": origin}

    return _each(call, 100, update)


def st23(call: Call) -> Answer:
    """POST /api/shipments/tracking; overwrites. After the dispatch by the same switch as OR23."""

    def track(known: ShipmentEntry, entry: Json) -> Json:
        given = request.tracking(entry)
        if given is None:
            raise Refusal(400, "tracking is required")
        if not call.place.config.tracking_after_dispatch:
            _check_open(known, "tracked")
        _change(call, known, tracking=_tracked(call, given))
        return {}

    return _each(call, 1000, track)


def st24(call: Call) -> Answer:
    """PUT /api/shipments/ship."""

    def leave(known: ShipmentEntry, _: Json) -> Json:
        _check_open(known, "shipped")

        def change(order: Order) -> None:
            _check_tracking(call, order, known.shipment["tracking"])
            ship(call, order, known)

        call.state.update(call.place.config.key, known.order_id, change)
        return {}

    return _each(call, 1000, leave)
