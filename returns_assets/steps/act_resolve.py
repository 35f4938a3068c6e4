"""Lost answers: effects whose outcome is unknown are decided by reading the order back, never by sending again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from returns_assets.ledger.records import Effect, Outcome
from returns_assets.mirakl.order_facts import LineFact, lines_of
from returns_assets.mirakl.refund_rules import ReadBack, Trace, Wanted, read_back
from returns_assets.steps.context import StepContext
from returns_assets.translation.model import Marketplace

KIND = "refund"


@dataclass
class Resolved:
    """How many lost answers were decided, and how."""

    confirmed: int = 0
    planned: int = 0
    ambiguous: int = 0
    still_unknown: int = 0

    @property
    def settled(self) -> int:
        return self.confirmed + self.planned + self.ambiguous + self.still_unknown


def wanted_of(effect: Effect) -> Wanted:
    """The refund in an effect's request."""
    entry = effect.request["refunds"][0]
    return Wanted(
        effect.subject,
        effect.amount,
        effect.shipping_amount,
        str(entry["reason_code"]),
        effect.currency,
        str(effect.request["order_tax_mode"]),
    )


def resolve_unknown(ctx: StepContext, marketplace: str, day: date) -> Resolved:
    """Claims beyond their lease become unknown; the partition's unknown effects that had time to settle are read back.

    confirmed with the refund's id | planned again (not executed) | held as ambiguous_outcome, its line blocked until a person decides |
    unknown still, to be read again. Raises MiraklError when the orders cannot be read: nothing is decided then.
    """
    shop = ctx.mappings.marketplace(marketplace)
    ctx.ledger.effects.expire_leases(ctx.now(), shop.calls.settle_seconds, marketplace=marketplace)
    effects = [effect for effect in ctx.ledger.effects.unknown(marketplace, KIND, ctx.now()) if effect.day == day]
    resolved = Resolved()
    by_mode: dict[str, list[Effect]] = {}
    for effect in effects:
        by_mode.setdefault(wanted_of(effect).tax_mode, []).append(effect)
    for tax_mode, group in sorted(by_mode.items()):
        lines = read_lines(ctx, marketplace, group, tax_mode)
        ours = ctx.ledger.effects.confirmed_ids(marketplace, {effect.subject for effect in group})
        outcomes: list[Outcome] = []
        for effect in group:
            found = read_back(
                lines.get(effect.subject), wanted_of(effect), known=effect.known_ids, ours=ours.get(effect.subject, frozenset[str]())
            )
            outcomes.append(_outcome(ctx, shop, effect, found))
            _count(resolved, found.trace)
        ctx.ledger.effects.settle(outcomes, ctx.now(), run_id=ctx.run_id, actor=ctx.actor)
    return resolved


def read_lines(ctx: StepContext, marketplace: str, effects: Sequence[Effect], tax_mode: str) -> dict[str, LineFact]:
    """The effects' orders as Mirakl shows them now, 100 a call, as lines by order line id."""
    order_ids = sorted({effect.order_id for effect in effects})
    return lines_of(ctx.mirakl(marketplace).orders_by_id(order_ids, tax_mode))


def _outcome(ctx: StepContext, shop: Marketplace, effect: Effect, found: ReadBack) -> Outcome:
    ended = partial(Outcome, effect.id, effect.claim_token)
    if found.trace is Trace.EXECUTED:
        return ended(state="confirmed", external_id=found.refund_id, detail="found by reading the order back")
    if found.trace is Trace.NOT_EXECUTED:
        return ended(state="planned", detail="the order shows no new refund: it was not executed")
    if found.trace is Trace.AMBIGUOUS:
        return ended(state="held", cause="ambiguous_outcome", error=found.detail)
    again = ctx.now() + timedelta(seconds=max(shop.calls.settle_seconds, 1.0))
    return ended(state="unknown", cause="not_read_back", error=found.detail, settle_at=again)


def _count(resolved: Resolved, trace: Trace) -> None:
    match trace:
        case Trace.EXECUTED:
            resolved.confirmed += 1
        case Trace.NOT_EXECUTED:
            resolved.planned += 1
        case Trace.AMBIGUOUS:
            resolved.ambiguous += 1
        case Trace.UNREADABLE:
            resolved.still_unknown += 1
