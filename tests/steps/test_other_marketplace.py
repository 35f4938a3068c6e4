"""A correction that names another marketplace's order: the piece is decided there and nowhere else, and paid at most once, whatever had
been done for it before. Whole partitions, from documents to refunds, on two operators' servers; the ledger on both databases."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.mirakl.client import MiraklClient
from returns_assets.operations.pipeline import run_day, run_partition
from returns_assets.settings import Settings
from returns_assets.steps import act_register
from returns_assets.steps.act import push_refunds, read_back_lost_answers, register_refunds
from returns_assets.steps.context import StepContext
from returns_assets.steps.ingest_mirakl import ingest_orders, ingest_reference
from returns_assets.steps.translate import map_dispositions
from returns_assets.warehouse.connection import Warehouse
from returns_assets.warehouse.partitions import slice_hash
from tests.mirakl.stub import Fault, StubMirakl
from tests.steps.act_world import MAPPINGS, Clock

FIRST, SECOND, THIRD = (date(2025, 3, 5) + timedelta(days=n) for n in range(3))
OLD, NEW = "nordhaus", "albion"
OLD_ORDER, NEW_ORDER = "NOR-1-A", "ALB-1-A"


class OneAtATime(Warehouse):
    """A DuckDB file is one process's at a time; here threads stand for processes."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._turn = threading.Lock()

    @contextmanager
    def connection(self) -> Generator[duckdb.DuckDBPyConnection]:
        with self._turn, super().connection() as con:
            yield con


class Shops:
    """Two marketplaces over one inbox, warehouse and ledger. Each order has one line of two units at 10.01."""

    def __init__(self, home: Path, ledger: Ledger) -> None:
        self.clock = Clock()
        self.ledger = ledger
        self.stubs = {OLD: StubMirakl(), NEW: StubMirakl()}
        self.stubs[NEW].reasons.append({"code": "ITEM_RETURNED", "label": "Returned", "type": "REFUND", "is_shop_right": True})
        self.clients = {key: MiraklClient(stub.url, "k", "1", wait=self.clock.advance) for key, stub in self.stubs.items()}
        self.warehouse = OneAtATime(f"duckdb:{home / 'returns.duckdb'}")
        settings = Settings(home=home)
        self.ctx = StepContext(settings, MAPPINGS, self.warehouse, ledger, self.clients.__getitem__, "run-1", "test", self.clock)
        self.stubs[OLD].put_order(OLD_ORDER, ["10.01"], quantity=2)
        self.stubs[NEW].put_order(NEW_ORDER, ["10.01"], quantity=2, currency_iso_code="GBP")

    def close(self) -> None:
        for client in self.clients.values():
            client.close()
        for stub in self.stubs.values():
            stub.close()

    def document(self, order: str, day: date, *pieces: str, channel: str = "refund-registered", hour: int = 9, note: str = "") -> None:
        items = [
            {"reboundItemId": piece, "clientItemId": f"{order}-1", "sku": "SKU1", "quantity": "1", "reasonCode": "Too large"}
            for piece in pieces or ("P1",)
        ]
        body = {"order": {"reboundOrderId": "R1", "clientOrderId": order, "items": items}, "note": note}
        at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        self.ledger.inbox.add(json.dumps(body).encode(), channel=channel, name="d.json", received_at=at)
        run_day(self.ctx, day)

    def checked_run(self, marketplace: str, day: date) -> None:
        """The whole main job; none of its checks may find anything."""
        report = run_partition(self.ctx, marketplace, day)
        assert (report.blocked_by, report.warnings) == ((), ())

    def run(self, marketplace: str, day: date) -> None:
        """The same with the checks taken as passed: they take seconds each time."""
        self.plan(marketplace, day)
        push_refunds(self.ctx, marketplace, day)

    def plan(self, marketplace: str, day: date) -> None:
        """Everything but the push."""
        self.decide(marketplace, day)
        register_refunds(self.ctx, marketplace, day)

    def decide(self, marketplace: str, day: date) -> None:
        """Read, decided and released; nothing is registered."""
        ingest_reference(self.ctx, marketplace, day)
        ingest_orders(self.ctx, marketplace, day)
        read_back_lost_answers(self.ctx, marketplace, day)
        map_dispositions(self.ctx, marketplace, day)
        with self.warehouse.read() as con:
            rows = slice_hash(con, "mapped_dispositions", {"marketplace": marketplace, "day": day})
        self.ledger.validations.record("mapped_dispositions", marketplace, day, rows, MAPPINGS.version, True, "run-1", {})

    def pieces(self) -> dict[tuple[str, str, date], str]:
        """(piece, marketplace, day) -> outcome or cause, in all partitions."""
        with self.warehouse.read() as con:
            rows = con.execute("SELECT piece_id, marketplace, day, coalesce(cause, outcome) FROM mapped_dispositions").fetchall()
        return {(piece, marketplace, day): word for piece, marketplace, day, word in rows}

    def states(self) -> list[tuple[str, str]]:
        """Marketplace and state of every effect that was not withdrawn."""
        found = [effect for key in self.stubs for effect in self.ledger.effects.search(marketplace=key)]
        return sorted((effect.marketplace, effect.state) for effect in found if effect.state != "withdrawn")

    def paid(self) -> list[tuple[str, Decimal]]:
        """What the operators really booked."""
        return [(key, refund["amount"]) for key, stub in self.stubs.items() for refund in stub.all_refunds]

    def open(self) -> set[tuple[str | None, date | None, str]]:
        return {(found.marketplace, found.day, found.cause) for found in self.ledger.exceptions.list()}


