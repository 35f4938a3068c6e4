"""Schedules and sensors: which partitions they ask for, and that nothing is asked for twice or forgotten."""

import logging
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster import AssetKey, DagsterRun
from dagster._utils.tags import TagConcurrencyLimitsCounter

from returns_assets.ledger.database import Ledger
from returns_assets.schedules import DISPATCH, PROCESS, days_of
from tests.dagster.location import DAY, Location, with_a_bug
from tests.sandbox_fixture import ROOT


def tick(location: Location, schedule: str, at: datetime) -> list[str]:
    definition = location.defs.resolve_schedule_def(schedule)
    context = dg.build_schedule_context(location.instance, scheduled_execution_time=at, repository_def=location.defs.get_repository_def())
    requests = definition.evaluate_tick(context).run_requests or []
    assert len({request.run_key for request in requests}) == len(requests)
    return [str(request.partition_key) for request in requests]


def test_the_day_s_runs(location: Location) -> None:
    at = datetime(2025, 3, 9, 10, 15, tzinfo=UTC)
    assert tick(location, "ingest_today", at) == ["2025-03-09"]
    assert tick(location, "process_today", at) == ["2025-03-09|nordhaus", "2025-03-09|albion", "2025-03-09|maplewood"]
    midnight = datetime(2025, 3, 9, 0, 20, tzinfo=UTC)
    assert tick(location, "ingest_yesterday", midnight) == ["2025-03-08"]
    assert tick(location, "close_yesterday", midnight)[0] == "2025-03-08|nordhaus"


def test_the_looks_back(location: Location) -> None:
    week = tick(location, "look_back_week", datetime(2025, 5, 11, 2, tzinfo=UTC))
    assert {key.split("|")[0] for key in week} == {f"2025-05-{day:02d}" for day in range(4, 10)}
    month = tick(location, "look_back_month", datetime(2025, 5, 11, 4, tzinfo=UTC))
    assert (month[0].split("|")[0], month[-1].split("|")[0], len(month)) == ("2025-04-06", "2025-05-03", 28 * 3)
    assert tick(location, "look_back_month", datetime(2025, 3, 4, tzinfo=UTC)) == [], "nothing before the first partition"


def test_the_looks_back_leave_no_day_out() -> None:
    for flow in (PROCESS, DISPATCH):
        days = sorted(day for times in flow for day in days_of(times, date(2025, 5, 11), date(2025, 3, 1)))
        assert days == [date.fromordinal(date(2025, 5, 11).toordinal() - back) for back in range(35, -1, -1)]


def asked(location: Location, schedule: str, marketplace: str) -> DagsterRun:
    """The run that a tick of the schedule queues for a marketplace, with its tags."""
    schedule_def = location.defs.resolve_schedule_def(schedule)
    at = datetime(2025, 3, 9, 10, 15, tzinfo=UTC)
    context = dg.build_schedule_context(location.instance, scheduled_execution_time=at, repository_def=location.defs.get_repository_def())
    requests = schedule_def.evaluate_tick(context).run_requests or []
    (request,) = [each for each in requests if str(each.partition_key).endswith(marketplace)]
    job = location.defs.resolve_job_def(schedule_def.job_name)
    tags = {**job.tags, **request.with_resolved_tags_and_config(job, [], []).tags}
    return DagsterRun(job_name=job.name, run_id=request.run_key, tags=tags)


def test_refunds_wait_for_no_flow_beside_them(location: Location) -> None:
    limits = yaml.safe_load((ROOT / "dagster.yaml").read_text())["concurrency"]["runs"]
    slow = [asked(location, "restock_today", "nordhaus"), asked(location, "status_today", "nordhaus")]
    refunds, others = asked(location, "process_today", "nordhaus"), asked(location, "process_today", "albion")
    beside = TagConcurrencyLimitsCounter(limits["tag_concurrency_limits"], slow)
    assert not beside.is_blocked(refunds), "of the same partition, too"
    assert beside.is_blocked(asked(location, "dispatch_today", "maplewood")), "there are slots that only refunds take"
    assert len(slow) < limits["max_concurrent_runs"]
    assert priority(refunds) > priority(slow[0])
    running = TagConcurrencyLimitsCounter(limits["tag_concurrency_limits"], [refunds])
    assert running.is_blocked(asked(location, "process_today", "nordhaus")), "one run of a partition at a time"
    assert not running.is_blocked(others)


def priority(run: DagsterRun) -> int:
    return int(run.tags.get("dagster/priority", "0"))


def evaluate(location: Location, sensor: str, cursor: str | None = None) -> tuple[list[dg.RunRequest], str | None]:
    definition = location.defs.resolve_sensor_def(sensor)
    context = dg.build_sensor_context(location.instance, cursor=cursor, definitions=location.defs)
    result = definition.evaluate_tick(context)
    return list(result.run_requests or []), result.cursor


def test_new_documents_start_the_ingest_of_their_days(location: Location) -> None:
    assert evaluate(location, "new_documents")[0] == []
    location.document("NOR-1-A", "P1")
    location.document("NOR-1-A", "P2")
    location.document("NOR-1-A", "P3", day=date(2025, 3, 2))
    requests, cursor = evaluate(location, "new_documents")
    assert [request.partition_key for request in requests] == ["2025-03-02", "2025-03-05"]
    assert evaluate(location, "new_documents", cursor)[0] == []
    location.document("NOR-1-A", "P4")
    later, _ = evaluate(location, "new_documents", cursor)
    assert [request.partition_key for request in later] == ["2025-03-05"]
    assert {request.run_key for request in later}.isdisjoint({request.run_key for request in requests}), "the same day again is another run"


