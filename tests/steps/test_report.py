"""Metrics against figures worked out by hand on a small fixed partition, and the published copy."""

import json
from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from returns_assets.steps.report import compute_metrics, publish
from tests.quality.world import DAY, World, new_world

ACCEPTED = datetime(2025, 3, 5, 8)  # noqa: DTZ001 - the warehouse keeps naive UTC


@pytest.fixture
def world(tmp_path: Path) -> Generator[World]:
    """Nine pieces of two SKUs: four refunded by two effects, one sent without an answer, one refused, one held, one exception, one
    without refund; and one that another day's effect paid."""
    with new_world(tmp_path) as made:
        made.order(1, quantity=10, offer_sku="S1")
        made.order(2, quantity=5, offer_sku="S2")
        for number, document in ((1, 1), (2, 1), (3, 2)):
            made.event(f"P{number}", "NOR-1-A", document_id=document)
        rows: list[dict[str, Any]] = [
            {"piece_id": f"P{n}", "outcome": "refund", "amount": Decimal("2.50"), "quantity": 1, "reason": "SIZE_TOO_LARGE", "paid": True}
            for n in range(1, 5)
        ]
        rows[3] |= {"quantity": 2, "order_line_id": "NOR-2-A-1"}
        rows.append({"piece_id": "P5", "outcome": "refund", "amount": Decimal("7.01"), "paid": True})  # asked, no answer
        rows.append({"piece_id": "P6", "outcome": "refund", "amount": Decimal("1.00"), "paid": False})  # refused
        rows.append({"piece_id": "P7", "outcome": "hold"})
        rows.append({"piece_id": "P8", "outcome": "exception", "exception_class": "mapping", "cause": "reason_not_mapped"})
        rows.append({"piece_id": "P9", "outcome": "no_refund"})
        rows.append({"piece_id": "P10", "outcome": "refund", "amount": Decimal("99.00"), "paid": True})  # by another day's effect
        for row in rows:
            base = {"marketplace": "nordhaus", "day": DAY, "order_line_id": "NOR-1-A-1", "quantity": 1, "definitive_at": ACCEPTED}
            made.insert("mapped_dispositions", **{**base, **row})
        push(made, "E1", "confirmed", ["P1", "P2", "P3"], "7.50", hours=2, shipping="4.90")
        push(made, "E2", "confirmed", ["P4"], "2.50", hours=10)
        push(made, "E3", "unknown", ["P5"], "7.01")
        push(made, "E4", "rejected", ["P6"], "1.00")
        yield made


def push(
    world: World, key: str, state: str, pieces: list[str], amount: str, *, hours: int = 0, shipping: str = "0", day: date = DAY
) -> None:
    uses = json.dumps([{"piece_id": piece, "quantity": 1, "unit_from": 0} for piece in pieces])
    world.insert("refund_pushes", marketplace="nordhaus", day=day, effect_key=key, state=state, amount=Decimal(amount), pieces=uses,
                 shipping_amount=Decimal(shipping), confirmed_at=ACCEPTED + timedelta(hours=hours) if hours else None)  # fmt: skip


def row_of(world: World, table: str, where: str = "TRUE") -> dict[str, Any]:
    with world.ctx.warehouse.read() as con:
        cursor = con.execute(f"SELECT * FROM {table} WHERE {where}")
        names = [column[0] for column in cursor.description or []]
        (found,) = cursor.fetchall()
    return dict(zip(names, found, strict=True))


def test_the_figures(world: World) -> None:
    result = compute_metrics(world.ctx, "nordhaus", DAY)
    row = row_of(world, "return_metrics")
    assert {name: row[name] for name in ("documents", "events", "pieces", "units", "no_refunds", "holds", "exceptions")} == {
        "documents": 2, "events": 3, "pieces": 10, "units": 11, "no_refunds": 1, "holds": 1, "exceptions": 1,
    }  # fmt: skip
    assert (row["refunds"], row["refunded_pieces"], row["failed_pushes"]) == (2, 4, 2)
    assert (row["refunded_amount"], row["refunded_shipping"]) == (Decimal("10.00"), Decimal("4.90"))
    assert row["planned_amount"] == Decimal("8.01"), "the unanswered one and the refused one, not the one paid on another day"
    assert (row["technical"], row["mapping"], row["logical"], row["policy"]) == (0, 1, 0, 0)
    assert row["latency_median_hours"] == pytest.approx(2), "pieces after 2, 2, 2 and 10 hours"
    assert row["latency_p95_hours"] == pytest.approx(2 + 0.85 * 8)
    assert row["currency"] == "EUR"
    assert result.metadata["exceptions_by_cause"] == {"reason_not_mapped": 1}


def test_return_rates(world: World) -> None:
    compute_metrics(world.ctx, "nordhaus", DAY)
    large = row_of(world, "return_metrics_by", "dimension = 'sku' AND key = 'S1'")
    assert (large["pieces"], large["units"], large["sold_units"], large["return_rate"]) == (9, 9, 10, 0.9)
    small = row_of(world, "return_metrics_by", "dimension = 'sku' AND key = 'S2'")
    assert (small["units"], small["sold_units"], small["return_rate"], small["refunded_amount"]) == (2, 5, 0.4, Decimal("2.50"))
    reason = row_of(world, "return_metrics_by", "dimension = 'reason' AND key = 'SIZE_TOO_LARGE'")
    assert (reason["pieces"], reason["refunded_amount"], reason["sold_units"]) == (4, Decimal("10.00"), 15)
    assert reason["return_rate"] == pytest.approx(5 / 15), "units of the reason over all units sold"
    cause = row_of(world, "return_metrics_by", "dimension = 'cause' AND key = 'reason_not_mapped'")
    assert (cause["pieces"], cause["sold_units"], cause["return_rate"]) == (1, None, None)


