"""Shipping refunded alone: registered from the row of the piece that completes the order, sent once, stopped by a later correction."""

import json
from collections.abc import Generator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import effect_key
from returns_assets.steps.act import read_back_lost_answers
from returns_assets.steps.report import compute_metrics
from tests.mirakl.stub import Fault, StubMirakl
from tests.steps.act_world import DAY, KEY, ActWorld, parsed

NEXT_DAY = DAY + timedelta(days=1)
LINE_1, LINE_2 = "NOR-1-A-1", "NOR-1-A-2"


def top_up(**fields: Any) -> str:
    entry = {
        "order_line_id": LINE_1, "shipping_amount": "5.0000", "shipping_taxes": [{"code": "VAT", "amount": "0.8000"}],
        "reason_code": "17", "paid": False, "foreign_refund_ids": [], "pieces": ["P1", "P2"],
    }  # fmt: skip
    return json.dumps([{**entry, **fields}])


def completes(act: ActWorld, **fields: Any) -> None:
    """P2 of line 2 is refunded with its shipping, and line 1's shipping, whose piece P1 was paid before, alone."""
    shipping = fields.pop("shipping", Decimal("5.00"))
    act.disposition("P2", LINE_2, "20.00", shipping_amount=shipping, shipping_top_ups=top_up(**fields))


@pytest.fixture
def order(stub: StubMirakl) -> StubMirakl:
    stub.put_order("NOR-1-A", ["10.00", "20.00"])
    return stub


@pytest.fixture
def next_day(tmp_path: Path, sqlite_ledger: Ledger, stub: StubMirakl, act: ActWorld) -> Generator[ActWorld]:
    world = ActWorld(tmp_path, sqlite_ledger, stub.url, clock=act.clock, day=NEXT_DAY)
    yield world
    world.close()


def test_it_is_an_effect_of_its_own_with_no_amount_and_no_pieces(act: ActWorld) -> None:
    completes(act, foreign_refund_ids=["F1"])
    assert act.plan().metadata["created"] == 2
    effect = act.ledger.effects.get(effect_key("refund", KEY, LINE_1, ()))
    assert effect is not None
    assert (effect.amount, effect.shipping_amount, effect.pieces, effect.foreign_ids) == (0, Decimal("5.0000"), (), ["F1"])
    assert effect.request == {
        "order_tax_mode": "TAX_INCLUDED",
        "refunds": [
            {
                "order_line_id": LINE_1,
                "amount": Decimal("0.00"),
                "shipping_amount": Decimal("5.00"),
                "reason_code": "17",
                "quantity": 0,
                "currency_iso_code": "EUR",
                "shipping_taxes": [{"code": "VAT", "amount": Decimal("0.80")}],
            }
        ],
    }
    (row,) = [row for row in act.rows("refund_actions") if row["order_line_id"] == LINE_1]
    assert (row["order_id"], row["amount"], row["shipping_amount"], row["quantity"], row["pieces"]) == ("NOR-1-A", 0, 5, 0, "[]")
    assert parsed(row["shipping_taxes"]) == [{"code": "VAT", "amount": Decimal("0.80")}]


def test_it_is_sent_once_and_reported(act: ActWorld, order: StubMirakl) -> None:
    completes(act)
    act.plan()
    result = act.push()
    assert [(r["amount"], r["shipping_amount"]) for r in order.refunds_of(LINE_1)] == [(0, 5)]
    assert [(r["amount"], r["shipping_amount"]) for r in order.refunds_of(LINE_2)] == [(20, 5)]
    assert (result.metadata["refunded_amount"], result.metadata["refunded_shipping"]) == ("20.0000", "10.0000")
    (row,) = [row for row in act.rows("refund_pushes") if row["order_line_id"] == LINE_1]
    assert (row["state"], row["amount"], row["shipping_amount"], row["quantity"]) == ("confirmed", 0, 5, 0)
    compute_metrics(act.ctx, KEY, DAY)
    (metrics,) = act.rows("return_metrics")
    assert (metrics["refunds"], metrics["refunded_pieces"]) == (2, 1)
    assert (metrics["refunded_amount"], metrics["refunded_shipping"]) == (20, 10)
    for paid in (False, True):  # rows decided before the payment, and after
        completes(act, paid=paid)
        assert act.plan().metadata["settled"] == (0 if paid else 1)
        act.push()
    assert len(order.calls("OR28")) == 2
    assert act.states() == {LINE_1: "confirmed", LINE_2: "confirmed"}


@pytest.mark.parametrize("fault", ["cut_after", "cut_before"])
def test_a_lost_answer_is_read_back(act: ActWorld, order: StubMirakl, fault: str) -> None:
    completes(act)
    act.plan()
    order.fault_for = lambda seen: Fault("OR28", fault) if seen.operation == "OR28" and LINE_1 in str(seen.body) else None
    act.push()
    assert act.states() == {LINE_1: "unknown (answer_lost)", LINE_2: "confirmed"}
    order.fault_for = None
    act.clock.advance(60)
    read_back_lost_answers(act.ctx, KEY, DAY)
    assert act.states()[LINE_1] == ("confirmed" if fault == "cut_after" else "planned")
    act.push()
    assert act.states() == {LINE_1: "confirmed", LINE_2: "confirmed"}
    assert [(r["amount"], r["shipping_amount"]) for r in order.refunds_of(LINE_1)] == [(0, 5)]


