"""What the return status leaves for people: the partition of return_status_pushes with the gap of every step, and the exceptions."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from returns_assets.decisions.return_steps import DONE, EXCEPTION, GAP, MATCH, SEND
from returns_assets.decisions.status_causes import STATUS_CAUSES
from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect, effect_key
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.push_exceptions import OPEN_STATES, Causes, record_of
from returns_assets.steps.return_kind import ACTIONS_TABLE, STEPS, kind_name
from returns_assets.warehouse.partitions import arrow_rows, dict_rows, replace_partition

TABLE = "return_status_pushes"
ACTIONS = f"""
    SELECT return_id, mirakl_return_id, step, outcome, cause, waits_for, detail, event_time, shown_at
    FROM {ACTIONS_TABLE} WHERE marketplace = ? AND day = ? ORDER BY return_id, step
"""
CAUSES: Causes = {
    "return_not_found": ("logical", "look for the return in Mirakl: it is not visible to this key"),
    "return_not_accepted": ("logical", "accept the return in Mirakl; it is tried again"),
    "waits_for_step_before": ("technical", "nothing: it is tried again once the step before is through"),
    "return_state_differs": ("logical", STATUS_CAUSES["return_state_differs"].todo),
}
LATE_TODO = {
    SEND: ("technical", "see the effects of the return (returns effects list): why they are not through"),
    GAP: ("logical", STATUS_CAUSES["not_in_mirakl"].todo),
}
LATE_WAIT = ("logical", "see what it waits for (return_status_actions), then run the flow again")


def report_return_status(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition from the actions and the ledger, and bring its exceptions up to date: cleared ones close by themselves.

    A step that Mirakl does not show `status_limit_hours` after its event is the exception `status_late`: technical where it is ours to
    send, logical where something outside is in the way.
    """
    with ctx.warehouse.read() as con:
        actions = dict_rows(con.execute(ACTIONS, [marketplace, day]))
    keys = {effect_key(kind_name(str(a["step"])), marketplace, a["mirakl_return_id"], ()): a for a in actions if a["mirakl_return_id"]}
    effects = {effect.key: effect for effect in ctx.ledger.effects.by_keys(keys)}
    of_day = {e.key: e for step in STEPS for e in ctx.ledger.effects.of_partition(marketplace, day, kind_name(step))}
    limit = ctx.mappings.marketplace(marketplace).return_status.status_limit_hours
    now = ctx.now().astimezone(UTC).replace(tzinfo=None)
    by_action = {id(action): effects.get(key) for key, action in keys.items()}
    partition: dict[str, Any] = {"marketplace": marketplace, "day": day, "limit_hours": limit, "measured_at": now}
    rows = [_row(partition, action, by_action.get(id(action)), now) for action in actions]
    rows += [_row(partition, _bare(effect), effect, now) for key, effect in of_day.items() if key not in keys]
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, TABLE, {"marketplace": marketplace, "day": day}, arrow_rows(con, TABLE, rows))
    records = [
        record_of(effect, ctx.mappings.refusals, CAUSES, f"return {effect.subject}, {effect.kind}")
        for effect in of_day.values()
        if effect.state in OPEN_STATES
    ]
    records += [_late(marketplace, day, row, action) for row, action in zip(rows, actions, strict=False) if row["late"] and _counts(action)]
    ctx.ledger.exceptions.sync(TABLE, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    gaps = [row["gap_hours"] for row in rows if row["gap_hours"] is not None]
    states: dict[str, int] = {}
    for row in rows:
        if row["state"] is not None:
            states[row["state"]] = states.get(row["state"], 0) + 1
    late = sum(bool(row["late"]) for row in rows)
    return StepResult(written, {"states": states, "late": late, "longest_gap_hours": round(max(gaps, default=0.0), 2)})


def _counts(action: Mapping[str, Any]) -> bool:
    """What is an exception of return_status_actions already is not reported twice."""
    return action["outcome"] != EXCEPTION


def _bare(effect: Effect) -> dict[str, Any]:
    """An effect of the day whose return has later news, and so belongs to that day's actions."""
    step = effect.kind.removeprefix("return_")
    nothing = dict.fromkeys(("return_id", "outcome", "cause", "waits_for", "detail", "event_time", "shown_at"))
    return {**nothing, "mirakl_return_id": effect.subject, "step": step}


def _row(partition: Mapping[str, Any], action: Mapping[str, Any], effect: Effect | None, now: datetime) -> dict[str, Any]:
    confirmed = effect.confirmed_at.astimezone(UTC).replace(tzinfo=None) if effect and effect.confirmed_at else None
    shown_at = confirmed or (action["shown_at"] if action["outcome"] == DONE else None)
    since = action["event_time"]
    gap = None if since is None else max(((shown_at or now) - since).total_seconds() / 3600, 0.0)
    is_shown = shown_at is not None or action["outcome"] == DONE
    return {
        **partition,
        "return_id": action["return_id"],
        "mirakl_return_id": action["mirakl_return_id"],
        "step": action["step"],
        "outcome": action["outcome"],
        "effect_key": effect.key if effect else None,
        "state": effect.state if effect else None,
        "cause": effect.cause if effect else action["cause"],
        "attempts": effect.attempts if effect else None,
        "event_time": since,
        "shown_at": shown_at,
        "gap_hours": gap,
        "late": gap is not None and not is_shown and gap > partition["limit_hours"],
    }


def _late(marketplace: str, day: date, row: Mapping[str, Any], action: Mapping[str, Any]) -> ExceptionRecord:
    exception_class, todo = LATE_TODO.get(str(action["outcome"]), LATE_WAIT)
    gap = action["outcome"] == GAP
    why = row["cause"] or (f"waits for {action['waits_for']}" if action["waits_for"] else row["state"]) or "not sent"
    step = "no return in Mirakl" if action["step"] == MATCH else f"{action['step']} not shown in Mirakl"
    return ExceptionRecord(
        exception_class=exception_class,
        cause=str(action["cause"]) if gap else "status_late",
        marketplace=marketplace,
        day=day,
        subject_kind="return",
        subject=f"{row['return_id']}/{row['step']}",
        detail=f"{step} {row['gap_hours']:.1f} hours after the event (limit {row['limit_hours']}): {why}",
        todo=todo,
    )
