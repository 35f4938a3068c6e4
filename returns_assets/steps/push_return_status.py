"""The acting half of the return status: the partition's steps registered as effects and sent, at most once each (design, section 7)."""

import json
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from returns_assets.ledger.records import Intent
from returns_assets.ledger.validations import Validation
from returns_assets.steps.act_gate import require_rows, require_validation
from returns_assets.steps.act_push import push_all
from returns_assets.steps.act_resolve import resolve_unknown
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.ingest_marketplace_returns import returns_off
from returns_assets.steps.register_effects import register_effects
from returns_assets.steps.return_kind import ACTIONS_TABLE, STEPS, ReturnKind, kind_name
from returns_assets.steps.return_status_report import report_return_status
from returns_assets.steps.texts import sql


def push_return_status(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Read back lost answers, register what return_status_actions wants, send it step by step; the partition of return_status_pushes.

    Raises NotValidated (nothing registered, nothing sent) unless the rows, as they are now, passed their validation, and MiraklError when
    returns cannot be read. A marketplace without returns is asked nothing.
    """
    off = returns_off(ctx, marketplace, day)
    if off:
        result = report_return_status(ctx, marketplace, day)
        return StepResult(result.rows, {"skipped": off, **result.metadata})
    pushed: dict[str, Any] = {}
    try:
        resolved = {step: asdict(resolve_unknown(ctx, ReturnKind(step), marketplace, day)) for step in STEPS}
        validation = require_validation(ctx, ACTIONS_TABLE, marketplace, day)
        registered = _register(ctx, marketplace, day, validation)
        for step in STEPS:  # each examines the return anew, so that one push brings a return through all its steps
            pushed[step] = asdict(push_all(ctx, ReturnKind(step), marketplace, day))
    finally:
        result = report_return_status(ctx, marketplace, day)
    return StepResult(result.rows, {**result.metadata, "read_back": resolved, "registered": registered, "push": pushed})


def _register(ctx: StepContext, marketplace: str, day: date, validation: Validation) -> dict[str, dict[str, int]]:
    """The ledger holds exactly these steps of the partition, as far as nothing is in flight or done: one effect a return and step."""
    text = sql("status_intents")
    with ctx.warehouse.read() as con:
        require_rows(con, validation)
        rows: list[tuple[str, str, str, str | None]] = con.execute(text, {"marketplace": marketplace, "day": day}).fetchall()
    currency = ctx.mappings.marketplace(marketplace).currency
    counts: dict[str, dict[str, int]] = {}
    for step in STEPS:
        intents = [
            Intent(order_id, return_id, _entry(return_id, lines), Decimal(0), Decimal(0), currency, ())
            for of_step, order_id, return_id, lines in rows
            if of_step == step
        ]
        counts[step] = register_effects(ctx, marketplace, day, kind_name(step), intents, validation).counts
    return counts


def _entry(return_id: str, lines: str | None) -> dict[str, Any]:
    """The return's entry in the call: its id and, for RT26, the verdict of every line (reference, 7.5)."""
    return {"id": return_id, **({"return_lines": json.loads(lines)} if lines else {})}
