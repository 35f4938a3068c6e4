"""Shipping that goes back alone: lines paid before, once the whole order is back. Once, to the cent, and only when it is owed."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decisions.test_price import with_shipping
from tests.decisions.world import DAY, MAPPINGS, World, new_world

BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
VAT = '[{"code": "VAT", "amount": 0.48}]'


def order_of_two(world: World, *more: dict[str, Any], **first: Any) -> None:
    """Line 1 with shipping 3.00, line 2 with 2.00, and more lines."""
    lines = {"shipping_price": Decimal("3.00"), "shipping_taxes": VAT, **first}, {"offer_sku": "S2", "shipping_price": Decimal("2.00")}
    world.order(*lines, *more)


def line_1(world: World, day: date = BEFORE, *, shipping: str = "0", in_flight: bool = False, **event: Any) -> None:
    """Its piece p1, paid."""
    world.event("p1", day=day, **event)
    world.paid("p1", shipping=shipping, in_flight=in_flight)
    if not in_flight:
        world.refund("10.00", shipping=shipping, refund_id="R1", ours=True)


def line_2(world: World, day: date = DAY, **event: Any) -> None:
    """Its piece p2."""
    world.event("p2", line_ref="NOR-1-A-2", sku="S2", day=day, **event)


def top_ups(world: World, day: date = DAY) -> dict[str, list[dict[str, Any]]]:
    """Piece -> what its row says of shipping elsewhere."""
    return {piece: json.loads(row["shipping_top_ups"]) for piece, row in world.rows(day).items() if row["shipping_top_ups"]}


def test_the_piece_that_completes_the_order_brings_the_shipping_of_the_line_paid_before() -> None:
    with new_world() as world:
        order_of_two(world)
        line_1(world)
        line_2(world, reason="CHANGED_MIND")
        row = world.rows()["p2"]
        assert (row["amount"], row["shipping_amount"]) == (Decimal("10.0000"), Decimal("2.0000"))
        assert json.loads(row["shipping_top_ups"]) == [
            {
                "order_line_id": "NOR-1-A-1",
                "shipping_amount": "3.0000",
                "shipping_taxes": [{"code": "VAT", "amount": "0.4800"}],
                "reason_code": row["refund_reason_code"],
                "paid": False,
                "foreign_refund_ids": [],
                "pieces": ["p1", "p2"],
            }
        ]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2000), st.integers(0, 2000), st.integers(0, 900), st.booleans())
def test_what_went_before_and_what_goes_now_add_up_to_the_line(total: int, before: int, tax: int, foreign: bool) -> None:
    before = min(before, total)
    shipping = Decimal(total) / 100
    with new_world() as world:
        taxes = json.dumps([{"code": "VAT", "amount": str(Decimal(tax) / 100)}, {"code": "ECO", "amount": "0.01"}])
        order_of_two(world, shipping_price=shipping, shipping_taxes=taxes)
        line_1(world, shipping="0" if foreign else str(Decimal(before) / 100))
        if foreign and before:
            world.refund("0", shipping=str(Decimal(before) / 100), refund_id="F1")
        line_2(world)
        found = top_ups(world)
    if before == total:
        assert found == {}
        return
    (entry,) = found["p2"]
    assert Decimal(before) / 100 + Decimal(entry["shipping_amount"]) == shipping
    assert entry["foreign_refund_ids"] == (["F1"] if foreign and before else [])
    rounded_before = (2 * tax * before + total) // (2 * total)  # what cumulative rounding gave back with the money before
    assert {part["code"]: Decimal(part["amount"]) for part in entry["shipping_taxes"]}["VAT"] == Decimal(tax - rounded_before) / 100


@pytest.mark.parametrize("mode", ["never", "per_unit"])
def test_marketplaces_that_do_not_give_shipping_back_by_the_order_top_nothing_up(mode: str) -> None:
    with new_world(mappings=with_shipping(mode)) as world:
        order_of_two(world)
        line_1(world)
        line_2(world)
        assert top_ups(world) == {}


def test_the_day_that_asked_for_it_goes_on_asking_until_it_is_made() -> None:
    """Its own piece is paid meanwhile and a later day holds the order's latest piece: nobody else would ask before that day runs again."""
    with new_world() as world:
        order_of_two(world)
        line_1(world, day=AFTER)
        line_2(world)
        world.paid("p2", line="NOR-1-A-2", shipping="2.00")
        world.refund("10.00", line="NOR-1-A-2", shipping="2.00", refund_id="R2", ours=True)
        assert top_ups(world) == {}
        world.top_up_waits(day=AFTER)
        assert top_ups(world) == {}
        world.top_up_waits(day=DAY)
        (entry,) = top_ups(world)["p2"]
        assert (entry["order_line_id"], entry["shipping_amount"], entry["paid"]) == ("NOR-1-A-1", "3.0000", False)


