"""Seek paging (reference, 1.5): opaque tokens that name the last row seen, so that rows added or changed meanwhile shift no page."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from returns_assets.sandbox.exchange import Call, Json, Refusal

Key = tuple[Any, ...]


@dataclass(slots=True)
class Start:
    """Where a page begins: after `key`, or before it when the client goes backwards; None is the list's beginning."""

    operation: str
    query: str
    size: int
    key: Key | None = None
    backwards: bool = False

    def token(self, key: Key, backwards: bool) -> str:
        content = [self.operation, self.query, self.size, list(key), backwards]
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def start(call: Call, operation: str) -> Start:
    """With page_token every other parameter is ignored: the call gets the query back that the token was made for."""
    token = call.one("page_token")
    if token is None:
        return Start(operation, call.raw_query, call.whole("limit", 10, 1, 100))
    try:
        made_for, query, size, key, backwards = json.loads(base64.urlsafe_b64decode(token.encode()))
        found = Start(made_for, str(query), int(size), tuple(key), bool(backwards))
    except (binascii.Error, ValueError, TypeError):
        raise Refusal(400, "The page_token is invalid") from None
    if found.operation != operation:
        raise Refusal(400, "The page_token is invalid")
    call.raw_query = found.query
    call.__post_init__()
    return found


def _walk(keys: Sequence[Key], key: Key | None, up: bool) -> Iterator[Key]:
    if up:
        return (keys[place] for place in range(0 if key is None else bisect_right(keys, key), len(keys)))
    return (keys[place] for place in range(len(keys) - 1 if key is None else bisect_left(keys, key) - 1, -1, -1))


def page(begin: Start, keys: Sequence[Key], fits: Callable[[Key], bool], falling: bool = False) -> tuple[list[Key], Json]:
    """Of the ascending `keys` those of the page that fit, and its next_page_token and previous_page_token (None at the ends)."""

    def beyond(key: Key, up: bool) -> bool:
        return any(fits(each) for each in _walk(keys, key, up))

    found = list(islice(filter(fits, _walk(keys, begin.key, falling == begin.backwards)), begin.size))
    if begin.backwards:
        found.reverse()
    tokens: Json = {"next_page_token": None, "previous_page_token": None}
    if found and beyond(found[-1], not falling):
        tokens["next_page_token"] = begin.token(found[-1], False)
    if found and beyond(found[0], falling):
        tokens["previous_page_token"] = begin.token(found[0], True)
    return found, tokens