@pytest.fixture
def shops(tmp_path: Path, sqlite_ledger: Ledger) -> Generator[Shops]:
    made = Shops(tmp_path, sqlite_ledger)
    yield made
    made.close()


@pytest.fixture
def both(tmp_path: Path, ledger: Ledger) -> Generator[Shops]:
    """The same, once on each of the ledger's databases."""
    made = Shops(tmp_path, ledger)
    yield made
    made.close()


def test_a_correction_before_anything_was_decided(shops: Shops) -> None:
    shops.document(OLD_ORDER, FIRST)
    shops.document(NEW_ORDER, SECOND)
    for day in (FIRST, SECOND):
        for key in (OLD, NEW):
            shops.checked_run(key, day)
    assert shops.pieces() == {("P1", NEW, SECOND): "refund"}
    assert shops.paid() == [(NEW, Decimal("5.01"))]
    assert shops.open() == set()


@pytest.mark.parametrize("channel", ["refund-registered", "refund-instant"])
def test_a_correction_on_the_same_day(shops: Shops, channel: str) -> None:
    shops.document(OLD_ORDER, FIRST)
    shops.decide(OLD, FIRST)
    shops.document(NEW_ORDER, FIRST, channel=channel, hour=10)
    shops.clock.advance(60)
    shops.run(NEW, FIRST)
    with shops.warehouse.read() as con:  # the old marketplace still has its row: the piece counts once all the same
        assert con.execute("SELECT marketplace FROM current_dispositions").fetchall() == [(NEW,)]
    shops.run(OLD, FIRST)
    assert shops.pieces() == {("P1", NEW, FIRST): "refund"}
    assert shops.paid() == [(NEW, Decimal("5.01"))]


