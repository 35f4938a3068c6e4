"""The flows beside the main job as plain function calls, with the same gates as Dagster's jobs. Each stands alone: what fails in one is
never in another's way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from returns_assets.quality.dispatch_suite import NOTICES
from returns_assets.quality.gate import validate_actions
from returns_assets.quality.rebound_orders_suite import SALES
from returns_assets.quality.request_suite import REQUESTS
from returns_assets.quality.status_suite import STATUS
from returns_assets.quality.stock_suite import STOCK
from returns_assets.steps.context import StepContext
from returns_assets.steps.dispatch import push_dispatches, read_back_lost_dispatches
from returns_assets.steps.dispatch_ingest import ingest_dispatch_orders
from returns_assets.steps.dispatch_notices import plan_dispatches
from returns_assets.steps.ingest_marketplace_returns import ingest_marketplace_returns
from returns_assets.steps.ingest_mirakl import ingest_orders, ingest_reference
from returns_assets.steps.push_return_requests import push_return_requests, read_back_lost_requests
from returns_assets.steps.push_return_status import push_return_status
from returns_assets.steps.rebound_orders import plan_rebound_orders, push_rebound_orders
from returns_assets.steps.return_requests import plan_return_requests
from returns_assets.steps.return_status import plan_return_status
from returns_assets.steps.stock_drift import measure_drift
from returns_assets.steps.stock_ingest import ingest_stock_offers
from returns_assets.steps.stock_plan import plan_stock
from returns_assets.steps.stock_push import follow_stock, push_stock
from returns_assets.steps.stock_signals import write_signals


@dataclass(frozen=True)
class FlowReport:
    """How one partition of a flow ended: planned `rows`, the critical checks that failed (nothing was sent then), and counts for people."""

    marketplace: str
    day: date
    rows: int
    blocked_by: tuple[str, ...] = ()
    says: Mapping[str, Any] = field(default_factory=dict[str, Any])


def run_return_status(ctx: StepContext, marketplace: str, day: date) -> FlowReport:
    """Read the operator's lists and Mirakl's returns, decide the steps, check, and, only if the checks passed, register and push."""
    ingest_reference(ctx, marketplace, day)
    ingest_marketplace_returns(ctx, marketplace, day)
    planned = plan_return_status(ctx, marketplace, day)
    blocked_by = _blocked(ctx, STATUS, marketplace, day)
    if blocked_by:
        return FlowReport(marketplace, day, planned.rows, blocked_by)
    pushed = push_return_status(ctx, marketplace, day)
    return FlowReport(marketplace, day, planned.rows, (), pushed.metadata)


def run_dispatches(ctx: StepContext, marketplace: str, day: date) -> FlowReport:
    """Read the orders that left, plan, check, and, only if the checks passed, tell Mirakl; what is late in any case."""
    ingest_dispatch_orders(ctx, marketplace, day)
    read_back_lost_dispatches(ctx, marketplace, day)
    planned = plan_dispatches(ctx, marketplace, day)
    blocked_by = _blocked(ctx, NOTICES, marketplace, day)
    if blocked_by:
        return FlowReport(marketplace, day, planned.rows, blocked_by, {**planned.metadata, "states": {}})
    pushed = push_dispatches(ctx, marketplace, day).metadata
    return FlowReport(marketplace, day, planned.rows, (), {**planned.metadata, "states": pushed["states"], "late": pushed["late"]})


def run_rebound_orders(ctx: StepContext, marketplace: str, day: date) -> FlowReport:
    """Read the orders that changed, plan, check, and, only if the checks passed, tell ReBound."""
    ingest_orders(ctx, marketplace, day)
    planned = plan_rebound_orders(ctx, marketplace, day)
    blocked_by = _blocked(ctx, SALES, marketplace, day)
    if blocked_by:
        return FlowReport(marketplace, day, planned.rows, blocked_by, planned.metadata)
    pushed = push_rebound_orders(ctx, marketplace, day)
    return FlowReport(marketplace, day, planned.rows, (), {**planned.metadata, **pushed.metadata})


def run_restock(ctx: StepContext, marketplace: str, day: date) -> FlowReport:
    """Read orders and offers, decide which pieces go back on sale, check, and, only if the checks passed, set quantities or signal."""
    ingest_orders(ctx, marketplace, day)
    ingest_stock_offers(ctx, marketplace, day)
    follow_stock(ctx, marketplace, day)
    planned = plan_stock(ctx, marketplace, day)
    blocked_by = _blocked(ctx, STOCK, marketplace, day)
    if blocked_by:
        return FlowReport(marketplace, day, planned.rows, blocked_by, planned.metadata)
    pushed = push_stock(ctx, marketplace, day)
    signals = write_signals(ctx, marketplace, day)
    return FlowReport(marketplace, day, planned.rows, (), {**planned.metadata, **pushed.metadata, "signals": signals.rows})


def run_drift(ctx: StepContext, marketplace: str, day: date) -> FlowReport:
    """Compare today's quantities with what they should be since the reading before. Changes nothing."""
    measured = measure_drift(ctx, marketplace, day)
    return FlowReport(marketplace, day, measured.rows, (), measured.metadata)


def run_authorisations(ctx: StepContext, marketplace: str, day: date) -> FlowReport:
    """Read lists, returns and orders, judge the day's requests, check, and, only if the checks passed, register and push."""
    ingest_reference(ctx, marketplace, day)
    ingest_marketplace_returns(ctx, marketplace, day)
    read_back_lost_requests(ctx, marketplace, day)
    planned = plan_return_requests(ctx, marketplace, day)
    blocked_by = _blocked(ctx, REQUESTS, marketplace, day)
    pushed: Mapping[str, Any] = {} if blocked_by else push_return_requests(ctx, marketplace, day).metadata
    return FlowReport(marketplace, day, planned.rows, blocked_by, {**planned.metadata, **pushed})


def _blocked(ctx: StepContext, asset: str, marketplace: str, day: date) -> tuple[str, ...]:
    return tuple(finding.name for finding in validate_actions(ctx, asset, marketplace, day) if finding.stops)
