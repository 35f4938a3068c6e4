"""Opaque cursors: where a poll stands. One that is too old, or from before `expire`, is a 410; one that is none is a 400."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Refusal
from returns_assets.sandbox.state import State

Place = tuple[datetime, int]


class Cursors:
    def __init__(self, state: State) -> None:
        self._state = state
        self._issued = 0
        self._dead = 0

    def expire(self) -> None:
        """Every cursor given out so far."""
        self._dead = self._issued

    def give(self, kind: str, place: Place | None, filters: dict[str, str]) -> str:
        """`place` None: before everything. `filters` are the query's, to be the same when the cursor comes back."""
        self._issued += 1
        at, number = place or (None, 0)
        content = [kind, None if at is None else at.isoformat(), number, filters, self._state.clock.now().isoformat(), self._issued]
        return base64.urlsafe_b64encode(wire.dumps(content)).decode()

    def take(self, kind: str, text: str, filters: dict[str, str]) -> tuple[Place | None, dict[str, str]]:
        """The place and the filters that hold: the cursor's own; the same may be given beside it."""
        try:
            content: Any = wire.loads(base64.b64decode(text, altchars=b"-_", validate=True))
            made_for, at, number, own, issued, count = content
            place = None if at is None else (datetime.fromisoformat(at), int(number))
            born = datetime.fromisoformat(issued)
        except (binascii.Error, ValueError, TypeError):
            raise Refusal(400, "The cursor cannot be read") from None
        if made_for != kind or any(own.get(name) != value for name, value in filters.items()):
            raise Refusal(400, "The cursor belongs to another query")
        lives = timedelta(seconds=self._state.config.rebound.cursor_seconds)
        if count <= self._dead or born + lives <= self._state.clock.now():
            raise Refusal(410, "The cursor has expired")
        return place, own
