"""JSON and dates as they cross the wire: numbers with decimals are Decimal on both ways, dates are ISO-8601 in UTC with Z."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

# json's C encoder cannot write a Decimal as a number; it writes these private-use marks around the digits and they are cut out after.
_OPEN, _CLOSE = "\ue000", "\ue001"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _decimal(value: Any) -> str:
    if isinstance(value, Decimal):
        text = str(value)
        return f"{_OPEN}{value:f}{_CLOSE}" if "E" in text else f"{_OPEN}{text}{_CLOSE}"
    raise TypeError(f"not JSON: {type(value).__name__}")


_encoder = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), default=_decimal)


def dumps(value: Any) -> bytes:
    return _encoder.encode(value).replace(f'"{_OPEN}', "").replace(f'{_CLOSE}"', "").encode()


def loads(text: bytes | str) -> Any:
    """ValueError when it is not JSON (bad UTF-8 included)."""
    return json.loads(text, parse_float=Decimal)


def iso(moment: datetime) -> str:
    """Milliseconds only where there are any: real servers do both."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond // 1000 else "seconds")
    return text.replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Aware UTC datetime; a text without an offset is read as UTC. ValueError when it is no date."""
    value = datetime.fromisoformat(text)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def millis(text: str) -> int:
    return (moment(text) - _EPOCH) // timedelta(milliseconds=1)


def to_millis(value: datetime) -> int:
    return (value - _EPOCH) // timedelta(milliseconds=1)
