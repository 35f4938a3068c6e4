"""The kinds of effects on a return of Mirakl's: accepted or refused (RT21), and told what ReBound gave it (RT04).

Each looks at the return and its order as they are now. A state that is reached already, by a person or by an answer that was lost, is
success; what would be answered otherwise than it was planned is not sent.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from returns_assets.decisions.request_case import Seen
from returns_assets.decisions.request_judge import Judgement, judge
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.seen import ENDED, OPEN, SeenReturn
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import Examined
from returns_assets.steps.request_done import ACCEPT, REFUSE, TABLE, UPDATE
from returns_assets.steps.request_read import see
from returns_assets.steps.returns_call import SHOWN, ReturnsCall
from returns_assets.translation.model import Marketplace
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace

NOT_FOUND = Obstacle("return_not_found", "Mirakl does not list the return")


def eligible_obstacle(found: Judgement) -> Obstacle | None:
    """In the way of whatever needs an order that may be returned: what time brings is waited for, the rest is planned anew."""
    if found.answer == "yes":
        return None
    if found.answer == "wait":
        return Obstacle("order_not_ready", found.detail, passing=True)
    return Obstacle("not_eligible_now", f"{found.answer}: {found.detail}")


class RequestKind(ReturnsCall):
    """See EffectKind; the subject is Mirakl's return id, the request is the return's entry in the call."""

    name: str
    validated = TABLE

    @abstractmethod
    def reached(self, effect: Effect, shown: SeenReturn) -> bool:
        """Whether the return shows the step, whoever did it."""

    @abstractmethod
    def obstacle(self, effect: Effect, shown: SeenReturn, seen: Seen, shop: Marketplace) -> Obstacle | None:
        """What is in the way of a step that is not reached."""

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        seen = see(ctx, shop, {effect.order_id for effect in due})
        examined = Examined()
        for effect in due:
            shown = seen.returns.get(effect.subject)
            if shown is not None and self.reached(effect, shown):
                examined.ready[effect.id] = [SHOWN]
                continue
            found = NOT_FOUND if shown is None else self.obstacle(effect, shown, seen, shop)
            if found is None:
                examined.ready[effect.id] = []
            else:
                examined.obstacles[effect.id] = found
        return examined

    def there(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> set[int]:
        return self._there(see(ctx, shop, {effect.order_id for effect in effects}), effects)

    def _there(self, seen: Seen, effects: Sequence[Effect]) -> set[int]:
        return {e.id for e in effects if (shown := seen.returns.get(e.subject)) is not None and self.reached(e, shown)}

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        seen = see(ctx, shop, {effect.order_id for effect in effects})
        there = self._there(seen, effects)
        return {effect.id: self._trace(effect, effect.subject in seen.returns, effect.id in there) for effect in effects}

    def _trace(self, effect: Effect, listed: bool, there: bool) -> ReadBack:
        if not listed:
            return ReadBack(Trace.UNREADABLE, detail=NOT_FOUND.detail)
        return ReadBack(Trace.EXECUTED, effect.subject) if there else ReadBack(Trace.NOT_EXECUTED)


class AcceptKind(RequestKind):
    """RT21 with accepted=true, only while the order's lines may be returned."""

    name, action = ACCEPT, "accept"

    def reached(self, effect: Effect, shown: SeenReturn) -> bool:
        return shown.state not in ("WAITING_ACCEPTANCE", *ENDED)

    def obstacle(self, effect: Effect, shown: SeenReturn, seen: Seen, shop: Marketplace) -> Obstacle | None:
        if shown.state in ENDED:
            return Obstacle("return_ended", f"the return is {shown.state}")
        return eligible_obstacle(judge(shown.lines, seen, shown, shop.return_requests))


class RefuseKind(RequestKind):
    """RT21 with accepted=false, only while the order's lines can never be returned."""

    name, action = REFUSE, "accept"

    def reached(self, effect: Effect, shown: SeenReturn) -> bool:
        return shown.state in ENDED

    def obstacle(self, effect: Effect, shown: SeenReturn, seen: Seen, shop: Marketplace) -> Obstacle | None:
        if shown.state != "WAITING_ACCEPTANCE":
            return Obstacle("return_state_differs", f"the return is {shown.state}")
        found = judge(shown.lines, seen, shown, shop.return_requests)
        return None if found.answer == "never" else Obstacle("decided_anew", f"{found.answer}: {found.detail}", passing=True)


class UpdateKind(RequestKind):
    """RT04: ReBound's number as RMA, label and tracking. What is not sent stays as it is, so that the same call again changes nothing."""

    name, action = UPDATE, ""

    def reached(self, effect: Effect, shown: SeenReturn) -> bool:
        tracking: dict[str, Any] = effect.request.get("tracking") or {}
        number = tracking.get("tracking_number")
        label = shown.labelled or "label_url" not in effect.request
        return shown.rma == effect.request["rma"] and number in (None, shown.tracking_number) and label

    def obstacle(self, effect: Effect, shown: SeenReturn, seen: Seen, shop: Marketplace) -> Obstacle | None:
        if shown.state == "WAITING_ACCEPTANCE":
            return Obstacle("return_not_accepted", "the return waits for acceptance", passing=True)
        if shown.state in OPEN:
            return None
        return Obstacle("return_ended" if shown.state in ENDED else "return_state_differs", f"the return is {shown.state}")
