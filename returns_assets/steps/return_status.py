"""The flow of the return status: Mirakl's return follows ReBound's (R28). Planning here; the acting half is push_return_status.py."""

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from returns_assets.decisions.return_steps import DONE, EXCEPTION, MATCH, Rules, steps_of
from returns_assets.decisions.status import read_cases
from returns_assets.decisions.status_case import Case, MiraklReturn, Step
from returns_assets.decisions.status_causes import STATUS_CAUSES
from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.quality.facts import COMPLIANCE_CODES, live_codes
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.ingest_marketplace_returns import returns_off
from returns_assets.warehouse.connection import in_transaction
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

TABLE = "return_status_actions"


def plan_return_status(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Decide the partition of return_status_actions anew, and bring its exceptions up to date. No HTTP.

    A marketplace without returns gets an empty partition and `skipped` in the metadata: that is no exception.
    """
    partition: dict[str, Any] = {"marketplace": marketplace, "day": day}
    off = returns_off(ctx, marketplace, day)
    shop = ctx.mappings.marketplace(marketplace)
    rows: list[dict[str, Any]] = []
    with ctx.warehouse.connection() as con:
        if not off:
            rules = Rules(
                shop.return_status,
                [row for row in ctx.mappings.compliance if row.marketplace in ("*", marketplace)],
                live_codes(con, marketplace, day, COMPLIANCE_CODES),
            )
            cases = read_cases(con, ctx.mappings, shop, day, lambda pieces: _paid(ctx, marketplace, pieces))
            rows = [_row(ctx, partition, case, step) for case in cases for step in steps_of(case, rules)]
        with in_transaction(con):
            written = replace_partition(con, TABLE, partition, arrow_rows(con, TABLE, rows))
    records = [_record(row) for row in rows if row["outcome"] == EXCEPTION]
    ctx.ledger.exceptions.sync(TABLE, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    return StepResult(written, {"skipped": off} if off else {"outcomes": _outcomes(rows)})


def _paid(ctx: StepContext, marketplace: str, pieces: Collection[str]) -> set[str]:
    held = ctx.ledger.effects.piece_effects("refund", pieces)
    return {piece for piece, effect in held.items() if effect.state == "confirmed"}


def _row(ctx: StepContext, partition: dict[str, Any], case: Case, step: Step) -> dict[str, Any]:
    cause = STATUS_CAUSES.get(step.cause or "")
    shown = case.shown
    return {
        **partition,
        "return_id": case.return_id,
        "order_ref": case.order_ref,
        "lane": case.lane,
        "mirakl_return_id": shown.id if shown else None,
        "matched_by": case.matched_by if shown else None,
        "order_id": shown.order_id if shown else None,
        "step": step.step,
        "outcome": step.outcome,
        "exception_class": cause.exception_class if cause and step.outcome == EXCEPTION else None,
        "cause": step.cause,
        "waits_for": step.waits_for,
        "todo": cause.todo if cause else None,
        "detail": step.detail,
        "event_time": step.event_time,
        "mirakl_state": shown.state if shown else None,
        "shown_at": _shown_at(shown, step) if shown else None,
        "lines": json.dumps(step.lines) if step.lines else None,
        "mapping_version": ctx.mappings.version,
        "decided_at": ctx.now().replace(tzinfo=None),
    }


def _shown_at(shown: MiraklReturn, step: Step) -> datetime | None:
    """Mirakl keeps no history: the last change is the latest time at which the step can have been done."""
    if step.outcome != DONE:
        return None
    return shown.created_at if step.step == MATCH else shown.updated_at


def _record(row: dict[str, Any]) -> ExceptionRecord:
    return ExceptionRecord(
        exception_class=row["exception_class"],
        cause=row["cause"],
        marketplace=row["marketplace"],
        day=row["day"],
        subject_kind="return",
        subject=row["return_id"],
        detail="; ".join(
            part for part in (f"order {row['order_ref']}" if row["order_ref"] else "", row["step"], row["detail"] or "") if part
        ),
        todo=row["todo"],
    )


def _outcomes(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """step -> outcome -> rows."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        of_step = counts.setdefault(row["step"], {})
        of_step[row["outcome"]] = of_step.get(row["outcome"], 0) + 1
    return counts
