"""What starts runs, or alerts people, when something happened: new documents, a new day of events, a check that failed."""

# pyright: reportUnknownMemberType=false
# Dagster's decorators annotate metadata with an open os.PathLike, so that all of them count as partly unknown.

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import dagster as dg
from dagster import AssetCheckSeverity, AssetKey, AssetSelection, DagsterEventType, DagsterInstance
from dagster._core.event_api import PartitionKeyFilter

from returns_assets.jobs import Jobs
from returns_assets.ledger.database import Ledger
from returns_assets.partitions import day_slice, partition_key
from returns_assets.quality.gate import SOURCE, exception_of, exception_scope
from returns_assets.quality.suites import SUITES

OpenLedger = Callable[[], AbstractContextManager[Ledger]]
ALERTS = logging.getLogger("returns.alerts")  # operations route this logger to wherever they look
BATCH = 5000


def build_sensors(
    jobs: Jobs, open_ledger: OpenLedger, marketplaces: Sequence[str], check_keys: Sequence[dg.AssetCheckKey], gated: AssetSelection
) -> list[dg.SensorDefinition]:
    """All off until turned on in the UI, but for the alerts, which start nothing."""
    return [
        new_documents(jobs, open_ledger),
        new_events(jobs, marketplaces),
        failed_checks(open_ledger, check_keys),
        dg.AutomationConditionSensorDefinition(
            "gated_automation",
            target=gated,
            description="Registers and pushes refunds as soon as mapped_dispositions is new and all its blocking checks passed",
        ),
    ]


def new_documents(jobs: Jobs, open_ledger: OpenLedger) -> dg.SensorDefinition:
    """Cursor: the inbox sequence number up to which runs were asked for."""

    @dg.sensor(
        name="new_documents", job=jobs.ingest, minimum_interval_seconds=60, description="Reads new documents of the inbox into events"
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        seen = int(context.cursor or 0)
        with open_ledger() as ledger:
            documents = ledger.inbox.since(seen, BATCH)
        if not documents:
            return dg.SkipReason(f"no document after number {seen}")
        last = max(document.id for document in documents)
        days = sorted({document.day for document in documents})
        requests = [dg.RunRequest(run_key=f"documents:{last}:{day}", partition_key=partition_key(day)) for day in days]
        return dg.SensorResult(run_requests=requests, cursor=str(last))

    return sensor


def new_events(jobs: Jobs, marketplaces: Sequence[str]) -> dg.SensorDefinition:
    """Cursor: the storage id of the last materialisation seen. Not an asset_sensor, which looks at the newest one only and would pass
    over the other days of a backfill."""

    @dg.sensor(name="new_events", job=jobs.process, minimum_interval_seconds=60,
               description="Runs the main job for the marketplaces of a day whose return events are new")  # fmt: skip
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        seen = int(context.cursor or 0)
        filters = dg.AssetRecordsFilter(asset_key=AssetKey("rebound_returns"), after_storage_id=seen)
        records = context.instance.fetch_materializations(filters, limit=BATCH, ascending=True).records
        if not records:
            return dg.SkipReason("rebound_returns is as it was")
        wanted: dict[str, None] = {}
        for record in records:
            materialization = record.asset_materialization
            if record.partition_key is None or materialization is None:
                continue
            day = day_slice(record.partition_key)
            named = _named(materialization, marketplaces)
            wanted |= dict.fromkeys(partition_key(day, marketplace) for marketplace in named)
        last = records[-1].storage_id
        return dg.SensorResult([dg.RunRequest(run_key=f"events:{last}:{key}", partition_key=key) for key in wanted], cursor=str(last))

    return sensor


def _named(materialization: dg.AssetMaterialization, marketplaces: Sequence[str]) -> list[str]:
    """The marketplaces that the events belong to, as the metadata says; all when it does not say, none that is unknown here."""
    value: Any = materialization.metadata.get("marketplaces")
    said: Any = value.value if value is not None else marketplaces
    return [key for key in marketplaces if key in said]


def failed_checks(open_ledger: OpenLedger, check_keys: Sequence[dg.AssetCheckKey]) -> dg.SensorDefinition:
    """Cursor: the storage id of the last check event seen. A run-failure sensor would not do: a warning fails no run."""

    @dg.sensor(name="failed_checks", minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING,
               description="Every failed check, warnings too: an alert in the log and an entry in the exception queue")  # fmt: skip
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        seen = int(context.cursor or 0)
        last, failed = latest_failures(context.instance, check_keys, seen)
        if failed:
            with open_ledger() as ledger:
                for evaluation in failed:
                    _report(ledger, evaluation)
                    context.log.warning(_sentence(evaluation))
        if last == seen:
            return dg.SkipReason("no check was run")
        return dg.SensorResult(cursor=str(last), skip_reason=f"{len(failed)} failed")

    return sensor


def latest_failures(
    instance: DagsterInstance, check_keys: Sequence[dg.AssetCheckKey], after: int
) -> tuple[int, list[dg.AssetCheckEvaluation]]:
    """The new cursor, and of each check and partition that was run since `after` the latest evaluation, if it failed: one that passed
    again meanwhile is no news."""
    last, failed = after, list[dg.AssetCheckEvaluation]()
    storage = instance.event_log_storage
    for info in storage.get_asset_check_partition_info(check_keys, after_storage_id=after):
        if info.latest_check_event_storage_id <= after:
            continue  # only its asset is new
        last = max(last, info.latest_check_event_storage_id)
        failed.extend(_failed(instance, info.check_key, info.partition_key))
    return last, failed


def _failed(instance: DagsterInstance, key: dg.AssetCheckKey, partition: str | None) -> Iterator[dg.AssetCheckEvaluation]:
    """The latest evaluation of a check on a partition, if it failed."""
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=1, partition_filter=PartitionKeyFilter(key=partition))
    for record in records:
        event = record.event.dagster_event if record.event else None
        if event is not None and event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed:
                yield evaluation


def _sentence(evaluation: dg.AssetCheckEvaluation) -> str:
    grave = "ERROR" if evaluation.severity == AssetCheckSeverity.ERROR else "WARN"
    where = f"{evaluation.asset_key.to_user_string()} {evaluation.partition or ''}".strip()
    return f"{grave} {where}: {evaluation.check_name}: {evaluation.description or 'failed'}"


def _report(ledger: Ledger, evaluation: dg.AssetCheckEvaluation) -> None:
    """The alert, and the same exception that the gate keeps: opened if it is not there, else seen once more."""
    ALERTS.log(logging.ERROR if evaluation.severity == AssetCheckSeverity.ERROR else logging.WARNING, _sentence(evaluation))
    if evaluation.partition is None:
        return
    asset, check = evaluation.asset_key.to_user_string(), evaluation.check_name
    marketplace = evaluation.partition.split("|")[1] if "|" in evaluation.partition else None
    day = day_slice(evaluation.partition)
    expectation = next((e for e in SUITES if (e.asset, e.name) == (asset, check)), None)
    broken = evaluation.metadata.get("broken")
    record = exception_of(
        asset, check, evaluation.description or "failed", expectation, marketplace, day, broken=bool(broken and broken.value)
    )
    ledger.exceptions.open_one(SOURCE, record, scope=exception_scope(asset, marketplace, day))
