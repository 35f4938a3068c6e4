"""The four kinds of effects on a return: received (RT25), compliance (RT26), closed (RT27), cancelled (RT29).

Each looks at the return as it is now (RT11). A state that is reached already, by a person or by an answer that was lost, is success; one
from which the step cannot start yet is waited for, so that the steps of a return go in their order whatever is pushed when.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from returns_assets.decisions.return_steps import CANCELLED, CLOSED, COMPLIANCE, RECEIVED
from returns_assets.decisions.status_case import MiraklReturn, lines_of
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.client import parse
from returns_assets.mirakl.errors import MiraklUnreadableError
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import Examined
from returns_assets.steps.returns_call import SHOWN, ReturnsCall
from returns_assets.translation.model import Marketplace
from returns_assets.translation.vocabulary import ReturnStep
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace

ACTIONS_TABLE = "return_status_actions"
STEPS: tuple[ReturnStep, ...] = (RECEIVED, COMPLIANCE, CLOSED, CANCELLED)
PATHS = {RECEIVED: "receive", COMPLIANCE: "compliance", CLOSED: "close", CANCELLED: "cancel"}
BEFORE: Mapping[str, Sequence[str]] = {RECEIVED: (), COMPLIANCE: (RECEIVED,), CLOSED: (RECEIVED, COMPLIANCE), CANCELLED: ()}


def kind_name(step: str) -> str:
    """`effects.kind` of a step."""
    return f"return_{step}"


def reached(found: MiraklReturn, step: str) -> bool:
    """Whether the return shows the step, whoever did it."""
    match step:
        case "received":
            return found.state in ("RECEIVED", "CLOSED")
        case "compliance":
            return found.assessed
        case "closed":
            return found.state == "CLOSED"
        case _:
            return found.state in ("CANCELED", "REFUSED")


class ReturnKind(ReturnsCall):
    """See EffectKind; the subject is Mirakl's return id, the request is the return's entry in the call."""

    validated = ACTIONS_TABLE

    def __init__(self, step: ReturnStep) -> None:
        self.step: ReturnStep = step
        self.name = kind_name(step)
        self.action = PATHS[step]

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        found = read_returns(ctx, shop, due)
        # asked after the read: what was under way then may have changed the return since
        busy = {
            subject
            for step in BEFORE[self.step]
            for subject in ctx.ledger.effects.in_flight(shop.key, kind_name(step), {effect.subject for effect in due})
        }
        examined = Examined()
        for effect in due:
            shown = found.get(effect.subject)
            if shown is not None and reached(shown, self.step):
                examined.ready[effect.id] = [SHOWN]
                continue
            obstacle = self._obstacle(shop, shown, busy=effect.subject in busy)
            if obstacle is None:
                examined.ready[effect.id] = []
            else:
                examined.obstacles[effect.id] = obstacle
        return examined

    def _obstacle(self, shop: Marketplace, shown: MiraklReturn | None, *, busy: bool) -> Obstacle | None:
        if shown is None:
            return Obstacle("return_not_found", "Mirakl does not list the return")
        state, sources = shown.state, shop.return_status.from_states
        if busy:
            return Obstacle("waits_for_step_before", "a step before has no known outcome yet", passing=True, soon=True)
        if state == "WAITING_ACCEPTANCE" and state not in sources[self.step]:
            return Obstacle("return_not_accepted", "the return waits for acceptance", passing=True)
        if self.step == CLOSED and shop.return_status.compliance and not shown.assessed:
            return Obstacle("waits_for_step_before", "the return is not assessed yet", passing=True)
        if state in sources[self.step]:
            return None
        if any(state in sources[cast("ReturnStep", step)] for step in BEFORE[self.step]):
            return Obstacle("waits_for_step_before", f"the return is {state}", passing=True)
        return Obstacle("return_state_differs", f"the return is {state}")

    def there(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> set[int]:
        found = read_returns(ctx, shop, effects)
        return {effect.id for effect in effects if effect.subject in found and reached(found[effect.subject], self.step)}

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        found = read_returns(ctx, shop, effects)
        return {effect.id: self._trace(found.get(effect.subject)) for effect in effects}

    def _trace(self, shown: MiraklReturn | None) -> ReadBack:
        if shown is None:
            return ReadBack(Trace.UNREADABLE, detail="Mirakl does not list the return")
        return ReadBack(Trace.EXECUTED, shown.id) if reached(shown, self.step) else ReadBack(Trace.NOT_EXECUTED)


def read_returns(ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> dict[str, MiraklReturn]:
    """The effects' returns as Mirakl lists them now (RT11 by id). Raises MiraklError."""
    ids = sorted({effect.subject for effect in effects})
    pages = [parse("RT11", page) for page in ctx.mirakl(shop.key).returns_of("return_id", ids)]
    try:
        rows: list[dict[str, Any]] = [row for page in pages for row in page["data"]]
        return {str(row["id"]): _shown(row) for row in rows}
    except (KeyError, TypeError, ValueError) as error:
        raise MiraklUnreadableError("RT11: the answer has no readable list of returns") from error


def _shown(row: dict[str, Any]) -> MiraklReturn:
    """`status` stands for `state` in an official example (reference, 7.6); times are not needed here."""
    lines = lines_of(json.dumps(row.get("return_lines") or []))
    return MiraklReturn(str(row["id"]), str(row.get("order_id") or ""), str(row.get("state") or row.get("status") or ""), None, None, lines)