@pytest.mark.parametrize("marketplace", ["nordhaus", "albion"], ids=["a later day", "another marketplace"])
def test_a_piece_that_moved_leaves_its_money_and_latency_where_they_were_paid(world: World, marketplace: str) -> None:
    world.sql("UPDATE mapped_dispositions SET day = day + 1, marketplace = ? WHERE piece_id IN ('P1', 'P4')", marketplace)
    compute_metrics(world.ctx, "nordhaus", DAY)
    compute_metrics(world.ctx, marketplace, DAY + timedelta(days=1))
    first, second = (row_of(world, "return_metrics", f"day = '{day}'") for day in (DAY, DAY + timedelta(days=1)))
    assert (first["pieces"], first["refunds"], first["refunded_pieces"], first["refunded_amount"]) == (8, 2, 4, Decimal("10.00"))
    assert first["latency_p95_hours"] == pytest.approx(2 + 0.85 * 8), "the four pieces paid here, wherever they are now"
    assert (second["pieces"], second["refunds"], second["refunded_amount"], second["planned_amount"]) == (2, 0, 0, 0)
    assert second["latency_median_hours"] is None
    small = row_of(world, "return_metrics_by", f"day = '{DAY}' AND dimension = 'sku' AND key = 'S2'")
    assert (small["pieces"], small["units"], small["refunded_amount"]) == (0, 0, Decimal("2.50"))
    reason = row_of(world, "return_metrics_by", f"day = '{DAY}' AND dimension = 'reason' AND key = 'SIZE_TOO_LARGE'")
    assert (reason["pieces"], reason["refunded_amount"]) == (2, Decimal("10.00"))
    assert world.sql("SELECT sum(refunded_amount) FROM return_metrics_by WHERE dimension = 'sku'") == [(Decimal("10.00"),)]


def test_a_day_that_a_piece_left_stops_counting_it_without_being_run_again(world: World) -> None:
    compute_metrics(world.ctx, "nordhaus", DAY)
    later = DAY + timedelta(days=1)
    news = {"marketplace": "nordhaus", "order_line_id": "NOR-1-A-1", "quantity": 1, "definitive_at": ACCEPTED, "reason": "CHANGED_MIND"}
    for piece in ("P1", "P7", "P8"):  # one that was refunded, one held, one in the exception queue
        world.insert("mapped_dispositions", **news, day=later, piece_id=piece, outcome="no_refund")
    compute_metrics(world.ctx, "nordhaus", later)
    sums = "sum(pieces), sum(units), sum(holds), sum(exceptions), sum(no_refunds), sum(refunds), sum(refunded_amount)"
    assert world.sql(f"SELECT {sums} FROM return_metrics") == [(10, 11, 0, 0, 4, 2, Decimal("10.00"))]
    assert world.sql(f"SELECT pieces FROM return_metrics WHERE day = '{DAY}'") == [(7,)]
    assert world.sql("SELECT sum(pieces), sum(refunded_amount) FROM return_metrics_by WHERE dimension = 'sku'") == [(10, Decimal("10.00"))]
    assert world.sql("SELECT sum(pieces) FROM return_metrics_by WHERE dimension = 'cause'") == [(None,)]


def test_shared_money_adds_up_to_what_was_paid(world: World) -> None:
    world.sql("UPDATE refund_pushes SET amount = 10.01 WHERE effect_key = 'E1'")
    world.sql("UPDATE mapped_dispositions SET reason = piece_id, amount = 1 WHERE piece_id IN ('P1', 'P2', 'P3')")
    compute_metrics(world.ctx, "nordhaus", DAY)
    shares = world.sql(
        "SELECT refunded_amount FROM return_metrics_by WHERE dimension = 'reason' AND key IN ('P1', 'P2', 'P3') ORDER BY key"
    )
    assert [share for (share,) in shares] == [Decimal("3.33"), Decimal("3.34"), Decimal("3.34")]


def test_twice_is_the_same_rows_and_other_partitions_are_left_alone(world: World) -> None:
    compute_metrics(world.ctx, "nordhaus", DAY)
    compute_metrics(world.ctx, "albion", DAY)
    before = world.sql("SELECT * FROM return_metrics ORDER BY ALL"), world.sql("SELECT * FROM return_metrics_by ORDER BY ALL")
    compute_metrics(world.ctx, "nordhaus", DAY)
    assert (world.sql("SELECT * FROM return_metrics ORDER BY ALL"), world.sql("SELECT * FROM return_metrics_by ORDER BY ALL")) == before


def test_an_empty_partition_is_a_row_of_zeros(world: World) -> None:
    compute_metrics(world.ctx, "albion", DAY)
    row = row_of(world, "return_metrics")
    assert (row["pieces"], row["refunds"], row["refunded_amount"], row["planned_amount"]) == (0, 0, 0, 0)
    assert row["latency_median_hours"] is None


def test_the_published_copy_is_swapped_under_open_readers(world: World) -> None:
    publish(world.ctx)
    path = world.ctx.settings.published_path
    with duckdb.connect(str(path), read_only=True) as reader:
        world.sql("DELETE FROM mapped_dispositions WHERE piece_id = 'P10'")
        assert publish(world.ctx).metadata["tables"]["mapped_dispositions"] == 9
        assert reader.execute("SELECT count(*) FROM mapped_dispositions").fetchone() == (10,)
    with duckdb.connect(str(path), read_only=True) as reader:
        assert reader.execute("SELECT count(*) FROM mapped_dispositions").fetchone() == (9,)
