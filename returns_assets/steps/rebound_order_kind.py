"""Sales orders as a kind of effect: one order a request (POST /sales-orders).

ReBound has no read of a sales order (reference, 1.5). So a lost answer is decided by what a repeat does there: where it is refused (409)
or overwrites, it is sent again; where it would make a second order, a person looks. A 409 says that ReBound has the order, by a request of
ours or not, and not with which content: success for its first content, which is told as not known, and a refusal for a changed one, which
was not taken.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from returns_assets.decisions.rebound_orders import WAIT, shipping
from returns_assets.ledger.records import Effect
from returns_assets.rebound.sales_order import content_hash, document, request_body
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import Examined
from returns_assets.steps.rebound_order_facts import FreshOrder, fresh_orders
from returns_assets.translation.model import MappingError, Mappings, Marketplace
from returns_assets.translation.rebound_ways import SalesOrders
from returns_assets.wire.answers import Verdict, WriteAnswer
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace

KIND = "sales_order"
TABLE = "rebound_orders"
CONTENT_UNKNOWN = "content_unknown"
KNOWN_BEFORE = "HTTP 409: ReBound had the order already, with a content that it does not show"
KNOWN_BY_US = "HTTP 409: ReBound has the order, by an earlier request of ours or from before; it does not show with which content"
CHANGE_REFUSED = "repeated order refused"  # refusals.csv knows it
REPEATED = "ReBound shows no sales order; a repeat there is a {}, so it is sent again"
HELD = "the answer was lost, ReBound shows no sales order, and a repeat there would be a second one"


def sales_orders(mappings: Mappings) -> SalesOrders:
    """The block of rebound.yaml; raises MappingError when it is missing."""
    block = mappings.rebound.sales_orders
    if block is None:
        raise MappingError("rebound.yaml: the block sales_orders is missing; it says how orders are told to ReBound")
    return block


class SalesOrderKind:
    """See EffectKind; the subject is the order. `request`: {document, hash, changed, path, flow_key, address};
    the last three are settings: the address itself is nowhere."""

    name = KIND
    validated = TABLE

    def __init__(self) -> None:
        self._addresses: dict[int, Mapping[str, str]] = {}  # effect -> address, from the fresh read to its request

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        """Only an order that is fully shipped and has the validated content is sent. Raises MiraklError, ReboundReadError."""
        ctx.rebound().admit()
        found = read_orders(ctx, shop, [effect.subject for effect in due])
        examined = Examined()
        for effect in due:
            fresh = found.get(effect.subject)
            obstacle = _obstacle(shop, effect, fresh)
            if obstacle is not None:
                examined.obstacles[effect.id] = obstacle
            elif fresh is not None:
                self._addresses[effect.id] = fresh.address
                examined.ready[effect.id] = []
        return examined

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        return [[effect] for effect in effects]

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        client, block = ctx.rebound(), sales_orders(ctx.mappings)

        def send(effects: Sequence[Effect]) -> Sequence[WriteAnswer]:
            [effect] = effects
            request = effect.request
            body = request_body(request["document"], request["hash"], self._addresses.pop(effect.id))
            reply = client.post(
                request["path"],
                json.dumps(body).encode(),
                id_field=block.id_field,
                flow_key=request["flow_key"],
                needs_id=False,  # nothing is read back by it
            )
            return [_judged(effect, reply.answer)]

        return send

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        repeat = sales_orders(ctx.mappings).repeat_order
        if repeat == "duplicate":
            found = ReadBack(Trace.AMBIGUOUS, detail=HELD)
        else:
            found = ReadBack(Trace.NOT_EXECUTED, detail=REPEATED.format(repeat))
        return {effect.id: found for effect in effects}


def read_orders(ctx: StepContext, shop: Marketplace, order_ids: Sequence[str]) -> dict[str, FreshOrder]:
    """The orders as Mirakl shows them now. Raises MiraklError."""
    if not order_ids:
        return {}
    return fresh_orders(ctx.mirakl(shop.key).orders_by_id(order_ids, shop.order_tax_mode), sales_orders(ctx.mappings).customer_address)


def _obstacle(shop: Marketplace, effect: Effect, fresh: FreshOrder | None) -> Obstacle | None:
    if fresh is None:
        return Obstacle("order_not_found", "Mirakl does not show the order")
    found = shipping(fresh.order)
    if found is not None:
        return Obstacle(found.cause or found.outcome, found.detail or "", passing=found.outcome == WAIT)
    if content_hash(document(fresh.order, shop.key, shop.shop_id)) != effect.request["hash"]:
        return Obstacle("content_changed", "the order changed since it was planned", passing=True)
    return None


def _judged(effect: Effect, answer: WriteAnswer) -> WriteAnswer:
    if answer.verdict is not Verdict.REFUSED or answer.status != 409:
        return answer
    if effect.request["changed"]:
        return replace(answer, message=f"{CHANGE_REFUSED}: {answer.message}")
    return WriteAnswer(Verdict.EXECUTED, status=answer.status, message=known_already(effect), cause=CONTENT_UNKNOWN)


def known_already(effect: Effect) -> str:
    """What a 409 on an order's first content says, by whether a request of ours went before."""
    return KNOWN_BY_US if effect.attempts > 1 else KNOWN_BEFORE
