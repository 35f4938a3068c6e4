"""The sandbox's clock: real time until someone sets or advances it. Who must react to a jump registers with `State.on_time`."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Aware UTC datetimes. Starts real (`now=None`) or fixed. `set` freezes it; `advance` moves it, and a real clock keeps running."""

    def __init__(self, now: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._fixed = None if now is None else now.astimezone(UTC)
        self._offset = timedelta(0)

    def now(self) -> datetime:
        with self._lock:
            return self._fixed if self._fixed is not None else datetime.now(UTC) + self._offset

    def set(self, now: datetime) -> None:
        """Freeze the clock at `now` (aware); going back is allowed, it only affects what comes later."""
        if now.tzinfo is None:
            raise ValueError("the clock takes aware datetimes only")
        with self._lock:
            self._fixed = now.astimezone(UTC)

    def advance(self, seconds: float) -> None:
        with self._lock:
            if self._fixed is not None:
                self._fixed += timedelta(seconds=seconds)
            else:
                self._offset += timedelta(seconds=seconds)

    def release(self) -> None:
        """Let it run with real time again, without an offset."""
        with self._lock:
            self._fixed, self._offset = None, timedelta(0)

    @property
    def fixed(self) -> bool:
        with self._lock:
            return self._fixed is not None
