"""What a fresh read of an order and its shipments means for a dispatch: may it be told now, and was a lost one executed. Pure.

`tracking` is always the carrier and number as they would be, or were, sent: {carrier_code | carrier_name, tracking_number?, ...}.
"""

from collections.abc import Collection, Mapping, Sequence

from returns_assets.mirakl.dispatch_facts import OPEN_SHIPMENT, SHIPPED, WAITING, OrderFact, ShipmentFact
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace


def shows(seen: OrderFact | ShipmentFact, tracking: Mapping[str, str]) -> bool:
    """Whether the order or shipment has this carrier and number. A carrier's label is the operator's own: only codes are compared."""
    code = tracking.get("carrier_code")
    same = seen.carrier_code == code if code else seen.carrier_name == tracking.get("carrier_name", "")
    return same and seen.tracking_number == tracking.get("tracking_number", "")


def order_obstacle(order: OrderFact | None, order_id: str) -> Obstacle | None:
    """Only an order that waits for its dispatch takes one (reference, 5.1 and 5.2)."""
    if order is None:
        return Obstacle("order_unknown", f"Mirakl does not show order {order_id}")
    if order.state in SHIPPED:
        return Obstacle("already_shipped", f"the order is {order.state}")
    if order.state in WAITING:
        return Obstacle("order_not_ready", f"the order is {order.state}", passing=True)
    if order.state != "SHIPPING":
        return Obstacle("order_cancelled", f"the order is {order.state}")
    return None


def prepared_obstacle(shipment: ShipmentFact | None, shipment_id: str) -> Obstacle | None:
    """Only a shipment that has not left is completed."""
    if shipment is None:
        return Obstacle("shipment_unknown", f"Mirakl does not show shipment {shipment_id}")
    if shipment.status != OPEN_SHIPMENT:
        return Obstacle("already_shipped", f"the shipment is {shipment.status}")
    return None


def tracking_obstacle(seen: OrderFact | ShipmentFact | None, tracking: Mapping[str, str], *, settled: bool) -> Obstacle | None:
    """Nothing is shipped before Mirakl shows its tracking: the second of two calls depends on the first.

    `settled`: Mirakl took it long enough ago to show it. If it shows another one, somebody changed it, and a person says which is right.
    """
    if seen is None or shows(seen, tracking):
        return None
    if settled:
        shown = f"{seen.carrier_code or seen.carrier_name or '(no carrier)'} {seen.tracking_number or '(no number)'}"
        return Obstacle("tracking_changed", f"Mirakl took the tracking and shows {shown}")
    return Obstacle("tracking_not_set", "Mirakl does not show the tracking yet", passing=True, soon=True)


def shipment_obstacle(shipments: Sequence[ShipmentFact], tracking: Mapping[str, str], ours: Collection[str]) -> Obstacle | None:
    """A parcel that is in Mirakl already, whoever put it there, is not told again."""
    missing = set(ours) - {shipment.shipment_id for shipment in shipments}
    if missing:
        return Obstacle("stale_read", "Mirakl does not show our own last shipment of the order yet", passing=True, soon=True)
    number = tracking.get("tracking_number")
    same = [shipment for shipment in shipments if number and shipment.tracking_number == number]
    if same:
        return Obstacle(
            "already_shipped", f"shipment {same[0].shipment_id} has the tracking number {number} already: it is {same[0].status}"
        )
    return None


def tracking_read_back(seen: OrderFact | ShipmentFact | None, tracking: Mapping[str, str], external_id: str) -> ReadBack:
    """OR23, ST23: they set values, so what counts is what is there."""
    if seen is None:
        return ReadBack(Trace.UNREADABLE, detail=f"Mirakl does not show {external_id}")
    return ReadBack(Trace.EXECUTED, external_id) if shows(seen, tracking) else ReadBack(Trace.NOT_EXECUTED)


def shipped_read_back(status: str | None, external_id: str) -> ReadBack:
    """OR24, ST24: shipped is shipped; a second call would be refused."""
    if status is None:
        return ReadBack(Trace.UNREADABLE, detail=f"Mirakl does not show {external_id}")
    return ReadBack(Trace.EXECUTED, external_id) if status in SHIPPED else ReadBack(Trace.NOT_EXECUTED)


def shipment_read_back(
    shipments: Sequence[ShipmentFact],
    lines: Mapping[str, int],
    tracking: Mapping[str, str],
    *,
    known: Collection[str],
    ours: Collection[str],
) -> ReadBack:
    """ST01: exactly one new shipment with these lines and this tracking is it; none at all means not executed; else a person looks."""
    shown = {shipment.shipment_id for shipment in shipments}
    if missing := set(known) - shown:
        return ReadBack(Trace.UNREADABLE, detail=f"Mirakl does not show shipment {', '.join(sorted(missing))} that the order had before")
    fresh = [shipment for shipment in shipments if shipment.shipment_id not in known and shipment.shipment_id not in ours]
    fits = [shipment for shipment in fresh if dict(shipment.lines) == dict(lines) and shows(shipment, tracking)]
    if not fresh:
        return ReadBack(Trace.NOT_EXECUTED)
    if len(fits) == 1:
        return ReadBack(Trace.EXECUTED, fits[0].shipment_id)
    return ReadBack(Trace.AMBIGUOUS, detail=f"new shipments of the order: {', '.join(s.shipment_id for s in fresh)}")
