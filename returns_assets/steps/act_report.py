"""What a push leaves for people: the partition of refund_pushes, and an exception for each effect that is not through."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from returns_assets.ledger.records import Effect
from returns_assets.steps.act_register import KIND, pieces_json
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.push_exceptions import OPEN_STATES, Causes, record_of
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

TABLE = "refund_pushes"
# Causes that this product finds itself at a refund; those of an operator's refusal are in refusals.csv.
CAUSES: Causes = {
    "order_line_not_found": ("logical", "look for the order in Mirakl: it is not visible to this key"),
    "order_not_ready": ("logical", "nothing: it is tried again once the order line is shipped"),
    "line_state_not_eligible": ("logical", "the order line is not refundable in its state: see the order in Mirakl"),
    "currency_differs": ("logical", "check the marketplace's currency in marketplaces.yaml"),
    "tax_mode_differs": ("logical", "check order_tax_mode in marketplaces.yaml, then materialise the partition again"),
    "reason_not_live": ("mapping", "compare return_reasons.csv with the operator's list (returns mappings check --live)"),
    "foreign_refund": ("logical", "someone else refunded: materialise the partition again, it nets the refund out"),
    "stale_read": ("technical", "nothing: it is tried again"),
    "nothing_to_refund": ("logical", "the amount is zero: look at the order line's price"),
    "over_remainder": ("logical", "someone else refunded: materialise the partition again"),
    "decided_again_later": ("logical", "materialise mapped_dispositions and what follows for the later day that decides the piece now"),
    "decided_in_other_marketplace": (
        "logical",
        "materialise mapped_dispositions and what follows for this partition again: it withdraws the refund; then the other marketplace's",
    ),
    "amount_unreadable": ("technical", "the order line's money cannot be read: look at the order, then run the partition again"),
}


def report_pushes(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition of refund_pushes from the ledger and bring its exceptions up to date: cleared ones close by themselves."""
    effects = ctx.ledger.effects.of_partition(marketplace, day, KIND)
    with ctx.warehouse.transaction() as con:
        pushes = arrow_rows(con, TABLE, [_push(effect) for effect in effects])
        rows = replace_partition(con, TABLE, {"marketplace": marketplace, "day": day}, pushes)
    records = [
        record_of(effect, ctx.mappings.refusals, CAUSES, f"order line {effect.subject}, {_money(effect)}")
        for effect in effects
        if effect.state in OPEN_STATES
    ]
    ctx.ledger.exceptions.sync(TABLE, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    states: dict[str, int] = {}
    for effect in effects:
        states[effect.state] = states.get(effect.state, 0) + 1
    confirmed = [effect for effect in effects if effect.state == "confirmed"]
    money = sum((effect.amount for effect in confirmed), Decimal(0))
    shipping = sum((effect.shipping_amount for effect in confirmed), Decimal(0))
    return StepResult(rows, {"states": states, "refunded_amount": str(money), "refunded_shipping": str(shipping)})


def _push(effect: Effect) -> dict[str, Any]:
    return {
        "marketplace": effect.marketplace,
        "day": effect.day,
        "effect_key": effect.key,
        "order_id": effect.order_id,
        "order_line_id": effect.subject,
        "state": effect.state,
        "cause": effect.cause,
        "refund_id": effect.external_id,
        "amount": effect.amount,
        "shipping_amount": effect.shipping_amount,
        "currency": effect.currency,
        "quantity": effect.request["refunds"][0]["quantity"],
        "attempts": effect.attempts,
        "claimed_at": _naive(effect.claimed_at),
        "confirmed_at": _naive(effect.confirmed_at),
        "pieces": pieces_json(effect),
    }


def _money(effect: Effect) -> str:
    return f"{effect.amount} + {effect.shipping_amount} shipping {effect.currency}"


def _naive(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None)
