"""Returns that customers open on the marketplace, before ReBound tells of them: planned beside a world's traffic, opened by the clock.

Planning draws from random numbers of its own, so a world's orders and documents are the same with these returns and without them.
"""

import heapq
import random
import uuid
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.documents import Case
from returns_assets.sandbox.exchange import Refusal
from returns_assets.sandbox.mirakl.return_life import enabled, open_by_customer, return_codes
from returns_assets.sandbox.orders import RECEIVED_AFTER, SHIPPED_AFTER, Json, Line, Market, make_order
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world_catalogue import catalogue, customer, reason
from returns_assets.sandbox.world_plan import Opening, Plan, plain_id, units

SHARE = 0.4  # of the returns of the traffic
BEFORE_DISPATCH = 0.15  # of those: opened while the order is still SHIPPING
USUAL, EARLY, LATE = "usual", "before_dispatch", "after_window"
# ReBound's reason label -> what the customer may have chosen in the marketplace's list: the first code that it has.
_CODES: dict[str, tuple[str, ...]] = {
    "Too large": ("RETURN_PDNT_TOO_BIG", "RETURN_PRODUCT_DOES_NOT_FIT"),
    "Too small": ("RETURN_PDNT_TOO_SMALL", "RETURN_PRODUCT_DOES_NOT_FIT"),
    "Changed my mind": ("RETURN_CHANGED_MIND", "RETURN_CM_DONT_LIKE"),
    "Not as described": ("RETURN_INACCURATE_ITEM_DESCRIPTION", "RETURN_DELIVERED_PRODUCT_DIFFERENT"),
    "Faulty": ("RETURN_DEFECTIVE_ITEM", "RETURN_DEFECTIVE_ON_ARRIVAL"),
    "Damaged in transit": ("RETURN_BROKEN_ITEM", "RETURN_DAMAGED_PACKAGING"),
    "Wrong item received": ("RETURN_DELIVERED_PRODUCT_DIFFERENT", "RETURN_DPD_WRONG_COLOR"),
}


def return_id(opening: Opening) -> str:
    """Mirakl's id of the return, known before it is opened."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{opening.marketplace}/world/{opening.name}"))


class Openings:
    """Decides which of a marketplace's returns are opened there first, and when."""

    def __init__(self, plan: Plan, market: Market, seed: int) -> None:
        self.plan, self.market = plan, market
        self.rng = random.Random(f"{seed}/{market.key}/marketplace-returns")

    def consider(self, case: Case, ordered: datetime, announced: datetime) -> None:
        """`ordered`: when the order was created; `announced`: when ReBound first tells of the return."""
        rng = self.rng
        if rng.random() >= SHARE or case.order_id is None:
            return
        if rng.random() < BEFORE_DISPATCH:
            at = min(ordered + timedelta(hours=rng.uniform(2, 20)), announced - timedelta(hours=1))
        else:
            at = max(ordered + timedelta(hours=1), announced - timedelta(hours=rng.uniform(2, 30)))
        counts: Counter[tuple[str, str]] = Counter()
        for piece in case.pieces:
            if piece.line_id is not None and piece.reason is not None:
                counts[piece.line_id, piece.reason] += units(piece)
        lines = tuple((line_id, count, label) for (line_id, label), count in counts.items())
        kind = EARLY if at < ordered + SHIPPED_AFTER else USUAL
        name = plain_id(case.return_id)
        self.plan.openings.append(Opening(_whole(at), self.market.key, name, case.order_id, lines, kind, name))


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def plant_late(plan: Plan, market: Market, seed: int) -> None:
    """One order a day that its customer received too long ago, and the return that he opens all the same. ReBound never hears of it."""
    if market.return_window_days is None:
        return
    rng = random.Random(f"{seed}/{market.key}/late-returns")
    products = catalogue()
    made: list[Json] = []
    for day in range(plan.days):
        product = products[rng.randrange(len(products))]
        at = _whole(plan.at(day, rng.uniform(7, 20)))
        created = at - timedelta(days=market.return_window_days + rng.uniform(3, 30)) - RECEIVED_AFTER
        order_id = plan.next_order(market)
        line = Line(product.sku, product.ean, product.title, 1, product.price)
        made.append(make_order(market, order_id, customer(rng), [line], created))
        plan.openings.append(Opening(at, market.key, order_id, order_id, ((f"{order_id}-1", 1, reason(rng)),), LATE))
    plan.add_orders(market.key, lambda: made)


@dataclass(order=True)
class _Due:
    at: datetime
    count: int
    opening: Opening = field(compare=False)


class Desk:
    """Opens what is due, each once: a return that is in the marketplace's book already is left alone."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._due: list[_Due] = []
        self._count = 0

    def schedule(self, openings: Iterable[Opening]) -> None:
        for opening in openings:
            self._count += 1
            heapq.heappush(self._due, _Due(opening.at, self._count, opening))

    def run_due(self, now: datetime) -> None:
        """After the orders of the same time, because a return needs its order. Dated as planned, also when the clock jumped."""
        while self._due and self._due[0].at <= now:
            self._open(heapq.heappop(self._due).opening)

    def _open(self, opening: Opening) -> None:
        place = self._state.marketplace(opening.marketplace)
        if return_id(opening) in place.returns.entries or not enabled(place.config):
            return
        codes = return_codes(place.config)
        lines: list[Json] = []
        for line_id, quantity, label in opening.lines:
            code = next((each for each in _CODES.get(label, ()) if each in codes), "RETURN_OTHER")
            lines.append({"order_line_id": line_id, "quantity": quantity, "reason_code": code})
        at, name = wire.iso(opening.at), return_id(opening)
        # A return of the same units that someone else opened meanwhile leaves this customer nothing to open.
        with suppress(Refusal):
            open_by_customer(self._state, opening.marketplace, opening.order_id, lines, by="world", at=at, return_id=name)


def opening_rows(plan: Plan) -> list[dict[str, Any]]:
    """What GET /admin/world/truth tells of them; `rebound_return_id` is null where ReBound never hears of the return."""
    return [
        {
            "marketplace": each.marketplace,
            "kind": each.kind,
            "return_id": return_id(each),
            "rebound_return_id": each.rebound_return_id,
            "order_id": each.order_id,
            "lines": [{"order_line_id": line_id, "quantity": quantity} for line_id, quantity, _ in each.lines],
            "opened_at": wire.iso(each.at),
        }
        for each in plan.openings
    ]
