"""What an order's lines say to a request for a return, and which return is which: pure, by example and by property."""

from datetime import datetime
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returns_assets.decisions.request_case import Item, ReboundCase, Seen, asked_of
from returns_assets.decisions.request_judge import judge
from returns_assets.decisions.request_match import match
from returns_assets.decisions.requests import Done, Rules, of_marketplace, of_rebound
from returns_assets.mirakl.seen import Asked, SeenReturn, SoldLine
from returns_assets.translation.vocabulary import LineState
from tests.steps.act_world import MAPPINGS

RULES = MAPPINGS.marketplace("nordhaus").return_requests


def line(number: int = 1, state: str = "SHIPPED", **more: Any) -> SoldLine:
    given: dict[str, Any] = {"quantity": 1, "price": Decimal(10), **more}
    return SoldLine("O-A", "O", f"O-A-{number}", f"S{number}", state, **given)


def seen(*lines: SoldLine, returns: tuple[SeenReturn, ...] = ()) -> Seen:
    return Seen({one.order_line_id: one for one in lines}, {one.id: one for one in returns})


def asks(return_id: str, units: int = 1, state: str = "WAITING_ACCEPTANCE", number: int = 1, **more: Any) -> SeenReturn:
    made = datetime(2025, 3, 10, int(return_id[1:]))  # noqa: DTZ001 - as the warehouse keeps times
    return SeenReturn(return_id, "O-A", "O", state, created_at=made, lines=(Asked(f"O-A-{number}", units),), **more)


def says(found: Seen, mine: SeenReturn) -> tuple[str, str]:
    return judge(mine.lines, found, mine, RULES)[:2]


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([line(state="")], ("unclear", "line_state_unknown")),
        ([line(state="ON_THE_MOON")], ("unclear", "line_state_unknown")),
        ([], ("unclear", "line_unknown")),
        ([line(unreadable="price")], ("unclear", "line_unreadable")),
        ([line(state="SHIPPING", refunded=Decimal(10))], ("never", "REFUNDED")),
        ([line(refunded=Decimal("9.99"))], ("yes", "")),
        ([line(price=Decimal(0))], ("yes", "")),
        ([line(state="SHIPPING", quantity=0)], ("never", "QUANTITY")),
    ],
)
def test_one_line(lines: list[SoldLine], answer: tuple[str, str]) -> None:
    mine = asks("R1")
    assert says(seen(*lines, returns=(mine,)), mine) == answer


def test_a_request_of_several_lines_is_answered_as_one() -> None:
    both = (Asked("O-A-1", 1), Asked("O-A-2", 1))
    answers = {
        states: judge(both, seen(line(1, states[0]), line(2, states[1])), None, RULES)[:2]
        for states in [("SHIPPED", "SHIPPING"), ("SHIPPED", "CANCELED"), ("CANCELED", "SHIPPING"), ("CLOSED", "CANCELED")]
    }
    assert answers == {
        ("SHIPPED", "SHIPPING"): ("wait", "SHIPPING"),
        ("SHIPPED", "CANCELED"): ("unclear", "partly_eligible"),
        ("CANCELED", "SHIPPING"): ("unclear", "partly_eligible"),
        ("CLOSED", "CANCELED"): ("never", "CLOSED"),
    }


def test_who_asked_first_comes_first_and_a_refused_return_takes_nothing() -> None:
    first, second = asks("R1"), asks("R2")
    both = seen(line(), returns=(first, second))
    assert (says(both, first)[0], says(both, second)) == ("yes", ("never", "QUANTITY"))
    freed = seen(line(), returns=(asks("R1", state="REFUSED"), second))
    assert says(freed, second)[0] == "yes"
    taken = seen(line(), returns=(first, asks("R2", state="IN_PROGRESS")))
    assert says(taken, first) == ("never", "QUANTITY"), "an accepted one holds its units, whenever it was opened"


def test_a_refunded_unit_that_came_back_counts_once_and_one_that_did_not_may_be_another() -> None:
    mine = asks("R2")
    back = seen(line(quantity=2, refunded_units=1), returns=(asks("R1", state="CLOSED"), mine))
    assert says(back, mine)[0] == "yes"
    under_way = seen(line(quantity=2, refunded_units=1), returns=(asks("R1", state="IN_PROGRESS"), mine))
    assert says(under_way, mine) == ("unclear", "quantity_unclear")


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(get_args(LineState)), st.integers(0, 4), st.integers(0, 4), st.integers(1, 5), st.integers(0, 3))
def test_only_what_was_shipped_and_is_left_is_ever_granted(state: str, quantity: int, refunded: int, units: int, elsewhere: int) -> None:
    mine, other = asks("R2", units), asks("R1", elsewhere, "IN_PROGRESS")
    answer, why = says(seen(line(state=state, quantity=quantity, refunded_units=refunded), returns=(other, mine)), mine)
    if answer == "yes":
        assert state in RULES.eligible_line_states
        assert units + elsewhere + refunded <= quantity
    if answer == "wait":
        assert state in RULES.waiting_line_states
    if (answer, why) == ("never", "QUANTITY"):
        assert units > quantity - max(elsewhere, refunded)


