"""The warehouse's files beside ReBound's documents: every row placed or named, both feeds one piece, nothing guessed."""

import dataclasses
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.quality.gate import validate_dataset
from returns_assets.quality.suites import RETURNS, WAREHOUSE
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext
from returns_assets.steps.inbox import pick_up_returns
from returns_assets.steps.ingest_rebound import ingest_documents, ingest_returns
from returns_assets.steps.ingest_warehouse import ingest_warehouse
from returns_assets.warehouse.connection import Warehouse
from tests.rebound.payloads import MAPPINGS, item, snapshot, to_bytes, tracking

DAY = date(2025, 3, 9)
AT = datetime(2025, 3, 9, 18, 0, tzinfo=UTC)
OWN, P1, P2 = "300000000000000017", "900000000000000011", "900000000000000022"
COLUMNS = (
    "event", "event_time", "order_id", "order_line_id", "sku", "quantity", "piece_id", "return_id", "verification", "grade", "disposition",
    "carrier", "tracking_number", "event_id",
)  # fmt: skip
GOOD = {"verification": "MATCH", "grade": "A", "disposition": "RESTOCK"}


def no_mirakl(key: str) -> Any:
    raise AssertionError(f"ingest asked Mirakl ({key})")


def row(event: str, hour: int = 10, **values: Any) -> str:
    whole = {"event": event, "event_time": f"2025-03-09 {hour:02}:00:00", **values}
    return ";".join(str(whole.get(name, "")) for name in COLUMNS)


def about(event: str, piece: str = P1, hour: int = 10, **values: Any) -> str:
    """A row about one piece of NOR-1-A, as the sandbox's warehouse writes it."""
    return row(event, hour, **{"order_id": "NOR-1-A", "order_line_id": "NOR-1-A-1", "sku": "S1", "quantity": "1,0", "piece_id": piece,
                               "return_id": OWN, **values})  # fmt: skip


