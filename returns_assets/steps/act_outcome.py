"""From what a request came to, to what the ledger writes: one place for every verdict."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from returns_assets.ledger.records import Outcome
from returns_assets.steps.act_send import Result
from returns_assets.translation.model import Calls, RefusalRow
from returns_assets.wire.answers import Verdict, WriteAnswer

LIMITED_SECONDS = 30.0  # a 429 without Retry-After
UNREACHABLE_SECONDS = 60.0
OTHER_REFUSAL = RefusalRow(
    kinds="*",
    text="*",
    cause="refused",
    exception_class="technical",
    action="hold",
    todo="read the operator's message; add a row to refusals.csv if it will come again",
)
_ACTION_STATES = {"retry": "retry_at", "hold": "held", "reject": "rejected"}


def refusal_of(kind: str, message: str, rows: Sequence[RefusalRow]) -> RefusalRow:
    """The first row of refusals.csv for this kind of effect whose text is in the message, whatever the case; '*' is in every message."""
    lowered = message.lower()
    return next((row for row in rows if row.about(kind) and (row.text == "*" or row.text.lower() in lowered)), OTHER_REFUSAL)


def pause_of(answer: WriteAnswer) -> float:
    """Seconds that a 429 asks for."""
    return LIMITED_SECONDS if answer.retry_after is None else answer.retry_after


def outcome_of(result: Result, halted_by: WriteAnswer | None, calls: Calls, refusals: Sequence[RefusalRow], now: datetime) -> Outcome:
    """The ledger's outcome of one result. Only EXECUTED confirms, and only a clear no plans, holds, rejects or retries.

    ACCEPTED is unknown, too, until it is read back by its id; that may be asked for at once.
    """
    effect, answer = result.effect, result.answer
    ended = partial(Outcome, effect.id, effect.claim_token)
    if answer is None:
        return _not_sent(ended, halted_by, calls, now)
    if answer.verdict is Verdict.EXECUTED:
        detail = answer.message or f"HTTP {answer.status}"
        return ended(state="confirmed", cause=answer.cause, external_id=answer.external_id, amounts=answer.amounts, detail=detail)
    if answer.verdict is Verdict.ACCEPTED:
        return ended(state="unknown", cause="under_way", external_id=answer.external_id, error=answer.message or None, settle_at=now)
    if answer.verdict is Verdict.UNKNOWN:
        settle_at = now + timedelta(seconds=calls.settle_seconds)
        return ended(state="unknown", cause="answer_lost", error=answer.message, settle_at=settle_at)
    if answer.verdict is Verdict.REFUSED:
        said = f"{answer.message}; {answer.words}"
        return refused(ended, effect.kind, said, f"HTTP {answer.status}: {answer.message}", calls, refusals, now)
    return _not_executed(ended, answer, calls, now)


def refused(
    ended: Callable[..., Outcome], kind: str, message: str, text: str, calls: Calls, refusals: Sequence[RefusalRow], now: datetime
) -> Outcome:
    """The outcome of a clear no, by refusals.csv; `text` is what people are shown of it."""
    row = refusal_of(kind, message, refusals)
    next_at = now + timedelta(seconds=max(calls.retry_seconds, 1.0)) if row.action == "retry" else None
    return ended(state=_ACTION_STATES[row.action], cause=row.cause, error=text, next_at=next_at, certain=True)


def _not_executed(ended: Callable[..., Outcome], answer: WriteAnswer, calls: Calls, now: datetime) -> Outcome:
    """DENIED, LIMITED and NOT_SENT: nothing happened at Mirakl, and nothing is wrong with the effect."""
    if answer.verdict is Verdict.LIMITED:
        next_at = now + timedelta(seconds=pause_of(answer))
        return ended(state="retry_at", cause="rate_limited", error=answer.message, next_at=next_at)
    if answer.verdict is Verdict.DENIED:
        next_at = now + timedelta(seconds=max(calls.retry_seconds, 1.0))
        text = f"HTTP {answer.status}: {answer.message}"
        return ended(state="retry_at", cause="access_denied", error=text, next_at=next_at)
    next_at = now + timedelta(seconds=UNREACHABLE_SECONDS)
    return ended(state="retry_at", cause="unreachable", error=answer.message, next_at=next_at)


def _not_sent(ended: Callable[..., Outcome], halted_by: WriteAnswer | None, calls: Calls, now: datetime) -> Outcome:
    """Claimed, but the sending was halted or the lease was over: it shares the fate of the answer that halted it."""
    if halted_by is None or halted_by.verdict not in (Verdict.LIMITED, Verdict.DENIED, Verdict.NOT_SENT):
        next_at = now + timedelta(seconds=UNREACHABLE_SECONDS)
        return ended(state="retry_at", cause="sending_halted", next_at=next_at, detail="not sent")
    return _not_executed(ended, halted_by, calls, now)
