"""Registering: only validated rows, one effect an order line and reason, exact sums, repeatable, never a paid piece."""

from collections.abc import Generator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Intent, Outcome, PieceUse
from returns_assets.steps.act import read_back_lost_answers
from returns_assets.steps.act_gate import NotValidated
from tests.mirakl.stub import Fault, StubMirakl
from tests.steps.act_world import DAY, MAPPINGS, ActWorld, parsed


def test_rows_that_were_never_validated_do_not_become_effects(act: ActWorld) -> None:
    act.disposition("P1", "NOR-1-A-1")
    with pytest.raises(NotValidated, match="nordhaus 2025-03-10: nothing is registered or sent, because it was never validated"):
        act.register()
    assert act.effects() == []
    assert act.rows("refund_actions") == []


def test_a_failed_validation_blocks_even_after_a_passed_one(act: ActWorld) -> None:
    act.disposition("P1", "NOR-1-A-1")
    act.validate()
    act.validate(passed=False)
    with pytest.raises(NotValidated, match="its validation failed"):
        act.register()


def test_rows_changed_after_their_validation_are_not_validated(act: ActWorld) -> None:
    act.disposition("P1", "NOR-1-A-1", "10.00")
    act.validate()
    act.disposition("P1", "NOR-1-A-1", "11.00")
    with pytest.raises(NotValidated, match="rows changed"):
        act.register()


def test_mapping_tables_changed_after_the_validation_are_not_validated(act: ActWorld) -> None:
    act.disposition("P1", "NOR-1-A-1")
    act.validate()
    act.ctx = replace(act.ctx, mappings=MAPPINGS.model_copy(update={"version": "other"}))
    with pytest.raises(NotValidated, match="mapping tables changed"):
        act.register()


def test_pieces_of_a_line_are_one_refund_with_exact_sums(act: ActWorld, stub: StubMirakl) -> None:
    tax = '[{"code": "VAT", "amount": "0.10"}, {"code": "ECO", "amount": 0.01}]'
    act.disposition("P2", "NOR-1-A-1", "3.34", unit_from=1, taxes=tax, shipping_amount=Decimal("4.90"),
                    shipping_taxes='[{"code": "VAT", "amount": "0.78"}]', foreign_refund_ids='["F2", "F1"]')  # fmt: skip
    act.disposition("P1", "NOR-1-A-1", "3.33", quantity=2, unit_from=2, taxes=tax, foreign_refund_ids='["F1"]')
    act.disposition("P3", "NOR-1-A-1", "1.00", refund_reason_code="15", unit_from=4)
    act.disposition("P4", "NOR-2-A-1", "7.00", outcome="hold")
    assert act.plan().metadata["created"] == 2
    first, second = sorted(act.effects(), key=lambda effect: effect.amount, reverse=True)
    assert (first.amount, first.shipping_amount, first.foreign_ids) == (Decimal("6.67"), Decimal("4.90"), ["F1", "F2"])
    assert {(use.piece_id, use.quantity, use.unit_from) for use in first.pieces} == {("P2", 1, 1), ("P1", 2, 2)}
    assert first.request == {
        "order_tax_mode": "TAX_INCLUDED",
        "refunds": [
            {
                "order_line_id": "NOR-1-A-1",
                "amount": Decimal("6.67"),
                "shipping_amount": Decimal("4.90"),
                "reason_code": "17",
                "quantity": 3,
                "currency_iso_code": "EUR",
                "taxes": [{"code": "ECO", "amount": Decimal("0.02")}, {"code": "VAT", "amount": Decimal("0.20")}],
                "shipping_taxes": [{"code": "VAT", "amount": Decimal("0.78")}],
            }
        ],
    }
    assert second.request["refunds"][0]["reason_code"] == "15"
    row = next(row for row in act.rows("refund_actions") if row["reason_code"] == "17")
    assert (row["amount"], row["shipping_amount"], row["quantity"], row["state"]) == (Decimal("6.67"), Decimal("4.90"), 3, "planned")
    assert parsed(row["taxes"]) == first.request["refunds"][0]["taxes"]
    assert stub.seen == []


