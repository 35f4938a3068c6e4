"""Registrations in ReBound's portal: which of them are asked about on a day, and the kinds of effects that answer them, yes or no.

A registration that was granted becomes a return at ReBound, is told of like any other, and is then created in Mirakl.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from returns_assets.decisions.request_case import Item, ReboundCase, Seen, asked_of
from returns_assets.decisions.request_judge import judge
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.seen import SeenReturn
from returns_assets.rebound.client import ReboundClient
from returns_assets.rebound.identity import normal_id
from returns_assets.rebound.reading_errors import ReboundDeniedError, ReboundPermanentError, ReboundReadError
from returns_assets.rebound.registrations import AUTHORISED, DECLINED, PENDING, REGISTRATION_FIELD, Registration, pending, registration
from returns_assets.rebound.return_orders import ID_FIELD, of_order
from returns_assets.rebound.routing import Router
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import Examined
from returns_assets.steps.ingest_marketplace_returns import returns_off
from returns_assets.steps.request_done import GRANT, TABLE
from returns_assets.steps.request_kinds import eligible_obstacle
from returns_assets.steps.request_order import return_orders
from returns_assets.steps.request_read import see
from returns_assets.steps.returns_call import ALREADY, SHOWN
from returns_assets.translation.model import MappingError, Marketplace
from returns_assets.translation.rebound_ways import Registrations
from returns_assets.wire.answers import Verdict, WriteAnswer
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace


def paths_of(ctx: StepContext) -> Registrations | None:
    """None for an account whose portal asks nobody."""
    block = ctx.mappings.rebound.return_orders
    return block.registrations if block else None


@dataclass
class Waiting:
    """`unreadable`: ids of entries that are no registration, whatever their day; `unroutable`: those of the day whose order is no
    marketplace's."""

    registrations: list[Registration] = field(default_factory=list[Registration])
    unreadable: list[str] = field(default_factory=list[str])
    unroutable: list[Registration] = field(default_factory=list[Registration])


def registered(ctx: StepContext, marketplace: str, day: date) -> Waiting:
    """Those that wait, were registered on the day, and are about an order of the marketplace. Raises ReboundReadError."""
    found, paths = Waiting(), paths_of(ctx)
    if paths is None:
        return found
    router = Router({key: shop.order_id_prefixes for key, shop in ctx.mappings.marketplaces.items()})
    for each in pending(ctx.rebound(), paths, found.unreadable):
        if each.registered_at.date() != day:
            continue
        belongs = router.marketplace(each.order_id)
        if belongs == marketplace:
            found.registrations.append(each)
        elif belongs is None:
            found.unroutable.append(each)
    return found


def as_case(found: Registration) -> ReboundCase:
    """A registration in the shape of a return at ReBound, which it is not yet."""
    items = tuple(Item(line_id, sku, units) for line_id, sku, units in found.items)
    return ReboundCase(found.registration_id, found.order_id, started_at=found.registered_at, items=items)


