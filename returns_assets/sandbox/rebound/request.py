"""One request to ReBound's REST API as its operations see it, and what can be wrong with a JSON body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import parse_qs

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Json, Refusal

LIMIT, MOST = 100, 250  # entries of a page (reference, 3.2)


@dataclass(slots=True)
class Request:
    """`id` is what the path names; `root` the API's own address, for links."""

    raw_query: str
    headers: dict[str, str]
    body: bytes
    root: str
    id: str = ""
    query: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.query = {name: values[-1] for name, values in parse_qs(self.raw_query).items()}

    def json(self) -> Json:
        try:
            value: Any = wire.loads(self.body)
        except ValueError:
            raise Refusal(400, "The body is not JSON") from None
        if not isinstance(value, dict):
            raise Refusal(400, "The body must be a JSON object")
        return cast(Json, value)

    def form(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}

    def moment(self, name: str) -> datetime | None:
        text = self.query.get(name)
        try:
            return None if text is None else wire.moment(text)
        except ValueError:
            raise Refusal(400, f"{name} is not an ISO-8601 date-time") from None

    def limit(self) -> int:
        text = self.query.get("limit", str(LIMIT))
        if not text.isdecimal() or not 1 <= int(text) <= MOST:
            raise Refusal(400, f"limit must be a whole number from 1 to {MOST}")
        return int(text)


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_object(value: Any) -> bool:
    return isinstance(value, dict)


def is_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in cast("list[Any]", value))


def is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and "T" in value and bool(wire.moment(value))
    except ValueError:
        return False


def is_count(value: Any) -> bool:
    """A whole number from 1 on; ReBound's own payloads write numbers as text."""
    text = str(value)
    return isinstance(value, str | int) and not isinstance(value, bool) and text.isdecimal() and int(text) > 0


_WORDS: dict[Callable[[Any], bool], str] = {
    is_text: "a string",
    is_filled: "a string that is not empty",
    is_flag: "true or false",
    is_object: "an object",
    is_objects: "an array of objects",
    is_moment: "an ISO-8601 date-time",
    is_count: "a whole number above 0",
}


def faults(body: Json, fields: Mapping[str, Callable[[Any], bool]], required: tuple[str, ...] = (), within: str = "") -> list[Json]:
    """One entry {field, message} for each missing or wrong field. Fields that nobody published are let through."""
    found = [{"field": f"{within}{name}", "message": f"{within}{name} is required"} for name in required if name not in body]
    for name, check in fields.items():
        if name in body and not check(body[name]):
            found.append({"field": f"{within}{name}", "message": f"{within}{name} must be {_WORDS[check]}"})
    return found


def refuse(found: list[Json]) -> None:
    """422 when there is anything to complain about."""
    if found:
        raise Refusal(422, "; ".join(fault["message"] for fault in found), errors=found)
