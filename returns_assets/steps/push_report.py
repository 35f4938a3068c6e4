"""What the reports of all flows' pushes have in common: how their partition is written, what is counted and shown of effects."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect
from returns_assets.steps.context import StepContext
from returns_assets.steps.rebound_rows import naive_utc
from returns_assets.warehouse.partitions import arrow_rows, replace_partition


def write_report(
    ctx: StepContext, table: str, marketplace: str, day: date, rows: Sequence[Mapping[str, Any]], records: Sequence[ExceptionRecord]
) -> int:
    """Write the partition and bring its exceptions up to date: cleared ones close by themselves. Returns the number of rows."""
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, table, {"marketplace": marketplace, "day": day}, arrow_rows(con, table, rows))
    ctx.ledger.exceptions.sync(table, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    return written


def states_of(effects: Iterable[Effect]) -> dict[str, int]:
    """How many effects are in each state."""
    states: dict[str, int] = {}
    for effect in effects:
        states[effect.state] = states.get(effect.state, 0) + 1
    return states


def pushed(effect: Effect) -> dict[str, Any]:
    """The columns that every push table has."""
    return {
        "marketplace": effect.marketplace,
        "day": effect.day,
        "effect_key": effect.key,
        "state": effect.state,
        "cause": effect.cause,
        "attempts": effect.attempts,
        "claimed_at": naive(effect.claimed_at),
        "confirmed_at": naive(effect.confirmed_at),
    }


def naive(at: datetime | None) -> datetime | None:
    """As the warehouse keeps times."""
    return None if at is None else naive_utc(at)
