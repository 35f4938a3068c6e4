"""What becomes of a request for a return: authorised, created in Mirakl, refused, held, or left to a person. Pure.

`finish`: the return exists on the other side, or may; it is only written back, whatever the order's lines say by now.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from returns_assets.decisions.request_case import ReboundCase, Seen, asked_of
from returns_assets.decisions.request_judge import Judgement, judge
from returns_assets.mirakl.seen import ENDED, OPEN, Asked, SeenReturn
from returns_assets.translation.request_tables import RejectionRow, RequestReasonRow, ReturnRequests

AUTHORISE, CREATE, REFUSE, FINISH = "authorise", "create", "refuse", "finish"
HOLD, DONE, SKIP, EXCEPTION = "hold", "done", "skip", "exception"
LABEL = "label"  # what a return that started at ReBound may wait for before it is written back


class Rules(NamedTuple):
    """One marketplace's: its settings, its own rows of the tables before those for all, and what the operator lists now (RE01).

    `labels`: canonical reason -> ReBound's label for it.
    """

    requests: ReturnRequests
    rejections: Sequence[RejectionRow]
    reasons: Sequence[RequestReasonRow]
    labels: Mapping[str, str]
    live_rejections: Collection[str]
    live_reasons: Collection[str]

    def rejection(self, why: str) -> str | None:
        return next((row.rejection_code for row in self.rejections if row.rejected_for == why), None)

    def canonical(self, code: str | None) -> str | None:
        return next((row.canonical_reason for row in self.reasons if row.return_reason_code == code), None)

    def code(self, reason: str | None) -> str | None:
        return next((row.return_reason_code for row in self.reasons if row.canonical_reason == reason), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """`lines`: what is sent, with both reasons filled in. `waits_for`: the state of a line that is not eligible yet."""

    outcome: str
    cause: str | None = None
    waits_for: str | None = None
    detail: str | None = None
    rejection_code: str | None = None
    lines: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What the ledger says was done, or may have been: Mirakl's ids by kind of step, ReBound's ids of the returns created from them."""

    accepted: Collection[str] = field(default_factory=set[str])
    authorised: Collection[str] = field(default_factory=set[str])
    updated: Collection[str] = field(default_factory=set[str])
    created: Collection[str] = field(default_factory=set[str])


def of_marketplace(
    shown: SeenReturn, cases: Sequence[ReboundCase], seen: Seen, rules: Rules, done: Done, *, unclear: bool = False
) -> Decision:
    """A return opened on the marketplace. `cases`: ReBound's returns that fit it; `unclear`: one of them fits others, too."""
    lines = shown.lines
    if shown.id in done.updated:
        return Decision(DONE, lines=lines)
    if shown.id in done.authorised:
        return _finish(shown, lines)
    if shown.state not in OPEN or (shown.state == "IN_PROGRESS" and shown.rma and shown.id not in done.accepted):
        return Decision(DONE, detail=shown.state, lines=lines)
    if unclear or len(cases) > 1:
        return Decision(EXCEPTION, "ambiguous_return", detail=f"fits {', '.join(sorted(case.return_id for case in cases))}", lines=lines)
    if not seen.order_lines(shown.order_id):
        return Decision(EXCEPTION, "order_unknown", detail=f"order {shown.order_id}", lines=lines)
    found = judge(lines, seen, shown, rules.requests)
    if found.answer == "never":
        return _never(found, shown, cases, rules)
    if found.answer != "yes":
        return _not_yes(found, lines)
    if shown.method_code is not None and shown.method_code not in rules.requests.methods:
        return Decision(EXCEPTION, "method_without_label", detail=shown.method_code, lines=lines)
    named = tuple(Asked(line.order_line_id, line.quantity, line.reason_code, rules.canonical(line.reason_code)) for line in lines)
    if not cases and any(line.reason not in rules.labels for line in named):
        codes = sorted({str(line.reason_code) for line in named if line.reason not in rules.labels})
        return Decision(EXCEPTION, "return_reason_not_mapped", detail=", ".join(codes), lines=named)
    return Decision(AUTHORISE, lines=named)


def _finish(shown: SeenReturn, lines: tuple[Asked, ...] = ()) -> Decision:
    """A return that both sides have: written back while that is possible, and nobody's business once the goods came back without it."""
    if shown.state in ENDED:
        return Decision(EXCEPTION, "return_ended", detail=f"the return is {shown.state}", lines=lines)
    return Decision(FINISH if shown.state in OPEN else DONE, detail=None if shown.state in OPEN else shown.state, lines=lines)