class Bench:
    def __init__(self, home: Path, ledger: Ledger) -> None:
        settings = Settings(home=home)
        self.ctx = StepContext(settings, MAPPINGS, Warehouse(settings.resolved_warehouse_url), ledger, no_mirakl, "run", "test", lambda: AT)

    def rebound(self, channel: str, payload: Any, at: datetime = AT) -> None:
        self.ctx.ledger.inbox.add(to_bytes(payload), channel=channel, name="x.json", received_at=at)

    def two_pieces(self, flow: str = "DTR") -> None:
        self.rebound("tracking", tracking(items=[item(), item(reboundItemId=P2)]))
        self.rebound("snapshots", snapshot(items=[], flow=flow, status="OPEN"))

    def file(self, *rows: str, at: datetime = AT) -> None:
        content = "\r\n".join([";".join(COLUMNS), *rows]).encode()
        self.ctx.ledger.inbox.add(content, channel="warehouse", name="w.csv", received_at=at)

    def run(self, day: date = DAY) -> None:
        ingest_documents(self.ctx, day)
        ingest_returns(self.ctx, day)
        ingest_warehouse(self.ctx, day)
        failed = [f.name for asset in (RETURNS, WAREHOUSE) for f in validate_dataset(self.ctx, asset, None, day) if f.stops]
        assert failed == []

    def rows(self, columns: str, table: str = "rebound_returns", where: str = "kind = 'warehouse_file'") -> list[Any]:
        with self.ctx.warehouse.read() as con:
            found = con.execute(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY ALL").fetchall()
        return [each[0] if len(each) == 1 else each for each in found]

    def facts(self, columns: str, where: str = "true") -> list[Any]:
        return self.rows(columns, "warehouse_events", where)

    def open(self) -> list[tuple[str, str, str]]:
        found = self.ctx.ledger.exceptions.list()
        return sorted((e.exception_class, e.cause, e.subject) for e in found if e.cause != "check_failed")

    def warnings(self) -> set[str]:
        return {e.subject.rsplit("/", 1)[-1] for e in self.ctx.ledger.exceptions.list(cause="check_failed")}


@pytest.fixture
def bench(tmp_path: Path) -> Generator[Bench]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield Bench(tmp_path, ledger)
    ledger.close()


def test_facts_about_a_piece_become_events_of_its_return_in_its_lane(bench: Bench):
    bench.two_pieces()
    bench.file(about("RECEIVED", hour=9), about("INSPECTED", hour=10, **GOOD), about("PUTAWAY", hour=15, grade="A", sku="OTHER"))
    bench.run()
    assert bench.rows(
        "event, event_rank, lane, piece_id, return_id, order_id, marketplace, line_ref, sku, quantity, grade, disposition"
    ) == [
        ("ITEM_INSPECTED", 66, "DTR", P1, OWN, "NOR-1-A", "nordhaus", "NOR-1-A-1", "S1", 1, "A", "RESTOCK"),
        ("PARCEL_DELIVERED", 40, "DTR", P1, OWN, "NOR-1-A", "nordhaus", None, None, None, "U", "NONE"),
        ("PUTAWAY_COMPLETED", 70, "DTR", P1, OWN, "NOR-1-A", "nordhaus", None, None, None, "A", "NONE"),
    ]
    assert bench.facts("line_number, event, event_time::VARCHAR, marketplace, sku, problem") == [
        (2, "RECEIVED", "2025-03-09 08:00:00", "nordhaus", "S1", None),
        (3, "INSPECTED", "2025-03-09 09:00:00", "nordhaus", "S1", None),
        (4, "PUTAWAY", "2025-03-09 14:00:00", "nordhaus", "OTHER", None),
    ]
    assert (bench.open(), bench.warnings()) == ([], set())
    before = bench.rows("*"), bench.facts("*")
    bench.run()
    assert (bench.rows("*"), bench.facts("*")) == before


def test_a_dispatch_is_no_event_of_a_return(bench: Bench):
    bench.file(row("DISPATCHED", order_id="ALB-7-A", sku="S1", quantity=2, carrier="Radkurier Nord", tracking_number="0123"))
    bench.run()
    assert bench.facts("event, marketplace, order_id, quantity, carrier, tracking_number, piece_id") == [
        ("DISPATCHED", "albion", "ALB-7-A", 2, "Radkurier Nord", "0123", None)
    ]
    assert (bench.rows("event"), bench.open()) == ([], [])


def test_a_piece_without_order_id_has_its_returns(bench: Bench):
    bench.two_pieces()
    bench.run()
    later = AT + timedelta(days=1)
    bench.file(row("PUTAWAY", piece_id=P1), at=later)
    bench.run(later.date())
    assert bench.facts("marketplace, order_id, return_id, piece_id") == [("nordhaus", "NOR-1-A", OWN, P1)]
    assert bench.rows("marketplace, order_id, return_id, piece_id") == [("nordhaus", "NOR-1-A", OWN, P1)]


def test_a_row_of_two_units_without_ids_is_both_pieces(bench: Bench):
    bench.two_pieces()
    bench.file(about("INSPECTED", "", quantity=2, **GOOD), about("PUTAWAY", "", 15, quantity=2, grade="A"))
    bench.run()
    assert bench.rows("event, piece_id") == [
        ("ITEM_INSPECTED", P1), ("ITEM_INSPECTED", P2), ("PUTAWAY_COMPLETED", P1), ("PUTAWAY_COMPLETED", P2),
    ]  # fmt: skip
    assert bench.facts("line_number, piece_id, quantity") == [(2, P1, 1), (2, P2, 1), (3, P1, 1), (3, P2, 1)]
    assert (bench.open(), bench.warnings()) == ([], set())


def test_a_row_without_id_takes_what_no_other_row_names_also_on_another_day(bench: Bench):
    bench.two_pieces()
    later = AT + timedelta(days=1)
    bench.file(about("INSPECTED", P1, **GOOD))
    bench.run()
    bench.file(about("INSPECTED", "", 12, **GOOD), at=later)
    bench.run(later.date())
    assert bench.rows("day, piece_id") == [(DAY, P1), (later.date(), P2)]
    bench.file(about("INSPECTED", "", 12, **GOOD), about("INSPECTED", P1, **GOOD), at=later + timedelta(days=1))  # both told again
    bench.run(later.date() + timedelta(days=1))
    assert bench.rows("count(*), count(DISTINCT (piece_id, event_key))") == [(4, 2)]


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        ([about("INSPECTED", "", quantity=3, **GOOD)], "piece_unclear"),
        (
            [about("INSPECTED", "", 10, **GOOD), about("INSPECTED", "", 11, verification="MATCH", grade="D", disposition="DESTROY")],
            "piece_unclear",
        ),
        ([about("INSPECTED", "", order_line_id="NOR-1-A-2", **GOOD)], "piece_not_announced"),
        ([about("INSPECTED", "", return_id="300000000000000099", order_id="NOR-9-A", **GOOD)], "piece_not_announced"),
    ],
    ids=["more units than pieces", "one good and one bad, nobody knows which", "another line", "a return nobody knows"],
)
def test_what_cannot_be_told_is_named_and_kept_and_decides_nothing(bench: Bench, rows: list[str], cause: str):
    bench.two_pieces()
    bench.file(*rows)
    bench.run()
    assert bench.rows("event") == []
    assert bench.facts("piece_id, split_part(problem, ':', 1)") == [(None, cause)] * len(rows)
    assert {found for _, found, _ in bench.open()} == {cause}
    assert bench.warnings() == {"facts_placed"}


def test_an_id_that_rebound_does_not_know_of_the_return_is_not_a_second_piece(bench: Bench):
    bench.rebound("tracking", tracking(items=[item(reboundItemId=None)]))
    bench.file(about("INSPECTED", "WMS-4711", **GOOD))
    bench.run()
    assert bench.rows("piece_id") == [f"{OWN}/NOR-1-A-1/1"]


