"""rebound_documents and rebound_returns from a real inbox into a real warehouse: nothing lost, nothing twice, everything explained."""

import dataclasses
import json
from collections import Counter
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext
from returns_assets.steps.inbox import pick_up_returns
from returns_assets.steps.ingest_rebound import ingest_documents, ingest_returns
from returns_assets.translation.model import Mappings
from returns_assets.warehouse.connection import Warehouse
from tests.rebound.payloads import MAPPINGS, NA, item, received, snapshot, to_bytes, tracking, trigger

DAY = date(2025, 3, 9)
AT = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
OWN = "300000000000000017"
OTHER = "(00)300000000000000024"


def no_mirakl(key: str) -> Any:
    raise AssertionError(f"ingest asked Mirakl ({key})")


class Bench:
    """A context over a real ledger and warehouse, with short ways to add documents and to look at tables."""

    def __init__(self, home: Path, ledger: Ledger, mappings: Mappings = MAPPINGS) -> None:
        settings = Settings(home=home)
        self.ctx = StepContext(settings, mappings, Warehouse(settings.resolved_warehouse_url), ledger, no_mirakl, "run", "test", lambda: AT)

    def with_mappings(self, **changed: Any) -> None:
        account = MAPPINGS.rebound.model_copy(update=changed)
        self.ctx = dataclasses.replace(self.ctx, mappings=MAPPINGS.model_copy(update={"rebound": account}))

    def add(self, channel: str, content: Any, at: datetime = AT) -> int:
        body = content if isinstance(content, bytes) else to_bytes(content)
        return self.ctx.ledger.inbox.add(body, channel=channel, name=f"{channel}/x.json", received_at=at)[0]

    def run(self, day: date = DAY) -> dict[str, Any]:
        ingest_documents(self.ctx, day)
        return ingest_returns(self.ctx, day).metadata

    def rows(self, columns: str, table: str = "rebound_returns", where: str = "true") -> list[Any]:
        with self.ctx.warehouse.read() as con:
            found = con.execute(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY ALL").fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    def open(self) -> list[tuple[str, str, str]]:
        return sorted((e.exception_class, e.cause, e.subject) for e in self.ctx.ledger.exceptions.list())


@pytest.fixture
def bench(tmp_path: Path) -> Generator[Bench]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield Bench(tmp_path, ledger)
    ledger.close()


def test_a_day_of_all_kinds(bench: Bench):
    bench.add("tracking", tracking())
    bench.add("refund-instant", trigger())
    bench.add("refund-registered", trigger())
    bench.add("snapshots", snapshot(status="COMPLETED"))
    bench.add("tracking", tracking(clientOrderId="ALB-9-A"), AT - timedelta(days=1))  # another day's
    result = bench.run()
    assert result["marketplaces"] == {"nordhaus": 5}
    assert bench.rows("event, event_rank, kind, lane, piece_id, marketplace, order_id, problem") == [
        ("ITEM_GRADED", 60, "return_snapshot", "HUB", "900000000000000011", "nordhaus", "NOR-1-A", None),
        ("ITEM_REGISTERED", 50, "refund_registered", None, "900000000000000011", "nordhaus", "NOR-1-A", None),
        ("PARCEL_IN_NETWORK", 20, "tracking_update", None, "900000000000000011", "nordhaus", "NOR-1-A", None),
        ("REFUND_ADVICE", 25, "refund_instant", None, "900000000000000011", "nordhaus", "NOR-1-A", None),
        ("RETURN_CLOSED", 80, "return_snapshot", "HUB", None, "nordhaus", "NOR-1-A", None),
    ]
    assert bench.rows("document_id, kind, events, problem", "rebound_documents") == [
        (1, "tracking_update", 1, None),
        (2, "refund_instant", 1, None),
        (3, "refund_registered", 1, None),
        (4, "return_snapshot", 2, None),
    ]
    assert bench.rows("DISTINCT day, received_at") == [(DAY, AT.replace(tzinfo=None))]
    sent = datetime(2025, 3, 7, 8, 30, 0, 123456, UTC)
    assert bench.rows("event_time", where="event = 'PARCEL_IN_NETWORK'") == [sent.replace(tzinfo=None)]
    assert bench.open() == []


def test_every_column_of_an_item(bench: Bench):
    bench.add("snapshots", snapshot(items=[received(quantity="3", sku="S9")], version=7))
    bench.run()
    assert bench.rows("return_id, line_ref, sku, ean, quantity, reason_raw, reason") == [
        ("300000000000000017", "NOR-1-A-1", "S9", "4000000000019", 3, "Too large", "SIZE_TOO_LARGE")
    ]
    assert bench.rows("verification, grade, disposition_raw, disposition, refund_advice, version") == [
        ("MATCH", "A", "RESTOCK", "RESTOCK", "REFUND", 7)
    ]


def test_materialising_twice_gives_the_same_rows(bench: Bench):
    for document in (tracking(), tracking(items=[]), tracking(statusDescription="?")):
        bench.add("tracking", document)
    bench.add("tracking", b"broken")
    bench.run()
    tables = ("rebound_documents", "rebound_returns")
    before = [bench.rows("*", table) for table in tables]
    bench.run()
    assert [bench.rows("*", table) for table in tables] == before


def test_duplicates_byte_identical_and_reserialised_are_one_event(bench: Bench):
    bench.add("refund-registered", trigger())
    bench.add("refund-registered", trigger())
    bench.add("refund-registered", json.dumps(trigger(), indent=2, sort_keys=True).encode())
    bench.add("refund-registered", trigger(), AT + timedelta(days=1))  # the same bytes, later: still the first document
    assert bench.add("refund-registered", json.dumps([trigger()]).encode(), AT + timedelta(days=1)) == 3
    bench.run()
    bench.run(DAY + timedelta(days=1))
    assert bench.rows("day, document_id") == [(DAY, 1), (DAY, 2), (DAY + timedelta(days=1), 3)]
    assert len(bench.rows("DISTINCT event_key")) == 1


def test_files_with_byte_order_mark_arrays_and_lines(bench: Bench):
    bench.add("tracking", b"\xef\xbb\xbf" + json.dumps([tracking(), tracking(reboundOrderId="R2")]).encode())
    bench.add("tracking", "\n".join(json.dumps(tracking(reboundOrderId=r)) for r in ("R3", "R4")).encode())
    bench.run()
    assert bench.rows("document_id, return_id") == [(1, "300000000000000017"), (1, "R2"), (2, "R3"), (2, "R4")]
    assert bench.rows("events", "rebound_documents") == [2, 2]


def test_bad_documents_are_named_and_the_others_go_on(bench: Bench):
    bench.add("tracking", b'{"order": ')
    bench.add("tracking", to_bytes(tracking()) + b"\n{broken")
    bench.add("pigeon", tracking())
    bench.add("refund-registered", trigger())
    bench.run()
    problems = dict(bench.rows("document_id, problem", "rebound_documents"))
    assert problems[1].startswith("tracking/x.json: line 1")
    assert "line 2" in problems[2]
    assert "refund-instant, refund-registered, snapshots, tracking" in problems[3]
    assert problems[4] is None
    assert bench.rows("document_id, events", "rebound_documents") == [(1, 0), (2, 1), (3, 0), (4, 1)]
    assert bench.rows("document_id") == [2, 4]
    assert bench.open() == [
        ("mapping", "unknown_channel", "document 3"),
        ("technical", "unreadable_document", "document 1"),
        ("technical", "unreadable_part", "document 2"),
    ]
    (unreadable,) = bench.ctx.ledger.exceptions.list(cause="unreadable_document")
    assert (unreadable.source, unreadable.scope, unreadable.day) == ("rebound_documents", {"day": "2025-03-09"}, DAY)
    assert "allowed: one JSON object" in unreadable.todo


def test_an_unknown_code_is_one_exception_however_often_and_clears_by_a_mapping_row(bench: Bench):
    """Scenario 24: a replay of the inbox after the mapping was added needs no code and no new document."""
    for number in range(5):
        bench.add("refund-registered", trigger(items=[item(reboundItemId=f"P{number}", reasonCode="Zu groß")], reboundOrderId=f"R{number}"))
    bench.add("tracking", tracking(statusDescription="eingegangen"))
    result = bench.run()
    assert result["problems"] == {"unknown_reason": 5, "unknown_status": 1}
    assert bench.rows("DISTINCT (reason, reason_raw, problem)", where="event = 'ITEM_REGISTERED'") == [
        ("UNKNOWN", "Zu groß", "unknown_reason:Zu groß")
    ]
    assert bench.open() == [("mapping", "unknown_reason", "Zu groß"), ("mapping", "unknown_status", "eingegangen")]
    (reason,) = bench.ctx.ledger.exceptions.list(cause="unknown_reason")
    assert (reason.marketplace, reason.subject_kind, reason.source) == ("nordhaus", "code", "rebound_returns")
    assert reason.detail.startswith("unknown_reason:Zu groß: 5 rows")
    keys = bench.rows("event_key")
    bench.with_mappings(
        reason_map={**MAPPINGS.rebound.reason_map, "Zu groß": "SIZE_TOO_LARGE"},
        status_map={**MAPPINGS.rebound.status_map, "eingegangen": "PARCEL_AT_HUB"},
    )
    bench.run()
    assert bench.open() == []
    assert bench.rows("DISTINCT reason", where="event = 'ITEM_REGISTERED'") == ["SIZE_TOO_LARGE"]
    assert bench.rows("event", where="kind = 'tracking_update'") == ["PARCEL_AT_HUB"]
    assert bench.rows("event_key") == keys  # a mapping changes what an event means, not which event it is


def test_exceptions_of_one_day_do_not_clear_those_of_another(bench: Bench):
    later = DAY + timedelta(days=1)
    bench.add("tracking", tracking(statusDescription="?"))
    bench.add("tracking", tracking(statusDescription="?", timestamp="2025-03-10T08:00:00Z"), AT + timedelta(days=1))
    bench.run()
    bench.run(later)
    assert [e.day for e in bench.ctx.ledger.exceptions.list()] == [DAY, later]
    bench.with_mappings(status_map={"?": "PARCEL_AT_HUB"})
    bench.run(later)
    assert [e.day for e in bench.ctx.ledger.exceptions.list()] == [DAY]


def test_an_order_id_of_no_marketplace_is_unroutable_and_kept(bench: Bench):
    bench.add("refund-registered", trigger(clientOrderId="XXX-1-A"))
    bench.add("tracking", tracking(clientOrderId=NA, reboundOrderId=OTHER))
    result = bench.run()
    assert (result["marketplaces"], result["unroutable"]) == ({}, 2)
    assert bench.rows("order_id, marketplace") == [("XXX-1-A", None), (None, None)]
    assert bench.open() == [("mapping", "unroutable", "XXX-1-A"), ("mapping", "unroutable", f"return {OTHER[4:]}")]


@pytest.mark.parametrize("days_apart", [-1, 0, 1])
def test_a_document_without_order_id_follows_its_return(bench: Bench, days_apart: int):
    """Scenario 5, and RLiB: whichever of the two came first, and on whichever day."""
    there = AT + timedelta(days=days_apart)
    bench.add("refund-registered", trigger(clientOrderId=NA))
    bench.add("tracking", tracking(), there)
    bench.run(there.date())
    bench.run()
    assert bench.rows("marketplace, order_id, problem", where="kind = 'refund_registered'") == [("nordhaus", "NOR-1-A", None)]
    assert bench.open() == []


def test_a_return_of_two_orders_is_not_guessed_at(bench: Bench):
    bench.add("tracking", tracking(clientOrderId="NOR-1-A"))
    bench.add("tracking", tracking(clientOrderId="NOR-2-A"))
    bench.add("refund-registered", trigger(clientOrderId=NA))
    bench.run()
    assert bench.rows("marketplace, order_id", where="kind = 'refund_registered'") == [(None, None)]
    assert bench.open() == [("mapping", "unroutable", "return 300000000000000017")]


def test_a_document_that_arrives_between_the_two_steps_is_in_both_or_in_neither(bench: Bench):
    bench.add("tracking", tracking())
    ingest_documents(bench.ctx, DAY)
    bench.add("tracking", tracking(statusDescription="arrivedAtHub"))
    ingest_returns(bench.ctx, DAY)
    assert bench.rows("document_id") == [1] == bench.rows("document_id", "rebound_documents")
    bench.run()
    assert bench.rows("document_id") == [1, 2] == bench.rows("document_id", "rebound_documents")


def test_events_counted_are_events_kept(bench: Bench):
    odd: list[Any] = ["x", None, item(), item(quantity="x"), item(reboundItemId=["P"]), {}]
    for channel, made in (("tracking", tracking), ("refund-instant", trigger), ("refund-registered", trigger), ("snapshots", snapshot)):
        bench.add(channel, made(items=odd))
        bench.add(channel, made(items=[]))
        bench.add(channel, {})
        bench.add(channel, {"order": "x", "items": "y"})
        bench.add(channel, {"order": {"reboundOrderId": {"a": 1}}, "status": 1})
    bench.run()
    kept = Counter(bench.rows("document_id"))
    counted = dict(bench.rows("document_id, events", "rebound_documents"))
    assert {number: events for number, events in counted.items() if events} == kept
    assert sum(counted.values()) == 4 * (6 + 1 + 1 + 1 + 1)


def test_text_that_no_store_keeps_does_not_stop_the_day(tmp_path: Path, ledger: Ledger):
    """On SQLite and PostgreSQL: NUL and half surrogates in ids, codes and names, and a label as long as a novel."""
    bench = Bench(tmp_path, ledger)
    bench.add("tracking", b'{"order": {"reboundOrderId": "R\\u0000", "statusDescription": "\\ud800", "clientOrderId": "NOR-\\u0000"}}')
    bench.add("refund-registered", trigger(items=[item(reasonCode="\x00" + "x" * 10_000), item(reboundItemId="\ud800")]))
    bench.add("pigeon\ufffd", trigger())
    bench.run()
    assert len(bench.rows("document_id")) == 3
    causes = {cause for _, cause, _ in bench.open()}
    assert causes == {"unknown_status", "unknown_reason", "unknown_channel"}


def test_what_a_later_version_does_not_say_is_null_and_takes_nothing_back(bench: Bench):
    bench.add("snapshots", snapshot(items=[received(verification="WRONG_ITEM", quantity="2")], version=1))
    silent = received(verification=NA, quantity=NA, inspectedAt="2025-03-09T09:30:00Z")
    bench.add("snapshots", snapshot(items=[silent], version=2))
    bench.run()
    assert bench.rows("version, verification, quantity") == [(1, "WRONG_ITEM", 2), (2, None, None)]


def unclear(bench: Bench) -> list[tuple[str, str, str]]:
    return [one for one in bench.open() if one[1] == "piece_id_unclear"]


def test_two_triggers_without_ids_for_two_units_are_named(bench: Bench):
    bench.add("refund-registered", trigger(items=[item(reboundItemId=NA)]))
    bench.add("refund-registered", json.dumps(trigger(items=[item(reboundItemId=NA)]), indent=1).encode())  # the same, sent again
    bench.add("snapshots", snapshot(items=[received(reboundItemId=NA)]))  # the same piece, graded
    bench.run()
    assert unclear(bench) == []
    bench.add("refund-registered", trigger(items=[item(reboundItemId=NA, reasonCode="Too small")]))
    bench.run()
    assert unclear(bench) == [("logical", "piece_id_unclear", OWN)]
    flagged = "kind = 'refund_registered' AND problem LIKE '%piece_id_unclear%'"
    assert bench.rows("document_id", where=flagged) == [1, 2, 4]
    assert len(bench.rows("document_id")) == 4


def test_a_line_with_and_without_ids_is_named_once_a_return(bench: Bench):
    bench.add("refund-registered", trigger(items=[item(reboundItemId=NA)]))
    bench.add("tracking", tracking())  # announced with an id
    bench.run()
    assert unclear(bench) == []
    bench.add("refund-registered", trigger())
    bench.run()
    assert unclear(bench) == [("logical", "piece_id_unclear", OWN)]
    assert bench.rows("problem", where="problem IS NOT NULL") == [f"piece_id_unclear:{OWN}"]


def test_an_empty_day(bench: Bench):
    assert (ingest_documents(bench.ctx, DAY).rows, ingest_returns(bench.ctx, DAY).rows) == (0, 0)


def test_the_drop_folder_fills_the_inbox_and_a_bad_file_is_reported_once(bench: Bench, tmp_path: Path):
    folder = tmp_path / "inbox" / "refund-registered"
    folder.mkdir(parents=True)
    (folder / "good.json").write_bytes(to_bytes(trigger()))
    (folder / "bad.json").write_bytes(b'{"order":')
    assert pick_up_returns(bench.ctx).counts() == {"taken": 0, "new": 0, "waiting": 2, "unreadable": 0, "failed": 0}
    assert pick_up_returns(bench.ctx).counts() == {"taken": 2, "new": 2, "waiting": 0, "unreadable": 1, "failed": 0}
    (reported,) = bench.ctx.ledger.exceptions.list()
    assert (reported.cause, reported.day, reported.subject) == ("unreadable_document", DAY, "document 1")
    bench.run()
    assert [e.id for e in bench.ctx.ledger.exceptions.list()] == [reported.id]  # the same exception, not a second one
    assert bench.rows("piece_id") == ["900000000000000011"]


def test_one_call_can_look_twice(bench: Bench, tmp_path: Path):
    folder = tmp_path / "inbox" / "tracking"
    folder.mkdir(parents=True)
    (folder / "a.json").write_bytes(to_bytes(tracking()))
    assert pick_up_returns(bench.ctx, look_again_after=0.01).counts()["taken"] == 1


def test_a_file_that_cannot_be_moved_is_an_exception_until_it_can(bench: Bench, tmp_path: Path):
    folder = tmp_path / "inbox" / "tracking"
    folder.mkdir(parents=True)
    (folder / "a.json").write_bytes(to_bytes(tracking()))
    (tmp_path / "inbox-archive").write_text("a file where the folder should be")
    pick_up_returns(bench.ctx)
    assert pick_up_returns(bench.ctx).counts()["failed"] == 1
    assert [cause for _, cause, _ in bench.open()] == ["file_not_taken"]
    (tmp_path / "inbox-archive").unlink()
    report = pick_up_returns(bench.ctx)
    assert (report.taken, report.new) == (1, 0)
    assert bench.open() == []
