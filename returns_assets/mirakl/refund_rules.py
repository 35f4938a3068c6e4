"""What a fresh read of the order line means for a refund: may it be sent, was a lost one executed, can a named one be it. Pure; no HTTP,
no ledger."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from returns_assets.mirakl.order_facts import LineFact
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace


@dataclass(frozen=True, slots=True)
class Wanted:
    """The refund as it would be, or was, sent."""

    order_line_id: str
    amount: Decimal
    shipping_amount: Decimal
    reason_code: str
    currency: str
    tax_mode: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What the marketplace allows now: line states by configuration, reasons as RE01 just gave them."""

    currency: str
    eligible_states: Collection[str]
    waiting_states: Collection[str]
    reasons: Collection[str]


def obstacle(line: LineFact | None, wanted: Wanted, rules: Rules, *, ours: Collection[str], foreign: Collection[str]) -> Obstacle | None:
    """The first thing that speaks against sending `wanted` now, or None.

    ours: refund ids on the line that this product made. foreign: those that planning knew of and netted out. Any other refund on the
    line means that planning did not see the truth. A refund of ours that the read does not show means that the read is old.
    """
    if line is None:
        return Obstacle("order_line_not_found", f"Mirakl does not show order line {wanted.order_line_id}")
    if line.unreadable:
        return Obstacle("amount_unreadable", line.unreadable)
    if line.state in rules.waiting_states:
        return Obstacle("order_not_ready", f"the order line is {line.state}", passing=True)
    if line.state not in rules.eligible_states:
        return Obstacle("line_state_not_eligible", f"the order line is {line.state}")
    if not line.currency == wanted.currency == rules.currency:
        return Obstacle("currency_differs", f"order {line.currency}, refund {wanted.currency}, marketplace {rules.currency}")
    if line.tax_mode != wanted.tax_mode:
        return Obstacle("tax_mode_differs", f"order read in {line.tax_mode or 'no tax mode'}, refund in {wanted.tax_mode}")
    if wanted.reason_code not in rules.reasons:
        return Obstacle("reason_not_live", f"reason {wanted.reason_code} is not a refund reason for shops any more")
    strangers = line.refund_ids.difference(ours, foreign)
    if strangers:
        return Obstacle("foreign_refund", f"refund {', '.join(sorted(strangers))} was made by someone else after planning")
    if not line.refund_ids.issuperset(ours):
        return Obstacle("stale_read", "the order does not show our own last refund yet", passing=True, soon=True)
    if wanted.amount <= 0 and wanted.shipping_amount <= 0:
        return Obstacle("nothing_to_refund", "the amount is zero")
    if wanted.amount > line.remaining or wanted.shipping_amount > line.remaining_shipping:
        left = f"{line.remaining} + {line.remaining_shipping} shipping are left"
        return Obstacle("over_remainder", f"{wanted.amount} + {wanted.shipping_amount} shipping wanted, {left}")
    return None


def read_back(line: LineFact | None, sent: Wanted, *, known: Collection[str], ours: Collection[str]) -> ReadBack:
    """Was `sent` executed? known: refund ids on the line before sending. ours: ids that belong to other effects.

    A new refund fits when amount, shipping and reason are the same. Exactly one that fits is it; no new refund at all means that it
    was not executed. Anything else is not decided here: a person looks.
    """
    unread = _unread(line, sent)
    if line is None or unread:
        return ReadBack(Trace.UNREADABLE, detail=unread)
    missing = set(known) - line.refund_ids
    if missing:
        return ReadBack(Trace.UNREADABLE, detail=f"the order does not show refund {', '.join(sorted(missing))} that it had before")
    fresh = [refund for refund in line.refunds if refund.id not in known and refund.id not in ours]
    fits = [
        refund
        for refund in fresh
        if (refund.amount, refund.shipping_amount, refund.reason_code) == (sent.amount, sent.shipping_amount, sent.reason_code)
    ]
    if not fresh:
        return ReadBack(Trace.NOT_EXECUTED)
    if len(fits) == 1:
        return ReadBack(Trace.EXECUTED, fits[0].id)
    shown = ", ".join(f"{r.id} ({r.amount} + {r.shipping_amount}, reason {r.reason_code})" for r in fresh)
    return ReadBack(Trace.AMBIGUOUS, detail=f"new refunds on the line: {shown}; sent: {sent.amount} + {sent.shipping_amount}")


def objection(line: LineFact | None, sent: Wanted, refund_id: str, *, known: Collection[str], others: Mapping[str, str]) -> str:
    """Why the refund that a person names cannot be `sent`, with the refunds that the line shows; empty when it can.

    known: refund ids on the line before sending. others: refund id -> whose it is, of refunds that belong to something else of ours.
    """
    unread = _unread(line, sent)
    if line is None or unread:
        return unread
    shown = {
        r.id: f"{r.id} ({r.amount} + {r.shipping_amount} shipping {line.currency}{', ' + others[r.id] if r.id in others else ''})"
        for r in line.refunds
    }
    named = next((refund for refund in line.refunds if refund.id == refund_id), None)
    if named is None:
        reason = f"refund {refund_id} is not on order line {sent.order_line_id}"
    elif refund_id in others:
        reason = f"refund {refund_id} is {others[refund_id]}"
    elif refund_id in known:
        reason = f"refund {refund_id} was on the order line before this one was sent"
    elif (named.amount, named.shipping_amount, line.currency) != (sent.amount, sent.shipping_amount, sent.currency):
        reason = f"refund {refund_id} has other amounts than {sent.amount} + {sent.shipping_amount} shipping {sent.currency}"
    else:
        return ""
    return f"{reason}; the order line shows: {', '.join(shown.values()) or 'no refund'}"


def _unread(line: LineFact | None, sent: Wanted) -> str:
    """Why the read says nothing about the refunds of the line; empty when it does."""
    if line is None:
        return f"Mirakl does not show order line {sent.order_line_id}"
    if line.unreadable:
        return line.unreadable
    if line.tax_mode != sent.tax_mode:
        return f"order read in {line.tax_mode or 'no tax mode'}, refund sent in {sent.tax_mode}"
    return ""