def _not_yes(found: Judgement, lines: tuple[Asked, ...]) -> Decision:
    if found.answer == "wait":
        return Decision(HOLD, waits_for=found.why, detail=found.detail, lines=lines)
    return Decision(EXCEPTION, found.why, detail=found.detail, lines=lines)


def _never(found: Judgement, shown: SeenReturn, cases: Sequence[ReboundCase], rules: Rules) -> Decision:
    if cases:
        return Decision(EXCEPTION, "registered_not_eligible", detail=found.detail, lines=shown.lines)
    if shown.state != "WAITING_ACCEPTANCE":
        return Decision(EXCEPTION, "accepted_not_eligible", detail=found.detail, lines=shown.lines)
    code = rules.rejection(found.why)
    if code is None:
        return Decision(EXCEPTION, "rejection_not_mapped", detail=f"{found.why}: {found.detail}", lines=shown.lines)
    if code not in rules.live_rejections:
        return Decision(EXCEPTION, "rejection_code_not_live", detail=f"{code}: {found.detail}", lines=shown.lines)
    return Decision(REFUSE, detail=found.detail, rejection_code=code, lines=shown.lines)


def of_rebound(case: ReboundCase, fits: Sequence[str], seen: Seen, rules: Rules, done: Done, *, unclear: Collection[str] = ()) -> Decision:
    """A return that was registered at ReBound. `fits`: Mirakl's returns that it may be; `unclear`: ReBound's others that fit it.

    Until its goods are back or it is over, a label or tracking number may come that Mirakl is told of: to be told without one is to be
    told for good.
    """
    label = None if case.over or case.arrived else LABEL
    if case.return_id in done.created:
        shown = seen.returns.get(fits[0]) if fits else None
        if shown is None:
            return Decision(FINISH, waits_for=label)
        found = Decision(DONE) if shown.id in done.updated else _finish(shown)
        return replace(found, waits_for=label) if found.outcome == FINISH else found
    if len(fits) > 1:
        return Decision(EXCEPTION, "ambiguous_return", detail=f"fits {', '.join(sorted(fits))}")
    if unclear and not case.over:
        return Decision(EXCEPTION, "ambiguous_return", detail=f"fits {fits[0]}, as {', '.join(sorted(unclear))} of ReBound's does")
    if fits or case.over:
        return Decision(DONE, detail="over at ReBound" if case.over else None)
    if not seen.order_lines(case.order_ref):
        return Decision(EXCEPTION, "order_unknown", detail=f"order {case.order_ref}")
    asked, without = asked_of(case, seen.order_lines(case.order_ref))
    if without:
        return Decision(EXCEPTION, "item_without_line", detail=", ".join(sorted(set(without))), lines=tuple(asked))
    found = judge(asked, seen, None, rules.requests)
    if found.answer == "never" and case.arrived:  # too late to allow or to forbid it: what becomes of the goods is the refunds' matter
        return Decision(DONE, detail=f"the goods are back; {found.detail}", lines=tuple(asked))
    if found.answer == "never":
        return Decision(EXCEPTION, "registered_not_eligible", detail=found.detail, lines=tuple(asked))
    if found.answer != "yes":
        return _not_yes(found, tuple(asked))
    named = tuple(Asked(line.order_line_id, line.quantity, rules.code(line.reason), line.reason) for line in asked)
    missing = sorted({str(line.reason) for line in named if line.reason_code is None})
    if missing:
        return Decision(EXCEPTION, "return_reason_not_mapped", detail=", ".join(missing), lines=named)
    dead = sorted({str(line.reason_code) for line in named} - set(rules.live_reasons))
    if dead:
        return Decision(EXCEPTION, "return_reason_not_live", detail=", ".join(dead), lines=named)
    return Decision(CREATE, waits_for=label, lines=named)


def of_portal(case: ReboundCase, own: SeenReturn, seen: Seen, rules: Rules, *, answered: bool) -> Decision:
    """A registration in ReBound's portal that waits for a yes or no. `own`: the units that it asks for, among those of `seen`."""
    if answered:
        return Decision(FINISH, lines=own.lines)
    if not seen.order_lines(case.order_ref):
        return Decision(EXCEPTION, "order_unknown", detail=f"order {case.order_ref}")
    without = asked_of(case, seen.order_lines(case.order_ref))[1]
    if without:
        return Decision(EXCEPTION, "item_without_line", detail=", ".join(sorted(set(without))), lines=own.lines)
    found = judge(own.lines, seen, own, rules.requests)
    if found.answer == "never":
        return Decision(REFUSE, detail=found.detail, lines=own.lines)
    return Decision(AUTHORISE, lines=own.lines) if found.answer == "yes" else _not_yes(found, own.lines)
