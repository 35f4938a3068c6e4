"""The warehouse's own files: what happened to pieces and parcels in its halls, one row an event, in the form that its system exports.

`COLUMNS` is the file contract; what a customer's warehouse calls them is configuration (`headers`), as are delimiter, byte order mark,
decimal comma and the zone of its clock: times are local and say so nowhere.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from returns_assets.sandbox import wire

Json = dict[str, Any]
CHANNEL = "warehouse"
EVENTS = ("PUTAWAY", "INSPECTED", "RECEIVED", "DISPATCHED")
COLUMNS = (
    "event", "event_time", "order_id", "order_line_id", "sku", "ean", "quantity", "piece_id", "return_id", "location", "grade",
    "disposition", "verification", "carrier", "tracking_number", "warehouse", "event_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """One event that happened at `at` (aware) and is told at `told` (None: at once). `row` has values by the contract's column names,
    `quantity` as a number; an `event_time` in it is written instead of `at`, as it is."""

    at: datetime
    row: Mapping[str, Any]
    told: datetime | None = None

    @property
    def warehouse(self) -> str:
        return str(self.row.get("warehouse") or "")


@dataclass(frozen=True)
class FileForm:
    """How a file is written. `headers`: this warehouse's name for a column, where it differs from the contract's."""

    format: str = "csv"  # csv | ndjson
    delimiter: str = ";"  # ; | ,
    bom: bool = True
    decimal_comma: bool = True
    timezone: str = "Europe/Berlin"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for name, allowed in (("format", ("csv", "ndjson")), ("delimiter", (";", ","))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"warehouse files: {name} is {getattr(self, name)!r}, allowed: {' '.join(allowed)}")
        stray = sorted(set(self.headers) - set(COLUMNS))
        if stray:
            raise ValueError(f"warehouse files: headers names the unknown column {stray[0]}; allowed: {', '.join(COLUMNS)}")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"warehouse files: timezone {self.timezone!r} is unknown") from None

    def with_changes(self, given: Mapping[str, Any]) -> FileForm:
        """ValueError says what is wrong and what is allowed."""
        allowed = [each.name for each in fields(self)]
        stray = sorted(set(given) - set(allowed))
        if stray:
            raise ValueError(f"warehouse files: unknown field {stray[0]}; allowed: {', '.join(allowed)}")
        return replace(self, **given)

    def _value(self, notice: Notice, column: str) -> Any:
        value = notice.row.get(column)
        if column == "event_time" and value is None:
            return notice.at.astimezone(ZoneInfo(self.timezone)).strftime("%Y-%m-%d %H:%M:%S")
        if column == "quantity" and self.format == "csv" and isinstance(value, int):
            return f"{value},0" if self.decimal_comma else str(value)
        return value

    def render(self, notices: Sequence[Notice]) -> bytes:
        names = [self.headers.get(column, column) for column in COLUMNS]
        rows = [[self._value(notice, column) for column in COLUMNS] for notice in notices]
        mark = b"\xef\xbb\xbf" if self.bom else b""
        if self.format == "ndjson":
            return mark + b"".join(wire.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows)
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerow(names)
        writer.writerows(["" if value is None else value for value in row] for row in rows)
        return mark + text.getvalue().encode()
