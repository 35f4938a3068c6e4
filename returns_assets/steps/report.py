"""The datasets for people: return_metrics with its break-downs, and the published copy of the warehouse. Nothing that acts needs them."""

from datetime import UTC, date
from decimal import Decimal
from typing import Any

from returns_assets.decisions.plan import MINOR_DIGITS
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.left_behind import left_behind
from returns_assets.steps.texts import sql
from returns_assets.warehouse.partitions import replace_partition
from returns_assets.warehouse.published import publish as publish_copy

TABLE = "return_metrics"
# Shown beside the run in the UI; money as exact text.
SHOWN = ("documents", "pieces", "refunds", "refunded_amount", "planned_amount", "currency", "holds", "exceptions", "failed_pushes")
SELECT_SHOWN = f"SELECT {', '.join(SHOWN)} FROM return_metrics WHERE marketplace = ? AND day = ?"
EXCEPTIONS = "SELECT key, pieces FROM return_metrics_by WHERE marketplace = ? AND day = ? AND dimension = 'cause' ORDER BY pieces DESC, key"


def compute_metrics(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition's row of return_metrics and its rows of return_metrics_by, from the datasets as they are now.

    Pieces are counted in the partition that decided them last, so those that counted a piece of this one before are computed again;
    refunds, their money and latency belong to the partition whose effect paid, which stays when a later event moves the piece. The rate
    of a reason is its units over all units sold in the partition's orders.
    """
    result = _compute(ctx, marketplace, day, ctx.mappings.marketplace(marketplace).currency)
    for other in left_behind(ctx, marketplace, day):
        if other.currency is not None:  # not asked of the mapping tables: the marketplace may have left them meanwhile
            _compute(ctx, other.marketplace, other.day, other.currency)
    return result


def _compute(ctx: StepContext, marketplace: str, day: date, currency: str) -> StepResult:
    partition: dict[str, Any] = {"marketplace": marketplace, "day": day}
    computed_at = ctx.now().astimezone(UTC).replace(tzinfo=None)
    digits = MINOR_DIGITS.get(currency, 2)
    more = {"currency": currency, "computed_at": computed_at}
    minor = {"minor": 10**digits, "unit": Decimal(1).scaleb(-digits)}
    with ctx.warehouse.transaction() as con:
        con.execute(f"CREATE OR REPLACE TEMP TABLE computed AS {sql('metrics')}", {**partition, **more})
        rows = replace_partition(con, TABLE, partition, select_sql="SELECT * FROM computed")
        con.execute(f"CREATE OR REPLACE TEMP TABLE computed_by AS {sql('metrics_by')}", {**partition, **minor})
        replace_partition(con, "return_metrics_by", partition, select_sql="SELECT * FROM computed_by")
        found: tuple[Any, ...] = con.execute(SELECT_SHOWN, [marketplace, day]).fetchone() or ()
        causes = {str(cause): int(pieces) for cause, pieces in con.execute(EXCEPTIONS, [marketplace, day]).fetchall()}
    figures = {name: value if isinstance(value, int | str) else str(value) for name, value in zip(SHOWN, found, strict=True)}
    return StepResult(rows, {**figures, "exceptions_by_cause": causes})


def publish(ctx: StepContext) -> StepResult:
    """Swap a fresh copy of the warehouse in at RETURNS_HOME/published/returns.duckdb; readers keep what they have open."""
    path = ctx.settings.published_path
    rows = publish_copy(ctx.warehouse, path)
    return StepResult(sum(rows.values()), {"path": str(path), "tables": rows})
