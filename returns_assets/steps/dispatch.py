"""The acting step of the dispatch flow: registered, then sent, each at most once (design, section 7).

The work is in dispatch_intents.py, dispatch_kinds.py and dispatch_report.py; claims, sending and reading back are act_push.py's and
act_resolve.py's, the same as for refunds.
"""

from dataclasses import asdict
from datetime import date
from typing import Any

from returns_assets.steps.act_gate import require_validation
from returns_assets.steps.act_push import push_all
from returns_assets.steps.act_resolve import resolve_unknown
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.dispatch_intents import register_dispatches
from returns_assets.steps.dispatch_kinds import NOTICES, ShipKind, ShipmentKind, TrackingKind
from returns_assets.steps.dispatch_late import find_late_dispatches
from returns_assets.steps.dispatch_report import report_dispatches

KINDS = (TrackingKind, ShipKind, ShipmentKind)  # in the order of sending: an order is shipped after its tracking is set


def read_back_lost_dispatches(ctx: StepContext, marketplace: str, day: date) -> dict[str, Any]:
    """Decide the partition's lost answers before it is planned, and whatever its checks say. Raises MiraklError."""
    found = {kind.name: resolve_unknown(ctx, kind(), marketplace, day) for kind in KINDS}
    if any(resolved.settled for resolved in found.values()):
        report_dispatches(ctx, marketplace, day)
    return {name: asdict(resolved) for name, resolved in found.items() if resolved.settled}


def push_dispatches(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Register what the notices want and send it; the partition of dispatch_pushes, its exceptions, and what is late still.

    Raises NotValidated (nothing registered, nothing sent) unless the notices, as they are now, passed their validation, and MiraklError
    when orders cannot be read; effects stay as they are then.
    """
    resolved = read_back_lost_dispatches(ctx, marketplace, day)
    validation = require_validation(ctx, NOTICES, marketplace, day)
    registered = register_dispatches(ctx, marketplace, day, validation)
    pushed: dict[str, Any] = {}
    try:
        for kind in KINDS:
            pushed[kind.name] = asdict(push_all(ctx, kind(), marketplace, day))
    finally:
        result = report_dispatches(ctx, marketplace, day)
        late = find_late_dispatches(ctx, marketplace, day)  # also after a push that broke off: part of it may have been told
    more = {"registered": registered, "read_back": resolved, "push": pushed, "late": late.rows}
    return StepResult(result.rows, {**result.metadata, **more})
