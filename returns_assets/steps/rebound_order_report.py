"""What a push of sales orders leaves for people: the partition of rebound_order_pushes, and an exception for each that is not through."""

from datetime import date
from typing import Any

from returns_assets.ledger.records import Effect
from returns_assets.ledger.states import CONFIRMED
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.push_exceptions import OPEN_STATES, record_of
from returns_assets.steps.push_report import pushed, states_of, write_report
from returns_assets.steps.rebound_order_causes import PUSH_CAUSES
from returns_assets.steps.rebound_order_kind import CONTENT_UNKNOWN, KIND, known_already

TABLE = "rebound_order_pushes"
NO_ID = "ReBound has the order and does not say under which id"


def report_order_pushes(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition from the ledger and bring its exceptions up to date: cleared ones close by themselves."""
    effects = ctx.ledger.effects.of_partition(marketplace, day, KIND)
    records = [
        record_of(effect, ctx.mappings.refusals, PUSH_CAUSES, f"order {effect.order_id}")
        for effect in effects
        if effect.state in OPEN_STATES
    ]
    rows = write_report(ctx, TABLE, marketplace, day, [_push(effect) for effect in effects], records)
    return StepResult(rows, {"states": states_of(effects)})


def _push(effect: Effect) -> dict[str, Any]:
    return {
        **pushed(effect),
        "order_id": effect.order_id,
        "content_hash": effect.request["hash"],
        "changed": effect.request["changed"],
        "answer": _answer(effect),
        "sales_order_id": effect.external_id,
    }


def _answer(effect: Effect) -> str | None:
    if effect.state != CONFIRMED:
        return effect.last_error
    if effect.cause == CONTENT_UNKNOWN:
        return known_already(effect)
    return NO_ID if effect.external_id is None else None
