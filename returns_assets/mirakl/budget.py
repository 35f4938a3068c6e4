"""How often each operation is called: the operator's ceilings, kept across processes in one small SQLite file.

Reference, 1.4. Two different things, because the ceilings' wording leaves it open whether each page counts:
- `interval`: how long after one use of an operation the next may start. Callers ask `due()` and use the landed answer until then.
- `gap`: the least time between two calls of one sweep or between reads by id. 0 by default: calls are saved by asking for 100 at once,
  and a 429 is honoured by the transport.
"""

import sqlite3
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Ceiling:
    """Seconds between two uses of an operation, and between two calls within one use."""

    interval: float = 0.0
    gap: float = 0.0


DAILY = 24 * 3600.0
# The recommended values of reference 1.4. RE01 and PC01 have no ceiling there; platform data changes rarely, reasons decide money and
# are therefore read for every partition. The interval of OR11 sweeps is the marketplace's sweep_interval_seconds, and when a partition
# was last swept is in mirakl_sweeps; only their gap is here.
CEILINGS: Mapping[str, Ceiling] = {
    "OR11-sweep": Ceiling(),
    "OR11-ids": Ceiling(),
    "RT11-sweep": Ceiling(),
    "RT11-ids": Ceiling(),
    "OR11-created": Ceiling(),
    "OF21": Ceiling(),  # no ceiling there
    "RE01": Ceiling(),
    "PC01": Ceiling(interval=3600.0),
    "A01": Ceiling(interval=DAILY),
    "OR75": Ceiling(interval=DAILY),
    "CUR01": Ceiling(interval=DAILY),
    "SH21": Ceiling(interval=DAILY),
    "SH21-again": Ceiling(interval=4 * 3600.0),  # for one code that a dispatch needs and the day's list lacks
    "SH12": Ceiling(interval=DAILY),
}
_SCHEMA = "CREATE TABLE IF NOT EXISTS calls (scope TEXT, name TEXT, at REAL, PRIMARY KEY (scope, name))"


def with_stock(file_seconds: float, status_seconds: float) -> Mapping[str, Ceiling]:
    """CEILINGS and a marketplace's own gaps of the stock imports; what waits for a slot is collected meanwhile.

    `STO01-turn` is taken before the reading that a file starts from, `STO01` right before it is sent: readings differ in length.
    """
    file, status = Ceiling(gap=file_seconds), Ceiling(gap=status_seconds)
    return {**CEILINGS, "STO01-turn": file, "STO01": file, "STO02": status, "STO03": file}


class CallBudget:
    """The budget of one shop (`scope`, usually the marketplace key) in the file `path`."""

    def __init__(
        self,
        path: Path,
        scope: str,
        *,
        ceilings: Mapping[str, Ceiling] = CEILINGS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._path = path
        self._scope = scope
        self._ceilings = ceilings
        self._clock = clock

    def due(self, operation: str, about: str = "") -> bool:
        """Whether `operation` may be used now. A last use in the future (a clock set back) does not count.

        `about`: what it is used for, where each such thing has an interval of its own.
        """
        interval = self._ceilings.get(operation, Ceiling()).interval
        with self._open() as con:
            last = self._last(con, f"use {operation} {about}".rstrip())
        return last is None or not 0 <= self._clock().timestamp() - last < interval

    def used(self, operation: str, about: str = "") -> None:
        """Remember that `operation` was used now; called after a success, so that a failed read can be repeated at once."""
        with self._open() as con:
            self._remember(con, f"use {operation} {about}".rstrip(), self._clock().timestamp())

    def pace(self, operation: str, wait: Callable[[float], None]) -> None:
        """Take the next call slot of `operation` and wait for it. Slots are handed out under a lock, also across processes."""
        gap = self._ceilings.get(operation, Ceiling()).gap
        if gap <= 0:
            return
        with self._open() as con:
            now = self._clock().timestamp()
            last = self._last(con, f"slot {operation}")
            slot = now if last is None else max(now, min(last, now + 3600) + gap)
            self._remember(con, f"slot {operation}", slot)
        if slot > now:
            wait(slot - now)

    def _last(self, con: sqlite3.Connection, name: str) -> float | None:
        row = con.execute("SELECT at FROM calls WHERE scope = ? AND name = ?", (self._scope, name)).fetchone()
        return None if row is None else float(row[0])

    def _remember(self, con: sqlite3.Connection, name: str, at: float) -> None:
        con.execute("INSERT OR REPLACE INTO calls VALUES (?, ?, ?)", (self._scope, name, at))

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        """One immediate transaction; losing it costs a call too many, so it does not wait for the disk."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        con = sqlite3.connect(self._path, timeout=30.0, isolation_level=None)
        try:
            con.execute("PRAGMA synchronous = OFF")
            con.execute("BEGIN IMMEDIATE")
            con.execute(_SCHEMA)
            yield con
            con.execute("COMMIT")
        finally:
            con.close()
