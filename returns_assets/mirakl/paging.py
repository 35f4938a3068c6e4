"""Paging until everything was read: by max and offset (OR11 and its like) over a set that moves meanwhile, and by token (reference, 1.5).

Offsets into a moving set can skip rows. What may move depends on the window, and the order of reading follows from it:
- open window (no end): orders only enter, which pushes later rows to higher offsets. Read upwards: rows may come twice, none is skipped.
- closed window (end in the past): orders only leave, when they are updated again, which pulls later rows to lower offsets. Read downwards.
Rows that come twice are upserted by order id. One request is under way at a time, for the same reason: two at once could swap.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from returns_assets.mirakl.errors import MiraklUnreadableError


@dataclass(frozen=True)
class Page:
    """One answer. `more` is what its Link header says; the header may be absent, so it is only ever believed when it says yes."""

    offset: int
    body: bytes
    more: bool

    def counts(self) -> tuple[int, int]:
        """(orders in this page, total_count); raises MiraklUnreadableError."""
        try:
            parsed: Any = json.loads(self.body)
            return len(parsed["orders"]), int(parsed["total_count"])
        except (ValueError, KeyError, TypeError) as error:
            raise MiraklUnreadableError(f"OR11: the page at offset {self.offset} has no orders or total_count") from error


def pages_by_token(read: Callable[[str | None], bytes]) -> Iterator[bytes]:
    """Seek paging (RT11 and its like): until no page names a next one; the token is null or absent at the end (reference, 1.5)."""
    token: str | None = None
    while True:
        body = read(token)
        yield body
        try:
            following: Any = json.loads(body).get("next_page_token")
        except (ValueError, AttributeError) as error:
            raise MiraklUnreadableError("a page of a seek-paged list is not a JSON object") from error
        if not following:
            return
        if not isinstance(following, str) or following == token:
            raise MiraklUnreadableError("a page of a seek-paged list names itself, or no text, as the next one")
        token = following


def pages_upwards(read: Callable[[int], Page], page_size: int) -> Iterator[bytes]:
    """From offset 0 on until the end, which may move away while reading. The page size is what the first page really had."""
    with ThreadPoolExecutor(max_workers=1) as ahead:
        page = read(0)
        count, total = page.counts()
        step = count or page_size
        while True:
            if page.offset + step >= total:
                count, total = page.counts()  # only near the end: parsing every page would cost more than reading it
            finished = count == 0 or (page.offset + step >= total and not page.more)
            following = None if finished else ahead.submit(read, page.offset + step)
            yield page.body  # landed by the caller while the next page is under way
            if following is None:
                return
            page = following.result()


def pages_downwards(read: Callable[[int], Page], page_size: int) -> Iterator[bytes]:
    """From the last page to the first; the first request only learns how many there are."""
    with ThreadPoolExecutor(max_workers=1) as ahead:
        probe = read(0)
        count, total = probe.counts()
        if count >= total:
            yield probe.body
            return
        step = count or page_size
        offsets = list(range(0, total, step))
        following = ahead.submit(read, offsets.pop())
        while True:
            page = following.result()
            if not offsets:
                yield page.body
                return
            following = ahead.submit(read, offsets.pop())
            yield page.body
