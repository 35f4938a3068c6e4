"""The flows that `returns run` and `returns backfill` know: one line a flow, with its job, its plain steps, and what it says of itself."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from returns_assets.operations.dispatch_view import dispatch_line
from returns_assets.operations.partition_view import view
from returns_assets.operations.pipeline import run_partition
from returns_assets.operations.rebound_order_view import rebound_order_line
from returns_assets.operations.request_view import request_line
from returns_assets.operations.side_flows import (
    FlowReport,
    run_authorisations,
    run_dispatches,
    run_drift,
    run_rebound_orders,
    run_restock,
    run_return_status,
)
from returns_assets.operations.status_view import status_line
from returns_assets.operations.stock_view import drift_line, stock_line
from returns_assets.steps.context import StepContext


class Flow(NamedTuple):
    """`job`: Dagster's. `plain`: the same steps in this process; the critical checks that stopped it. `line`: how a partition stands."""

    job: str
    plain: Callable[[StepContext, str, date], tuple[str, ...]]
    line: Callable[[StepContext, str, date], str]


def _refunds(ctx: StepContext, marketplace: str, day: date) -> tuple[str, ...]:
    return run_partition(ctx, marketplace, day).blocked_by


def _refunds_line(ctx: StepContext, marketplace: str, day: date) -> str:
    return view(ctx, marketplace, day).line()


def _side(run: Callable[[StepContext, str, date], FlowReport]) -> Callable[[StepContext, str, date], tuple[str, ...]]:
    return lambda ctx, marketplace, day: run(ctx, marketplace, day).blocked_by


FLOWS: Mapping[str, Flow] = {
    "refunds": Flow("process_returns", _refunds, _refunds_line),
    "rebound-orders": Flow("process_rebound_orders", _side(run_rebound_orders), rebound_order_line),  # a return can name what ReBound knows
    "authorise": Flow("authorise_returns", _side(run_authorisations), request_line),
    "return-status": Flow("return_status", _side(run_return_status), status_line),
    "restock": Flow("restock", _side(run_restock), stock_line),
    "stock-drift": Flow("nightly_drift", _side(run_drift), drift_line),
    "dispatches": Flow("process_dispatches", _side(run_dispatches), dispatch_line),
}
