"""The push of one partition: batches of due effects, verified, claimed, sent, settled, until nothing is due."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect, SettleResult
from returns_assets.steps.act_outcome import outcome_of, pause_of
from returns_assets.steps.act_send import Halt, Result, send_all
from returns_assets.steps.act_verify import Batch, Verifier
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import EffectKind
from returns_assets.translation.model import Marketplace
from returns_assets.wire.answers import Verdict

BATCH = 500  # orders are read just before: a batch is seconds, not minutes
PAUSES = 5  # how often a push waits out a 429 itself, each time for at most PAUSE_SECONDS; then the next run goes on
PAUSE_SECONDS = 60.0
LOST_RACES = 50  # batches in a row that another pusher took completely


@dataclass
class Pushed:
    """Counts of one push. `deferred`: held back before sending, by cause. `halted`: why it ended early, empty when it did not."""

    sent: int = 0
    executed: int = 0
    refused: int = 0
    accepted: int = 0
    unknown: int = 0
    not_sent: int = 0
    deferred: dict[str, int] = field(default_factory=dict[str, int])
    halted: str = ""


def push_all(ctx: StepContext, kind: EffectKind, marketplace: str, day: date, batch_size: int | None = None) -> Pushed:
    """Send what is due in the partition, `batch_size` subjects at a time. Effects of one subject go one after the other.

    Raises NotValidated, MiraklError.

    While one batch is sent, the next is read, verified and claimed: its subjects are others, because one with an effect in flight has
    nothing due.
    """
    shop = ctx.mappings.marketplace(marketplace)
    verifier = Verifier(ctx, kind, shop, day)
    pushed = Pushed()
    send = partial(_send, ctx, kind, shop, day, pushed)
    size = batch_size or BATCH
    pauses = lost = 0
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="verify") as ahead:
        batch = verifier.next_batch(size)
        while batch.due:
            _count_deferred(pushed, batch)
            if not batch.claimed:
                lost = 0 if batch.deferred else lost + 1
                if lost >= LOST_RACES:
                    pushed.halted = "another push is working on this partition"
                    return pushed
                batch = verifier.next_batch(size)
                continue
            lost = 0
            following = ahead.submit(verifier.next_batch, size)
            halt = Halt()
            try:
                send(batch.claimed, halt)
            except BaseException:
                halt.stopped.set()
                send(following.result().claimed, halt)
                raise
            batch = following.result()
            if halt.answer is not None:
                _count_deferred(pushed, batch)
                send(batch.claimed, halt)  # gives the claims back: the halt lets nothing out
                if halt.answer.verdict is not Verdict.LIMITED or pauses >= PAUSES or pause_of(halt.answer) > PAUSE_SECONDS:
                    pushed.halted = f"{halt.answer.verdict.value}: {halt.answer.message}"
                    return pushed
                pauses += 1
                ctx.mirakl(marketplace).pause(pause_of(halt.answer))
            if halt.answer is not None or not batch.due:  # what was under way kept its lines' other effects from being due
                batch = verifier.next_batch(size)
    return pushed


def _count_deferred(pushed: Pushed, batch: Batch) -> None:
    for cause, number in batch.deferred.items():
        pushed.deferred[cause] = pushed.deferred.get(cause, 0) + number


def _send(ctx: StepContext, kind: EffectKind, shop: Marketplace, day: date, pushed: Pushed, claimed: Sequence[Effect], halt: Halt) -> None:
    if claimed:
        send_all(
            kind.sender(ctx, shop),
            kind.requests(claimed),
            _Sender(ctx, shop, day, pushed, halt).settle,
            now=ctx.now,
            concurrency=shop.calls.concurrency,
            margin=timedelta(seconds=shop.calls.timeout_seconds),
            halt=halt,
        )


class _Sender:
    """Turns results into outcomes, commits them, and counts."""

    def __init__(self, ctx: StepContext, shop: Marketplace, day: date, pushed: Pushed, halt: Halt) -> None:
        self._ctx = ctx
        self._shop = shop
        self._day = day
        self._pushed = pushed
        self._halt = halt  # effects not sent share the fate of the answer that halted the sending

    def settle(self, results: list[Result]) -> SettleResult:
        ctx, now = self._ctx, self._ctx.now()
        outcomes = [outcome_of(r, self._halt.answer, self._shop.calls, ctx.mappings.refusals, now) for r in results]
        settled = ctx.ledger.effects.settle(outcomes, now, run_id=ctx.run_id, actor=ctx.actor)
        for result in results:
            self._count(result)
        if settled.superseded:
            self._report_late(results, set(settled.superseded), now)
        return settled

    def _count(self, result: Result) -> None:
        verdict = result.answer.verdict if result.answer else Verdict.NOT_SENT
        self._pushed.sent += verdict is not Verdict.NOT_SENT
        self._pushed.executed += verdict is Verdict.EXECUTED
        self._pushed.refused += verdict in (Verdict.REFUSED, Verdict.DENIED, Verdict.LIMITED)
        self._pushed.accepted += verdict is Verdict.ACCEPTED
        self._pushed.unknown += verdict is Verdict.UNKNOWN
        self._pushed.not_sent += verdict is Verdict.NOT_SENT

    def _report_late(self, results: list[Result], superseded: set[int], now: datetime) -> None:
        """An executed effect whose claim was meanwhile resolved by someone else: fine if it was found, else a person must know."""
        late = {r.effect.id: r for r in results if r.effect.id in superseded and r.answer and r.answer.verdict is Verdict.EXECUTED}
        for effect in self._ctx.ledger.effects.by_ids(late):
            answer = late[effect.id].answer
            if answer is None or effect.external_id == answer.external_id:
                continue
            record = ExceptionRecord(
                exception_class="technical",
                cause="late_answer",
                marketplace=effect.marketplace,
                day=self._day,
                subject_kind="effect",
                subject=effect.key,
                detail=f"{effect.subject}: {effect.kind} {answer.external_id} was confirmed after the outcome was decided otherwise",
                todo="compare the order in Mirakl with the effect (returns effects show) before anything else is changed on it",
            )
            self._ctx.ledger.exceptions.open_one("late_answers", record, now=now)
