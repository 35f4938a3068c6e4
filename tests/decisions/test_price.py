"""Money: units of a line add up to the line to the cent, shipping by policy, taxes by code."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returns_assets.translation.model import Mappings
from tests.decisions.world import MAPPINGS, new_world

CENT = Decimal("0.01")


def with_shipping(mode: str) -> Mappings:
    marketplaces = {key: value.model_copy(update={"shipping_refund": mode}) for key, value in MAPPINGS.marketplaces.items()}
    return MAPPINGS.model_copy(update={"marketplaces": marketplaces})


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 2_000_000).map(lambda cents: Decimal(cents) / 100),
    st.integers(1, 40),
    st.integers(0, 30_000).map(lambda cents: Decimal(cents) / 100),
    st.data(),
)
def test_parts_of_a_line_add_up_to_the_line(price: Decimal, quantity: int, tax: Decimal, data: st.DataObject) -> None:
    lots: list[int] = []
    while sum(lots) < quantity:
        lots.append(data.draw(st.integers(1, quantity - sum(lots))))
    with new_world(mappings=with_shipping("per_unit")) as world:
        world.order(
            {
                "quantity": quantity,
                "price": price,
                "price_unit": Decimal(1),
                "shipping_price": tax,
                "taxes": json.dumps([{"code": "VAT", "amount": float(tax)}]),
                "shipping_taxes": json.dumps([{"code": "VAT", "amount": 0.07}]),
            }
        )
        for number, lot in enumerate(lots):
            world.event(f"p{number:02}", minute=number, quantity=lot)
        rows = list(world.rows().values())
    paid = [row for row in rows if row["outcome"] == "refund"]
    assert all(row["outcome"] == "refund" or row["rule"] == "rounds_to_nothing" for row in rows)
    assert sum(row["amount"] for row in paid) == price
    for row in paid:
        exact = Fraction(price) * row["quantity"] / quantity
        assert abs(Fraction(row["amount"]) - exact) <= Fraction(CENT), "no piece is more than a cent off its exact share"
    if len(paid) == len(rows):
        assert sum(Decimal(part["amount"]) for row in paid for part in json.loads(row["taxes"])) == tax
        assert sum(row["shipping_amount"] for row in paid) == tax
        assert tax == 0 or sum(Decimal(part["amount"]) for row in paid for part in json.loads(row["shipping_taxes"])) == Decimal("0.07")


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 9), st.integers(0, 5000), st.integers(1, 9))
def test_never_above_what_is_left(cents: int, quantity: int, foreign_cents: int, pieces: int) -> None:
    foreign = min(foreign_cents, cents)
    with new_world() as world:
        world.order({"quantity": quantity, "price": Decimal(cents) / 100, "price_unit": Decimal(1)})
        if foreign:
            world.refund(str(Decimal(foreign) / 100))
        for number in range(pieces):
            world.event(f"p{number}", minute=number)
        total = sum(row["amount"] or 0 for row in world.rows().values())
    assert 0 <= total <= Decimal(cents - foreign) / 100


def test_a_share_below_one_pays_that_share() -> None:
    half = [
        row.model_copy(update={"outcome": "refund", "share": Decimal("0.5"), "waits_for": ""}) if row.rule == "used" else row
        for row in MAPPINGS.policy
    ]
    with new_world(mappings=MAPPINGS.model_copy(update={"policy": half})) as world:
        world.order({"price": Decimal("9.99"), "taxes": '[{"code": "VAT", "amount": 1.59}]'})
        world.event("p1", "ITEM_GRADED", grade="C", disposition="RESTOCK")
        row = world.rows()["p1"]
        assert (row["amount"], json.loads(row["taxes"])) == (Decimal("5.0000"), [{"code": "VAT", "amount": "0.8000"}])


@pytest.mark.parametrize(("mode", "expected"), [("never", "0"), ("per_unit", "2.50"), ("whole_order", "0")])
def test_shipping_of_a_part_of_the_order(mode: str, expected: str) -> None:
    with new_world(mappings=with_shipping(mode)) as world:
        world.order({"quantity": 2, "shipping_price": Decimal("5.00")})
        world.event("p1")
        assert world.rows()["p1"]["shipping_amount"] == Decimal(expected)


def test_whole_order_back_refunds_the_shipping_that_is_left_once_a_line() -> None:
    with new_world() as world:
        world.order(
            {"quantity": 2, "shipping_price": Decimal("5.00"), "shipping_taxes": '[{"code": "VAT", "amount": 0.80}]'},
            {"offer_sku": "S2", "shipping_price": Decimal("1.50")},
        )
        world.event("p1")
        world.event("p2", minute=1)
        world.event("p3", line_ref="NOR-1-A-2", sku="S2", minute=2)
        rows = world.rows()
        assert [rows[p]["shipping_amount"] for p in ("p1", "p2", "p3")] == [Decimal(0), Decimal("5.0000"), Decimal("1.5000")]
        assert json.loads(rows["p2"]["shipping_taxes"]) == [{"code": "VAT", "amount": "0.8000"}]


def test_the_sellers_fault_refunds_shipping_of_the_unit_whatever_the_marketplace_says() -> None:
    with new_world(mappings=with_shipping("never")) as world:
        world.order({"quantity": 2, "shipping_price": Decimal("5.00")})
        world.event("p1", reason="DEFECTIVE", reason_raw="Faulty")
        assert world.rows()["p1"]["shipping_amount"] == Decimal("2.5000")


def test_sellers_fault_and_whole_order_together_take_the_shipping_once() -> None:
    with new_world() as world:
        world.order({"quantity": 2, "shipping_price": Decimal("4.00")})
        world.event("p1", reason="DEFECTIVE", reason_raw="Faulty")
        world.event("p2", minute=1)
        assert [row["shipping_amount"] for row in world.rows().values()] == [Decimal("2.0000"), Decimal("2.0000")]


def test_the_sellers_fault_never_takes_more_shipping_than_is_left() -> None:
    with new_world() as world:
        world.order({"quantity": 4, "shipping_price": Decimal("4.00")})
        world.refund("0", shipping="3.00")
        for number in range(2):
            world.event(f"p{number}", minute=number, reason="DEFECTIVE", reason_raw="Faulty")
        assert [row["shipping_amount"] for row in world.rows().values()] == [Decimal("1.0000"), Decimal("0.0000")]


def test_a_whole_order_counts_lines_refunded_by_hand_and_not_free_gifts() -> None:
    with new_world() as world:
        world.order(
            {"shipping_price": Decimal("3.00")},
            {"offer_sku": "S2", "price": Decimal("5.00")},
            {"offer_sku": "GIFT", "price": Decimal(0)},
        )
        world.refund("5.00", line="NOR-1-A-2")
        world.event("p1")
        assert world.rows()["p1"]["shipping_amount"] == Decimal("3.0000")


def test_refunds_finer_than_a_cent_count_as_the_next_cent() -> None:
    with new_world() as world:
        world.order({"quantity": 3, "price": Decimal("10.00"), "shipping_price": Decimal("3.005")})
        world.refund("3.333", shipping="0")
        for number in range(3):
            world.event(f"p{number}", minute=number)
        rows = world.rows().values()
        assert sum(row["amount"] or 0 for row in rows) <= Decimal("6.667")
        assert sum(row["shipping_amount"] or 0 for row in rows) <= Decimal("3.005")


def test_shipping_refunded_by_hand_is_not_refunded_again() -> None:
    with new_world(mappings=with_shipping("per_unit")) as world:
        world.order({"shipping_price": Decimal("5.00")})
        world.refund("0", shipping="4.00")
        world.event("p1")
        assert world.rows()["p1"]["shipping_amount"] == Decimal("1.0000")


def test_currencies_without_cents() -> None:
    yen = {"nordhaus": MAPPINGS.marketplace("nordhaus").model_copy(update={"currency": "JPY"})}
    with new_world(mappings=MAPPINGS.model_copy(update={"marketplaces": yen})) as world:
        world.order({"quantity": 3, "price": Decimal(1000)})
        for number in range(3):
            world.event(f"p{number}", minute=number)
        assert [int(row["amount"]) for row in world.rows().values()] == [333, 334, 333]
