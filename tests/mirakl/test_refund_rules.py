"""May it be sent, and was it executed: the two judgements that keep money from moving twice."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_assets.mirakl.errors import MiraklUnreadableError
from returns_assets.mirakl.order_facts import LineFact, RefundFact, lines_of
from returns_assets.mirakl.refund_rules import Rules, Wanted, objection, obstacle, read_back
from returns_assets.wire.fresh_read import Trace

WANTED = Wanted("L1", Decimal("10.00"), Decimal("2.00"), "17", "EUR", "TAX_INCLUDED")
RULES = Rules("EUR", ("SHIPPED", "RECEIVED"), ("SHIPPING",), {"17", "15"})
LINE = LineFact("O1", "L1", "RECEIVED", Decimal("30.00"), Decimal("5.00"), "EUR", "TAX_INCLUDED", ())


def refund(number: str, amount: str = "10.00", shipping: str = "2.00", reason: str = "17") -> RefundFact:
    return RefundFact(number, Decimal(amount), Decimal(shipping), reason)


def test_a_clean_line_has_no_obstacle() -> None:
    assert obstacle(LINE, WANTED, RULES, ours=(), foreign=()) is None
    assert obstacle(replace(LINE, refunds=(refund("R1"), refund("F1", "9", "1"))), WANTED, RULES, ours={"R1"}, foreign=["F1"]) is None


@pytest.mark.parametrize(
    ("line", "wanted", "ours", "foreign", "cause", "passing"),
    [
        (None, WANTED, (), (), "order_line_not_found", False),
        (replace(LINE, state="SHIPPING"), WANTED, (), (), "order_not_ready", True),
        (replace(LINE, state="CLOSED"), WANTED, (), (), "line_state_not_eligible", False),
        (replace(LINE, state="SOMETHING_NEW"), WANTED, (), (), "line_state_not_eligible", False),
        (replace(LINE, currency="USD"), WANTED, (), (), "currency_differs", False),
        (LINE, replace(WANTED, currency="GBP"), (), (), "currency_differs", False),
        (replace(LINE, currency="USD"), replace(WANTED, currency="USD"), (), (), "currency_differs", False),
        (replace(LINE, tax_mode="TAX_EXCLUDED"), WANTED, (), (), "tax_mode_differs", False),
        (LINE, replace(WANTED, reason_code="14"), (), (), "reason_not_live", False),
        (replace(LINE, refunds=(refund("F1", "1"),)), WANTED, (), (), "foreign_refund", False),
        (replace(LINE, refunds=(refund("F1", "1"), refund("F2", "1"))), WANTED, (), ("F1",), "foreign_refund", False),
        (LINE, WANTED, {"R1"}, (), "stale_read", True),
        (LINE, replace(WANTED, amount=Decimal(0), shipping_amount=Decimal(0)), (), (), "nothing_to_refund", False),
        (LINE, replace(WANTED, amount=Decimal("30.01")), (), (), "over_remainder", False),
        (LINE, replace(WANTED, shipping_amount=Decimal("5.01")), (), (), "over_remainder", False),
        (replace(LINE, refunds=(refund("R1", "20.01", "0"),)), WANTED, {"R1"}, (), "over_remainder", False),
    ],
)
def test_what_speaks_against_sending(
    line: LineFact | None, wanted: Wanted, ours: set[str], foreign: tuple[str, ...], cause: str, passing: bool
) -> None:
    found = obstacle(line, wanted, RULES, ours=ours, foreign=foreign)
    assert found is not None
    assert (found.cause, found.passing) == (cause, passing)


cents = st.integers(0, 3000).map(lambda value: Decimal(value) / 100)


@given(st.lists(cents, max_size=5), cents.filter(bool), cents)
def test_what_passes_never_goes_over_the_line(refunded: list[Decimal], amount: Decimal, shipping: Decimal) -> None:
    refunds = tuple(RefundFact(f"R{n}", paid, Decimal(0), "17") for n, paid in enumerate(refunded))
    line = replace(LINE, refunds=refunds)
    wanted = replace(WANTED, amount=amount, shipping_amount=shipping)
    if obstacle(line, wanted, RULES, ours={r.id for r in refunds}, foreign=()) is None:
        assert sum(refunded) + amount <= line.price
        assert shipping <= line.shipping_price


def test_shipping_over_refunded_by_others_does_not_stop_a_product_refund() -> None:
    line = replace(LINE, refunds=(refund("F1", "1", "6.00"),))
    assert obstacle(line, replace(WANTED, shipping_amount=Decimal(0)), RULES, ours=(), foreign=("F1",)) is None


@pytest.mark.parametrize(
    ("refunds", "known", "ours", "trace", "refund_id"),
    [
        ((), (), (), Trace.NOT_EXECUTED, None),
        ((refund("R1"),), ("R1",), (), Trace.NOT_EXECUTED, None),
        ((refund("R1"),), (), ("R1",), Trace.NOT_EXECUTED, None),
        ((refund("R1"),), (), (), Trace.EXECUTED, "R1"),
        ((refund("R0"), refund("R1")), ("R0",), (), Trace.EXECUTED, "R1"),
        ((refund("R1"), refund("R2", "3")), (), (), Trace.EXECUTED, "R1"),
        ((refund("R1"), refund("R2")), (), (), Trace.AMBIGUOUS, None),
        ((refund("R1", "10.01"),), (), (), Trace.AMBIGUOUS, None),
        ((refund("R1", shipping="0"),), (), (), Trace.AMBIGUOUS, None),
        ((refund("R1", reason="15"),), (), (), Trace.AMBIGUOUS, None),
        ((), ("R0",), (), Trace.UNREADABLE, None),
    ],
)
def test_reading_back(
    refunds: tuple[RefundFact, ...], known: tuple[str, ...], ours: tuple[str, ...], trace: Trace, refund_id: str | None
) -> None:
    found = read_back(replace(LINE, refunds=refunds), WANTED, known=known, ours=ours)
    assert (found.trace, found.external_id) == (trace, refund_id)


def test_an_order_that_cannot_be_seen_proves_nothing() -> None:
    assert read_back(None, WANTED, known=(), ours=()).trace is Trace.UNREADABLE
    assert read_back(replace(LINE, tax_mode="TAX_EXCLUDED"), WANTED, known=(), ours=()).trace is Trace.UNREADABLE


def test_lines_are_read_tolerantly() -> None:
    page = b"""{"total_count": 1, "new_field": 1, "orders": [{"order_id": "O1", "currency_iso_code": "EUR",
      "order_tax_mode": "TAX_INCLUDED", "order_lines": [
        {"order_line_id": "L1", "order_line_state": "NEW_STATE", "price": "10.10000", "shipping_price": null,
         "refunds": [{"id": 7, "amount": 1, "reason_code": "17", "state": "REFUNDED"}]},
        {"order_line_id": "L2", "order_line_state": "RECEIVED", "price": 0.1, "refunds": null}]}]}"""
    lines = lines_of([page])
    assert lines["L1"].refunds == (RefundFact("7", Decimal(1), Decimal(0), "17"),)
    assert lines["L1"].remaining == Decimal("9.1")
    assert lines["L1"].remaining_shipping == 0
    assert lines["L2"].price == Decimal("0.1")


@pytest.mark.parametrize("page", [b"[]", b"{}", b'{"orders": [{"order_id": "O", "order_lines": [{"price": 1}]}]}', b"<html>"])
def test_an_answer_without_the_ids_is_unreadable(page: bytes) -> None:
    with pytest.raises(MiraklUnreadableError):
        lines_of([page])


@pytest.mark.parametrize(
    "spoiled",
    [
        '"quantity": 1',
        '"price": "ten"',
        '"price": "NaN"',
        '"price": 1, "shipping_price": {}',
        '"price": 1, "refunds": [{"amount": 1}]',
        '"price": 1, "refunds": [7]',
    ],
)
def test_money_that_cannot_be_read_spoils_its_own_line_only(spoiled: str) -> None:
    good = '"price": 30, "order_line_state": "RECEIVED"'
    order = '"order_id": "O", "currency_iso_code": "EUR", "order_tax_mode": "TAX_INCLUDED"'
    page = f'{{"orders": [{{{order}, "order_lines": [{{"order_line_id": "L1", {spoiled}}}, {{"order_line_id": "L2", {good}}}]}}]}}'
    lines = lines_of([page.encode()])
    found = obstacle(lines["L1"], WANTED, RULES, ours=(), foreign=())
    assert found is not None
    assert (found.cause, found.passing) == ("amount_unreadable", False)
    assert read_back(lines["L1"], WANTED, known=(), ours=()).trace is Trace.UNREADABLE
    assert obstacle(lines["L2"], replace(WANTED, order_line_id="L2", shipping_amount=Decimal(0)), RULES, ours=(), foreign=()) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (None, "Mirakl does not show order line L1"),
        (replace(LINE, unreadable="no price"), "no price"),
        (replace(LINE, tax_mode="TAX_EXCLUDED"), "order read in TAX_EXCLUDED, refund sent in TAX_INCLUDED"),
        (LINE, "refund R1 is not on order line L1; the order line shows: no refund"),
        (replace(LINE, refunds=(refund("R1", shipping="1.00"),)), "refund R1 has other amounts than 10.00 + 2.00 shipping EUR"),
        (replace(LINE, currency="USD", refunds=(refund("R1"),)), "refund R1 has other amounts than 10.00 + 2.00 shipping EUR"),
        (replace(LINE, refunds=(refund("R1", reason="15"),)), ""),
    ],
)
def test_what_speaks_against_a_refund_that_a_person_names(line: LineFact | None, said: str) -> None:
    found = objection(line, WANTED, "R1", known=(), others={})
    assert found.startswith(said)
    assert bool(found) == bool(said)
