"""Ingest from Mirakl: incremental sweeps, named orders always fresh, landed before parsed, replay without a network."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.mirakl.errors import MiraklDeniedError
from returns_assets.steps.ingest_mirakl import ingest_orders, ingest_reference
from tests.mirakl.stub import Fault, StubMirakl
from tests.steps.act_world import DAY, KEY, ActWorld, Clock

TABLES = ("mirakl_orders", "mirakl_order_lines", "mirakl_refunds")


def event(act: ActWorld, return_id: str, order_id: str | None, day: date = DAY) -> None:
    with act.warehouse.transaction() as con:
        con.execute(
            "INSERT INTO rebound_returns (day, marketplace, return_id, order_id) VALUES (?, ?, ?, ?)", [day, KEY, return_id, order_id]
        )


def orders(act: ActWorld, day: date = DAY) -> dict[str, dict[str, Any]]:
    return {row["order_id"]: row for row in act.rows("mirakl_orders") if row["day"] == day}


def sweeps(stub: StubMirakl) -> list[tuple[str, str | None]]:
    return [
        (seen.params["start_update_date"], seen.params.get("end_update_date"))
        for seen in stub.calls("OR11")
        if "start_update_date" in seen.params
    ]


def asked(stub: StubMirakl) -> list[str]:
    return [order_id for seen in stub.calls("OR11") for order_id in seen.params.get("order_ids", "").split(",") if order_id]


def test_changed_and_named_orders_are_in_the_partition(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["10.00", "5.50"], last_updated_date="2025-03-10T09:00:00Z")
    stub.put_order("NOR-2-A", ["20.00"], last_updated_date="2025-01-01T00:00:00Z")
    stub.put_order("NOR-3-A", ["30.00"], last_updated_date="2025-01-01T00:00:00Z")
    stub.refund({"order_line_id": "NOR-2-A-1", "amount": "1.25", "reason_code": "17"})
    event(act, "RET1", "NOR-2-A")
    result = ingest_orders(act.ctx, KEY, DAY)
    assert set(orders(act)) == {"NOR-1-A", "NOR-2-A"}
    assert (result.rows, result.metadata["named"], result.metadata["swept"], result.metadata["not_found"]) == (2, 1, True, 0)
    assert len(act.rows("mirakl_order_lines")) == 3
    assert [(row["order_line_id"], str(row["amount"])) for row in act.rows("mirakl_refunds")] == [("NOR-2-A-1", "1.2500")]
    assert {row["tax_mode"] for row in act.rows("mirakl_order_lines")} == {"TAX_INCLUDED"}
    assert all(seen.params["order_tax_mode"] == "TAX_INCLUDED" and seen.params["max"] == "100" for seen in stub.calls("OR11"))


def test_the_day_is_swept_in_steps_with_an_overlap_and_then_closed(act: ActWorld, stub: StubMirakl) -> None:
    act.clock.at = datetime(2025, 3, 10, 12, tzinfo=UTC)
    ingest_orders(act.ctx, KEY, DAY)
    act.clock.advance(299)
    ingest_orders(act.ctx, KEY, DAY)  # a moment ago: the ceiling of OR11
    act.clock.advance(3600)
    ingest_orders(act.ctx, KEY, DAY)
    act.clock.at = datetime(2025, 3, 11, 1, tzinfo=UTC)
    for _ in range(3):
        ingest_orders(act.ctx, KEY, DAY)
        act.clock.advance(3600)
    assert sweeps(stub) == [
        ("2025-03-10T00:00:00.000Z", None),
        ("2025-03-10T11:45:00.000Z", None),
        ("2025-03-10T12:49:59.000Z", "2025-03-11T00:00:00.000Z"),
    ]
    assert len(act.rows("mirakl_sweeps")) == 3


def test_a_past_day_is_swept_once_and_a_future_day_never(act: ActWorld, stub: StubMirakl) -> None:
    for day in (date(2025, 3, 1), date(2025, 3, 1), date(2025, 4, 1)):
        ingest_orders(act.ctx, KEY, day)
    assert sweeps(stub) == [("2025-03-01T00:00:00.000Z", "2025-03-02T00:00:00.000Z")]


def test_named_orders_are_read_again_every_time(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["10.00"])
    event(act, "RET1", "NOR-1-A")
    ingest_orders(act.ctx, KEY, DAY)
    stub.line("NOR-1-A-1")["order_line_state"] = "CLOSED"
    act.clock.advance(1)
    ingest_orders(act.ctx, KEY, DAY)
    assert asked(stub) == ["NOR-1-A", "NOR-1-A"]
    assert [row["line_state"] for row in act.rows("mirakl_order_lines")] == ["CLOSED"]


def test_an_order_named_by_an_earlier_event_of_the_return_is_read(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["10.00"])
    event(act, "RET1", "NOR-1-A", DAY - timedelta(days=5))
    event(act, "RET9", "NOR-9-A", DAY - timedelta(days=5))
    event(act, "RET1", None)
    ingest_orders(act.ctx, KEY, DAY)
    assert asked(stub) == ["NOR-1-A"]


def test_a_commercial_id_finds_its_order_and_an_unknown_one_is_named(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["10.00"])
    event(act, "RET1", "NOR-1")
    event(act, "RET2", "NOR-404-A")
    event(act, "RET3", "NOR-1,NOR-2")
    result = ingest_orders(act.ctx, KEY, DAY)
    assert set(orders(act)) == {"NOR-1-A"}
    assert result.metadata["not_found_sample"] == ["NOR-404-A"]


def test_ingesting_twice_gives_the_same_rows(act: ActWorld, stub: StubMirakl) -> None:
    for n in range(150):
        stub.put_order(f"NOR-{n}-A", ["10.00"], last_updated_date="2025-03-10T09:00:00Z")
    event(act, "RET1", "NOR-1-A")
    ingest_orders(act.ctx, KEY, DAY)
    before = [act.rows(table) for table in TABLES]
    ingest_orders(act.ctx, KEY, DAY)
    assert [act.rows(table) for table in TABLES] == before
    assert len(before[0]) == 150


def test_a_replay_needs_no_network_and_gives_the_same_rows(act: ActWorld, stub: StubMirakl, tmp_path: Path, sqlite_ledger: Ledger) -> None:
    stub.put_order("NOR-1-A", ["10.00"], last_updated_date="2025-03-10T09:00:00Z")
    stub.put_order("NOR-2-A", ["20.00"])
    event(act, "RET1", "NOR-2-A")
    for _ in range(4):
        ingest_orders(act.ctx, KEY, DAY)
        act.clock.advance(600)
    ingest_reference(act.ctx, KEY, DAY)
    tables = (*TABLES, "mirakl_reference")
    before = [act.rows(table) for table in tables]
    stub.close()
    again = ActWorld(tmp_path, sqlite_ledger, "http://127.0.0.1:9")
    with again.warehouse.transaction() as con:
        for table in tables:
            con.execute(f"DELETE FROM {table}")
    ingest_orders(again.ctx, KEY, DAY, replay=True)
    ingest_reference(again.ctx, KEY, DAY, replay=True)
    assert [again.rows(table) for table in tables] == before
    again.close()


def test_a_read_that_breaks_off_writes_nothing(act: ActWorld, stub: StubMirakl) -> None:
    event(act, "RET1", "NOR-1-A")
    stub.faults.append(Fault("OR11", "status", 401, times=100))
    with pytest.raises(MiraklDeniedError):
        ingest_orders(act.ctx, KEY, DAY)
    assert orders(act) == {}
    assert act.rows("mirakl_sweeps") == []


def test_lists_are_read_within_their_ceilings_and_reused_across_days(act: ActWorld, stub: StubMirakl) -> None:
    first = ingest_reference(act.ctx, KEY, DAY)
    counts = {"refund_reason": 3, "cancelation_reason": 1, "tax": 1, "currency": 2, "platform": 5, "account": 5}
    assert first.metadata["lists"] == {**counts, "carrier": 1, "shipping_type": 1}
    act.clock.advance(60)
    ingest_reference(act.ctx, KEY, DAY)
    ingest_reference(act.ctx, KEY, DAY + timedelta(days=1))
    assert {name: len(stub.calls(name)) for name in ("RE01", "/account", "/orders/taxes", "/currencies")} == {
        "RE01": 3,
        "/account": 1,
        "/orders/taxes": 1,
        "/currencies": 1,
    }
    rows = [row for row in act.rows("mirakl_reference") if row["day"] == DAY + timedelta(days=1)]
    assert len(rows) == first.rows
    assert {row["fetched_at"] for row in rows if row["list"] == "account"} == {datetime(2025, 3, 10, 12, tzinfo=UTC).replace(tzinfo=None)}
    act.clock.advance(25 * 3600)
    ingest_reference(act.ctx, KEY, DAY)
    assert len(stub.calls("/account")) == 2


def test_a_list_that_the_key_may_not_read_is_named_and_the_reasons_are_required(act: ActWorld, stub: StubMirakl) -> None:
    stub.faults.append(Fault("/account", "status", 403))
    assert ingest_reference(act.ctx, KEY, DAY).metadata["unavailable"] == ["A01 (HTTP 403)"]
    stub.faults.append(Fault("RE01", "status", 403))
    with pytest.raises(MiraklDeniedError):
        ingest_reference(act.ctx, KEY, DAY)


def test_a_list_of_another_flow_that_fails_stops_nothing(act: ActWorld, stub: StubMirakl) -> None:
    stub.faults.append(Fault("/shipping/carriers", "status", 500, times=100))
    assert ingest_reference(act.ctx, KEY, DAY).metadata["unavailable"] == ["SH21 (HTTP 500)"]


def test_nothing_landed_in_tables_is_personal_or_secret(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["10.00"], last_updated_date="2025-03-10T09:00:00Z")
    ingest_orders(act.ctx, KEY, DAY)
    ingest_reference(act.ctx, KEY, DAY)
    everything = str([act.rows(table) for table in (*TABLES, "mirakl_reference")])
    assert "Private" not in everything
    assert "Secretname" not in everything


def test_a_clock_that_stands_still_still_lets_the_newest_answer_win(act: ActWorld, stub: StubMirakl) -> None:
    assert isinstance(act.clock, Clock)
    stub.put_order("NOR-1-A", ["10.00"])
    event(act, "RET1", "NOR-1-A")
    for state in ("SHIPPED", "RECEIVED", "CLOSED"):
        stub.line("NOR-1-A-1")["order_line_state"] = state
        ingest_orders(act.ctx, KEY, DAY)
    assert [row["line_state"] for row in act.rows("mirakl_order_lines")] == ["CLOSED"]
    ingest_orders(act.ctx, KEY, DAY, replay=True)
    assert [row["line_state"] for row in act.rows("mirakl_order_lines")] == ["CLOSED"]
