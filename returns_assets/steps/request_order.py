"""The kind of effect that authorises a return at ReBound (POST return order). Nothing is authorised for an order that may not be returned,
and nothing that ReBound has already: the order's lines, Mirakl's return and ReBound's returns are read just before the request (R26)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from returns_assets.decisions.request_case import Item, ReboundCase, Seen, asked_of
from returns_assets.decisions.request_judge import judge
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.seen import SeenReturn
from returns_assets.rebound.client import ReboundClient
from returns_assets.rebound.identity import normal_id
from returns_assets.rebound.reading_errors import ReboundDeniedError, ReboundPermanentError, ReboundReadError
from returns_assets.rebound.return_orders import ID_FIELD, ReturnOrder, of_order
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import Examined
from returns_assets.steps.request_done import ACCEPT, ORDER, TABLE
from returns_assets.steps.request_kinds import NOT_FOUND, eligible_obstacle
from returns_assets.steps.request_read import see
from returns_assets.translation.model import MappingError, Marketplace
from returns_assets.translation.rebound_ways import ReturnOrders
from returns_assets.wire.answers import Verdict, WriteAnswer
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace

CLOCKS_APART = timedelta(minutes=5)


def return_orders(ctx: StepContext) -> ReturnOrders:
    """The block of rebound.yaml; raises MappingError where it is missing."""
    found = ctx.mappings.rebound.return_orders
    if found is None:
        raise MappingError("rebound.yaml: the block return_orders is missing; it says where ReBound takes return orders")
    return found


class OrderKind:
    """See EffectKind; the subject is Mirakl's return id, the request is the body. ReBound echoes the id: so a lost one is found."""

    name, validated = ORDER, TABLE

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        ctx.rebound().admit()  # without a token nothing is claimed
        seen = see(ctx, shop, {effect.order_id for effect in due})
        busy = ctx.ledger.effects.in_flight(shop.key, ACCEPT, {effect.subject for effect in due})
        client, paths = ctx.rebound(), return_orders(ctx)
        there: dict[str, Sequence[ReturnOrder] | Obstacle] = {}  # by order, read once each
        examined = Examined()
        for effect in due:
            shown = seen.returns.get(effect.subject)
            found = NOT_FOUND if shown is None else _obstacle(effect, shown, busy=effect.subject in busy)
            if found is None and shown is not None:
                found = eligible_obstacle(judge(shown.lines, seen, shown, shop.return_requests))
            if found is None:
                if effect.order_id not in there:
                    there[effect.order_id] = _at_rebound(client, paths, effect.order_id)
                at_rebound = there[effect.order_id]
                found = at_rebound if isinstance(at_rebound, Obstacle) else registered_meanwhile(effect, at_rebound, seen)
            if found is None:
                examined.ready[effect.id] = []
            else:
                examined.obstacles[effect.id] = found
        return examined

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        """One return a call."""
        return [[effect] for effect in effects]

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        client, paths = ctx.rebound(), return_orders(ctx)
        api = ctx.mappings.rebound.api
        flow_key = api.flow_keys.get(shop.key) if api else None

        def send(effects: Sequence[Effect]) -> Sequence[WriteAnswer]:
            [effect] = effects
            reply = client.post(paths.create_path, effect.request, id_field=ID_FIELD, flow_key=flow_key, idempotency_key=effect.key)
            answer = reply.answer
            if answer.verdict is Verdict.EXECUTED and answer.external_id:
                return [WriteAnswer(Verdict.EXECUTED, normal_id(answer.external_id), status=answer.status)]
            if answer.status == 409:
                return [_there_already(client, paths, effect, answer)]
            return [answer]

        return send

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        client, paths = ctx.rebound(), return_orders(ctx)
        return {effect.id: _trace(client, paths, effect) for effect in effects}


