"""Returns that were made here: by POST /return-orders or by a consumer in ReBound's portal. Records, numbers, labels, what happened when.

The way of the parcel is not in here: that is told by documents, like the way of every other return (see facts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from returns_assets.sandbox import documents, wire
from returns_assets.sandbox.documents import Case, Piece, sscc
from returns_assets.sandbox.exchange import Json
from returns_assets.sandbox.rebound.account import ReboundConfig
from returns_assets.sandbox.rebound.chronicle import Chronicle
from returns_assets.sandbox.rebound.facts import ANNOUNCED
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world import World
from returns_assets.sandbox.world_plan import PIECE, RETURN, plain_id

PENDING, AUTHORISED, DECLINED = "PENDING", "AUTHORISED", "DECLINED"
_SERIALS = 10**13  # above every number that a world's returns and pieces have


@dataclass(slots=True)
class ReturnOrder:
    """`items` as they were announced, one piece id for each unit in `pieces`. `label_at`: when its label exists. Times are ISO-8601."""

    return_id: str
    order_id: str
    client_return_id: str | None
    rma: str
    flow_key: str | None
    idempotency_key: str | None
    source: str  # api | portal
    items: list[Json]
    pieces: list[str]
    metadata: list[Json]
    tracking_number: str
    carrier: str
    created_at: str
    label_at: str
    base64: bool
    cancelled_at: str | None = None
    history: list[Json] = field(default_factory=list[Json])

    def labelled(self, now: datetime) -> bool:
        """Not after a cancelation: that ends the wait for a label."""
        at = wire.moment(self.label_at)
        return at <= now and (self.cancelled_at is None or at <= wire.moment(self.cancelled_at))

    def happened(self, at: datetime, what: str, **more: str | None) -> None:
        self.history.append({"at": wire.iso(at), "event": what, **{name: value for name, value in more.items() if value is not None}})


@dataclass(slots=True)
class Registration:
    """A return that a consumer registered in ReBound's portal and that somebody must authorise."""

    registration_id: str
    order_id: str
    items: list[Json]
    metadata: list[Json]
    registered_at: str
    status: str = PENDING
    reason: str | None = None
    decided_at: str | None = None
    return_id: str | None = None

    @property
    def number(self) -> int:
        return int(self.registration_id.rpartition("-")[2])


class ReturnBook:
    """Everything in it is written through to the state's notes."""

    def __init__(self, state: State, world: World, chronicle: Chronicle) -> None:
        self._state, self._world, self._chronicle = state, world, chronicle
        self.returns: dict[str, ReturnOrder] = {}
        self.registrations: dict[str, Registration] = {}
        self._by_client: dict[str, ReturnOrder] = {}
        self._by_order: dict[str, list[ReturnOrder]] = {}
        self._pieces = 0
        for note in state.notes("rebound/return/"):
            self._take(ReturnOrder(**note))
        for note in state.notes("rebound/registration/"):
            self.registrations[note["registration_id"]] = Registration(**note)

    def _take(self, order: ReturnOrder) -> None:
        self.returns[plain_id(order.return_id)] = order
        self._by_order.setdefault(order.order_id, []).append(order)
        if order.client_return_id is not None:
            self._by_client[order.client_return_id] = order
        self._pieces += len(order.pieces)
        if order.label_at > order.created_at:
            self._chronicle.label(plain_id(order.return_id), wire.moment(order.label_at), order.tracking_number)

    def now(self) -> datetime:
        """In milliseconds, as ReBound's answers show it."""
        now = self._state.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    @property
    def account(self) -> ReboundConfig:
        return self._state.config.rebound

    def save(self, order: ReturnOrder) -> None:
        self._state.set_note(f"rebound/return/{plain_id(order.return_id)}", asdict(order))

    def save_registration(self, registration: Registration) -> None:
        self._state.set_note(f"rebound/registration/{registration.registration_id}", asdict(registration))

    def register(self, order_id: str, items: list[Json], metadata: list[Json]) -> Registration:
        """What the portal does when a consumer is done. ReBound notifies nobody before it is authorised."""
        number = len(self.registrations) + 1
        registration = Registration(f"REG-{number:06d}", order_id, items, metadata, wire.iso(self.now()))
        self.registrations[registration.registration_id] = registration
        self.save_registration(registration)
        return registration

    def open_return(self, client_return_id: str) -> ReturnOrder | None:
        """The latest that a client's own number stands for; a cancelled one does not count."""
        order = self._by_client.get(client_return_id)
        return None if order is None or order.cancelled_at else order

    def announced(self, order_id: str, line_id: str) -> int:
        """Units of an order line in returns that were not cancelled."""
        mine = [each for each in self._by_order.get(order_id, ()) if not each.cancelled_at]
        return sum(int(item["quantity"]) for each in mine for item in each.items if item.get("clientItemId") == line_id)

    def make(
        self, body: Json, items: list[Json], source: str, flow_key: str | None = None, idempotency_key: str | None = None
    ) -> ReturnOrder:
        """A return order with its number, rma and parcel, and the Tracking Update that tells of it."""
        now, number = self.now(), len(self.returns) + 1
        count = sum(int(item["quantity"]) for item in items)
        order = ReturnOrder(
            return_id=sscc(RETURN, _SERIALS + number),
            order_id=body["clientOrderId"],
            client_return_id=body.get("clientReturnId"),
            rma=body.get("rmaNumber") or f"RMA-{900_000 + number}",
            flow_key=flow_key,
            idempotency_key=idempotency_key,
            source=source,
            items=items,
            pieces=[sscc(PIECE, _SERIALS + self._pieces + n) for n in range(1, count + 1)],
            metadata=body.get("clientMetadata") or [],
            tracking_number=f"RB{number:010d}",
            carrier=self.account.carrier,
            created_at=wire.iso(now),
            label_at=wire.iso(now + timedelta(seconds=float(self.account.label_seconds))),
            base64=bool(body.get("labelBase64Enabled")),
        )
        order.happened(now, "created" if source == "api" else "authorised")
        self._take(order)
        self.save(order)
        case = self.case(order, self.account.location)
        self._world.tell(now, documents.TRACKING, documents.tracking_update(case, ANNOUNCED, now))
        return order

    def case(self, order: ReturnOrder, location: str) -> Case:
        """As the payloads need it; the parcel has no number before its label exists."""
        shop_id = next((entry.get("value") for entry in order.metadata if entry.get("key") == "mirakl_shop_id"), None)
        return Case(
            order.return_id, order.order_id, order.tracking_number if order.labelled(self.now()) else documents.NOT_AVAILABLE,
            location, rma=order.rma, shop_id=shop_id, pieces=tuple(_pieces(order.pieces, order.items)),
        )  # fmt: skip


def _pieces(ids: Sequence[str], items: Sequence[Json]) -> list[Piece]:
    units = [item for item in items for _ in range(int(item["quantity"]))]
    return [
        Piece(
            item_id, item.get("clientItemId"), item.get("sku"), item.get("ean"), item.get("reasonCode"), "1",
            item.get("articleDescription"), item.get("commercialValue"), item.get("commercialValueCurrency"),
        )
        for item_id, item in zip(ids, units, strict=True)
    ]  # fmt: skip
