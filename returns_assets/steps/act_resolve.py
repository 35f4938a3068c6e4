"""Lost answers: effects whose outcome is unknown are decided by reading the other system back, never by sending again."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from returns_assets.ledger.records import Effect, Outcome
from returns_assets.steps.act_outcome import refused
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import EffectKind
from returns_assets.translation.model import Marketplace
from returns_assets.wire.fresh_read import ReadBack, Trace


@dataclass
class Resolved:
    """How many lost answers were decided, and how."""

    confirmed: int = 0
    planned: int = 0
    refused: int = 0
    ambiguous: int = 0
    still_unknown: int = 0

    @property
    def settled(self) -> int:
        return self.confirmed + self.planned + self.refused + self.ambiguous + self.still_unknown


def resolve_unknown(ctx: StepContext, kind: EffectKind, marketplace: str, day: date | None) -> Resolved:
    """Claims beyond their lease become unknown; the partition's unknown effects that had time to settle are read back, or, without a
    day, the marketplace's.

    confirmed with the change's id | planned again (not executed) | what refusals.csv makes of a refusal that was read back | held as
    ambiguous_outcome, its subject blocked until a person decides | unknown still, to be read again.
    Raises what the kind's reads raise: nothing is decided then.
    """
    shop = ctx.mappings.marketplace(marketplace)
    ctx.ledger.effects.expire_leases(ctx.now(), shop.calls.settle_seconds, marketplace=marketplace)
    effects = [effect for effect in ctx.ledger.effects.unknown(marketplace, kind.name, ctx.now()) if day in (None, effect.day)]
    resolved = Resolved()
    if effects:
        found = kind.read_back(ctx, shop, effects)
        ctx.ledger.effects.settle(
            [_outcome(ctx, shop, effect, found[effect.id]) for effect in effects], ctx.now(), run_id=ctx.run_id, actor=ctx.actor
        )
        for effect in effects:
            _count(resolved, found[effect.id].trace)
    return resolved


def _outcome(ctx: StepContext, shop: Marketplace, effect: Effect, found: ReadBack) -> Outcome:
    ended = partial(Outcome, effect.id, effect.claim_token)
    if found.trace is Trace.EXECUTED:
        said = found.detail if found.cause else None
        return ended(state="confirmed", external_id=found.external_id, cause=found.cause, error=said, detail="found by reading back")
    if found.trace is Trace.NOT_EXECUTED:
        return ended(state="planned", detail=found.detail or "reading back shows no new change: it was not executed")
    if found.trace is Trace.REFUSED:
        return refused(ended, effect.kind, found.detail, found.detail, shop.calls, ctx.mappings.refusals, ctx.now())
    if found.trace is Trace.AMBIGUOUS:
        return ended(state="held", cause="ambiguous_outcome", error=found.detail)
    seconds = shop.calls.settle_seconds if found.again_seconds is None else found.again_seconds
    again = ctx.now() + timedelta(seconds=max(seconds, 1.0))
    cause = "not_read_back" if found.again_seconds is None else effect.cause
    return ended(state="unknown", external_id=effect.external_id, cause=cause, error=found.detail, settle_at=again)


def _count(resolved: Resolved, trace: Trace) -> None:
    match trace:
        case Trace.EXECUTED:
            resolved.confirmed += 1
        case Trace.NOT_EXECUTED:
            resolved.planned += 1
        case Trace.REFUSED:
            resolved.refused += 1
        case Trace.AMBIGUOUS:
            resolved.ambiguous += 1
        case Trace.UNREADABLE:
            resolved.still_unknown += 1
