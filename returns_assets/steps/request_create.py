"""The kind of effect that creates a return in Mirakl which started at ReBound (RT12, then RT01)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from returns_assets.decisions.request_case import Seen
from returns_assets.decisions.request_judge import judge
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.request_call import create_return, returnable
from returns_assets.mirakl.seen import ENDED, Asked, SeenReturn
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import Examined
from returns_assets.steps.request_done import CREATE, ORDER, TABLE, effects_of
from returns_assets.steps.request_kinds import eligible_obstacle
from returns_assets.steps.request_read import see
from returns_assets.steps.returns_call import ALREADY, SHOWN
from returns_assets.translation.model import Marketplace
from returns_assets.wire.answers import Verdict, WriteAnswer
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace


class CreateKind:
    """See EffectKind; the subject is ReBound's return id, the request is RT01's entry. Its RMA is how a lost one is found again."""

    name, validated = CREATE, TABLE

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        seen = see(ctx, shop, {effect.order_id for effect in due})
        left = returnable(ctx.mirakl(shop.key), sorted({line.order_line_id for effect in due for line in _asked(effect)}))
        owners = _owners(ctx, shop, due, seen)
        examined = Examined()
        for effect in due:
            there = with_rma(effect, seen, owners)
            found = None if there else _obstacle(effect, seen, shop, left)
            if found is None:
                examined.ready[effect.id] = [SHOWN, there[0].id] if there else []
            else:
                examined.obstacles[effect.id] = found
        return examined

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        """One a call: errors name the customer's basket only (reference, 7.5)."""
        return [[effect] for effect in effects]

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        client = ctx.mirakl(shop.key)

        def send(effects: Sequence[Effect]) -> Sequence[WriteAnswer]:
            [effect] = effects
            if SHOWN in effect.known_ids:
                return [WriteAnswer(Verdict.EXECUTED, effect.known_ids[1], message=ALREADY)]
            return [create_return(client, effect.request)]

        return send

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        seen = see(ctx, shop, {effect.order_id for effect in effects})
        owners = _owners(ctx, shop, effects, seen)
        return {effect.id: _trace(effect, seen, owners) for effect in effects}


def _asked(effect: Effect) -> tuple[Asked, ...]:
    rows: list[dict[str, Any]] = effect.request["return_lines"]
    return tuple(Asked(row["order_line_id"], row["quantity"], row["reason_code"]) for row in rows)


def _owners(ctx: StepContext, shop: Marketplace, effects: Sequence[Effect], seen: Seen) -> dict[str, str]:
    """Mirakl's return id -> ReBound's, as far as this product made one for the other, of the orders where an RMA is there already."""
    orders = {effect.order_id for effect in effects if with_rma(effect, seen, {})}
    ordered = effects_of(ctx, shop.key, ORDER, {one.id for order_id in orders for one in seen.returns_of(order_id)})
    owners = {effect.subject: effect.external_id for effect in ordered if effect.external_id}
    created = [e for order_id in orders for e in ctx.ledger.effects.search(marketplace=shop.key, kind=CREATE, order_id=order_id)]
    return owners | {effect.external_id: effect.subject for effect in created if effect.external_id}


def with_rma(effect: Effect, seen: Seen, owners: Mapping[str, str]) -> list[SeenReturn]:
    """Mirakl's returns that may be this one. An RMA is not unique: one that is another ReBound return's, or has none of the lines, is not.
    Pure."""
    rma, lines = effect.request["rma"], {line.order_line_id for line in _asked(effect)}
    return [
        one
        for one in seen.returns_of(effect.order_id)
        if one.rma == rma
        and one.state not in ENDED
        and owners.get(one.id, effect.subject) == effect.subject
        and (rma == effect.subject or one.may_be_of(lines))
    ]


def _obstacle(effect: Effect, seen: Seen, shop: Marketplace, left: Mapping[str, int]) -> Obstacle | None:
    asked = _asked(effect)
    lines = {line.order_line_id for line in asked}
    others = [
        one
        for one in seen.returns_of(effect.order_id)
        if not one.rma and one.state not in ENDED and lines <= {line.order_line_id for line in one.lines}
    ]
    if others:
        return Obstacle("opened_meanwhile", f"Mirakl has the return {others[0].id} of these lines", passing=True)
    found = eligible_obstacle(judge(asked, seen, None, shop.return_requests))
    if found is not None:
        return found
    short = [line for line in asked if left.get(line.order_line_id, 0) < line.quantity]
    if short:
        said = ", ".join(f"{line.order_line_id}: {line.quantity} asked, {left.get(line.order_line_id, 0)} allowed" for line in short)
        return Obstacle("not_returnable", f"RT12: {said}")
    return None


def _trace(effect: Effect, seen: Seen, owners: Mapping[str, str]) -> ReadBack:
    if not seen.order_lines(effect.order_id):
        return ReadBack(Trace.UNREADABLE, detail=f"the order {effect.order_id} is not listed")
    there = with_rma(effect, seen, owners)
    if len(there) > 1:
        return ReadBack(Trace.AMBIGUOUS, detail=f"{', '.join(one.id for one in there)} have the RMA {effect.request['rma']}")
    return ReadBack(Trace.EXECUTED, there[0].id) if there else ReadBack(Trace.NOT_EXECUTED)
