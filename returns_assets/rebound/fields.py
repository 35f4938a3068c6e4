"""Reading one field of a payload whatever it holds: text, whole numbers, times. A wrong type is a problem, never a crash."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from returns_assets.rebound.identity import is_null, scalar_text
from returns_assets.rebound.problems import Problem, problem
from returns_assets.rebound.profile import Path, Paths

LARGEST = 2**31 - 1  # the tables' INTEGER
# 0001-01-01 is what some systems write for 'no time'; nobody returned anything to a marketplace before 2000.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(days=1)
DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:")


def find(body: Any, path: Path) -> Any:
    """The value at a path of object keys, or places in a list from 0; None when any step is absent or neither.

    A list of {key, value} objects (clientMetadata: reference 1.3, 3.4) is read like the object that it stands for.
    """
    for key in path:
        if isinstance(body, list):
            body = _in_list(cast("list[Any]", body), key)
        elif isinstance(body, dict):
            body = cast("dict[str, Any]", body).get(key)
        else:
            return None
    return body


def _in_list(entries: Sequence[Any], key: str) -> Any:
    if key.isdecimal():
        return entries[int(key)] if int(key) < len(entries) else None
    named = (cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict))
    return next((entry.get("value") for entry in named if entry.get("key") == key), None)


class FieldReader:
    """Reads fields of one object by their paths and collects what is wrong in `problems`."""

    __slots__ = ("_body", "_nulls", "_paths", "problems")

    def __init__(self, body: Mapping[str, Any], paths: Mapping[str, Paths], nulls: frozenset[str]) -> None:
        self._body = body
        self._paths = paths
        self._nulls = nulls
        self.problems: list[Problem] = []

    def text(self, name: str) -> str | None:
        """The first value that is there and is no null token."""
        for path in self._paths.get(name, ()):
            value = self._body.get(path[0]) if len(path) == 1 else find(self._body, path)
            if value is None:
                continue
            text = scalar_text(value)
            if text is None:
                self.problems.append(problem("bad_type", ".".join(path)))
            elif not is_null(text, self._nulls):
                return text
        return None

    def items(self) -> list[Any]:
        """The first list that has entries; a single object counts as a list of one."""
        for path in self._paths.get("items", ()):
            value = find(self._body, path)
            if isinstance(value, dict):
                return [cast("dict[str, Any]", value)]
            if isinstance(value, list):
                if value:
                    return cast("list[Any]", value)
            elif value is not None and not (isinstance(value, str) and is_null(value.strip(), self._nulls)):
                self.problems.append(problem("bad_items", ".".join(path)))
        return []


def whole_number(text: str) -> int | None:
    """`3`, `3.0` and `03` are 3; None for anything that is no whole number the tables can hold."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or number.copy_abs() > LARGEST or number != int(number):
        return None
    return int(number)


def read_time(text: str, received_at: datetime) -> tuple[datetime, str, Problem | None]:
    """An ISO-8601 time (UTC unless it says otherwise, as documented) -> the time to use, its canonical text, what is wrong with it.

    A time that cannot be read, or that lies after its own receipt, would win or lose every comparison: the time of receipt stands in.
    """
    time = _parse(text)
    if time is None or time < EARLIEST:
        return received_at, text, problem("bad_time", text)
    if time > received_at + CLOCK_TOLERANCE:
        return received_at, time.isoformat(), problem("future_time", text)
    return time, time.isoformat(), None


def _parse(text: str) -> datetime | None:
    if not DATE_AND_TIME.match(text):
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
