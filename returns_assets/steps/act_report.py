"""What a push leaves for people: the partition of refund_pushes, and an exception for each effect that is not through."""

from datetime import date
from decimal import Decimal
from typing import Any

from returns_assets.ledger.records import Effect
from returns_assets.steps.act_register import KIND, pieces_json
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.push_exceptions import OPEN_STATES, Causes, record_of
from returns_assets.steps.push_report import pushed, states_of, write_report

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
    records = [
        record_of(effect, ctx.mappings.refusals, CAUSES, f"order line {effect.subject}, {_money(effect)}")
        for effect in effects
        if effect.state in OPEN_STATES
    ]
    rows = write_report(ctx, TABLE, marketplace, day, [_push(effect) for effect in effects], records)
    confirmed = [effect for effect in effects if effect.state == "confirmed"]
    money = sum((effect.amount for effect in confirmed), Decimal(0))
    shipping = sum((effect.shipping_amount for effect in confirmed), Decimal(0))
    return StepResult(rows, {"states": states_of(effects), "refunded_amount": str(money), "refunded_shipping": str(shipping)})


def _push(effect: Effect) -> dict[str, Any]:
    return {
        **pushed(effect),
        "order_id": effect.order_id,
        "order_line_id": effect.subject,
        "refund_id": effect.external_id,
        "amount": effect.amount,
        "shipping_amount": effect.shipping_amount,
        "currency": effect.currency,
        "quantity": effect.request["refunds"][0]["quantity"],
        "pieces": pieces_json(effect),
    }


def _money(effect: Effect) -> str:
    return f"{effect.amount} + {effect.shipping_amount} shipping {effect.currency}"