def test_a_correction_after_the_payment_is_for_a_person(both: Shops) -> None:
    both.document(OLD_ORDER, FIRST)
    both.checked_run(OLD, FIRST)
    both.document(NEW_ORDER, SECOND)
    for _ in range(2):
        both.checked_run(NEW, SECOND)
        both.checked_run(OLD, FIRST)
    assert both.paid() == [(OLD, Decimal("5.01"))]
    assert both.states() == [(OLD, "confirmed")]
    assert both.pieces() == {("P1", NEW, SECOND): "refunded_in_other_marketplace"}
    (found,) = both.ledger.exceptions.list()
    assert (found.exception_class, found.marketplace, found.day, found.subject) == ("logical", NEW, SECOND, "P1")
    assert found.detail == "order ALB-1-A; nordhaus 2025-03-05, order NOR-1-A: confirmed, refund R1"
    assert "decide with finance" in found.todo


def hold(shops: Shops) -> None:
    """The line turned out not to be refundable when the refund was about to be sent."""
    shops.stubs[OLD].line(f"{OLD_ORDER}-1")["order_line_state"] = "CLOSED"
    push_refunds(shops.ctx, OLD, FIRST)


def wait(shops: Shops) -> None:
    shops.stubs[OLD].line(f"{OLD_ORDER}-1")["order_line_state"] = "SHIPPING"
    push_refunds(shops.ctx, OLD, FIRST)


@pytest.mark.parametrize(
    ("before", "state"), [(lambda _: None, "planned"), (hold, "held"), (wait, "retry_at")], ids=["planned", "held", "retry"]
)
def test_a_refund_that_is_only_planned_is_given_up_first(both: Shops, before: Callable[[Shops], Any], state: str) -> None:
    both.document(OLD_ORDER, FIRST)
    both.plan(OLD, FIRST)
    before(both)
    assert both.states() == [(OLD, state)]
    both.stubs[OLD].line(f"{OLD_ORDER}-1")["order_line_state"] = "RECEIVED"
    calls = len(both.stubs[OLD].calls("OR28"))

    both.document(NEW_ORDER, SECOND)
    both.run(NEW, SECOND)
    assert both.paid() == []
    assert (NEW, SECOND, "planned_in_other_marketplace") in both.open()
    (found,) = both.ledger.exceptions.list(marketplace=NEW)
    assert found.detail == f"order ALB-1-A; nordhaus 2025-03-05, order NOR-1-A: {state}"
    assert "for the partition that the detail names" in found.todo

    both.clock.advance(100_000)  # whatever was to be tried again is due by now
    push_refunds(both.ctx, OLD, FIRST)  # by hand: the old rows are still those that passed
    assert len(both.stubs[OLD].calls("OR28")) == calls
    assert both.states() == [(OLD, "held")]

    both.run(OLD, FIRST)
    assert both.states() == []
    assert {key for key, _, _ in both.open()} == {NEW}
    both.run(NEW, SECOND)
    assert both.paid() == [(NEW, Decimal("5.01"))]
    assert both.open() == set()


def test_the_old_marketplaces_push_says_what_to_do(shops: Shops) -> None:
    shops.document(OLD_ORDER, FIRST)
    shops.plan(OLD, FIRST)
    shops.document(NEW_ORDER, SECOND)
    result = push_refunds(shops.ctx, OLD, FIRST)
    assert result.metadata["push"]["deferred"] == {"decided_in_other_marketplace": 1}
    assert shops.open() == {(OLD, FIRST, "decided_in_other_marketplace")}
    registered = register_refunds(shops.ctx, OLD, FIRST)  # by hand, too: the piece is not brought back, and its refund is given up
    assert (registered.metadata["decided_in_other_marketplace"], registered.metadata["withdrawn"]) == (1, 1)
    shops.run(NEW, SECOND)
    assert shops.paid() == [(NEW, Decimal("5.01"))]


