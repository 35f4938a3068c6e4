"""The two jobs end to end, and what is seen of them in the UI."""

from decimal import Decimal

import dagster as dg

from tests.dagster.location import DAY, Location, errors, evaluations, failed, made, metadata


def test_from_document_to_refund(location: Location) -> None:
    location.order("NOR-1-A", "10.00", "7.01")
    location.document("NOR-1-A", "P1")
    location.document("NOR-1-A", "P2", line=2)
    ingested = location.ingest()
    assert ingested.success, errors(ingested)
    assert made(ingested) == {"returns", "rebound_polls", "rebound_documents", "rebound_returns", "warehouse_events"}
    assert failed(ingested) == set()

    processed = location.process()
    assert processed.success, errors(processed)
    assert failed(processed) == set()
    assert location.states() == {"NOR-1-A-1": "confirmed", "NOR-1-A-2": "confirmed"}
    assert sorted(refund["amount"] for refund in location.stub.all_refunds) == [Decimal("7.01"), Decimal("10.00")]

    again = location.process()
    assert again.success, errors(again)
    assert location.sent == 2, "running the partition again refunds nothing again"


def test_what_the_assets_say_about_themselves(location: Location) -> None:
    location.order("NOR-1-A")
    location.document("NOR-1-A", "P1")
    location.ingest()
    processed = location.process()

    mapped = metadata(processed, "mapped_dispositions")
    assert mapped["dagster/row_count"] == 1
    columns = {column.name: column for column in mapped["dagster/column_schema"].columns}
    assert columns["amount"].type == "DECIMAL(18,4)"
    assert all(column.description for column in columns.values())
    lineage = mapped["dagster/column_lineage"].deps_by_column
    assert dg.TableColumnDep(asset_key="rebound_returns", column_name="reason_raw") in lineage["reason"]
    assert set(lineage) >= {"reason", "refund_reason_code", "disposition"}
    assert set(lineage) <= set(columns)
    assert [record.data["piece_id"] for record in processed_sample(processed, "mapped_dispositions")] == ["P1"]

    metrics = metadata(processed, "return_metrics")
    assert (metrics["documents"], metrics["pieces"], metrics["refunds"], metrics["exceptions"]) == (1, 1, 1, 0)
    assert Decimal(metrics["refunded_amount"]) == 10
    assert metrics["exceptions_by_cause"] == {}


def processed_sample(result: dg.ExecuteInProcessResult, asset: str) -> list[dg.TableRecord]:
    (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey(asset)]
    value = event.materialization.metadata["sample"]
    assert isinstance(value, dg.TableMetadataValue)
    return list(value.records)


def test_what_a_failed_check_shows(location: Location) -> None:
    location.order("NOR-1-A")
    location.order("NOR-2-A")
    location.document("NOR-1-A", "P1")
    location.document("NOR-2-A", "P2", reason="Zu | groß")
    location.ingest()
    processed = location.process()
    assert processed.success, errors(processed)
    assert failed(processed) == {"codes_validate"}
    evaluation = evaluations(processed)["codes_validate"]
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    assert evaluation.partition == "2025-03-05|nordhaus"
    shown = {name: value.value for name, value in evaluation.metadata.items()}
    assert (shown["evaluated"], shown["unexpected"], shown["unexpected_percent"]) == (2, 1, 50.0)
    assert "| P2 | NOR-2-A |" in shown["sample"]
    assert "Zu \\| groß" in shown["sample"]
    assert location.states() == {"NOR-1-A-1": "confirmed"}, "the good row goes on"


def test_documents_of_an_unknown_code_fail_a_warning_of_the_day(location: Location) -> None:
    location.document("NOR-1-A", "P1", reason="Zu groß")
    location.document("XXX-1-A", "P2")
    ingested = location.ingest()
    assert ingested.success, errors(ingested)
    assert failed(ingested) == {"codes_known", "events_routed"}


def test_a_step_s_actor_is_who_launched_the_run(location: Location) -> None:
    location.order("NOR-1-A")
    location.document("NOR-1-A", "P1")
    location.ingest()
    job = location.defs.resolve_job_def("process_returns")
    tags = {"dagster/schedule_name": "process_today"}
    job.execute_in_process(instance=location.instance, partition_key=f"{DAY}|nordhaus", tags=tags)
    (effect,) = location.ledger.effects.of_partition("nordhaus", DAY, "refund")
    assert {step.actor for step in location.ledger.effects.transitions(effect.id)} == {"schedule:process_today"}


def test_the_published_copy(location: Location) -> None:
    location.order("NOR-1-A")
    location.document("NOR-1-A", "P1")
    location.ingest()
    location.process()
    published = location.defs.resolve_job_def("publish").execute_in_process(instance=location.instance)
    assert published.success
    assert location.settings.published_path.exists()
    assert metadata(published, "published_warehouse")["tables"]["mapped_dispositions"] == 1
