"""The main job as plain function calls: the same steps in the same order as Dagster's jobs, without Dagster's start-up and history.

For whole-history runs, benchmarks and tests; a scheduled installation runs the jobs. The gates are the same: a partition whose
checks failed is not registered, and the push refuses by itself what no passed validation released.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from returns_assets.quality.gate import validate_partition
from returns_assets.steps.act import push_refunds, read_back_lost_answers, register_refunds
from returns_assets.steps.context import StepContext
from returns_assets.steps.ingest_mirakl import ingest_orders, ingest_reference
from returns_assets.steps.ingest_rebound import ingest_documents, ingest_returns
from returns_assets.steps.ingest_warehouse import ingest_warehouse
from returns_assets.steps.report import compute_metrics
from returns_assets.steps.translate import map_dispositions


@dataclass(frozen=True)
class DayReport:
    """What one day's documents became."""

    day: date
    documents: int
    events: int
    warehouse_events: int


@dataclass(frozen=True)
class PartitionReport:
    """How one partition ended. `blocked_by`: the critical checks that failed; nothing was sent then."""

    marketplace: str
    day: date
    orders: int
    pieces: int
    outcomes: dict[str, int] = field(default_factory=dict[str, int])
    blocked_by: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    effects: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def passed(self) -> bool:
        return not self.blocked_by


def run_day(ctx: StepContext, day: date) -> DayReport:
    """The day's documents to canonical events, for all marketplaces."""
    documents = ingest_documents(ctx, day)
    events = ingest_returns(ctx, day)
    warehouse = ingest_warehouse(ctx, day)
    return DayReport(day, documents.rows, events.rows, warehouse.rows)


def run_partition(ctx: StepContext, marketplace: str, day: date) -> PartitionReport:
    """Read Mirakl and lost answers, decide, check, and, only if the checks passed, register and push; metrics in any case."""
    ingest_reference(ctx, marketplace, day)
    orders = ingest_orders(ctx, marketplace, day)
    read_back_lost_answers(ctx, marketplace, day)  # before planning, which nets what was paid; and even if the checks block the rest
    mapped = map_dispositions(ctx, marketplace, day)
    findings = validate_partition(ctx, marketplace, day)
    blocked_by = tuple(f.name for f in findings if f.stops)
    warnings = tuple(f.name for f in findings if not f.passed and not f.stops)
    effects: dict[str, int] = {}
    if not blocked_by:
        register_refunds(ctx, marketplace, day)
        push_refunds(ctx, marketplace, day)
        for effect in ctx.ledger.effects.of_partition(marketplace, day, "refund"):
            effects[effect.state] = effects.get(effect.state, 0) + 1
    compute_metrics(ctx, marketplace, day)
    outcomes: dict[str, Any] = mapped.metadata["outcomes"]
    return PartitionReport(marketplace, day, orders.rows, mapped.rows, outcomes, blocked_by, warnings, effects)
