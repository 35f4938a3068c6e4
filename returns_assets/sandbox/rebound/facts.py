"""One return as its notifications tell it: a fold over what was sent about it. Knows nothing of the shape that a poll gives it.

Status words stay ReBound's own, in the order of their timestamps; received pieces are a set by item id; a snapshot of a higher version
replaces what an earlier one found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from returns_assets.sandbox import documents as channels
from returns_assets.sandbox import wire
from returns_assets.sandbox.documents import NOT_AVAILABLE
from returns_assets.sandbox.exchange import Json
from returns_assets.sandbox.rebound.chronicle import LABEL, Change, payload_of

ANNOUNCED, IN_NETWORK, AT_HUB, DELIVERED = "returnOrderCreated", "postalIncoming", "arrivedAtHub", "delivered"


@dataclass(slots=True)
class Parcel:
    """`steps`: what was said of it, (time, status) sorted by time. A number that is not known yet is None."""

    tracking_number: str | None
    location: str
    steps: list[tuple[datetime, str]] = field(default_factory=list[tuple[datetime, str]])

    @property
    def status(self) -> str | None:
        return self.steps[-1][1] if self.steps else None

    def when(self, status: str) -> datetime | None:
        return next((at for at, each in self.steps if each == status), None)


@dataclass(slots=True)
class Received:
    """A piece that the hub registered (`item` as the trigger wrote it) or found on inspection (`finding`, a snapshot's entry)."""

    item: Json
    parcel: int
    at: datetime
    finding: Json = field(default_factory=dict[str, object])


@dataclass(slots=True)
class ReturnFacts:
    """Items are dicts of the wire's names and strings, `Not available` included."""

    return_id: str
    order_id: str
    registered_at: datetime
    updated_at: datetime
    version: int = 0
    snapshot: Json = field(default_factory=dict[str, object])  # the highest version that was sent, if any
    parcels: list[Parcel] = field(default_factory=list[Parcel])
    announced: dict[str, Json] = field(default_factory=dict[str, Json])
    received: dict[str, Received] = field(default_factory=dict[str, Received])
    instant_at: datetime | None = None

    @property
    def status(self) -> str:
        return self.snapshot.get("status") or ("PROCESSING" if self.received else "OPEN")

    @property
    def on_the_way(self) -> bool:
        """Whether the parcel was seen after it was announced."""
        return bool(self.received) or any(status != ANNOUNCED for parcel in self.parcels for _, status in parcel.steps)

    def parcel(self, tracking_number: str, location: str) -> Parcel:
        """The parcel of that number; one whose number was not known yet gets it."""
        number = None if tracking_number == NOT_AVAILABLE else tracking_number
        for parcel in self.parcels:
            if parcel.tracking_number in (None, number) or number is None:
                parcel.tracking_number = parcel.tracking_number or number
                return parcel
        self.parcels.append(Parcel(number, location))
        return self.parcels[-1]

    def reason(self, item_id: str) -> str:
        """The reason that any notification gave for the piece."""
        known = (self.received[item_id].item if item_id in self.received else {}, self.announced.get(item_id, {}))
        return next((item["reasonCode"] for item in known if item.get("reasonCode", NOT_AVAILABLE) != NOT_AVAILABLE), NOT_AVAILABLE)


def fold(changes: Iterable[Change]) -> ReturnFacts | None:
    """The facts of one return from its changes in order; None when nothing was said of it."""
    facts: ReturnFacts | None = None
    for change in changes:
        payload = {} if change.document is None else payload_of(change.document) or {}
        order: Json = payload.get("order") or payload
        if facts is None:
            if not order:
                continue
            facts = ReturnFacts(order["reboundOrderId"], order["clientOrderId"], change.at, change.at)
        facts.version += 1
        facts.updated_at = change.at
        if change.kind == channels.TRACKING:
            _tracked(facts, payload)
        elif change.kind == channels.SNAPSHOTS:
            _inspected(facts, payload, change.at)
        elif change.kind != LABEL:
            _triggered(facts, order, change)
    return facts


def _tracked(facts: ReturnFacts, payload: Json) -> None:
    order: Json = payload["order"]
    parcel = facts.parcel(order["trackingNumber"], order["location"])
    parcel.steps.append((wire.moment(order["timestamp"]), order["statusDescription"]))
    parcel.steps.sort(key=lambda step: step[0])
    for item in payload["items"]:
        facts.announced.setdefault(item["reboundItemId"], item)


def _triggered(facts: ReturnFacts, order: Json, change: Change) -> None:
    if not facts.parcels:
        facts.parcel(NOT_AVAILABLE, order["location"])
    if change.kind == channels.REFUND_INSTANT:
        facts.instant_at = facts.instant_at or change.at
        for item in order["items"]:
            facts.announced.setdefault(item["reboundItemId"], item)
        return
    for item in order["items"]:
        facts.received.setdefault(item["reboundItemId"], Received(item, len(facts.parcels) - 1, change.at)).item = item


def _inspected(facts: ReturnFacts, snapshot: Json, at: datetime) -> None:
    if snapshot["version"] < facts.snapshot.get("version", 0):
        return
    facts.snapshot = snapshot
    for parcel in snapshot["parcels"] if not facts.parcels else ():
        facts.parcel(parcel["trackingNumber"], parcel["location"])
    for found in snapshot["receivedItems"]:
        facts.received.setdefault(found["reboundItemId"], Received(found, len(facts.parcels) - 1, at)).finding = found