def case(return_id: str = "B1", **more: Any) -> ReboundCase:
    given: dict[str, Any] = {"order_ref": "O-A", "items": (Item("O-A-1", None, 1),), **more}
    return ReboundCase(return_id, **given)


def test_ids_come_before_lines_and_more_than_one_fit_is_no_match() -> None:
    open_one = asks("R1", state="IN_PROGRESS")
    assert match([case()], seen(line(), returns=(open_one,)), {}).of_case == {"B1": ["R1"]}
    named = asks("R2", state="IN_PROGRESS", rma="B1")
    assert match([case()], seen(line(), returns=(open_one, named)), {}).of_case == {"B1": ["R2"]}
    assert match([case(mirakl_return_id="R1")], seen(line(), returns=(open_one, named)), {}).of_case == {"B1": ["R1"]}
    assert match([case()], seen(line(), returns=(open_one, named)), {"B1": "R1"}).of_case == {"B1": ["R1"]}
    two = match([case(), case("B2")], seen(line(), returns=(open_one,)), {})
    assert two.of_return == {"R1": ["B1", "B2"]}
    assert match([case()], seen(line(), returns=(asks("R1", state="CANCELED"),)), {}).of_case == {}
    assert match([case(over=True)], seen(line(), returns=(open_one,)), {}).of_case == {}
    assert match([case(order_ref="X")], seen(line(), returns=(open_one,)), {}).of_case == {}


def test_the_same_rma_on_a_second_case_is_not_the_first_ones_return() -> None:
    first, second = case(rma="RMA-77"), case("B2", rma="RMA-77", items=(Item("O-A-2", None, 1),))
    told = asks("R1", state="IN_PROGRESS", rma="RMA-77")
    order = seen(line(1), line(2), returns=(told,))
    assert match([first, second], order, {"B1": "R1"}).of_case == {"B1": ["R1"]}
    assert match([second], order, {"B1": "R1"}).of_case == {}, "whether the first case is read or not"
    assert match([first, second], order, {}).of_case == {"B1": ["R1"]}, "it has none of the second's lines"
    same_line = case("B2", rma="RMA-77")
    assert match([case(rma="RMA-77", mirakl_return_id="R1"), same_line], order, {}).of_case == {"B1": ["R1"]}
    assert match([first, same_line], order, {}).of_return == {"R1": ["B1", "B2"]}, "nobody knows whose"
    numbered = seen(line(1), line(2), returns=(asks("R1", state="IN_PROGRESS", rma="B2"),))
    assert match([second], numbered, {}).of_case == {"B2": ["R1"]}, "ReBound's own number is one case's only"


def test_items_find_their_line_by_id_or_by_a_sku_that_one_line_has() -> None:
    lines = [line(1), line(2), SoldLine("O-A", "O", "O-A-3", "S2", "SHIPPED", 1)]
    asked, without = asked_of(
        case(items=(Item("O-A-1", None, 1, "CHANGED_MIND"), Item(None, " s1 ", 2), Item(None, "S2", 1), Item("X", "S1", 1))), lines
    )
    assert asked == [Asked("O-A-1", 3, reason="CHANGED_MIND")]
    assert without == ["S2", "X"]


def test_a_return_that_both_sides_have_is_finished_unless_it_ended() -> None:
    rules = Rules(RULES, [], [], {}, set(), set())
    outcomes: dict[str, tuple[str, str | None]] = {}
    for state in ("IN_PROGRESS", "RECEIVED", "CLOSED", "CANCELED"):
        mine = asks("R1", state=state)
        found = seen(line(state="CLOSED"), returns=(mine,))
        ours = of_marketplace(mine, [], found, rules, Done(authorised={"R1"}))
        theirs = of_rebound(case(), ["R1"], found, rules, Done(created={"B1"}))
        assert (ours.outcome, ours.cause) == (theirs.outcome, theirs.cause)
        outcomes[state] = (ours.outcome, ours.cause)
    assert outcomes == {
        "IN_PROGRESS": ("finish", None), "RECEIVED": ("done", None), "CLOSED": ("done", None), "CANCELED": ("exception", "return_ended"),
    }  # fmt: skip


def test_a_return_whose_goods_are_back_is_neither_allowed_nor_forbidden_any_more() -> None:
    rules = Rules(RULES, [], [], {}, set(), set())
    paid = seen(line(state="REFUNDED"))
    early = of_rebound(case(), [], paid, rules, Done())
    assert (early.outcome, early.cause) == ("exception", "registered_not_eligible")
    assert of_rebound(case(arrived=True), [], paid, rules, Done()).outcome == "done"