def test_registering_twice_gives_the_same(act: ActWorld) -> None:
    act.many(5)
    act.plan()
    before = act.rows("refund_actions")
    result = act.plan().metadata
    assert (result["created"], result["reopened"], result["unchanged"]) == (0, 0, 5)
    assert [{**row, "validation_id": 0} for row in act.rows("refund_actions")] == [{**row, "validation_id": 0} for row in before]


def test_a_piece_that_is_no_longer_to_be_refunded_is_withdrawn(act: ActWorld) -> None:
    act.many(2)
    act.plan()
    act.disposition("P0", "NOR-0-A-1", outcome="exception")
    assert act.plan().metadata["withdrawn"] == 1
    assert act.states() == {"NOR-1-A-1": "planned"}
    assert [row["order_line_id"] for row in act.rows("refund_actions")] == ["NOR-1-A-1"]


def test_a_second_piece_of_a_paid_line_becomes_its_own_refund(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["20.00"], quantity=2)
    act.disposition("P1", "NOR-1-A-1")
    act.plan()
    act.push()
    act.disposition("P2", "NOR-1-A-1", unit_from=1)
    for paid in (False, True):  # even rows decided before the payment must not make the line a conflict
        act.disposition("P1", "NOR-1-A-1", paid=paid)
        result = act.plan().metadata
        assert result["conflicts"] == 0
    assert sorted((effect.state, [use.piece_id for use in effect.pieces]) for effect in act.effects()) == [
        ("confirmed", ["P1"]),
        ("planned", ["P2"]),
    ]


def test_a_piece_in_flight_is_not_planned_again(act: ActWorld) -> None:
    act.disposition("P1", "NOR-1-A-1")
    act.plan()
    (effect,) = act.effects()
    claim = act.ledger.effects.claim({effect.id: []}, token="t", lease=60, run_id="r", actor="a", now=act.clock())
    act.disposition("P1", "NOR-1-A-1", "9.00")
    act.plan()
    assert act.effects()[0].request == effect.request
    act.ledger.effects.settle([Outcome(claim[0].id, "t", "confirmed", "R1")], act.clock())
    act.plan()
    assert act.states() == {"NOR-1-A-1": "confirmed"}


# -- an old day, by hand, after a later one decided its pieces again

NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def next_day(tmp_path: Path, sqlite_ledger: Ledger, stub: StubMirakl, act: ActWorld) -> Generator[ActWorld]:
    world = ActWorld(tmp_path, sqlite_ledger, stub.url, clock=act.clock, day=NEXT_DAY)
    yield world
    world.close()


def correct(world: ActWorld, piece: str, outcome: str) -> None:
    """The later day's decision about the piece; the earlier day's rows stay as they are."""
    with world.warehouse.transaction() as con:
        con.execute(
            "INSERT INTO mapped_dispositions BY NAME SELECT * REPLACE (? AS day, ? AS outcome) FROM mapped_dispositions WHERE piece_id = ?",
            [world.day, outcome, piece],
        )


def test_what_a_later_correction_withdrew_an_old_day_cannot_bring_back(act: ActWorld, next_day: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["30.00"])
    act.event("P1", DAY, key="graded")
    act.disposition("P1", "NOR-1-A-1")
    act.plan()
    next_day.event("P1", NEXT_DAY, "ITEM_GRADED", key="missing")
    correct(next_day, "P1", "exception")
    assert next_day.plan().metadata["withdrawn"] == 1
    result = act.register()  # by hand; its rows are still those that passed
    assert (result.metadata["reopened"], result.metadata["decided_later"]) == (0, 1)
    act.push()
    assert stub.calls("OR28") == []
    assert act.effects() == next_day.effects() == []


@pytest.mark.parametrize(
    ("events", "created"),
    [
        ([("ITEM_GRADED", "k2", NEXT_DAY, "HUB")], 0),  # not decided yet by the later day, but it will be
        ([("PARCEL_AT_HUB", "k2", NEXT_DAY, "HUB")], 1),  # decides nothing
        ([("ITEM_GRADED", "k2", NEXT_DAY, "DTR")], 1),  # decides nothing in this lane
        ([("ITEM_GRADED", "k1", NEXT_DAY, "HUB")], 1),  # the same fact told again
    ],
)
def test_a_later_definitive_event_takes_the_piece_away(act: ActWorld, events: list[tuple[str, str, date, str]], created: int) -> None:
    act.event("P1", DAY, key="k1", lane=events[0][3])
    for event, key, day, lane in events:
        act.event("P1", day, event, key, lane)
    act.disposition("P1", "NOR-1-A-1")
    assert act.plan().metadata["created"] == created


