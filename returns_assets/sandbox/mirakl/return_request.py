"""The bodies of RT01, RT04 and the status calls read strictly. What breaks the schema is a 400 for the whole call; what a single
return cannot have is an ItemError, which becomes an entry of return_errors in a 200. Where the line runs is a guess."""

from __future__ import annotations

import re
from typing import Any, cast

from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.exchange import Json, Refusal
from returns_assets.sandbox.mirakl.refund_rules import check_reason

_RMA = re.compile(r"[0-9a-zA-Z_-]{1,100}")


class ItemError(Exception):
    """One entry of the call is refused, the others are not."""


def entries(value: Any, where: str, most: int) -> list[Json]:
    """A list of 1 to `most` objects."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in cast(list[Any], value)):
        raise Refusal(400, "Bad Request")
    found = cast(list[Json], value)
    if not 1 <= len(found) <= most:
        raise Refusal(400, f"{where} must have 1 to {most} entries, {len(found)} given")
    return found


def text(entry: Json, name: str, where: str, *, most: int | None = None) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(400, f"{where}.{name} is required")
    if most is not None and len(value) > most:
        raise Refusal(400, f"{where}.{name} is longer than {most} characters")
    return value


def optional_text(entry: Json, name: str, where: str, *, most: int | None = None) -> str | None:
    return None if entry.get(name) is None else text(entry, name, where, most=most)


def rma(entry: Json, where: str) -> str | None:
    value = optional_text(entry, "rma", where)
    if value is not None and not _RMA.fullmatch(value):
        raise Refusal(400, f"{where}.rma must be 1 to 100 of the characters 0-9 a-z A-Z _ -")
    return value


def flag(entry: Json, name: str, where: str) -> bool:
    value = entry.get(name)
    if not isinstance(value, bool):
        raise Refusal(400, f"{where}.{name} must be true or false")
    return value


def quantity(entry: Json, where: str) -> int:
    value = entry.get("quantity")
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**31:
        raise Refusal(400, f"{where}.quantity must be a whole number of at least 1")
    return value


def known_reason(code: str, kind: str, config: MarketplaceConfig) -> None:
    """ItemError unless RE01 lists the code under that type for shops."""
    try:
        check_reason(code, kind, config)
    except Refusal as refusal:
        raise ItemError(refusal.message) from None