class PortalKind:
    """See EffectKind; the subject is the registration's id, the request says order, answer and body."""

    validated = TABLE

    def __init__(self, kind: str) -> None:
        self.name = kind
        self._wanted = AUTHORISED if kind == GRANT else DECLINED

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        client, paths = ctx.rebound(), _paths(ctx)
        found = {effect.id: _standing(client, paths, effect) for effect in due}
        orders = {effect.order_id for effect in due}
        seen = _with_rebound(ctx, orders, see(ctx, shop, orders, returns=not returns_off(ctx, shop.key, day)))
        examined = Examined()
        for effect in due:
            now = found[effect.id]
            if now is None:
                examined.obstacles[effect.id] = Obstacle("registration_decided", "ReBound does not know the registration any more")
                continue
            if now.status == self._wanted:
                examined.ready[effect.id] = [SHOWN, now.return_id or effect.subject]
                continue
            obstacle = self._obstacle(now, seen, shop)
            if obstacle is None:
                examined.ready[effect.id] = []
            else:
                examined.obstacles[effect.id] = obstacle
        return examined

    def _obstacle(self, now: Registration, seen: Seen, shop: Marketplace) -> Obstacle | None:
        if now.status != PENDING:
            return Obstacle("registration_decided", f"the registration is {now.status}")
        asked, without = asked_of(as_case(now), seen.order_lines(now.order_id))
        if without:
            return Obstacle("not_eligible_now", f"no line for {', '.join(without)}")
        found = judge(asked, seen, None, shop.return_requests)
        if self._wanted == AUTHORISED:
            return eligible_obstacle(found)
        return None if found.answer == "never" else Obstacle("decided_anew", f"{found.answer}: {found.detail}", passing=True)

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        """One registration a call."""
        return [[effect] for effect in effects]

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        client, paths = ctx.rebound(), _paths(ctx)
        path, field = (paths.authorise_path, ID_FIELD) if self._wanted == AUTHORISED else (paths.decline_path, REGISTRATION_FIELD)

        def send(effects: Sequence[Effect]) -> Sequence[WriteAnswer]:
            [effect] = effects
            if SHOWN in effect.known_ids:
                return [WriteAnswer(Verdict.EXECUTED, effect.known_ids[1], message=ALREADY)]
            body = effect.request["body"]
            answer = client.post(path.replace("{id}", effect.subject), body, id_field=field, idempotency_key=effect.key).answer
            if answer.verdict is Verdict.EXECUTED and answer.external_id:
                return [WriteAnswer(Verdict.EXECUTED, normal_id(answer.external_id), status=answer.status)]
            return [self._decided_already(client, paths, effect, answer) if answer.status == 409 else answer]

        return send

    def _decided_already(self, client: ReboundClient, paths: Registrations, effect: Effect, answer: WriteAnswer) -> WriteAnswer:
        try:
            found = self._trace(client, paths, effect)
        except ReboundReadError:
            return answer
        done = found.trace is Trace.EXECUTED
        return WriteAnswer(Verdict.EXECUTED, found.external_id, status=answer.status, message=ALREADY) if done else answer

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        client, paths = ctx.rebound(), _paths(ctx)
        return {effect.id: self._trace(client, paths, effect) for effect in effects}

    def _trace(self, client: ReboundClient, paths: Registrations, effect: Effect) -> ReadBack:
        now = _standing(client, paths, effect)
        if now is None:
            return ReadBack(Trace.AMBIGUOUS, detail=f"ReBound does not know the registration {effect.subject} any more")
        if now.status == self._wanted:
            return ReadBack(Trace.EXECUTED, now.return_id or effect.subject)
        return ReadBack(Trace.NOT_EXECUTED)


def _with_rebound(ctx: StepContext, order_ids: Collection[str], seen: Seen) -> Seen:
    """`seen`, and the orders' returns that ReBound has and Mirakl does not list: their units are taken, too."""
    client, block = ctx.rebound(), return_orders(ctx)
    more: dict[str, SeenReturn] = {}
    for order_id in sorted(order_ids):
        known = {name for one in seen.returns_of(order_id) for name in (one.id, one.rma) if name}
        for made in of_order(client, block, order_id):
            if made.cancelled or known & {made.return_id, made.rma, *made.client_return_ids}:
                continue
            case = ReboundCase(made.return_id, order_id, items=tuple(Item(*item) for item in made.items))
            lines = tuple(asked_of(case, seen.order_lines(order_id))[0])
            more[made.return_id] = SeenReturn(made.return_id, order_id, "", "IN_PROGRESS", lines=lines)
    return Seen(seen.lines, {**seen.returns, **more})


def _standing(client: ReboundClient, paths: Registrations, effect: Effect) -> Registration | None:
    """The registration as it is now; None where ReBound has it no more, which is no reason to leave the others."""
    try:
        return registration(client, paths, effect.subject)
    except ReboundDeniedError:
        raise
    except ReboundPermanentError:
        return None


def _paths(ctx: StepContext) -> Registrations:
    """Effects are registered only where the block is; one that is gone since cannot be answered."""
    paths = paths_of(ctx)
    if paths is None:
        raise MappingError("rebound.yaml: the block return_orders.registrations is missing, and registrations wait for an answer")
    return paths
