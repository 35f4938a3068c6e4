"""The four kinds of effects on a return: received (RT25), compliance (RT26), closed (RT27), cancelled (RT29).

Each looks at the return as it is now (RT11). A state that is reached already, by a person or by an answer that was lost, is success; one
from which the step cannot start yet is waited for, so that the steps of a return go in their order whatever is pushed when.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, cast

from returns_assets.decisions.return_steps import CANCELLED, CLOSED, COMPLIANCE, RECEIVED
from returns_assets.decisions.status_case import MiraklReturn, lines_of
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.client import parse
from returns_assets.mirakl.errors import MiraklError, MiraklUnreadableError
from returns_assets.mirakl.return_call import MOST, send_returns
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import Examined
from returns_assets.translation.model import Marketplace
from returns_assets.translation.vocabulary import ReturnStep
from returns_assets.wire.answers import Verdict, WriteAnswer
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace

ACTIONS_TABLE = "return_status_actions"
STEPS: tuple[ReturnStep, ...] = (RECEIVED, COMPLIANCE, CLOSED, CANCELLED)
PATHS = {RECEIVED: "receive", COMPLIANCE: "compliance", CLOSED: "close", CANCELLED: "cancel"}
BEFORE: Mapping[str, Sequence[str]] = {RECEIVED: (), COMPLIANCE: (RECEIVED,), CLOSED: (RECEIVED, COMPLIANCE), CANCELLED: ()}
SHOWN = "shown"  # in `known_ids`: the return showed the step just before, so that nothing is sent
ALREADY = "Mirakl's return showed it already"


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


class ReturnKind:
    """See EffectKind; the subject is Mirakl's return id, the request is the return's entry in the call."""

    validated = ACTIONS_TABLE

    def __init__(self, step: ReturnStep) -> None:
        self.step: ReturnStep = step
        self.name = kind_name(step)

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

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        """Those that need a call, 100 a call; and those that need none, by themselves."""
        there = [effect for effect in effects if SHOWN in effect.known_ids]
        sent = [effect for effect in effects if SHOWN not in effect.known_ids]
        return [*([there] if there else []), *(sent[start : start + MOST] for start in range(0, len(sent), MOST))]

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        client = ctx.mirakl(shop.key)

        def send(effects: Sequence[Effect]) -> Sequence[WriteAnswer]:
            if SHOWN in effects[0].known_ids:
                return [WriteAnswer(Verdict.EXECUTED, effect.subject, message=ALREADY) for effect in effects]
            until = min(effect.lease_until for effect in effects if effect.lease_until is not None)
            answers = send_returns(
                client,
                PATHS[self.step],
                [effect.request for effect in effects],
                lambda: (until - ctx.now()).total_seconds() > shop.calls.timeout_seconds,
            )
            return self._or_done_by_others(ctx, shop, effects, answers)

        return send

    def _or_done_by_others(
        self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect], answers: Sequence[WriteAnswer]
    ) -> list[WriteAnswer]:
        """A refusal because someone was faster is success: the refused returns are read once more. Where that read fails, the refusal
        stands: it is certain that nothing was done by us, and the next planning sees the state."""
        refused = [effect for effect, answer in zip(effects, answers, strict=True) if answer.verdict is Verdict.REFUSED]
        try:
            found = read_returns(ctx, shop, refused) if refused else {}
        except MiraklError:
            return list(answers)
        there = {effect.subject for effect in refused if effect.subject in found and reached(found[effect.subject], self.step)}
        return [
            WriteAnswer(Verdict.EXECUTED, effect.subject, status=answer.status, message=ALREADY) if effect.subject in there else answer
            for effect, answer in zip(effects, answers, strict=True)
        ]

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
