"""The dataset dispatch_orders: every order that the day's dispatches name, read fresh, and its shipments where parcels are told one by one.

A flow of its own reads for itself: neither the refunds' sweep nor its failures are in the way.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date
from typing import Any

from returns_assets.ledger.states import CONFIRMED
from returns_assets.mirakl.dispatch_facts import OrderFact, ShipmentFact, orders_of, shipments_of
from returns_assets.mirakl.errors import MiraklPermanentError
from returns_assets.mirakl.reference import DISPATCH_OPERATIONS
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.ingest_mirakl import read_again, refresh_lists
from returns_assets.translation.model import carrier_key
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

# An id with a comma cannot be asked for: OR11 takes a comma-separated list.
NAMED = """
    SELECT DISTINCT trim(order_id) AS order_id FROM warehouse_events
    WHERE marketplace = $marketplace AND day = $day AND event = 'DISPATCHED'
        AND trim(coalesce(order_id, '')) <> '' AND NOT contains(order_id, ',')
    ORDER BY order_id
"""
CARRIERS = """
    SELECT DISTINCT carrier FROM warehouse_events
    WHERE marketplace = ? AND event = 'DISPATCHED' AND carrier IS NOT NULL AND list_contains(?, trim(order_id))
"""
MULTI = "features.shipment.multi_shipment"
FLAG = "SELECT max(value) FROM mirakl_reference WHERE marketplace = ? AND day = ? AND list = 'platform' AND code = ?"


def ingest_dispatch_orders(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Orders, shipments, carriers and shipping types as they are now. Raises MiraklError when orders or shipments cannot be read.

    A marketplace whose PC01 says multi-shipment but whose ST11 answers 404 has none: the fall-back to OR23 and OR24 (reference, 5.2). So
    has an order whose ST01 was answered with 404 while ST11 is there.
    """
    shop = ctx.mappings.marketplace(marketplace)
    unavailable = refresh_lists(ctx, marketplace, day, DISPATCH_OPERATIONS)
    partition = {"marketplace": marketplace, "day": day}
    with ctx.warehouse.read() as con:
        named = [str(row[0]) for row in con.execute(NAMED, partition).fetchall()]
        flag = con.execute(FLAG, [marketplace, day, MULTI]).fetchone()
    seen = {**partition, "fetched_at": ctx.now().astimezone(UTC).replace(tzinfo=None)}
    orders = orders_of(ctx.mirakl(marketplace).orders_by_id(named, shop.order_tax_mode)) if named else {}
    unavailable += read_again(ctx, marketplace, day, "SH21", _carrier_codes(ctx, marketplace, orders.values()))
    single = not orders or (flag is not None and flag[0] == "false")
    shipments = None if single else read_shipments(ctx, marketplace, sorted(orders))
    whole = set(orders) if shipments is None else _refused_by_parcel(ctx, marketplace, orders, shipments)
    order_rows = [row for order in orders.values() for row in _order_rows(order, {**seen, "multi_shipment": order.order_id not in whole})]
    shipment_rows = [row for each in (shipments or {}).values() for shipment in each for row in _shipment_rows(shipment, seen)]
    with ctx.warehouse.transaction() as con:
        rows = replace_partition(con, "dispatch_orders", partition, arrow_rows(con, "dispatch_orders", order_rows))
        replace_partition(con, "dispatch_shipments", partition, arrow_rows(con, "dispatch_shipments", shipment_rows))
    counts = {"named": len(named), "found": len(orders), "multi_shipment": shipments is not None, "unavailable": unavailable}
    return StepResult(rows, counts)


def read_shipments(ctx: StepContext, marketplace: str, order_ids: Sequence[str]) -> Mapping[str, Sequence[ShipmentFact]] | None:
    """The orders' shipments by order id; None where the operator has no multi-shipment. Raises MiraklError."""
    try:
        return shipments_of(ctx.mirakl(marketplace).shipments_of(order_ids))
    except MiraklPermanentError as error:
        if error.status == 404:
            return None
        raise


def _refused_by_parcel(
    ctx: StepContext, marketplace: str, orders: Mapping[str, OrderFact], shipments: Mapping[str, Sequence[ShipmentFact]]
) -> set[str]:
    """Orders that are told as a whole, because ST01 answered 404 to one of their parcels, which created nothing. It stays so: the cause is
    kept with the withdrawn effect. Not where another parcel was, or may have been, told, by whomever: then a person tells the rest.
    """
    refused: set[str] = set()
    told = {order_id for order_id, each in shipments.items() if each and orders[order_id].state == "SHIPPING"}
    for effect in ctx.ledger.effects.of_subjects(marketplace, "shipment", orders):
        if effect.in_flight or effect.state == CONFIRMED:
            told.add(effect.subject)
        elif effect.cause == "multi_shipment_off":
            refused.add(effect.subject)
    return refused - told


def _carrier_codes(ctx: StepContext, marketplace: str, orders: Iterable[OrderFact]) -> set[str]:
    """The codes that carriers.csv has for the carriers of the orders that wait for their dispatch."""
    waiting = [order.order_id for order in orders if order.state == "SHIPPING"]
    with ctx.warehouse.read() as con:
        named = {carrier_key(str(row[0])) for row in con.execute(CARRIERS, [marketplace, waiting]).fetchall()}
    return {row.carrier_code for row in ctx.carriers(marketplace) if row.carrier_code is not None and row.key in named}


def _order_rows(order: OrderFact, seen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a line; an order without lines has one row without a line."""
    head = {
        **seen,
        "order_id": order.order_id,
        "order_state": order.state,
        "can_shop_ship": order.can_shop_ship,
        "shipping_type": order.shipping_type,
        "shipping_deadline": None if order.deadline is None else order.deadline.replace(tzinfo=None),
        "carrier_code": order.carrier_code,
        "tracking_number": order.tracking_number,
    }
    lines = [
        {"order_line_id": line_id, "offer_sku": sku, "quantity": quantity, "line_state": state}
        for line_id, (sku, quantity, state) in order.lines.items()
    ]
    return [{**head, **line} for line in lines] or [head]


def _shipment_rows(shipment: ShipmentFact, seen: Mapping[str, Any]) -> list[dict[str, Any]]:
    head = {
        **seen,
        "order_id": shipment.order_id,
        "shipment_id": shipment.shipment_id,
        "status": shipment.status,
        "tracking_number": shipment.tracking_number,
    }
    return [{**head, "order_line_id": line_id, "quantity": quantity} for line_id, quantity in shipment.lines.items()]
