"""The REST poll: returns changed since a time, and everything that was told of returns as one sequence (reference, 3.2; both assumed)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Json
from returns_assets.sandbox.rebound.chronicle import Change, Chronicle, payload_of, place
from returns_assets.sandbox.rebound.cursors import Cursors, Place
from returns_assets.sandbox.rebound.request import Request
from returns_assets.sandbox.rebound.return_book import ReturnBook
from returns_assets.sandbox.rebound.return_orders import ReturnOrders

_WINDOW = ("updatedSince", "updatedBefore")


def _after(changes: Sequence[Change], last: Place | None, since: datetime | None) -> int:
    """Where a reader goes on: behind the place where it stands, not before the time it asked for."""
    start = 0 if since is None else bisect_left(changes, since, key=lambda change: change.at)
    return start if last is None else max(start, bisect_left(changes, (last[0], last[1] + 1), key=place))


class Feed:
    def __init__(self, book: ReturnBook, returns: ReturnOrders, chronicle: Chronicle, cursors: Cursors) -> None:
        self._book, self._returns, self._chronicle, self._cursors = book, returns, chronicle, cursors

    def changed(self, request: Request) -> Answer:
        """?updatedSince= &updatedBefore= &cursor= &limit=: half-open, by the last change. ?clientOrderId=: that order's, newest first."""
        if "clientOrderId" in request.query:
            return self._of_order(request)
        now, limit = self._book.now(), request.limit()
        filters, last = self._standing("returns", request)
        since, before = (wire.moment(filters[name]) if name in filters else None for name in _WINDOW)
        changed = self._chronicle.last(now)
        end = len(changed) if before is None else bisect_left(changed, before, key=lambda change: change.at)
        start = _after(changed, last, since)
        page = changed[start : min(end, start + limit)]
        data = [self._returns.show(change.return_id, request.root) for change in page]
        return self._page("returns", data, page, last, filters, more=start + limit < end)

    def _of_order(self, request: Request) -> Answer:
        now = self._book.now()
        mine = self._chronicle.of_order(request.query["clientOrderId"])
        known = [return_id for return_id in mine if self._chronicle.of_return(return_id, now)]
        data = [self._returns.show(return_id, request.root) for return_id in reversed(known)]
        data.sort(key=lambda each: each["registeredAt"], reverse=True)
        return Answer.json({"data": data, "nextCursor": None, "hasMore": False})

    def events(self, request: Request) -> Answer:
        """?since= &cursor= &limit=, oldest first: what push would have sent, each with its number."""
        limit = request.limit()
        filters, last = self._standing("events", request)
        changes = self._chronicle.changes(self._book.now())
        start = _after(changes, last, wire.moment(filters["since"]) if "since" in filters else None)
        page = changes[start : start + limit]
        data = [self._event(n, change, request.root) for n, change in enumerate(page, start + 1)]
        return self._page("events", data, page, last, filters, more=start + limit < len(changes))

    def history(self, request: Request) -> Answer:
        """One return's events; their numbers count within it."""
        self._returns.facts(request.id)
        changes = self._chronicle.of_return(request.id, self._book.now())
        return Answer.json({"data": [self._event(n, change, request.root) for n, change in enumerate(changes, 1)]})

    def _event(self, sequence: int, change: Change, root: str) -> Json:
        data = self._returns.label_event(change.return_id, root) if change.document is None else payload_of(change.document) or {}
        about: Json = data.get("order") or data
        return {
            "sequence": sequence,
            "eventId": f"{change.return_id}/{change.number}",
            "type": change.kind,
            "recordedAt": wire.iso(change.at),
            "reboundOrderId": about["reboundOrderId"],
            "clientOrderId": about["clientOrderId"],
            "data": data,
        }

    def _standing(self, kind: str, request: Request) -> tuple[dict[str, str], Place | None]:
        names = _WINDOW if kind == "returns" else ("since",)
        for name in names:
            request.moment(name)
        filters = {name: request.query[name] for name in names if name in request.query}
        if "cursor" not in request.query:
            return filters, None
        last, filters = self._cursors.take(kind, request.query["cursor"], filters)
        return filters, last

    def _page(
        self, kind: str, data: list[Json], page: Sequence[Change], last: Place | None, filters: dict[str, str], *, more: bool
    ) -> Answer:
        """The cursor also stands for what changes after the last page."""
        cursor = self._cursors.give(kind, place(page[-1]) if page else last, filters)
        return Answer.json({"data": data, "nextCursor": cursor, "hasMore": more})