def test_the_other_piece_of_the_line_is_still_refunded(act: ActWorld) -> None:
    act.disposition("P1", "NOR-1-A-1")
    act.disposition("P2", "NOR-1-A-1", "4.00", unit_from=1)
    act.plan()
    act.event("P1", NEXT_DAY)
    act.plan()
    assert [(effect.amount, [use.piece_id for use in effect.pieces]) for effect in act.effects()] == [(Decimal("4.00"), ["P2"])]


@pytest.mark.parametrize("how", ["event", "decision"])
def test_a_correction_after_registering_stops_the_push(act: ActWorld, next_day: ActWorld, stub: StubMirakl, how: str) -> None:
    stub.put_order("NOR-1-A", ["30.00"])
    act.disposition("P1", "NOR-1-A-1")
    act.plan()
    if how == "event":
        act.event("P1", NEXT_DAY)
    else:
        correct(next_day, "P1", "no_refund")
    result = act.push()
    assert result.metadata["push"]["deferred"] == {"decided_again_later": 1}
    assert act.states() == {"NOR-1-A-1": "held (decided_again_later)"}
    assert act.exceptions() == {"decided_again_later": 1}
    assert stub.calls("OR28") == []


def test_the_later_day_refunds_what_the_old_one_held(act: ActWorld, next_day: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["30.00"])
    act.disposition("P1", "NOR-1-A-1")
    act.plan()
    correct(next_day, "P1", "refund")
    act.push()
    assert stub.calls("OR28") == []
    next_day.plan()
    next_day.push()
    assert next_day.states() == {"NOR-1-A-1": "confirmed"}
    assert len(stub.all_refunds) == 1


def test_an_effect_that_moves_on_leaves_nothing_in_the_old_days_datasets(act: ActWorld, next_day: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["30.00"])
    act.disposition("P1", "NOR-1-A-1")
    act.plan()
    correct(next_day, "P1", "refund")
    act.push()
    assert [(row["day"], row["state"]) for row in act.rows("refund_pushes")] == [(DAY, "held")]
    next_day.plan()
    assert [row["day"] for row in act.rows("refund_actions")] == [NEXT_DAY]
    next_day.push()
    assert [(row["day"], row["state"]) for row in act.rows("refund_pushes")] == [(NEXT_DAY, "confirmed")]
    assert act.exceptions() == {}


def test_lost_answers_are_read_back_before_planning(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["30.00"])
    act.disposition("P1", "NOR-1-A-1")
    act.plan()
    stub.faults.append(Fault("OR28", "cut_after"))
    act.push()
    act.clock.advance(60)
    read_back_lost_answers(act.ctx, act.partition["marketplace"], act.day)
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert [row["state"] for row in act.rows("refund_pushes")] == ["confirmed"]
    assert act.exceptions() == {}


def test_a_piece_that_another_marketplace_holds_is_not_refunded_here_and_is_shown(act: ActWorld) -> None:
    planner = {"validation_id": 1, "mapping_version": "v1", "run_id": "run-2", "actor": "test", "now": act.clock()}
    request = {"order_line_id": "ALB-1-A-1"}
    intent = Intent("ALB-1-A", "ALB-1-A-1", request, Decimal(9), Decimal(0), "GBP", [PieceUse("P1")])
    act.ledger.effects.register("albion", act.day, "refund", [intent], [], **planner)
    act.disposition("P1", "NOR-1-A-1")
    act.disposition("P2", "NOR-1-A-1", unit_from=1)
    result = act.plan()
    assert result.metadata["held_in_other_marketplace"] == 1
    assert [use.piece_id for effect in act.effects() for use in effect.pieces] == ["P2"]
    assert act.exceptions() == {"planned_in_other_marketplace": 1}
    act.ledger.effects.register("albion", act.day, "refund", [], ["P1"], **planner)
    act.register()
    assert sorted(use.piece_id for effect in act.effects() for use in effect.pieces) == ["P1", "P2"]
    assert act.exceptions() == {}
