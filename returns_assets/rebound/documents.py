"""Bytes -> JSON objects: one object, an array, or one object a line. What they mean is not known here.

How ReBound groups notifications in a file is not published, so all three are accepted. Nothing is thrown away silently: every part that
cannot be read is named with its line, and the others are still returned.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

TYPE_NAMES: dict[type, str] = {list: "a list", str: "text or a number", bool: "true or false", type(None): "null"}


@dataclass(frozen=True)
class Parsed:
    """The objects of a document in their order, and one sentence for each part that could not be read."""

    payloads: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    faults: list[str] = field(default_factory=list[str])

    @property
    def unreadable(self) -> bool:
        """Nothing at all could be read."""
        return bool(self.faults) and not self.payloads


def why_unreadable(channel: str, content: bytes, name: str) -> str:
    """Why nothing of a document can be read, empty where something can; whatever channel it came through."""
    parsed = parse(content, name)
    return "; ".join(parsed.faults) if parsed.unreadable else ""


class _Unreadable(ValueError):
    """The text is not JSON; the message is meant for people and never quotes the content."""


def parse(content: bytes, name: str) -> Parsed:
    """Read a document's bytes (UTF-8 with or without byte order mark; UTF-16 and UTF-32 are recognised). `name` goes into the faults."""
    try:
        text = content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return Parsed(faults=[f"{name}: not {error.encoding} text: byte {error.start} cannot be read"])
    if not text.strip():
        return Parsed(faults=[f"{name}: the document is empty"])
    try:
        value = _load(text)
    except _Unreadable as whole:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        if _is_one_object_a_line(lines):
            return _lines(lines, name)
        return Parsed(faults=[f"{name}: {whole}"])
    if isinstance(value, list):
        return _collect(((f"entry {n}", item) for n, item in enumerate(cast("list[Any]", value), 1)), name, "the list is empty")
    return _collect([("the document", value)], name, "")


def _load(text: str) -> Any:
    """Numbers stay the text they were written in: exact, of any length, and the same whether the sender quotes them or not."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _Unreadable(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise _Unreadable("line 1: not read: nested too deeply") from None
    except ValueError as error:  # from _no_constant
        raise _Unreadable(f"line 1: not JSON: {error}") from None


def _no_constant(token: str) -> Any:
    raise ValueError(f"{token} is no JSON value")


def _is_one_object_a_line(lines: list[tuple[int, str]]) -> bool:
    """Whether broken text is NDJSON with bad lines, not one broken document printed over several lines.

    The difference matters: a line of a truncated pretty-printed document can be a whole object (an item), and must not pass for a payload.
    """
    if len(lines) < 2:
        return False
    return _is_object(lines[0][1]) or (
        all(line.lstrip().startswith("{") for _, line in lines) and any(_is_object(line) for _, line in lines)
    )


def _is_object(line: str) -> bool:
    try:
        return isinstance(_load(line), dict)
    except _Unreadable:
        return False


def _lines(lines: list[tuple[int, str]], name: str) -> Parsed:
    parsed = Parsed()
    for number, line in lines:
        try:
            value = _load(line)
        except _Unreadable as error:
            place = str(error).removeprefix("line 1, ").removeprefix("line 1: ")
            parsed.faults.append(f"{name}: line {number}, {place}")
            continue
        _sort_in(parsed, f"{name}: line {number}", value)
    return parsed


def _collect(parts: Iterator[tuple[str, Any]] | list[tuple[str, Any]], name: str, when_empty: str) -> Parsed:
    parsed = Parsed()
    for place, value in parts:
        _sort_in(parsed, f"{name}: {place}", value)
    if not parsed.payloads and not parsed.faults:
        parsed.faults.append(f"{name}: {when_empty}")
    return parsed


def _sort_in(parsed: Parsed, place: str, value: Any) -> None:
    if isinstance(value, dict):
        parsed.payloads.append(cast("dict[str, Any]", value))
    else:
        parsed.faults.append(f"{place} is {TYPE_NAMES[type(value)]}; a JSON object is needed")
