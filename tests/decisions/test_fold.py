"""The fold over events: what is definitive, and that disorder, duplicates and corrections give the same state."""

from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decisions.world import DAY, RANKS, new_world

NOT_DEFINITIVE = [name for name in RANKS if name not in ("ITEM_REGISTERED", "ITEM_GRADED", "ITEM_DISPOSITIONED")]


@pytest.mark.parametrize("event", NOT_DEFINITIVE)
def test_no_other_event_than_a_definitive_one_makes_a_row(event: str) -> None:
    with new_world() as world:
        world.order()
        world.event("p1", event)
        assert world.rows() == {}


def test_one_definitive_event_makes_one_refund() -> None:
    with new_world() as world:
        world.order()
        for minute, event in enumerate(NOT_DEFINITIVE):
            world.event("p1", event, minute=minute)
        world.event("p1", minute=60)
        assert [row["outcome"] for row in world.rows().values()] == ["refund"]


def test_lane_decides_what_is_definitive() -> None:
    with new_world() as world:
        world.order()
        world.event("p1", lane="DTR")
        assert world.rows() == {}
        world.event("p1", "ITEM_INSPECTED", grade="A", disposition="RESTOCK", minute=5)
        assert world.rows()["p1"]["definitive_event"] == "ITEM_INSPECTED"


def test_a_parcel_document_without_lane_does_not_override_the_lane_that_is_known() -> None:
    with new_world() as world:
        world.order()
        world.event("p1", "ITEM_GRADED", lane="DTR", grade="A", disposition="RESTOCK")
        world.event("p1", "PARCEL_DELIVERED", lane=None, minute=9)
        assert world.rows() == {}


def test_the_same_event_received_again_does_not_move_the_piece() -> None:
    with new_world() as world:
        world.order()
        world.event("p1", event_key="same")
        world.event("p1", event_key="same", day=DAY + timedelta(days=2))
        assert list(world.rows()) == ["p1"]


def test_a_later_definitive_event_takes_the_piece_to_its_day() -> None:
    with new_world() as world:
        world.order()
        world.event("p1", day=DAY - timedelta(days=3))
        world.event("p1", "ITEM_GRADED", grade="D", disposition="DESTROY")
        row = world.rows()["p1"]
        assert (row["outcome"], row["rule"]) == ("hold", "damaged_by_customer")
        assert row["definitive_at"].date() == DAY - timedelta(days=3), "the customer's clock started with the first one"
        assert world.rows(DAY - timedelta(days=3)) == {}


def test_registration_that_arrives_late_does_not_undo_the_inspection() -> None:
    with new_world() as world:
        world.order()
        world.event("p1", "ITEM_GRADED", grade="D", disposition="DESTROY", verification="WRONG_ITEM", minute=1)
        world.event("p1", "ITEM_REGISTERED", minute=30)
        assert world.rows()["p1"]["cause"] == "wrong_item"


def test_a_reason_announced_earlier_fills_in_for_a_registration_without_one() -> None:
    with new_world() as world:
        world.order()
        world.event("p1", "PARCEL_IN_NETWORK", reason="CHANGED_MIND", reason_raw="Changed my mind")
        world.event("p1", minute=3, reason=None, reason_raw=None)
        assert world.rows()["p1"]["reason"] == "CHANGED_MIND"


EVENTS: list[dict[str, Any]] = [
    {"event": "PARCEL_IN_NETWORK", "minute": 0},
    {"event": "REFUND_ADVICE", "minute": 1},
    {"event": "ITEM_REGISTERED", "minute": 2},
    {"event": "ITEM_GRADED", "minute": 3, "grade": "A", "disposition": "RESTOCK"},
    {"event": "ITEM_GRADED", "minute": 4, "grade": "D", "disposition": "DESTROY"},
    {"event": "ITEM_GRADED", "minute": 5, "grade": "B", "disposition": "RESTOCK", "reason": "DEFECTIVE", "reason_raw": "Faulty"},
    {"event": "ITEM_DISPOSITIONED", "minute": 6, "disposition": "QUARANTINE"},
]


@cache
def fold(sequence: tuple[int, ...]) -> dict[str, Any]:
    """The piece's row after these of EVENTS, in this order."""
    with new_world() as world:
        world.order()
        for index in sequence:
            values = dict(EVENTS[index])
            world.event("p1", values.pop("event"), event_key=f"e{index}", **values)
        row = world.rows()["p1"]
        return {name: value for name, value in row.items() if name != "document_id"}


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(len(EVENTS))), st.lists(st.integers(0, len(EVENTS) - 1), max_size=5))
def test_any_order_and_any_duplicates_fold_to_the_same_row(order: list[int], again: list[int]) -> None:
    assert fold((*order, *again)) == fold(tuple(range(len(EVENTS))))


def test_pieces_of_other_days_share_the_line_but_are_not_rows_of_this_partition() -> None:
    with new_world() as world:
        world.order({"quantity": 2})
        world.event("first", day=date(2025, 3, 1))
        world.event("second")
        rows = world.rows()
        assert list(rows) == ["second"]
        assert rows["second"]["unit_from"] == 1