def test_new_events_start_the_main_job_of_their_marketplaces(location: Location) -> None:
    location.document("NOR-1-A", "P1")
    location.document("ALB-1-A", "P2", day=date(2025, 3, 2))
    location.document("MAP-1-A", "P3", day=date(2025, 3, 2))
    location.ingest(date(2025, 3, 2))
    location.ingest(DAY)
    requests, cursor = evaluate(location, "new_events")
    assert [request.partition_key for request in requests] == ["2025-03-02|albion", "2025-03-02|maplewood", "2025-03-05|nordhaus"]
    assert evaluate(location, "new_events", cursor)[0] == []
    location.ingest(DAY)
    assert [request.partition_key for request in evaluate(location, "new_events", cursor)[0]] == ["2025-03-05|nordhaus"]


def test_new_events_of_a_source_that_names_no_marketplace_concern_all(location: Location) -> None:
    location.instance.report_runless_asset_event(dg.AssetMaterialization(AssetKey("rebound_returns"), partition="2025-03-05"))
    assert len(evaluate(location, "new_events")[0]) == 3


def report(location: Location, check: str, *, passed: bool, asset: str = "mapped_dispositions", **more: Any) -> None:
    partition = "2025-03-05" if asset == "rebound_returns" else f"{DAY}|nordhaus"
    evaluation = dg.AssetCheckEvaluation(AssetKey(asset), check, passed, partition=partition, blocking=True, **more)
    location.instance.report_runless_asset_event(evaluation)


def alerts(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    found = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "returns.alerts"]
    caplog.clear()
    return found


def test_failed_checks_alert_and_open_an_exception(location: Location, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    report(location, "ready_currency", passed=False, description="1 of 3 rows", severity=dg.AssetCheckSeverity.ERROR)
    report(location, "codes_validate", passed=False, description="2 of 3 rows", severity=dg.AssetCheckSeverity.WARN)
    report(location, "one_outcome", passed=True)
    report(location, "codes_known", passed=False, asset="rebound_returns", description="1 of 9 rows", severity=dg.AssetCheckSeverity.WARN)
    _, cursor = evaluate(location, "failed_checks")
    assert sorted(alerts(caplog)) == [
        ("ERROR", "ERROR mapped_dispositions 2025-03-05|nordhaus: ready_currency: 1 of 3 rows"),
        ("WARNING", "WARN mapped_dispositions 2025-03-05|nordhaus: codes_validate: 2 of 3 rows"),
        ("WARNING", "WARN rebound_returns 2025-03-05: codes_known: 1 of 9 rows"),
    ]
    opened = {e.subject: (e.exception_class, e.marketplace, e.count) for e in location.ledger.exceptions.list(source="checks")}
    assert opened == {
        "mapped_dispositions/2025-03-05|nordhaus/ready_currency": ("logical", "nordhaus", 1),
        "mapped_dispositions/2025-03-05|nordhaus/codes_validate": ("mapping", "nordhaus", 1),
        "rebound_returns/2025-03-05/codes_known": ("mapping", None, 1),
    }
    evaluate(location, "failed_checks", cursor)
    assert alerts(caplog) == [], "each failure once"


def test_a_check_that_passed_again_meanwhile_is_no_news(
    location: Location, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    location.order("NOR-1-A")
    location.document("NOR-1-A", "P1")
    location.ingest()
    with monkeypatch.context() as patch:
        with_a_bug(patch, "UPDATE mapped_dispositions SET currency = 'USD'")
        assert not location.process().success
    assert location.process().success
    evaluate(location, "failed_checks")
    assert alerts(caplog) == []
    assert location.ledger.exceptions.list(source="checks") == []


def test_the_alert_refreshes_the_exception_that_the_gate_opened(location: Location) -> None:
    location.order("NOR-1-A")
    location.document("NOR-1-A", "P1", reason="Zu groß")
    location.ingest()
    location.process()
    before = {e.id: e.count for e in location.ledger.exceptions.list(source="checks", marketplace="nordhaus")}
    evaluate(location, "failed_checks")
    after = {e.id: e.count for e in location.ledger.exceptions.list(source="checks", marketplace="nordhaus")}
    assert len(before) == 1
    assert after == {number: count + 1 for number, count in before.items()}


def test_a_gate_that_passes_resolves_what_the_alert_opened(location: Location) -> None:
    location.order("NOR-1-A")
    location.document("NOR-1-A", "P1")
    location.ingest()
    report(location, "ready_currency", passed=False, severity=dg.AssetCheckSeverity.ERROR)
    evaluate(location, "failed_checks")
    assert len(location.ledger.exceptions.list(source="checks")) == 1
    assert location.process().success
    assert location.ledger.exceptions.list(source="checks") == []


def test_a_tick_closes_the_ledger_that_it_opened(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Ledger] = []
    original = Ledger.close

    def close(self: Ledger) -> None:
        closed.append(self)
        original(self)

    monkeypatch.setattr(Ledger, "close", close)
    evaluate(location, "new_documents")
    assert len(closed) == 1
