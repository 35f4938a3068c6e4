"""The one composition root: settings, mapping tables and openers become a Dagster code location. Tests build theirs with other parts."""

import warnings
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import dagster as dg
from dagster import AssetSelection

from returns_assets.assets.act import act_assets
from returns_assets.assets.authorise import authorise_assets
from returns_assets.assets.dispatch import dispatch_assets
from returns_assets.assets.ingest import mirakl_assets, rebound_assets
from returns_assets.assets.rebound_orders import rebound_order_assets
from returns_assets.assets.report import report_assets
from returns_assets.assets.status import status_assets
from returns_assets.assets.stock import stock_assets
from returns_assets.assets.translate import translate_assets
from returns_assets.checks import asset_checks
from returns_assets.jobs import build_jobs
from returns_assets.ledger.database import Ledger
from returns_assets.partitions import daily_partitions, marketplace_partitions
from returns_assets.resources import OpenSteps, steps_resource
from returns_assets.schedules import build_schedules
from returns_assets.sensors import OpenLedger, build_sensors
from returns_assets.settings import Settings, load_settings
from returns_assets.steps.context import StepContext, open_context, utc_now
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import Mappings

GATED_ASSETS = AssetSelection.assets(
    "refund_actions", "refund_pushes", "return_status_pushes", "dispatch_pushes", "rebound_order_pushes", "return_request_pushes",
    "stock_pushes",
)  # fmt: skip


def build_definitions(
    *,
    settings: Settings | None = None,
    mappings: Mappings | None = None,
    now: Callable[[], datetime] = utc_now,
    open_steps: OpenSteps | None = None,
    open_ledger: OpenLedger | None = None,
) -> dg.Definitions:
    """The whole code location; what is not given comes from the environment.

    Partitions follow the mapping tables as they are now; runs read the tables anew unless `mappings` is given. Raises MappingError
    (file, line, field, what is allowed) when the tables are wrong.
    """
    with warnings.catch_warnings():
        # partitioned checks are in preview, backfill policies in beta: both known, and Dagster's version is pinned
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _compose(settings or load_settings(), mappings, now, open_steps, open_ledger)


def _compose(
    settings: Settings, mappings: Mappings | None, now: Callable[[], datetime], open_steps: OpenSteps | None, open_ledger: OpenLedger | None
) -> dg.Definitions:
    tables = mappings or load_mappings(settings.mappings)
    days = daily_partitions(tables.first_day)
    partitions = marketplace_partitions(days, list(tables.marketplaces))

    def steps_of_run(run_id: str, actor: str) -> AbstractContextManager[StepContext]:
        return open_context(settings, run_id=run_id, actor=actor, now=now, mappings=mappings)

    @contextmanager
    def ledger_of_tick() -> Generator[Ledger]:
        ledger = Ledger.open(settings.resolved_ledger_url)
        try:
            yield ledger
        finally:
            ledger.close()

    jobs = build_jobs(days, partitions)
    checks = asset_checks(days, partitions)
    check_keys = sorted({key for definition in checks for key in definition.check_keys})
    return dg.Definitions(
        assets=[*rebound_assets(days), *mirakl_assets(partitions), *translate_assets(partitions), *act_assets(partitions),
                *status_assets(partitions), *dispatch_assets(partitions), *stock_assets(partitions), *rebound_order_assets(partitions),
                *authorise_assets(partitions),
                *report_assets(partitions)],
        asset_checks=checks,
        jobs=list(jobs),
        schedules=build_schedules(jobs, list(tables.marketplaces), tables.first_day),
        sensors=build_sensors(
            jobs, open_ledger or ledger_of_tick, list(tables.marketplaces), check_keys, GATED_ASSETS
        ),
        resources={"steps": steps_resource(open_steps or steps_of_run)},
        # a step in a process of its own would cost 1.7 s here, against 0.1 s
        executor=dg.in_process_executor,
    )  # fmt: skip