def test_shipping_that_somebody_refunded_meanwhile_is_not_paid_on_top(act: ActWorld, order: StubMirakl) -> None:
    completes(act)
    act.plan()
    by_hand = order.refund({"order_line_id": LINE_1, "amount": "0", "shipping_amount": "2.00", "reason_code": "17"})
    act.push()
    assert act.states()[LINE_1] == "held (foreign_refund)"
    completes(act, shipping_amount="3.0000", foreign_refund_ids=[by_hand["id"]])  # netted by the next planning
    act.plan()
    act.push()
    assert [r["shipping_amount"] for r in order.refunds_of(LINE_1)] == [2, 3]
    completes(act, shipping_amount="0.0100", foreign_refund_ids=[by_hand["id"]])
    act.plan()
    act.push()
    assert len(order.refunds_of(LINE_1)) == 2


def test_more_than_the_line_has_left_is_held(act: ActWorld, order: StubMirakl) -> None:
    completes(act, shipping_amount="5.0100")
    act.plan()
    act.push()
    assert act.states()[LINE_1] == "held (over_remainder)"
    assert act.exceptions() == {"over_remainder": 1}
    assert order.refunds_of(LINE_1) == []


def test_what_the_row_no_longer_says_is_withdrawn(act: ActWorld) -> None:
    completes(act)
    act.plan()
    act.disposition("P2", LINE_2, "20.00")
    assert act.plan().metadata["withdrawn"] == 1
    assert act.states() == {LINE_2: "planned"}
    completes(act)
    assert act.plan().metadata["reopened"] == 2, "the row's shipping changed, and the line's shipping is back"
    assert act.states() == {LINE_1: "planned", LINE_2: "planned"}


def decide_later(world: ActWorld, piece: str, outcome: str, **fields: Any) -> None:
    """The later day's row of a piece; the earlier days' rows stay as they are."""
    row = {"marketplace": KEY, "day": world.day, "piece_id": piece, "order_id": "NOR-1-A", "outcome": outcome, "currency": "EUR",
           "tax_mode": "TAX_INCLUDED", **fields}  # fmt: skip
    with world.warehouse.transaction() as con:
        con.execute(f"INSERT INTO mapped_dispositions ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


@pytest.mark.parametrize("piece", ["P1", "P2"], ids=["the piece paid before", "the piece that completes the order"])
@pytest.mark.parametrize("planner", ["its own day", "the later day"])
def test_a_later_correction_stops_and_withdraws_it(act: ActWorld, next_day: ActWorld, order: StubMirakl, piece: str, planner: str) -> None:
    completes(act)
    act.plan()
    act.event(piece, NEXT_DAY)
    act.push()
    assert act.states()[LINE_1] == "held (decided_again_later)"
    if planner == "the later day":
        decide_later(next_day, piece, "exception")
        next_day.plan()
    else:
        act.plan()  # with the rows that passed
    withdrawn = act.ledger.effects.without_pieces(KEY, "refund", [LINE_1])
    assert [effect.state for effect in withdrawn] == ["withdrawn"]
    act.plan()
    act.push()
    assert order.refunds_of(LINE_1) == []


@pytest.mark.parametrize("state", ["unknown", "confirmed"])
def test_what_may_have_moved_money_stays(act: ActWorld, next_day: ActWorld, order: StubMirakl, state: str) -> None:
    completes(act)
    act.plan()
    if state == "unknown":
        order.faults.append(Fault("OR28", "cut_after", times=2))
    act.push()
    decide_later(next_day, "P1", "exception")
    assert next_day.plan().metadata["withdrawn"] == 0
    assert act.states()[LINE_1].startswith(state)


def test_the_later_day_makes_what_the_earlier_one_held(act: ActWorld, next_day: ActWorld, order: StubMirakl) -> None:
    completes(act)
    act.plan()
    decide_later(next_day, "P1", "refund", paid=True, shipping_top_ups=top_up())
    act.push()
    assert act.states()[LINE_1] == "held (decided_again_later)"
    next_day.plan()
    next_day.push()
    assert next_day.states() == {LINE_1: "confirmed"}
    assert [(r["amount"], r["shipping_amount"]) for r in order.refunds_of(LINE_1)] == [(0, 5)]


def test_a_day_that_was_run_late_is_not_stopped_by_the_later_day_s_row(act: ActWorld, next_day: ActWorld, order: StubMirakl) -> None:
    """P1 was decided by a later day before this one was run: its row is no news."""
    completes(act, pieces=["P2"])
    decide_later(next_day, "P1", "refund", paid=True)
    act.plan()
    act.push()
    assert act.states() == {LINE_1: "confirmed", LINE_2: "confirmed"}
    assert len(order.all_refunds) == 2
