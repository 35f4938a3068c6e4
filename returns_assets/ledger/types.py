"""Column types that SQLite and PostgreSQL do not share: exact money, UTC times, JSON that keeps Decimals."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

_MARK = re.compile(r'"\\u0000decimal (-?[0-9.]+)"')


def dump_json(value: Any) -> str:
    """JSON text with sorted keys, Decimals as numbers digit by digit (json.dumps alone would need a float in between)."""
    text = _ENCODER.encode(value)
    return _MARK.sub(r"\1", text) if "u0000decimal" in text else text


def load_json(text: str) -> Any:
    """JSON text to Python; numbers with a point become Decimals, never floats."""
    return _DECODER.decode(text)


def _decimal_mark(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"\0decimal {value:f}"
    raise TypeError(f"not JSON: {type(value).__name__}")


# made once: a ledger of ten thousand effects reads and writes some hundred thousand small texts
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_decimal_mark)
_DECODER = json.JSONDecoder(parse_float=Decimal)


class ExactDecimal(TypeDecorator[Decimal]):
    """Money as text, digit by digit: SQLite has no decimal type. A float is refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise TypeError(f"money is a finite Decimal, not {value!r}")
        return format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes. SQLite keeps the naive UTC text (it sorts), PostgreSQL a timestamptz. A naive datetime is refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TIMESTAMP(timezone=True) if dialect.name == "postgresql" else DateTime())

    def process_bind_param(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise ValueError(f"times are aware datetimes, not {value!r}")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """JSON in a text column, Decimals exact in both directions."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else dump_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else load_json(value)
