"""The rules and the document by themselves: any states, any history."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returns_assets.decisions.rebound_orders import DONE, ENDED, READY, SHIPPED_LINE, WAITING, Candidate, Rules, Told, decide
from returns_assets.rebound.sales_order import SoldLine, SoldOrder, content_hash, document, is_gtin, money_text
from returns_assets.translation.rebound_ways import RepeatedOrder

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
STATES = (*SHIPPED_LINE, *WAITING, *ENDED, "NEW_STATE")


def order(*states: str, state: str = "SHIPPED", country: str = "DEU", title: str = "T", age: int = 1) -> SoldOrder:
    left = NOW - timedelta(days=age)
    lines = [SoldLine(f"L{n}", each, f"S{n}", "", title, 1, Decimal("1.5"), left) for n, each in enumerate(states)]
    return SoldOrder("O-1-A", "O-1", state, "EUR", country, False, left, lines)


def rules(repeat: RepeatedOrder = "overwrite") -> Rules:
    return Rules(timedelta(days=60), ["DEU"], repeat)


@given(
    states=st.lists(st.sampled_from(STATES), min_size=1, max_size=4),
    state=st.sampled_from(STATES),
    country=st.sampled_from(["DEU", "FRA", ""]),
    age=st.integers(0, 90),
    told=st.lists(st.tuples(st.sampled_from(["now", "before"]), st.booleans()), max_size=3),
    repeat=st.sampled_from(["conflict", "overwrite", "duplicate"]),
)
@settings(max_examples=150, deadline=None)
def test_only_what_left_and_is_not_known_is_told(
    states: list[str], state: str, country: str, age: int, told: list[tuple[str, bool]], repeat: RepeatedOrder
) -> None:
    verdict = decide(
        Candidate(order(*states, state=state, country=country, age=age), None), "now", [Told(*t) for t in told], rules(repeat), NOW
    )
    known = [digest for digest, confirmed in told if confirmed]
    left = [each for each in states if each not in ENDED]
    if verdict.outcome == READY:
        assert left
        assert set(left) <= set(SHIPPED_LINE)
        assert (country, age <= 60) == ("DEU", True)
        assert known[-1:] != ["now"]
        assert not known or repeat == "overwrite", "a second content is told only where it replaces the first"
    else:
        assert verdict.cause
        assert verdict.detail
    assert (verdict.outcome == DONE) == (known[-1:] == ["now"])


def test_the_same_order_is_the_same_document_and_another_title_another() -> None:
    one, lines_turned, other = order("SHIPPED", "RECEIVED"), order("SHIPPED", "RECEIVED"), order("SHIPPED", "RECEIVED", title="U")
    turned = SoldOrder(*(getattr(lines_turned, name) for name in SoldOrder.__slots__[:-1]), list(reversed(lines_turned.lines)))
    digests = [content_hash(document(each, "nordhaus", "2001")) for each in (one, turned, other)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("code", "is_one"),
    [("4006381333931", True), ("4006381333932", False), ("96385074", True), ("P-SKU-1", False), ("4006381333", False), ("", False)],
)
def test_only_a_gtin_is_passed_on_as_an_ean(code: str, is_one: bool) -> None:
    assert is_gtin(code) is is_one


@pytest.mark.parametrize(("amount", "text"), [("10", "10.00"), ("3.5000", "3.50"), ("0.0125", "0.0125"), ("1E+2", "100.00")])
def test_money_is_exact_text(amount: str, text: str) -> None:
    assert money_text(Decimal(amount)) == text
