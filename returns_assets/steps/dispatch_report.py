"""What a push of dispatches leaves for people: dispatch_pushes and its exceptions."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from returns_assets.ledger.records import Effect
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.dispatch_causes import PUSH_CAUSES
from returns_assets.steps.dispatch_kinds import SHIP, SHIPMENT, TRACKING
from returns_assets.steps.push_exceptions import OPEN_STATES, record_of
from returns_assets.steps.push_report import pushed, states_of, write_report

TABLE = "dispatch_pushes"


def effects_of(ctx: StepContext, marketplace: str, day: date) -> list[Effect]:
    """The partition's effects of all three kinds."""
    return [effect for kind in (TRACKING, SHIP, SHIPMENT) for effect in ctx.ledger.effects.of_partition(marketplace, day, kind)]


def report_dispatches(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition of dispatch_pushes from the ledger and bring its exceptions up to date: cleared ones close by themselves."""
    effects = effects_of(ctx, marketplace, day)
    records = [
        record_of(effect, ctx.mappings.refusals, PUSH_CAUSES, f"order {effect.order_id}, {effect.request['operation']}")
        for effect in effects
        if effect.state in OPEN_STATES and not _follows(effect, effects)
    ]
    rows = write_report(ctx, TABLE, marketplace, day, [_push(effect) for effect in effects], records)
    return StepResult(rows, {"states": states_of(effects)})


def _follows(effect: Effect, effects: Sequence[Effect]) -> bool:
    """A ship effect that only waits for an open tracking effect of the same subject: one exception is enough."""
    return (
        effect.kind == SHIP
        and effect.cause == "tracking_not_set"
        and any(other.kind == TRACKING and other.subject == effect.subject and other.state in OPEN_STATES for other in effects)
    )


def _push(effect: Effect) -> dict[str, Any]:
    shipment = effect.request.get("shipment_id") or (effect.external_id if effect.kind == SHIPMENT else None)
    return {
        **pushed(effect),
        "kind": effect.kind,
        "operation": effect.request["operation"],
        "notice_id": effect.pieces[0].piece_id.split(" tracking ")[0] if effect.pieces else None,
        "order_id": effect.order_id,
        "answer": effect.last_error,
        "shipment_id": shipment,
    }