def _obstacle(effect: Effect, shown: SeenReturn, *, busy: bool) -> Obstacle | None:
    if busy:
        return Obstacle("waits_for_step_before", "the acceptance has no known outcome yet", passing=True, soon=True)
    if shown.state == "WAITING_ACCEPTANCE":
        return Obstacle("return_not_accepted", "the return waits for acceptance", passing=True, soon=True)
    if shown.state != "IN_PROGRESS":
        return Obstacle("return_ended", f"the return is {shown.state}")
    announced: dict[str, int] = {}
    for item in effect.request["announcedItems"]:
        announced[item["clientItemId"]] = announced.get(item["clientItemId"], 0) + int(item["quantity"])
    if announced != {line.order_line_id: shown.units(line.order_line_id) for line in shown.lines}:
        return Obstacle("return_changed", "the return's lines are not those that were decided about")
    return None


def _at_rebound(client: ReboundClient, paths: ReturnOrders, order_id: str) -> Sequence[ReturnOrder] | Obstacle:
    """ReBound's returns of the order; where they cannot be read for this order alone, that is in its way and in no other's."""
    try:
        return of_order(client, paths, order_id)
    except ReboundDeniedError:
        raise
    except ReboundPermanentError as error:
        return Obstacle("rebound_unreadable", str(error), passing=True)


def registered_meanwhile(effect: Effect, at_rebound: Sequence[ReturnOrder], seen: Seen) -> Obstacle | None:
    """A return that ReBound has and Mirakl does not show, of a line that is asked about: it may be the same parcel. Pure.

    A return is Mirakl's by the number of Mirakl's that it names, or by the RMA that another return of the order and these lines has.
    """
    returns = seen.returns_of(effect.order_id)
    ids = {effect.subject, *(one.id for one in returns)}
    wanted = {item["clientItemId"] for item in effect.request["announcedItems"]}
    for order in at_rebound:
        if order.cancelled or ids & order.client_return_ids:
            continue
        case = ReboundCase(order.return_id, effect.order_id, items=tuple(Item(*item) for item in order.items))
        asked, without = asked_of(case, seen.order_lines(effect.order_id))
        lines = set[str]() if without else {line.order_line_id for line in asked}
        if any(one.rma in (order.return_id, order.rma) and one.may_be_of(lines) for one in returns if one.rma and one.id != effect.subject):
            continue
        if not lines or wanted & lines:
            return Obstacle("registered_meanwhile", f"ReBound has the return {order.return_id} of these lines", passing=True)
    return None


def _there_already(client: ReboundClient, paths: ReturnOrders, effect: Effect, answer: WriteAnswer) -> WriteAnswer:
    """409: ReBound has this return. Found by Mirakl's return id it is ours; otherwise the refusal stands."""
    try:
        found = _trace(client, paths, effect)
    except ReboundReadError:
        return answer
    if found.trace is Trace.EXECUTED:
        return WriteAnswer(Verdict.EXECUTED, found.external_id, status=answer.status, message="ReBound had it already")
    return answer


def _trace(client: ReboundClient, paths: ReturnOrders, effect: Effect) -> ReadBack:
    return traced(effect, of_order(client, paths, effect.order_id))


def traced(effect: Effect, orders: Sequence[ReturnOrder]) -> ReadBack:
    """What became of the request, by ReBound's returns of the order. One that was made and then cancelled was made. Pure."""
    living = [order for order in orders if not order.cancelled]
    named = [order for order in orders if effect.subject in order.client_return_ids]
    mine = [order for order in named if not order.cancelled] or named
    if len(mine) > 1:
        return ReadBack(Trace.AMBIGUOUS, detail=f"ReBound has {', '.join(order.return_id for order in mine)} for this return")
    if mine:
        return ReadBack(Trace.EXECUTED, mine[0].return_id)
    nameless = [order.return_id for order in living if not order.client_return_ids and _may_be(order, effect)]
    if nameless:
        return ReadBack(Trace.AMBIGUOUS, detail=f"ReBound does not say whose return {', '.join(nameless)} is")
    return ReadBack(Trace.NOT_EXECUTED)


def _may_be(order: ReturnOrder, effect: Effect) -> bool:
    """A return without a client's number (a consumer's, in the portal) that was there before the request is not what the request made."""
    if order.registered_at is None or order.registered_at.tzinfo is None or effect.claimed_at is None:
        return True
    return order.registered_at >= effect.claimed_at - CLOCKS_APART
