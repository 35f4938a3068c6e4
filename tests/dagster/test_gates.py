"""The three gates: the run, automation, and the acting steps themselves. None of them may be got round by clicking."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest
from dagster import AssetKey, DagsterEventType

from tests.dagster.location import DAY, Location, changed_reasons, errors, evaluations, failed, made, with_a_bug

ACTING = {"refund_actions", "refund_pushes"}


@pytest.fixture
def day(location: Location) -> Location:
    """Two pieces that may be refunded, their events taken in."""
    for number in (1, 2):
        location.order(f"NOR-{number}-A")
        location.document(f"NOR-{number}-A", f"P{number}")
    location.ingest()
    return location


# -- gate 1: the run ------------------------------------------------------------------------------------------------------------------


def steps(result: dg.ExecuteInProcessResult, kind: DagsterEventType) -> set[str | None]:
    return {event.step_key for event in result.all_events if event.event_type == kind}


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        ("UPDATE mapped_dispositions SET amount = amount * 2 WHERE piece_id = 'P1'", "ready_within_remainder"),
        ("UPDATE mapped_dispositions SET refund_reason_code = '14' WHERE piece_id = 'P1'", "ready_codes_live"),
        ("DELETE FROM mapped_dispositions WHERE piece_id = 'P1'", "nothing_lost"),
    ],
)
def test_a_failed_blocking_check_leaves_everything_after_it_untouched(
    day: Location, monkeypatch: pytest.MonkeyPatch, damage: str, check: str
) -> None:
    with_a_bug(monkeypatch, damage)
    processed = day.process()
    assert not processed.success
    assert check in failed(processed)
    assert evaluations(processed)[check].severity == dg.AssetCheckSeverity.ERROR
    assert made(processed) == {"mirakl_reference", "mirakl_orders", "mapped_dispositions"}
    # not even tried: that the steps would refuse by themselves is gate 3
    assert steps(processed, DagsterEventType.STEP_FAILURE) == {"check_mapped_dispositions"}
    assert steps(processed, DagsterEventType.STEP_START) == made(processed) | {"check_mirakl_orders", "check_mapped_dispositions"}
    assert day.sent == 0
    assert day.states() == {}


def test_gate_partition_stops_the_whole_day_of_its_marketplace_only(location: Location) -> None:
    pieces = {"A1": ("ALB-1-A", "Too large"), "A2": ("ALB-2-A", "Zu groß"), "N1": ("NOR-1-A", "Zu groß"), "N2": ("NOR-2-A", "Too large")}
    for piece, (order, reason) in pieces.items():
        location.order(order)
        location.document(order, piece, reason=reason)
    location.ingest()

    albion = location.process("albion")
    assert not albion.success
    assert failed(albion) == {"codes_validate", "partition_gate"}
    assert evaluations(albion)["codes_validate"].severity == dg.AssetCheckSeverity.ERROR
    assert not made(albion) & ACTING
    assert location.sent == 0

    nordhaus = location.process("nordhaus")
    assert nordhaus.success, errors(nordhaus)
    assert failed(nordhaus) == {"codes_validate"}
    assert location.states("nordhaus") == {"NOR-2-A-1": "confirmed"}
    assert location.sent == 1


def test_a_withdrawn_reason_blocks_until_the_mapping_is_fixed(location: Location) -> None:
    location.order("ALB-1-A")
    location.document("ALB-1-A", "A1")
    location.stub.reasons = [reason for reason in location.stub.reasons if reason["code"] != "ITEM_RETURNED"]
    location.ingest()
    assert failed(location.process("albion")) == {"codes_validate", "partition_gate"}
    assert location.sent == 0
    fixed = location.with_mappings(changed_reasons(location.mappings, "albion", ["SIZE_TOO_LARGE"], "17"))
    processed = fixed.process("albion")
    assert processed.success, errors(processed)
    assert location.states("albion") == {"ALB-1-A-1": "confirmed"}


# -- gate 3: a person materialises what acts, alone -----------------------------------------------------------------------------------


def mapped(location: Location, *, checks: bool = True) -> None:
    location.materialize("mirakl_reference", "mirakl_orders")
    location.materialize("mapped_dispositions", checks=checks)


def registered(location: Location) -> None:
    mapped(location)
    assert location.materialize("refund_actions").success
    assert set(location.states().values()) == {"planned"}


def never_validated(location: Location, _: pytest.MonkeyPatch) -> None:
    mapped(location, checks=False)


def validation_failed(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(location)
    with_a_bug(monkeypatch, "UPDATE mapped_dispositions SET currency = 'USD'")
    assert not location.materialize("mapped_dispositions").success


def rows_changed(location: Location, _: pytest.MonkeyPatch) -> None:
    registered(location)
    location.sql("UPDATE mapped_dispositions SET amount = 1 WHERE piece_id = 'P1'")


def remade_without_checks(location: Location, _: pytest.MonkeyPatch) -> None:
    registered(location)
    location.sql("UPDATE rebound_returns SET quantity = 2 WHERE piece_id = 'P1'")
    mapped(location, checks=False)


SITUATIONS: dict[str, tuple[Callable[[Location, pytest.MonkeyPatch], None], str]] = {
    "never validated": (never_validated, "because it was never validated"),
    "validation failed": (validation_failed, "because its validation failed"),
    "rows changed since": (rows_changed, "because its rows changed since their validation"),
    "decided again without checks": (remade_without_checks, "because its rows changed since their validation"),
}


@pytest.mark.parametrize("asset", sorted(ACTING))
@pytest.mark.parametrize("situation", SITUATIONS)
def test_materialising_what_acts_alone_sends_nothing(day: Location, monkeypatch: pytest.MonkeyPatch, asset: str, situation: str) -> None:
    prepare, why = SITUATIONS[situation]
    prepare(day, monkeypatch)
    before, requests = day.states(), len(day.stub.seen)
    clicked = day.materialize(asset)
    assert not clicked.success
    assert why in errors(clicked)
    assert "materialise mapped_dispositions with its checks first" in errors(clicked)
    assert made(clicked) == set()
    assert len(day.stub.seen) == requests, "not one request left"
    assert day.states() == before


@pytest.mark.parametrize("asset", sorted(ACTING))
def test_other_mapping_tables_need_another_validation(day: Location, asset: str) -> None:
    registered(day)
    edited = day.with_mappings(day.mappings.model_copy(update={"version": "0" * 64}))
    clicked = edited.materialize(asset)
    assert "because the mapping tables changed since its validation" in errors(clicked)
    assert day.sent == 0


def test_the_click_works_once_the_rows_are_validated(day: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    rows_changed(day, monkeypatch)
    assert not day.materialize("refund_pushes").success
    mapped(day)
    assert day.materialize("refund_actions").success
    pushed = day.materialize("refund_pushes")
    assert pushed.success, errors(pushed)
    assert day.sent == 2


# -- gate 2: automation ---------------------------------------------------------------------------------------------------------------

EVENING = datetime(2025, 3, 5, 18, tzinfo=UTC)


def requested(location: Location, cursor: Any = None) -> tuple[dict[str, set[str]], Any]:
    """What automation would start at the evening of the day, by asset."""
    result = dg.evaluate_automation_conditions(location.defs, location.instance, cursor=cursor, evaluation_time=EVENING)
    found = {asset: set(result.get_requested_partitions(AssetKey(asset))) for asset in sorted(ACTING)}
    return {asset: {key for key in keys if key is not None} for asset, keys in found.items()}, result.cursor


def test_automation_registers_and_pushes_when_the_checks_passed(day: Location) -> None:
    nothing, cursor = requested(day)
    assert nothing == {"refund_actions": set(), "refund_pushes": set()}
    mapped(day)
    key = f"{DAY}|nordhaus"
    found, _ = requested(day, cursor)
    assert found == {"refund_actions": {key}, "refund_pushes": {key}}


def test_a_failed_warning_does_not_stop_automation(location: Location) -> None:
    location.order("NOR-1-A")
    location.document("NOR-1-A", "P1", reason="Zu groß")
    location.ingest()
    _, cursor = requested(location)
    location.materialize("mirakl_reference", "mirakl_orders")
    assert failed(location.materialize("mapped_dispositions")) == {"codes_validate"}
    assert requested(location, cursor)[0]["refund_actions"] == {f"{DAY}|nordhaus"}


def test_automation_waits_behind_a_failed_blocking_check(day: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    _, cursor = requested(day)
    with_a_bug(monkeypatch, "UPDATE mapped_dispositions SET currency = 'USD'")
    mapped(day)
    found, cursor = requested(day, cursor)
    assert found == {"refund_actions": set(), "refund_pushes": set()}


def test_automation_waits_for_checks_that_did_not_run(day: Location) -> None:
    _, cursor = requested(day)
    mapped(day, checks=False)
    assert requested(day, cursor)[0] == {"refund_actions": set(), "refund_pushes": set()}


def test_automation_does_not_push_old_actions_behind_a_failed_check(day: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    """refund_pushes depends on mapped_dispositions itself: the checks of direct dependencies are the only ones that are looked at."""
    mapped(day)
    with_a_bug(monkeypatch, "UPDATE mapped_dispositions SET currency = 'USD'")
    mapped(day)
    _, cursor = requested(day)
    monkeypatch.undo()
    day.instance.report_runless_asset_event(dg.AssetMaterialization("refund_actions", partition=f"{DAY}|nordhaus"))
    assert requested(day, cursor)[0] == {"refund_actions": set(), "refund_pushes": set()}
