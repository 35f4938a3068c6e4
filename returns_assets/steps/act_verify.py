"""Between the plan and the request: each due effect is checked against a fresh read of its order, then claimed with a commit.

Only what this module returns may be sent. An effect that does not hold is deferred with its cause, and planning sees it again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import uuid4

from returns_assets.ledger.records import Deferral, Effect
from returns_assets.mirakl.reference import refund_reasons
from returns_assets.mirakl.refund_rules import Obstacle, Rules, obstacle
from returns_assets.steps.act_gate import decided_later, latest_passed
from returns_assets.steps.act_resolve import KIND, read_lines, wanted_of
from returns_assets.steps.context import StepContext
from returns_assets.translation.model import Marketplace


@dataclass
class Batch:
    """What became of the effects that were due: claimed for sending, or deferred by cause. `due` says whether there were any."""

    due: int = 0
    claimed: list[Effect] = field(default_factory=list[Effect])
    deferred: dict[str, int] = field(default_factory=dict[str, int])


class Verifier:
    """One push's verification; the operator's reasons are read once, when the first effect is due."""

    def __init__(self, ctx: StepContext, shop: Marketplace, day: date) -> None:
        self._ctx = ctx
        self._shop = shop
        self._day = day
        self._reasons: Collection[str] | None = None

    def next_batch(self, limit: int) -> Batch:
        """Verify and claim up to `limit` due effects. Raises NotValidated, or MiraklError with nothing claimed."""
        ctx, shop = self._ctx, self._shop
        due = ctx.ledger.effects.due(shop.key, KIND, day=self._day, limit=limit, now=ctx.now())
        batch = Batch(due=len(due))
        if not due:
            return batch
        validation = latest_passed(ctx, shop.key, self._day)
        moved = self._decided_later(due)
        released = [effect for effect in due if effect.validation_id == validation.id and effect.id not in moved]
        obstacles = {
            effect.id: Obstacle("not_released", f"registered under validation {effect.validation_id}, the latest is {validation.id}")
            for effect in due
            if effect.validation_id != validation.id
        }
        obstacles |= moved
        known: dict[int, list[str]] = {}
        if released:
            lines = read_lines(ctx, shop.key, released, shop.order_tax_mode)
            # Another push may have sent the line's next effect since `due`: what it made may be on the line already and not yet ours.
            # Asked after the read and before `ours`, so that no refund of ours can slip between and look like a stranger's.
            busy = ctx.ledger.effects.in_flight(shop.key, KIND, {effect.subject for effect in released})
            released = [effect for effect in released if effect.subject not in busy]
            ours = ctx.ledger.effects.confirmed_ids(shop.key, {effect.subject for effect in released})
            rules = Rules(shop.currency, shop.eligible_line_states, shop.waiting_line_states, self._live_reasons())
            for effect in released:
                line = lines.get(effect.subject)
                mine = ours.get(effect.subject, frozenset[str]())
                found = obstacle(line, wanted_of(effect), rules, ours=mine, foreign=effect.foreign_ids)
                if found is not None:
                    obstacles[effect.id] = found
                else:
                    known[effect.id] = sorted(line.refund_ids) if line else []
        self._defer(due, obstacles)
        for found in obstacles.values():
            batch.deferred[found.cause] = batch.deferred.get(found.cause, 0) + 1
        if known:
            batch.claimed = ctx.ledger.effects.claim(
                known,
                token=uuid4().hex,
                lease=shop.calls.lease_seconds,
                run_id=ctx.run_id,
                actor=ctx.actor,
                now=ctx.now(),
                revisions={effect.id: effect.revision for effect in released if effect.id in known},
            )
        return batch

    def _decided_later(self, due: Sequence[Effect]) -> dict[int, Obstacle]:
        """The due effects that hold a piece which a later day decides: that day registers it anew, or withdraws it."""
        asked = {use.piece_id for effect in due for use in effect.pieces}
        with self._ctx.warehouse.read() as con:
            later = decided_later(self._ctx, con, self._shop.key, self._day, asked)
        pieces = {effect.id: sorted(later.intersection(use.piece_id for use in effect.pieces)) for effect in due}
        return {
            number: Obstacle("decided_again_later", f"a later day decides {', '.join(found)}") for number, found in pieces.items() if found
        }

    def _live_reasons(self) -> Collection[str]:
        if self._reasons is None:
            self._reasons = refund_reasons(self._ctx.mirakl(self._shop.key).reasons())
        return self._reasons

    def _defer(self, due: Sequence[Effect], obstacles: dict[int, Obstacle]) -> None:
        """Hold what does not hold; what time may clear is tried again: an old read soon, an order not ready after the retry time."""
        if not obstacles:
            return
        ctx, calls = self._ctx, self._shop.calls
        deferrals: list[Deferral] = []
        for effect in due:
            found = obstacles.get(effect.id)
            if found is not None and found.passing:
                seconds = calls.settle_seconds if found.cause == "stale_read" else calls.retry_seconds
                again = ctx.now() + timedelta(seconds=max(seconds, 1.0))
                deferrals.append(Deferral(effect.id, "retry_at", found.cause, found.detail, again))
            elif found is not None:
                deferrals.append(Deferral(effect.id, "held", found.cause, found.detail))
        ctx.ledger.effects.defer_many(deferrals, run_id=ctx.run_id, actor=ctx.actor, now=ctx.now())