@pytest.mark.parametrize(("fault", "payer"), [("cut_after", OLD), ("cut_before", NEW)])
def test_a_lost_answer_is_read_back_before_anybody_else_pays(shops: Shops, fault: str, payer: str) -> None:
    shops.document(OLD_ORDER, FIRST)
    shops.stubs[OLD].faults.append(Fault("OR28", fault))
    shops.run(OLD, FIRST)
    assert shops.states() == [(OLD, "unknown")]
    shops.document(NEW_ORDER, SECOND)
    shops.run(NEW, SECOND)
    assert shops.pieces()["P1", NEW, SECOND] == "refunded_in_other_marketplace"
    shops.clock.advance(100_000)
    shops.run(OLD, FIRST)
    shops.run(NEW, SECOND)
    assert shops.paid() == [(payer, Decimal("5.01"))]
    assert shops.open() == (set() if payer == NEW else {(NEW, SECOND, "refunded_in_other_marketplace")})


def test_news_that_decides_nothing_by_itself_takes_the_piece_along(shops: Shops) -> None:
    shops.document(OLD_ORDER, FIRST)
    shops.document(NEW_ORDER, SECOND, channel="refund-instant")
    for key in (OLD, NEW):
        for day in (FIRST, SECOND):
            shops.run(key, day)
    assert shops.pieces() == {("P1", NEW, SECOND): "refund"}
    assert shops.paid() == [(NEW, Decimal("5.01"))]


def test_a_piece_that_comes_back_is_decided_on_the_day_it_came_back(shops: Shops) -> None:
    shops.document(OLD_ORDER, FIRST)
    shops.plan(OLD, FIRST)
    shops.document(NEW_ORDER, SECOND)
    shops.run(NEW, SECOND)
    shops.document(OLD_ORDER, THIRD, channel="refund-instant")
    for day in (FIRST, SECOND, THIRD):
        for key in (NEW, OLD):
            shops.run(key, day)
    assert shops.pieces() == {("P1", OLD, THIRD): "refund"}
    assert shops.paid() == [(OLD, Decimal("5.01"))]
    assert shops.open() == set()


def test_an_old_notification_sent_again_is_no_correction_back(shops: Shops) -> None:
    shops.document(OLD_ORDER, FIRST)
    shops.document(NEW_ORDER, SECOND)
    shops.document(OLD_ORDER, THIRD, note="the same once more, in other bytes")
    for day in (FIRST, SECOND, THIRD):
        for key in (NEW, OLD):
            shops.run(key, day)
    assert shops.pieces() == {("P1", NEW, SECOND): "refund"}
    assert shops.paid() == [(NEW, Decimal("5.01"))]


def test_the_other_pieces_of_the_line_keep_their_refund_and_their_units(shops: Shops) -> None:
    shops.document(OLD_ORDER, FIRST, "P1", "P2")
    shops.plan(OLD, FIRST)
    shops.document(NEW_ORDER, SECOND, "P1")
    shops.run(NEW, SECOND)
    shops.run(OLD, FIRST)
    assert shops.paid() == [(OLD, Decimal("5.01"))]  # P2, alone
    shops.run(NEW, SECOND)
    assert shops.paid() == [(OLD, Decimal("5.01")), (NEW, Decimal("5.01"))]


def test_a_unit_that_was_paid_for_a_piece_that_left_stays_paid(shops: Shops) -> None:
    shops.document(OLD_ORDER, FIRST, "P1")
    shops.run(OLD, FIRST)
    shops.document(NEW_ORDER, SECOND, "P1")
    shops.document(OLD_ORDER, THIRD, "P2")
    shops.run(OLD, THIRD)
    assert shops.paid() == [(OLD, Decimal("5.01")), (OLD, Decimal("5.00"))]  # the line's other unit, to the cent
    shops.document(OLD_ORDER, THIRD, "P3", hour=12)
    shops.run(OLD, THIRD)
    assert shops.pieces()["P3", OLD, THIRD] == "over_quantity"
    assert len(shops.paid()) == 2


# -- races: what one side read before the other committed


