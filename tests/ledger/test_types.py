"""Column types: nothing of money, time or JSON changes on its way through a database."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Text, cast, create_engine, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from returns_assets.ledger.types import ExactDecimal, UtcDateTime, dump_json, load_json

MONEY = st.decimals(min_value=-(10**12), max_value=10**12, places=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | MONEY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(JSON)
def test_json_keeps_every_value_and_every_digit(value: object) -> None:
    text = dump_json(value)
    assert load_json(text) == value
    assert json.loads(text, parse_float=str) == json.loads(dump_json(load_json(text)), parse_float=str), "trailing zeros stay, too"


def test_decimals_are_plain_numbers_in_json() -> None:
    assert dump_json({"b": Decimal("12.30"), "a": [Decimal("-0.0000001"), Decimal("1E+3")]}) == '{"a":[-0.0000001,1000],"b":12.30}'


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), object(), datetime(2025, 1, 1, tzinfo=UTC)])
def test_json_refuses_what_it_cannot_keep(value: object) -> None:
    with pytest.raises(TypeError):
        dump_json({"value": value})


@pytest.mark.parametrize("value", [1.5, "1.50", Decimal("NaN"), 1])
def test_money_is_a_decimal_or_nothing(value: object) -> None:
    with pytest.raises(TypeError, match="finite Decimal"):
        ExactDecimal().process_bind_param(value, sqlite.dialect())


@given(MONEY)
def test_money_keeps_its_digits(value: Decimal) -> None:
    stored = ExactDecimal().process_bind_param(value, sqlite.dialect())
    back = ExactDecimal().process_result_value(stored, sqlite.dialect())
    assert str(back) == format(value, "f")


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
@given(
    moment=st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-9))]),
        min_value=datetime.fromisoformat("1950-01-01"),
        max_value=datetime.fromisoformat("2200-01-01"),
    )
)
def test_times_come_back_as_the_same_instant_in_utc(dialect: sqlite.dialect, moment: datetime) -> None:
    column = UtcDateTime()
    back = column.process_result_value(column.process_bind_param(moment, dialect), dialect)
    assert back == moment
    assert back.tzinfo is UTC


def test_sqlite_keeps_times_in_an_order_that_sorts() -> None:
    moments = [
        datetime(2025, 3, 10, 12, tzinfo=UTC),
        datetime(2025, 3, 10, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2025, 3, 10, 12, 0, 1, tzinfo=UTC),
    ]
    with create_engine("sqlite://").connect() as con:
        texts = [con.execute(select(cast(literal(moment, UtcDateTime), Text))).scalar_one() for moment in moments]
    assert texts[0] == "2025-03-10 12:00:00.000000"
    assert texts == sorted(texts)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        UtcDateTime().process_bind_param(datetime(2025, 3, 10), sqlite.dialect())  # noqa: DTZ001 - the naive one is the case