def test_a_row_with_another_order_than_rebounds_does_not_count(bench: Bench):
    bench.two_pieces()
    bench.file(about("INSPECTED", P1, order_id="NOR-2-A", **GOOD), about("INSPECTED", P2, order_id="NOR-1", **GOOD))
    bench.run()
    assert bench.rows("piece_id, order_id") == [(P2, "NOR-1-A")], "NOR-1 is the customer's name for the same order"
    assert bench.open() == [("logical", "order_differs", P1)]


def test_unknown_words_wait_and_an_unroutable_row_is_named(bench: Bench):
    bench.two_pieces()
    bench.file(
        about("INSPECTED", verification="MATCH", grade="A", disposition="kaputt"), about("PUTAWAY", "", order_id="ZZZ-1", return_id="")
    )
    bench.run()
    assert bench.rows("disposition, disposition_raw, problem") == [("UNKNOWN", "kaputt", "unknown_disposition:kaputt")]
    assert bench.open() == [("mapping", "unknown_disposition", "kaputt"), ("mapping", "unroutable", "ZZZ-1")]
    (word,) = bench.ctx.ledger.exceptions.list(cause="unknown_disposition")
    assert "warehouse.yaml" in word.todo
    known = MAPPINGS.warehouse.model_copy(update={"disposition_map": {**MAPPINGS.warehouse.disposition_map, "kaputt": "DESTROY"}})
    bench.ctx = dataclasses.replace(bench.ctx, mappings=MAPPINGS.model_copy(update={"warehouse": known}))
    bench.run()
    assert bench.rows("disposition") == ["DESTROY"]
    assert [cause for _, cause, _ in bench.open()] == ["unroutable"]


def test_bad_rows_are_exceptions_with_line_and_values_and_the_others_go_on(bench: Bench):
    bench.two_pieces()
    bench.file(
        about("PUTAWAY", P1), about("PUTWAY", P2), about("PUTAWAY", P2), about("PUTAWAY", P2, quantity="eins"), about("PUTAWAY", P2, 16)
    )
    bench.run()
    assert bench.rows("piece_id") == [P1, P2, P2]
    assert bench.open() == [("technical", "bad_row", "document 3 line 3"), ("technical", "bad_row", "document 3 line 5")]
    (first, _) = sorted(bench.ctx.ledger.exceptions.list(cause="bad_row"), key=lambda e: e.subject)
    assert first.detail.startswith("file w.csv, event: 'PUTWAY' is no event; warehouse.yaml has: PUTAWAY, ")
    assert f"piece_id={P2}" in first.detail
    assert bench.rows("kind, events", "rebound_documents", "document_id = 3") == [("warehouse_file", 3)]


def test_a_file_with_too_many_bad_rows_is_refused_whole(bench: Bench):
    bench.two_pieces()
    bench.file(about("PUTAWAY", P1), about("PUTWAY", P2), about("", P2))
    bench.run()
    assert (bench.rows("event"), bench.facts("event")) == ([], [])
    assert bench.open() == [("technical", "document_refused", "document 3")]


def test_a_lost_row_is_seen(bench: Bench):
    bench.two_pieces()
    bench.file(about("PUTAWAY", P1), about("INSPECTED", P1, **GOOD))
    bench.run()
    for damage, seen_by in (
        ("DELETE FROM warehouse_events WHERE event = 'PUTAWAY'", {"rows_conserved", "facts_kept"}),
        ("DELETE FROM rebound_returns WHERE event = 'PUTAWAY_COMPLETED'", {"facts_kept"}),
    ):
        with bench.ctx.warehouse.transaction() as con:
            con.execute(damage)
        assert {f.name for f in validate_dataset(bench.ctx, WAREHOUSE, None, DAY) if f.stops} == seen_by
        bench.run()


def test_a_file_is_picked_up_from_its_folder_and_one_without_form_is_put_aside(bench: Bench):
    folder = bench.ctx.settings.inbox_dir / "warehouse"
    folder.mkdir(parents=True)
    (folder / "good.csv").write_text("\n".join([";".join(COLUMNS), about("PUTAWAY")]))
    (folder / "bad.csv").write_text("no;header\n1;2")
    for name in ("good.csv", "bad.csv"):
        (folder / f"{name}.done").touch()
    report = pick_up_returns(bench.ctx)
    assert (report.taken, [bad.name for bad in report.unreadable]) == (2, ["warehouse/bad.csv"])
    bench.run()
    assert ("technical", "unreadable_document") in {(kind, cause) for kind, cause, _ in bench.open()}
    assert sorted(path.name for path in bench.ctx.settings.home.rglob("*.csv") if "inbox-error" in str(path)) == ["bad.csv"]