def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registering as if the warehouse had been read before the correction arrived."""
    monkeypatch.setattr(act_register, "decided_elsewhere", lambda *_: {})


def test_the_old_marketplace_registers_after_the_new_one(both: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    both.document(OLD_ORDER, FIRST)
    both.decide(OLD, FIRST)
    both.document(NEW_ORDER, SECOND)
    both.plan(NEW, SECOND)
    with monkeypatch.context() as patch:
        blind(patch)
        late = register_refunds(both.ctx, OLD, FIRST)
    assert (late.metadata["created"], late.metadata["held_in_other_marketplace"]) == (0, 1)
    assert both.open() == {(OLD, FIRST, "planned_in_other_marketplace")}
    assert both.states() == [(NEW, "planned")]
    push_refunds(both.ctx, OLD, FIRST)
    push_refunds(both.ctx, NEW, SECOND)
    both.run(OLD, FIRST)
    assert both.paid() == [(NEW, Decimal("5.01"))]
    assert both.open() == set()


def test_the_new_marketplace_registers_after_the_old_one(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.document(OLD_ORDER, FIRST)
    shops.decide(OLD, FIRST)
    shops.document(NEW_ORDER, SECOND)
    shops.document(NEW_ORDER, SECOND, "P9", hour=10)
    shops.decide(NEW, SECOND)  # sees no effect of the other
    with monkeypatch.context() as patch:
        blind(patch)
        assert register_refunds(shops.ctx, OLD, FIRST).metadata["created"] == 1
    late = register_refunds(shops.ctx, NEW, SECOND)
    assert (late.metadata["created"], late.metadata["held_in_other_marketplace"]) == (1, 1)  # the line's other piece goes on
    assert shops.open() == {(NEW, SECOND, "planned_in_other_marketplace")}
    for _ in range(2):
        push_refunds(shops.ctx, NEW, SECOND)
        push_refunds(shops.ctx, OLD, FIRST)
        shops.run(OLD, FIRST)
        shops.run(NEW, SECOND)
    assert [key for key, _ in shops.paid()] == [NEW, NEW]
    assert shops.open() == set()


def test_the_ledger_itself_refuses_what_was_registered_in_between(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.document(OLD_ORDER, FIRST)
    shops.decide(OLD, FIRST)
    shops.document(NEW_ORDER, SECOND)
    shops.plan(NEW, SECOND)
    with monkeypatch.context() as patch:
        blind(patch)
        patch.setattr(type(shops.ledger.effects), "piece_effects", lambda *_: {})  # asked a moment too early as well
        late = register_refunds(shops.ctx, OLD, FIRST)
    assert (late.metadata["created"], late.metadata["conflicts"]) == (0, 1)
    assert shops.open() == {(OLD, FIRST, "overtaken")}
    shops.run(OLD, FIRST)
    shops.run(NEW, SECOND)
    assert shops.paid() == [(NEW, Decimal("5.01"))]
    assert shops.open() == set()


@pytest.mark.parametrize("again", range(2))
def test_both_register_and_push_at_once(both: Shops, monkeypatch: pytest.MonkeyPatch, again: int) -> None:
    both.document(OLD_ORDER, FIRST)
    both.decide(OLD, FIRST)
    both.document(NEW_ORDER, SECOND)
    both.decide(NEW, SECOND)
    start, failures = threading.Barrier(2), list[BaseException]()

    def act(marketplace: str, day: date) -> None:
        start.wait()
        try:
            register_refunds(both.ctx, marketplace, day)
            push_refunds(both.ctx, marketplace, day)
        except BaseException as error:  # noqa: BLE001 - the test names whatever it was
            failures.append(error)

    with monkeypatch.context() as patch:
        blind(patch)
        threads = [threading.Thread(target=act, args=where) for where in ((OLD, FIRST), (NEW, SECOND))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert both.paid() in ([], [(NEW, Decimal("5.01"))])  # the old marketplace's push looks at the events again
    for _ in range(2):
        both.run(OLD, FIRST)
        both.run(NEW, SECOND)
    assert both.paid() == [(NEW, Decimal("5.01"))]
    assert both.open() == set()
