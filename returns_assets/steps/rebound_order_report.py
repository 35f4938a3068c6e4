"""What a push of sales orders leaves for people: the partition of rebound_order_pushes, and an exception for each that is not through."""

from datetime import UTC, date, datetime
from typing import Any

from returns_assets.ledger.records import Effect
from returns_assets.ledger.states import CONFIRMED
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.push_exceptions import OPEN_STATES, record_of
from returns_assets.steps.rebound_order_causes import PUSH_CAUSES
from returns_assets.steps.rebound_order_kind import KIND
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

TABLE = "rebound_order_pushes"
NO_ID = "ReBound has the order and does not say under which id"


def report_order_pushes(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition from the ledger and bring its exceptions up to date: cleared ones close by themselves."""
    effects = ctx.ledger.effects.of_partition(marketplace, day, KIND)
    partition = {"marketplace": marketplace, "day": day}
    with ctx.warehouse.transaction() as con:
        rows = replace_partition(con, TABLE, partition, arrow_rows(con, TABLE, [_push(effect) for effect in effects]))
    records = [
        record_of(effect, ctx.mappings.refusals, PUSH_CAUSES, f"order {effect.order_id}")
        for effect in effects
        if effect.state in OPEN_STATES
    ]
    ctx.ledger.exceptions.sync(TABLE, {**partition, "day": day.isoformat()}, records, now=ctx.now())
    states: dict[str, int] = {}
    for effect in effects:
        states[effect.state] = states.get(effect.state, 0) + 1
    return StepResult(rows, {"states": states})


def _push(effect: Effect) -> dict[str, Any]:
    return {
        "marketplace": effect.marketplace,
        "day": effect.day,
        "effect_key": effect.key,
        "order_id": effect.order_id,
        "content_hash": effect.request["hash"],
        "changed": effect.request["changed"],
        "state": effect.state,
        "cause": effect.cause,
        "answer": NO_ID if effect.state == CONFIRMED and effect.external_id is None else effect.last_error,
        "sales_order_id": effect.external_id,
        "attempts": effect.attempts,
        "claimed_at": _naive(effect.claimed_at),
        "confirmed_at": _naive(effect.confirmed_at),
    }


def _naive(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None)
