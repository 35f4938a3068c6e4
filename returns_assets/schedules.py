"""When runs start by the clock. All are off until somebody turns them on in the UI; sensors.py starts runs by what arrives."""

# pyright: reportUnknownMemberType=false
# Dagster's decorators annotate metadata with an open os.PathLike, so that all of them count as partly unknown.

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from returns_assets.jobs import Jobs
from returns_assets.partitions import partition_key


class Times(NamedTuple):
    """One schedule: its cron (UTC), and how many days back it goes, from and to (0 = the tick's own day)."""

    name: str
    cron: str
    first_back: int
    last_back: int
    description: str


# Ingest first, the marketplaces some minutes later. A definitive event may wait for something that only time brings (an order that
# ships, a balance, a lost answer to be read back), which is what the looks back are for.
INGEST = (
    Times("ingest_today", "*/15 * * * *", 0, 0, "Today's documents, every quarter of an hour"),
    Times("ingest_yesterday", "10 0 * * *", 1, 1, "Yesterday once more, after its last document"),
)
PROCESS = (
    Times("process_today", "5-59/15 * * * *", 0, 0, "Today's returns, every quarter of an hour"),
    Times("close_yesterday", "20 0 * * *", 1, 1, "Yesterday's closing run, when no more documents can come"),
    Times("look_back_week", "0 2 * * *", 2, 7, "The last seven days, every night: what waited may have become possible"),
    Times("look_back_month", "0 4 * * 0", 8, 35, "The last five weeks, every Sunday"),
)
STATUS = (
    Times("status_today", "9-59/15 * * * *", 0, 0, "Today's return status, every quarter of an hour"),
    Times("status_yesterday", "30 0 * * *", 1, 1, "Yesterday's return status, once no more documents can come"),
    Times("status_week", "30 2 * * *", 2, 7, "The last seven days, every night: returns opened, accepted or refunded meanwhile"),
    Times("status_month", "30 4 * * 0", 8, 35, "The last five weeks, every Sunday"),
)

# A minute after the refunds' runs and independent of them. What was refused or waits is looked at again until it is through.
DISPATCH = (
    Times("dispatch_today", "6-59/15 * * * *", 0, 0, "Today's dispatches, every quarter of an hour"),
    Times("dispatch_yesterday", "25 * * * *", 1, 1, "Yesterday's dispatches, every hour: what waited or was refused"),
    Times("dispatch_week", "45 2 * * *", 2, 7, "The dispatches of the last seven days, every night"),
    Times("dispatch_month", "45 4 * * 0", 8, 35, "The last five weeks, every Sunday: orders that became ready late"),
)

# An order is told once it is shipped, and a parcel takes days to come back: twice an hour is soon enough.
ORDERS = (
    Times("orders_today", "12-59/30 * * * *", 0, 0, "Orders that were shipped today, twice an hour"),
    Times("orders_yesterday", "42 0 * * *", 1, 1, "Yesterday's orders, once no more changes can come"),
    Times("orders_week", "15 3 * * *", 2, 7, "The orders of the last seven days, every night: what was refused or waits"),
)
# Between the other flows' runs. Putaways may come days after the piece, and an import may end after its run.
RESTOCK = (
    Times("restock_today", "13-59/15 * * * *", 0, 0, "Today's restock, every quarter of an hour"),
    Times("restock_yesterday", "40 * * * *", 1, 1, "Yesterday's restock, every hour: imports that were under way, what was refused"),
    Times("restock_week", "25 3 * * *", 2, 7, "The restock of the last seven days, every night"),
    Times("restock_month", "55 4 * * 0", 8, 35, "The restock of the last five weeks, every Sunday"),
)
DRIFT = (Times("stock_drift_nightly", "45 3 * * *", 0, 0, "Every night: the shop's quantities against what is expected"),)
# A return that waits for its order's dispatch is judged anew by every one of these, until it goes through by itself.
AUTHORISE = (
    Times("authorise_today", "7-59/15 * * * *", 0, 0, "Today's requests for returns, every quarter of an hour"),
    Times("authorise_yesterday", "35 * * * *", 1, 1, "Yesterday's requests, every hour: orders shipped meanwhile, labels that came late"),
    Times("authorise_week", "15 1,13 * * *", 2, 7, "The requests of the last seven days, twice a day"),
    Times("authorise_month", "15 4 * * *", 8, 35, "The requests of the last five weeks, every night"),
)


def days_of(times: Times, tick: date, first_day: date) -> list[date]:
    """The partition days of one tick, oldest first, none before the first partition."""
    days = [tick - timedelta(days=back) for back in range(times.last_back, times.first_back - 1, -1)]
    return [day for day in days if day >= first_day]


def build_schedules(jobs: Jobs, marketplaces: Sequence[str], first_day: date) -> list[dg.ScheduleDefinition]:
    """One schedule a line of the tables above, and the one that publishes."""
    flows = (
        (jobs.process, PROCESS), (jobs.status, STATUS), (jobs.dispatch, DISPATCH), (jobs.orders, ORDERS), (jobs.restock, RESTOCK),
        (jobs.drift, DRIFT), (jobs.authorise, AUTHORISE),
    )  # fmt: skip
    return [
        *(_schedule(times, jobs.ingest, first_day, lambda day: [partition_key(day)]) for times in INGEST),
        *(
            _schedule(times, job, first_day, lambda day: [partition_key(day, key) for key in marketplaces])
            for job, table in flows
            for times in table
        ),
        dg.ScheduleDefinition(
            name="publish_hourly",
            job=jobs.publish,
            cron_schedule="50 * * * *",
            execution_timezone="UTC",
            description="A fresh copy for analysts",
        ),
    ]


def _schedule(times: Times, job: UnresolvedAssetJobDefinition, first_day: date, keys: Callable[[date], list[str]]) -> dg.ScheduleDefinition:
    @dg.schedule(name=times.name, job=job, cron_schedule=times.cron, execution_timezone="UTC", description=times.description)
    def tick(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        at = context.scheduled_execution_time
        for day in days_of(times, at.date(), first_day):
            for key in keys(day):
                yield dg.RunRequest(run_key=f"{times.name}:{at.isoformat()}:{key}", partition_key=key)

    return tick
