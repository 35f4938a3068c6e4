"""Between the plan and the request: each due effect is examined by its kind, then claimed with a commit.

Only what this module returns may be sent. An effect that does not hold is deferred with its cause, and planning sees it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import uuid4

from returns_assets.ledger.records import Deferral, Effect
from returns_assets.steps.act_gate import latest_passed
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import EffectKind
from returns_assets.translation.model import Marketplace
from returns_assets.wire.fresh_read import Obstacle


@dataclass
class Batch:
    """What became of the effects that were due: claimed for sending, or deferred by cause. `due` says how many there were."""

    due: int = 0
    claimed: list[Effect] = field(default_factory=list[Effect])
    deferred: dict[str, int] = field(default_factory=dict[str, int])


class Verifier:
    """One push's verification."""

    def __init__(self, ctx: StepContext, kind: EffectKind, shop: Marketplace, day: date) -> None:
        self._ctx = ctx
        self._kind = kind
        self._shop = shop
        self._day = day

    def next_batch(self, limit: int) -> Batch:
        """Verify and claim up to `limit` due effects. Raises NotValidated, or what the kind's reads raise with nothing claimed."""
        ctx, shop = self._ctx, self._shop
        due = ctx.ledger.effects.due(shop.key, self._kind.name, day=self._day, limit=limit, now=ctx.now())
        batch = Batch(due=len(due))
        if not due:
            return batch
        validation = latest_passed(ctx, self._kind.validated, shop.key, self._day)
        released = [effect for effect in due if effect.validation_id == validation.id]
        examined = self._kind.examine(ctx, shop, self._day, released)
        obstacles = examined.obstacles | {
            effect.id: Obstacle("not_released", f"registered under validation {effect.validation_id}, the latest is {validation.id}")
            for effect in due
            if effect.validation_id != validation.id
        }
        self._defer(due, obstacles)
        for found in obstacles.values():
            batch.deferred[found.cause] = batch.deferred.get(found.cause, 0) + 1
        if examined.ready:
            batch.claimed = ctx.ledger.effects.claim(
                examined.ready,
                token=uuid4().hex,
                lease=shop.calls.lease_seconds,
                run_id=ctx.run_id,
                actor=ctx.actor,
                now=ctx.now(),
                revisions={effect.id: effect.revision for effect in released if effect.id in examined.ready},
            )
        return batch

    def _defer(self, due: Sequence[Effect], obstacles: dict[int, Obstacle]) -> None:
        """Hold what does not hold; what time may clear is tried again: an old read soon, an order not ready after the retry time."""
        if not obstacles:
            return
        ctx, calls = self._ctx, self._shop.calls
        deferrals: list[Deferral] = []
        for effect in due:
            found = obstacles.get(effect.id)
            if found is not None and found.passing:
                seconds = calls.settle_seconds if found.soon else calls.retry_seconds
                again = ctx.now() + timedelta(seconds=max(seconds, 1.0))
                deferrals.append(Deferral(effect.id, "retry_at", found.cause, found.detail, again))
            elif found is not None:
                deferrals.append(Deferral(effect.id, "held", found.cause, found.detail))
        ctx.ledger.effects.defer_many(deferrals, run_id=ctx.run_id, actor=ctx.actor, now=ctx.now())
