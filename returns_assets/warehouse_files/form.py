"""Bytes -> rows of text by field: CSV with a header, or one JSON object a line. What the values mean is not known here.

Columns are found by their names, in any order; a column that the profile does not name is ignored and stays in the inbox's bytes.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from returns_assets.rebound.identity import scalar_text
from returns_assets.warehouse_files.profile import NEEDED, Profile

ALLOWED = "allowed: CSV with a header line, or one JSON object a line, in UTF-8"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file and the line it begins in (the first is 1). `fault` says why it could not be split into fields."""

    line: int
    values: dict[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The rows of a file, or why nothing of it can be read (one sentence that names the file and the line)."""

    rows: list[Row] = field(default_factory=list[Row])
    fault: str = ""


class _Unreadable(ValueError):
    """The file as a whole has no form; the message is meant for people and never quotes the content."""


def read_form(content: bytes, profile: Profile, name: str) -> Form:
    """Split a file into rows; never raises, whatever the bytes are."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Form(fault=f"{name}: not UTF-8 text: byte {error.start} cannot be read; {ALLOWED}")
    if not text.strip():
        return Form(fault=f"{name}: the document is empty; {ALLOWED}")
    try:
        rows = _json_rows(text, profile) if text.lstrip().startswith(("{", "[")) else _csv_rows(text, profile)
        return Form(list(rows))
    except _Unreadable as error:
        return Form(fault=f"{name}: {error}")


def _csv_rows(text: str, profile: Profile) -> Iterator[Row]:
    """strict: a quote that is never closed would swallow the rows behind it without a word."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, profile), strict=True)
    names: list[str | None] | None = None
    line = 1
    try:
        for cells in reader:
            begins, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = _header(cells, profile, begins)
                continue
            yield _csv_row(begins, cells, names)
    except csv.Error as error:
        raise _Unreadable(f"line {line}: not CSV: {error}") from None


def _delimiter(text: str, profile: Profile) -> str:
    """The configured one, or the one by which the first line has more of the columns that are known."""
    if profile.delimiter is not None:
        return profile.delimiter
    first = text.lstrip().split("\n", 1)[0]
    return max((";", ","), key=lambda mark: sum(cell.strip(' \r"') in profile.columns for cell in first.split(mark)))


def _header(cells: list[str], profile: Profile, line: int) -> list[str | None]:
    names = [profile.columns.get(cell.strip()) for cell in cells]
    for wanted in NEEDED:
        if wanted not in names:
            allowed = ", ".join(name for name, known in profile.columns.items() if known == wanted)
            raise _Unreadable(f"line {line}: no column is {wanted}; warehouse.yaml has: {allowed}")
    twice = next((name for name in names if name is not None and names.count(name) > 1), None)
    if twice is not None:
        raise _Unreadable(f"line {line}: two columns are {twice}; allowed: one")
    return names


def _csv_row(line: int, cells: list[str], names: list[str | None]) -> Row:
    beyond = [cell for cell in cells[len(names) :] if cell.strip()]
    if len(cells) < len(names) or beyond:
        return Row(line, {}, f"{len(cells)} cells; the header has {len(names)}")
    return Row(line, {name: cell for name, cell in zip(names, cells, strict=False) if name is not None})


def _json_rows(text: str, profile: Profile) -> Iterator[Row]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not any(_json_row(number, line, profile).values for number, line in lines[:1] + lines[-1:]):
        raise _Unreadable(f"line {lines[0][0]}: no JSON object in one line that has a column of warehouse.yaml; {ALLOWED}")
    for number, line in lines:
        yield _json_row(number, line, profile)


def _json_row(number: int, line: str, profile: Profile) -> Row:
    """Numbers stay the digits they were written in; JSON writes them with a point whatever the warehouse writes in text."""
    try:
        value = json.loads(line, parse_int=str, parse_float=lambda digits: digits.replace(".", profile.decimal_mark))
    except (ValueError, RecursionError):
        return Row(number, {}, "not JSON; allowed: one JSON object a line")
    if not isinstance(value, dict):
        return Row(number, {}, "no JSON object; allowed: one JSON object a line")
    values: dict[str, str] = {}
    for name, given in cast("dict[str, Any]", value).items():
        column = profile.columns.get(name)
        if column is None or given is None:
            continue
        text = scalar_text(given)
        if text is None:
            return Row(number, {}, f"{name}: an object, a list or true/false; allowed: text, a number or null")
        values[column] = text
    return Row(number, values)
