"""What Mirakl's return should show of a ReBound return: received, assessed line by line, closed, or cancelled; each step in its turn.

Pure: a case in, its steps out. A step whose predecessor still waits, waits too; one that Mirakl shows already is done, whoever did it.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from returns_assets.decisions.compliance import Verdicts, verdicts
from returns_assets.decisions.status_case import Case, MiraklReturn, Step
from returns_assets.translation.model import ComplianceRow, ReturnStatus

RECEIVED, COMPLIANCE, CLOSED, CANCELLED, MATCH = "received", "compliance", "closed", "cancelled", "match"
SEND, DONE, WAIT, GAP, EXCEPTION = "send", "done", "wait", "gap", "exception"


class Rules(NamedTuple):
    """One marketplace's: its settings, its rows of compliance.csv in their order, the codes that the operator has now (RE01)."""

    status: ReturnStatus
    compliance: Sequence[ComplianceRow]
    live_codes: Collection[str]


def steps_of(case: Case, rules: Rules) -> list[Step]:
    """The steps of a case, in their order; the first says whether Mirakl has the return at all."""
    if case.shown is None:
        return [_unmatched(case)]
    found = Step(MATCH, DONE, event_time=case.started_at)
    if case.ended == "RETURN_CANCELLED" and case.in_network_at is None:
        return [found, _cancel(case, case.shown, rules)]
    if case.ended == "RETURN_CANCELLED" and case.received_at is None:
        detail = f"ReBound cancelled it on {case.ended_at}, after the first postal scan on {case.in_network_at}"
        return [found, Step(CANCELLED, EXCEPTION, "cancelled_in_network", detail=detail, event_time=case.ended_at)]
    if case.received_at is None and case.ended is None:
        return [found]
    return [found, *_forward(case, case.shown, rules)]


def _unmatched(case: Case) -> Step:
    since = case.started_at
    if len(case.candidates) > 1 or case.cases > 1:
        others = f"; {case.cases} ReBound returns fit it" if case.cases > 1 else ""
        return Step(MATCH, EXCEPTION, "ambiguous_return", detail=f"fits {', '.join(case.candidates)}{others}", event_time=since)
    if case.of_order:
        return Step(MATCH, GAP, "no_return_fits", detail=f"none of the order's {case.of_order} returns has these lines", event_time=since)
    return Step(MATCH, GAP, "not_in_mirakl", event_time=since)


def _cancel(case: Case, shown: MiraklReturn, rules: Rules) -> Step:
    if shown.state in ("CANCELED", "REFUSED"):
        return Step(CANCELLED, DONE, event_time=case.ended_at)
    if shown.state in rules.status.from_states[CANCELLED]:
        return Step(CANCELLED, SEND, event_time=case.ended_at)
    return _differs(CANCELLED, case, shown)


def _forward(case: Case, shown: MiraklReturn, rules: Rules) -> list[Step]:
    """received, then compliance where the marketplace wants it, then closed."""
    steps: list[Step] = []
    received = _received(case, shown, rules)
    steps.append(received)
    state = "RECEIVED" if received.outcome == SEND else shown.state  # as it will be once the step before is through
    if rules.status.compliance:
        steps.append(_compliance(case, shown, rules, state, received))
    if case.ended is not None:
        steps.append(_closed(case, shown, rules, state, steps))
    return steps


def _received(case: Case, shown: MiraklReturn, rules: Rules) -> Step:
    since = case.received_at
    if shown.state in ("RECEIVED", "CLOSED"):
        return Step(RECEIVED, DONE, event_time=since or case.ended_at)
    if since is None:
        return Step(RECEIVED, WAIT, waits_for="goods", detail="the case ended and nothing proves that goods came back")
    if shown.state in rules.status.from_states[RECEIVED]:
        return Step(RECEIVED, SEND, event_time=since)
    if shown.state == "WAITING_ACCEPTANCE":
        return Step(RECEIVED, WAIT, waits_for="acceptance", event_time=since)
    return _differs(RECEIVED, case, shown)


def _compliance(case: Case, shown: MiraklReturn, rules: Rules, state: str, before: Step) -> Step:
    found = verdicts(case, shown, rules.compliance)
    since = found.since
    if shown.assessed:
        return _assessed(shown, found)
    if found.waits_for:
        return Step(COMPLIANCE, WAIT, waits_for=found.waits_for)
    if found.cause:
        return Step(COMPLIANCE, EXCEPTION, found.cause, detail=found.detail, event_time=since)
    if state == "CLOSED":
        if all(line["compliant"] for line in found.lines):
            return Step(COMPLIANCE, DONE, detail="closed by someone without it", event_time=since)
        return Step(COMPLIANCE, EXCEPTION, "closed_before_compliance", detail=found.said, event_time=since)
    if before.outcome not in (SEND, DONE):
        return Step(COMPLIANCE, WAIT, waits_for=RECEIVED, event_time=since)
    dead = sorted({str(line["non_compliance_reason_code"]) for line in found.lines if not line["compliant"]} - set(rules.live_codes))
    if dead:
        return Step(COMPLIANCE, EXCEPTION, "compliance_code_not_live", detail=", ".join(dead), event_time=since)
    if state in rules.status.from_states[COMPLIANCE]:
        return Step(COMPLIANCE, SEND, event_time=since, lines=found.lines)
    return _differs(COMPLIANCE, case, shown)


def _assessed(shown: MiraklReturn, found: Verdicts) -> Step:
    """RT26 cannot be done twice: a verdict that a person or an earlier event gave stands, and a difference is for a person."""
    ours = {line["order_line_id"]: (line["compliant"], line.get("non_compliance_reason_code") or "") for line in found.lines}
    other = [line for line in shown.lines if ours and line.verdict != ours.get(line.order_line_id, line.verdict)]
    if not other:
        return Step(COMPLIANCE, DONE, event_time=found.since)
    said = "; ".join(f"{line.order_line_id}: Mirakl shows {_say(line.verdict)}, it is {_say(ours[line.order_line_id])}" for line in other)
    return Step(COMPLIANCE, EXCEPTION, "compliance_differs", detail=said, event_time=found.since)


def _say(verdict: tuple[bool, str] | None) -> str:
    return "nothing" if verdict is None else "compliant" if verdict[0] else verdict[1] or "not compliant"


def _closed(case: Case, shown: MiraklReturn, rules: Rules, state: str, before: Sequence[Step]) -> Step:
    if shown.state == "CLOSED":
        return Step(CLOSED, DONE, event_time=case.ended_at)
    waiting = next((step for step in before if step.outcome not in (SEND, DONE) and step.cause != "compliance_differs"), None)
    if waiting is not None:
        return Step(CLOSED, WAIT, waits_for=waiting.step, event_time=case.ended_at)
    if rules.status.close_after_refunds and case.refunds_open:
        return Step(CLOSED, WAIT, waits_for="refunds", detail=case.refunds_open, event_time=case.ended_at)
    if state in rules.status.from_states[CLOSED]:
        return Step(CLOSED, SEND, event_time=case.ended_at)
    return _differs(CLOSED, case, shown)


def _differs(step: str, case: Case, shown: MiraklReturn) -> Step:
    since = case.received_at if step == RECEIVED else case.ended_at or case.received_at
    return Step(step, EXCEPTION, "return_state_differs", detail=f"Mirakl's return is {shown.state}", event_time=since)
