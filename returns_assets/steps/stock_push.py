"""The acting step of the restock flow: registered, sent in files of at most one a minute, followed until the quantity is right."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from returns_assets.ledger.records import Effect, Outcome
from returns_assets.steps.act_gate import require_validation
from returns_assets.steps.act_push import Pushed, push_all
from returns_assets.steps.act_resolve import Resolved, resolve_unknown
from returns_assets.steps.context import StepContext, StepResult, names_marketplace
from returns_assets.steps.stock_kind import ACTIONS_TABLE, KIND, StockKind
from returns_assets.steps.stock_register import register_stock
from returns_assets.steps.stock_report import report_stock
from returns_assets.translation.model import Marketplace
from returns_assets.wire.answers import Verdict, WriteAnswer

FILE_LINES = 10_000  # offers of one file
FOLLOWS = 40  # how often a run asks for its imports before it leaves them to the next one: ten minutes
ROUNDS = 8  # effects of one SKU go one after the other: those of several warehouses in several files
WRITES = 5  # how often a run sets the quantity of an effect again that sales overtook


@names_marketplace
def follow_stock(ctx: StepContext, marketplace: str, day: date) -> dict[str, Any]:
    """Look once at what is under way, before planning and whatever the checks say: how many ended, and how. Raises MiraklError."""
    found = Resolved()
    try:
        _follow(ctx, marketplace, day, found, looks=1)
    finally:
        if found.settled:
            report_stock(ctx, marketplace, day)
    return asdict(found)


@names_marketplace
def push_stock(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Follow what is under way, register what stock_actions wants, send it; the partition of stock_pushes and its exceptions.

    Raises NotValidated (nothing registered, nothing sent) unless the rows, as they are now, passed their validation, and MiraklError when
    offers, orders or imports cannot be read; effects stay as they are then.
    """
    found = Resolved()
    sent: list[Pushed] = []
    registered: dict[str, int] = {}
    try:
        _follow(ctx, marketplace, day, found)
        if ctx.mappings.marketplace(marketplace).stock.mode != "off":
            registered, left = register_stock(ctx, marketplace, day, require_validation(ctx, ACTIONS_TABLE, marketplace, day))
            for other in sorted(left):
                report_stock(ctx, marketplace, other)
            for _ in range(ROUNDS):
                sent.append(push_all(ctx, StockKind(), marketplace, day, FILE_LINES))
                _follow(ctx, marketplace, day, found)
                if not sent[-1].accepted or sent[-1].halted:
                    break
    finally:
        result = report_stock(ctx, marketplace, day)
    return StepResult(result.rows, {**result.metadata, "registered": registered, "read_back": asdict(found), "push": _sum(sent)})


def _follow(ctx: StepContext, marketplace: str, day: date, found: Resolved, looks: int = FOLLOWS) -> None:
    """Ask for the partition's imports until they have ended and the quantities are right, or for as long as a run may.

    What is unknown on other days is looked at, too, and reported there: it blocks its SKU, and its own day may be run no more.
    """
    shop = ctx.mappings.marketplace(marketplace)
    writes = 0
    days: set[date] = set()
    try:
        for look in range(looks):
            kind = StockKind()
            resolved = resolve_unknown(ctx, kind, marketplace, None)
            days |= kind.days
            for name, number in asdict(resolved).items():
                setattr(found, name, getattr(found, name) + number)
            if kind.again and writes < WRITES:
                writes += 1
                _write_again(ctx, kind, shop)
            wait = _wait(ctx, marketplace, day)
            if wait is None or wait > shop.stock.status_seconds or look == looks - 1:
                return
            if wait > 0:
                ctx.mirakl(marketplace).pause(wait)
    finally:
        for other in sorted(days - {day}):
            report_stock(ctx, marketplace, other)


def _wait(ctx: StepContext, marketplace: str, day: date) -> float | None:
    """Seconds until the next of the partition's imports may be asked for; None when none is under way."""
    under_way = [effect for effect in ctx.ledger.effects.of_partition(marketplace, day, KIND) if _is_import(effect)]
    return min(((effect.settle_at or ctx.now()) - ctx.now()).total_seconds() for effect in under_way) if under_way else None


def _is_import(effect: Effect) -> bool:
    return effect.state == "unknown" and effect.external_id is not None


def _write_again(ctx: StepContext, kind: StockKind, shop: Marketplace) -> None:
    """One file more for effects whose quantity is not what it should be. They stay in flight: what their first file did is known, or does
    not matter, because the value is set and not added."""
    ctx.mirakl(shop.key).slot("STO01-turn")  # first the turn, which may take a minute, then the value: it is what sales overtake
    effects = [e for e in ctx.ledger.effects.by_ids(kind.again) if e.state == "unknown" and e.claim_token == kind.again[e.id].token]
    fresh = StockKind()
    fresh.read_back(ctx, shop, effects)
    taken = ctx.ledger.effects.renew(
        {number: again.baseline.known_ids() for number, again in fresh.again.items()},
        tokens={number: again.token for number, again in fresh.again.items()},
        token=uuid4().hex,
        lease=shop.calls.lease_seconds,
        run_id=ctx.run_id,
        actor=ctx.actor,
        now=ctx.now(),
    )
    if taken:
        answers = fresh.sender(ctx, shop)(taken)
        outcomes = [_outcome(ctx, shop, effect, answer) for effect, answer in zip(taken, answers, strict=True)]
        ctx.ledger.effects.settle(outcomes, ctx.now(), run_id=ctx.run_id, actor=ctx.actor)


def _outcome(ctx: StepContext, shop: Marketplace, effect: Effect, answer: WriteAnswer) -> Outcome:
    """Unknown in any case: whether or not this file was taken, the one before may have been."""
    accepted = answer.verdict is Verdict.ACCEPTED
    after = timedelta(0) if accepted else timedelta(seconds=max(shop.calls.settle_seconds, 1.0))
    cause = "under_way" if accepted else "answer_lost"
    error = answer.message or None
    return Outcome(
        effect.id, effect.claim_token, "unknown", answer.external_id if accepted else None, cause, error, settle_at=ctx.now() + after
    )


def _sum(sent: Sequence[Pushed]) -> dict[str, Any]:
    """The counts of all rounds together."""
    total: dict[str, Any] = asdict(Pushed())
    for pushed in sent:
        for name, value in asdict(pushed).items():
            if isinstance(value, int):
                total[name] += value
        total["halted"] = pushed.halted or total["halted"]
        for cause, number in pushed.deferred.items():
            total["deferred"][cause] = total["deferred"].get(cause, 0) + number
    return total
