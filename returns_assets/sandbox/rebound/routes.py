"""Which operation a request to ReBound is, who may call it, and the call itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import parse_qs

from returns_assets.sandbox.exchange import Answer, Refusal
from returns_assets.sandbox.rebound.chronicle import Chronicle
from returns_assets.sandbox.rebound.cursors import Cursors
from returns_assets.sandbox.rebound.feed import Feed
from returns_assets.sandbox.rebound.journey import Journey
from returns_assets.sandbox.rebound.legacy import Legacy
from returns_assets.sandbox.rebound.registrations import Registrations
from returns_assets.sandbox.rebound.request import Request
from returns_assets.sandbox.rebound.return_book import ReturnBook
from returns_assets.sandbox.rebound.return_orders import ReturnOrders
from returns_assets.sandbox.rebound.sales_orders import SalesOrders
from returns_assets.sandbox.rebound.tokens import Tokens
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world import world_of

UNKNOWN = "unknown"
_FORM = "application/x-www-form-urlencoded"
_ID = r"(?P<id>[^/]+)"


@lru_cache(maxsize=16)
def _compiled(paths: tuple[tuple[str, str], ...]) -> list[tuple[str, str, re.Pattern[str]]]:
    """(operation, method, path) in the order in which they are tried: fixed paths first."""
    rows: list[tuple[str, str, re.Pattern[str]]] = []
    for operation, template in sorted(paths, key=lambda row: "{id}" in row[1]):
        method, _, path = template.partition(" ")
        rows.append((operation, method, re.compile(_ID.join(re.escape(part) for part in path.split("{id}")))))
    return rows


class Rebound:
    """Built once per server. A call holds the state's lock."""

    def __init__(self, state: State) -> None:
        world = world_of(state)
        chronicle, cursors = Chronicle(world), Cursors(state)
        self._state = state
        self.tokens, self.cursors, self.orders = Tokens(state), cursors, SalesOrders(state)
        self.book = ReturnBook(state, world, chronicle)
        self.returns = ReturnOrders(self.book, self.orders, chronicle, world)
        self.journey = Journey(self.book, chronicle, world)
        registrations = Registrations(self.book, self.returns, cursors)
        feed = Feed(self.book, self.returns, chronicle, cursors)
        self._legacy = Legacy(state, self.book, chronicle)
        self._open: dict[str, Callable[[Request], Answer]] = {"TOKEN": self.tokens.issue, "LABEL": self.returns.label}
        self._closed: dict[str, Callable[[Request], Answer]] = {
            "SALES-ORDERS": lambda request: self.orders.push(request, self.tokens.flow_key(request)),
            "RETURN-CREATE": lambda request: self.returns.create(request, self.tokens.flow_key(request)),
            "RETURN-LIST": feed.changed,
            "RETURN": self.returns.get,
            "RETURN-HISTORY": feed.history,
            "RETURN-CANCEL": self.returns.cancel,
            "RETURN-EVENTS": feed.events,
            "REGISTRATION-LIST": registrations.listed,
            "REGISTRATION": registrations.get,
            "REGISTRATION-AUTHORISE": registrations.authorise,
            "REGISTRATION-DECLINE": registrations.decline,
        }

    def _found(self, path: str) -> dict[str, tuple[str, str]]:
        """By method: the operation at a path and the id that the path names."""
        found: dict[str, tuple[str, str]] = {}
        for operation, method, pattern in _compiled(tuple(self._state.config.rebound.paths.items())):
            match = pattern.fullmatch(path)
            if match is not None:
                found.setdefault(method, (operation, match.groupdict().get("id", "")))
        return found

    def operation_of(self, method: str, path: str) -> str:
        """The operation's name, for the log and the faults."""
        return self._found(path).get(method, (UNKNOWN, ""))[0]

    @staticmethod
    def logged(headers: dict[str, str], body: bytes) -> str:
        """A body as the log keeps it: forms carry credentials beside the `request`, JSON carries none."""
        written = body.decode("utf-8", "replace")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return written
        return parse_qs(written).get("request", [""])[-1]

    def perform(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, root: str) -> Answer:
        """`path` is what follows `root`, the API's address."""
        try:
            found = self._found(path)
            if not found:
                raise Refusal(404, "Not Found")
            if method not in found:
                raise Refusal(405, "Method Not Allowed", headers={"allow": ", ".join(found)})
            operation, name = found[method]
            request = Request(query, headers, body, root, name)
            with self._state.lock:
                if operation.startswith("LEGACY-"):
                    return self._legacy.perform(operation, request)
                if operation in self._open:
                    return self._open[operation](request)
                self.tokens.admit(request)
                return self._closed[operation](request)
        except Refusal as refusal:
            return refusal.answer()
