"""Dispatches as three kinds of effects: `tracking` (OR23, ST23), `ship` (OR24, ST24), which waits for the first, and `shipment` (ST01)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from returns_assets.ledger.records import Effect
from returns_assets.ledger.states import CONFIRMED
from returns_assets.mirakl import dispatch_rules as rules
from returns_assets.mirakl.dispatch_call import send_dispatch
from returns_assets.mirakl.dispatch_facts import OrderFact, ShipmentFact, orders_of
from returns_assets.steps.context import StepContext
from returns_assets.steps.dispatch_ingest import read_shipments
from returns_assets.steps.effect_kind import Examined
from returns_assets.translation.model import Marketplace
from returns_assets.wire.answers import WriteAnswer
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace

NOTICES = "dispatch_notices"
TRACKING, SHIP, SHIPMENT = "tracking", "ship", "shipment"
BY_SHIPMENT = ("ST01", "ST23", "ST24")


@dataclass(frozen=True)
class Seen:
    """Orders and shipments as just read. `shipments` is None where ST11 answers 404. `ours`: order -> shipments that ST01 made for us.
    `trackings`: order or shipment -> the tracking that it took last, if that is long enough ago for the read to show it.
    """

    orders: Mapping[str, OrderFact]
    shipments: Mapping[str, Sequence[ShipmentFact]] | None
    ours: Mapping[str, set[str]]
    trackings: Mapping[str, Any]

    def of_order(self, effect: Effect) -> Sequence[ShipmentFact]:
        return (self.shipments or {}).get(effect.order_id, ())

    def prepared(self, effect: Effect) -> ShipmentFact | None:
        """The existing shipment that an ST23 or ST24 completes."""
        wanted = effect.request["shipment_id"]
        return next((shipment for shipment in self.of_order(effect) if shipment.shipment_id == wanted), None)

    def target(self, effect: Effect) -> OrderFact | ShipmentFact | None:
        """What the effect's call changes: the order, or a prepared shipment of it."""
        return self.prepared(effect) if effect.request["operation"] in BY_SHIPMENT else self.orders.get(effect.order_id)


class DispatchKind(ABC):
    """What the three have in common; see EffectKind."""

    validated = NOTICES
    name: str

    @abstractmethod
    def obstacle(self, effect: Effect, seen: Seen) -> Obstacle | None:
        """What speaks against sending, beside the state of the order."""

    @abstractmethod
    def trace(self, effect: Effect, seen: Seen) -> ReadBack:
        """What became of a lost one."""

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        seen = _read(ctx, shop, due)
        examined = Examined()
        for effect in due:
            found = rules.order_obstacle(seen.orders.get(effect.order_id), effect.order_id) or self.obstacle(effect, seen)
            if found is not None:
                examined.obstacles[effect.id] = found
            else:
                examined.ready[effect.id] = sorted(shipment.shipment_id for shipment in seen.of_order(effect))
        return examined

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        """One order or shipment a call: errors name the order only (reference, 5.2)."""
        return [[effect] for effect in effects]

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        client = ctx.mirakl(shop.key)
        return lambda effects: [send_dispatch(client, effect.request) for effect in effects]

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        seen = _read(ctx, shop, effects)
        return {effect.id: self.trace(effect, seen) for effect in effects}


class TrackingKind(DispatchKind):
    """OR23 and ST23 overwrite: sent again they would change nothing."""

    name = TRACKING

    def obstacle(self, effect: Effect, seen: Seen) -> Obstacle | None:
        return _prepared_obstacle(effect, seen)

    def trace(self, effect: Effect, seen: Seen) -> ReadBack:
        return rules.tracking_read_back(seen.target(effect), effect.request["tracking"], effect.subject)


class ShipKind(DispatchKind):
    """OR24 and ST24 leave only once Mirakl shows the tracking that belongs to them."""

    name = SHIP

    def obstacle(self, effect: Effect, seen: Seen) -> Obstacle | None:
        tracking = effect.request["tracking"]
        settled = seen.trackings.get(effect.subject) == tracking
        return _prepared_obstacle(effect, seen) or rules.tracking_obstacle(seen.target(effect), tracking, settled=settled)

    def trace(self, effect: Effect, seen: Seen) -> ReadBack:
        target = seen.target(effect)
        status = target.status if isinstance(target, ShipmentFact) else target.state if target else None
        return rules.shipped_read_back(status, effect.subject)


class ShipmentKind(DispatchKind):
    """ST01 has no key of its own: repeated, it would use the units up a second time."""

    name = SHIPMENT

    def obstacle(self, effect: Effect, seen: Seen) -> Obstacle | None:
        ours = seen.ours.get(effect.order_id, set[str]())
        return rules.shipment_obstacle(seen.of_order(effect), effect.request["tracking"], ours if seen.shipments is not None else ())

    def trace(self, effect: Effect, seen: Seen) -> ReadBack:
        if seen.shipments is None:
            return ReadBack(Trace.UNREADABLE, detail="ST11 answers 404: shipments cannot be read")
        lines: list[dict[str, Any]] = effect.request["body"]["shipments"][0]["shipment_lines"]
        wanted = {str(line["order_line_id"]): int(line["quantity"]) for line in lines}
        ours = seen.ours.get(effect.order_id, set[str]())
        return rules.shipment_read_back(seen.of_order(effect), wanted, effect.request["tracking"], known=effect.known_ids, ours=ours)


def _prepared_obstacle(effect: Effect, seen: Seen) -> Obstacle | None:
    if effect.request["operation"] not in BY_SHIPMENT:
        return None
    return rules.prepared_obstacle(seen.prepared(effect), str(effect.request["shipment_id"]))


def _read(ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Seen:
    """The effects' orders, and their shipments where a call is about shipments. Raises MiraklError."""
    order_ids = sorted({effect.order_id for effect in effects})
    orders = orders_of(ctx.mirakl(shop.key).orders_by_id(order_ids, shop.order_tax_mode)) if order_ids else {}
    trackings = _settled_trackings(ctx, shop, {effect.subject for effect in effects if effect.kind == SHIP})
    by_shipment = sorted({effect.order_id for effect in effects if effect.request["operation"] in BY_SHIPMENT})
    if not by_shipment:
        return Seen(orders, {}, {}, trackings)
    ours = ctx.ledger.effects.confirmed_ids(shop.key, by_shipment, kind=SHIPMENT)
    return Seen(orders, read_shipments(ctx, shop.key, by_shipment), ours, trackings)


def _settled_trackings(ctx: StepContext, shop: Marketplace, subjects: Collection[str]) -> dict[str, Any]:
    """The last tracking that each of these took, where that is longer ago than a read may lag behind."""
    before = ctx.now() - timedelta(seconds=shop.calls.settle_seconds)
    last = confirmed_trackings(ctx, shop.key, subjects)
    return {subject: effects[-1].request["tracking"] for subject, effects in last.items() if (effects[-1].confirmed_at or before) < before}


def confirmed_trackings(ctx: StepContext, marketplace: str, subjects: Collection[str]) -> dict[str, list[Effect]]:
    """Order or shipment -> its trackings that Mirakl has taken, oldest first."""
    found: dict[str, list[Effect]] = {}
    for effect in ctx.ledger.effects.of_subjects(marketplace, TRACKING, subjects):
        if effect.state == CONFIRMED:
            found.setdefault(effect.subject, []).append(effect)
    return {subject: sorted(effects, key=lambda effect: (effect.confirmed_at, effect.id)) for subject, effects in found.items()}
