"""What a push leaves for people: the partition of refund_pushes, and an exception for each effect that is not through."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect
from returns_assets.steps.act_outcome import OTHER_REFUSAL
from returns_assets.steps.act_register import KIND, MONEY, pieces_json
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.translation.model import RefusalRow
from returns_assets.warehouse.partitions import replace_partition

TABLE = "refund_pushes"
PUSHES = pa.schema(
    [
        ("marketplace", pa.string()),
        ("day", pa.date32()),
        ("effect_key", pa.string()),
        ("order_id", pa.string()),
        ("order_line_id", pa.string()),
        ("state", pa.string()),
        ("cause", pa.string()),
        ("refund_id", pa.string()),
        ("amount", MONEY),
        ("shipping_amount", MONEY),
        ("currency", pa.string()),
        ("quantity", pa.int32()),
        ("attempts", pa.int32()),
        ("claimed_at", pa.timestamp("us")),
        ("confirmed_at", pa.timestamp("us")),
        ("pieces", pa.string()),
    ]
)
OPEN_STATES = ("held", "rejected", "unknown", "retry_at")
# Causes that this product finds itself; those of an operator's refusal are in refusals.csv. cause -> (class, what to do)
CAUSES: dict[str, tuple[str, str]] = {
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
    "not_released": ("technical", "materialise refund_actions again: the partition was validated anew after the effect was registered"),
    "decided_again_later": ("logical", "materialise mapped_dispositions and what follows for the later day that decides the piece now"),
    "amount_unreadable": ("technical", "the order line's money cannot be read: look at the order, then run the partition again"),
    "answer_lost": ("technical", "nothing: the order is read back before anything else is done; push again in a few minutes"),
    "lease_expired": ("technical", "nothing: a push was interrupted; the order is read back before anything else is done"),
    "not_read_back": ("technical", "look for the order in Mirakl: it could not be read back"),
    "ambiguous_outcome": (
        "logical",
        "find out in Mirakl which refund is ours, then decide the effect (returns effects); it is never resent",
    ),
    "rate_limited": ("technical", "nothing: it is tried again"),
    "access_denied": ("technical", "check the API key and the role of its user with the operator"),
    "unreachable": ("technical", "check that the operator's address is right and reachable; it is tried again"),
    "sending_halted": ("technical", "nothing: it is tried again with the next push"),
}


def report_pushes(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition of refund_pushes from the ledger and bring its exceptions up to date: cleared ones close by themselves."""
    effects = ctx.ledger.effects.of_partition(marketplace, day, KIND)
    table = pa.Table.from_pylist([_push(effect) for effect in effects], PUSHES)
    with ctx.warehouse.transaction() as con:
        rows = replace_partition(con, TABLE, {"marketplace": marketplace, "day": day}, table)
    records = [_record(effect, ctx.mappings.refusals) for effect in effects if effect.state in OPEN_STATES]
    ctx.ledger.exceptions.sync(TABLE, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    states: dict[str, int] = {}
    for effect in effects:
        states[effect.state] = states.get(effect.state, 0) + 1
    confirmed = [effect for effect in effects if effect.state == "confirmed"]
    money = sum((effect.amount for effect in confirmed), Decimal(0))
    shipping = sum((effect.shipping_amount for effect in confirmed), Decimal(0))
    return StepResult(rows, {"states": states, "refunded_amount": str(money), "refunded_shipping": str(shipping)})


def _record(effect: Effect, refusals: Sequence[RefusalRow]) -> ExceptionRecord:
    cause = effect.cause or effect.state
    exception_class, todo = meaning(cause, refusals, CAUSES)
    return ExceptionRecord(
        exception_class=exception_class,
        cause=cause,
        marketplace=effect.marketplace,
        day=effect.day,
        subject_kind="effect",
        subject=effect.key,
        detail=f"order line {effect.subject}, {_money(effect)}: {effect.last_error or cause}",
        todo=todo,
    )


def meaning(cause: str, refusals: Sequence[RefusalRow], causes: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """Class and next action of a cause. A cause of both kinds (over_remainder) is told by the operator's row."""
    for row in refusals:
        if row.cause == cause:
            return row.exception_class, row.todo
    return causes.get(cause, (OTHER_REFUSAL.exception_class, OTHER_REFUSAL.todo))


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
