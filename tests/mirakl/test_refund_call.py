"""OR28 bodies: exact money, the fields of the reference, nothing else."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_assets.mirakl.refund_call import exact_json, plain, refund_body

amounts = st.decimals(min_value=0, max_value=10**12, places=4, allow_nan=False, allow_infinity=False)


@given(amounts)
def test_amounts_reach_the_wire_digit_by_digit(amount: Decimal) -> None:
    text = exact_json({"amount": plain(amount)})
    assert json.loads(text, parse_float=Decimal)["amount"] == amount
    assert "E" not in text
    assert len(text.split(".")[1]) >= 3  # two decimals and the brace


def test_the_body_has_the_fields_of_or28() -> None:
    body = refund_body(
        order_line_id="NOR-1-A-1",
        amount=Decimal("10.5000"),
        shipping_amount=Decimal("0.0000"),
        reason_code="17",
        quantity=2,
        currency="EUR",
        tax_mode="TAX_EXCLUDED",
        taxes=[{"code": "VAT", "amount": Decimal("2.1000")}],
    )
    assert exact_json(body) == (
        '{"order_tax_mode":"TAX_EXCLUDED","refunds":[{"order_line_id":"NOR-1-A-1","amount":10.50,"shipping_amount":0.00,'
        '"reason_code":"17","quantity":2,"currency_iso_code":"EUR","taxes":[{"code":"VAT","amount":2.10}]}]}'
    )


def test_floats_and_non_numbers_are_refused() -> None:
    with pytest.raises(TypeError):
        exact_json({"amount": 0.1})
    with pytest.raises(ValueError, match="not an amount"):
        exact_json([Decimal("NaN")])


def test_other_values_are_json() -> None:
    assert exact_json({"a": None, "b": [True, 'é"', 1], "c": {}}) == '{"a":null,"b":[true,"\\u00e9\\"",1],"c":{}}'