def test_an_order_that_is_not_whole_keeps_its_shipping() -> None:
    with new_world() as world:
        order_of_two(world, {"offer_sku": "S3"})
        line_1(world)
        line_2(world)
        assert top_ups(world) == {}
        assert world.rows()["p2"]["shipping_amount"] == 0


def test_a_line_with_units_that_are_not_back_is_not_topped_up_however_many_came_of_others() -> None:
    with new_world() as world:
        order_of_two(world, {"offer_sku": "S3"}, quantity=2, price=Decimal("20.00"))
        line_1(world)
        world.refund("20.00", line="NOR-1-A-3", refund_id="F1")  # by its money, two units of a line of one
        line_2(world)
        assert top_ups(world) == {}


def test_a_policy_that_gives_no_shipping_is_kept_to() -> None:
    never = [row.model_copy(update={"shipping": "never"}) if row.outcome == "refund" else row for row in MAPPINGS.policy]
    with new_world(mappings=MAPPINGS.model_copy(update={"policy": never})) as world:
        order_of_two(world)
        line_1(world)
        line_2(world)
        assert top_ups(world) == {}


def test_a_line_whose_last_answer_is_not_known_waits() -> None:
    with new_world() as world:
        order_of_two(world)
        line_1(world, in_flight=True)
        line_2(world)
        assert top_ups(world) == {}


def test_a_line_that_somebody_else_refunded_keeps_the_shipping_that_they_left() -> None:
    with new_world() as world:
        order_of_two(world)
        world.refund("10.00", refund_id="F1")
        line_2(world)
        assert top_ups(world) == {}
        assert world.rows()["p2"]["shipping_amount"] == Decimal("2.0000")


def test_shipping_that_we_paid_after_the_order_was_read_is_not_paid_again() -> None:
    with new_world() as world:
        order_of_two(world)
        world.event("p1", day=BEFORE)
        world.paid("p1", shipping="3.00")
        line_2(world)
        assert top_ups(world) == {}


@pytest.mark.parametrize("read", [True, False], ids=["the refund was read", "the order is older"])
def test_once_it_is_paid_the_row_says_so_on_its_day_and_no_other_asks(read: bool) -> None:
    with new_world() as world:
        order_of_two(world)
        line_1(world)
        line_2(world)
        world.paid("p2", line="NOR-1-A-2", shipping="2.00")
        world.topped_up()
        if read:
            world.refund("0", shipping="3.00", refund_id="R2", ours=True)
        (entry,) = top_ups(world)["p2"]
        assert (entry["shipping_amount"], entry["reason_code"], entry["paid"]) == ("3.0000", "15", True)
        assert entry["shipping_taxes"] == [{"code": "VAT", "amount": "0.48"}]
        world.top_ups = []
        world.topped_up(day=AFTER)
        assert top_ups(world) == {}


def test_of_two_days_that_are_both_paid_the_later_asks() -> None:
    for day, asks in ((BEFORE, True), (AFTER, False)):
        with new_world() as world:
            order_of_two(world)
            line_1(world, day)
            line_2(world)
            world.paid("p2", line="NOR-1-A-2", shipping="2.00")
            assert bool(top_ups(world)) is asks


def test_a_day_that_is_run_late_and_completes_the_order_asks() -> None:
    with new_world() as world:
        order_of_two(world)
        line_1(world, AFTER)
        line_2(world)
        (entry,) = top_ups(world)["p2"]
        assert entry["pieces"] == ["p2"], "what a later day decided cannot be undone by something later than this day"


def test_a_paid_piece_that_is_judged_otherwise_now_does_not_make_the_order_whole() -> None:
    with new_world() as world:
        order_of_two(world)
        line_1(world)
        world.event("p1", "ITEM_GRADED", day=BEFORE, verification="WRONG_ITEM", minute=5)
        line_2(world)
        row = world.rows()["p2"]
        assert (row["outcome"], row["shipping_amount"], row["shipping_top_ups"]) == ("refund", 0, None)


def test_a_code_withdrawn_since_the_piece_was_paid_is_not_lent() -> None:
    with new_world() as world:
        order_of_two(world)
        line_1(world)
        line_2(world)
        world.paid("p2", line="NOR-1-A-2", shipping="2.00")
        world.con.execute("DELETE FROM mirakl_reference WHERE code = '17'")
        assert top_ups(world) == {}
