"""The log of every request the sandbox received, so that tests can assert what left the product. Credentials are not kept."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 200_000


@dataclass(slots=True)
class Entry:
    """`status` None: the connection was cut. `committed`: the operation was carried out, whatever the client saw."""

    id: int
    at: str
    marketplace: str | None
    operation: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int | None = None
    fault: str | None = None
    committed: bool = False
    seconds: float = 0.0


class Journal:
    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.sink: Callable[[dict[str, Any]], None] | None = None
        self._next = 1

    def open(
        self, at: str, marketplace: str | None, operation: str, method: str, path: str, query: str, headers: dict[str, str], body: str
    ) -> Entry:
        entry = Entry(self._next, at, marketplace, operation, method, path, query, headers, body)
        self._next += 1
        self.entries.append(entry)
        return entry

    def close(self, entry: Entry) -> None:
        """The request was answered, or cut."""
        if self.sink is not None:
            self.sink(asdict(entry))

    def restore(self, rows: list[dict[str, Any]]) -> None:
        self.entries.extend(Entry(**row) for row in rows)
        self._next = max((entry.id for entry in self.entries), default=0) + 1

    def select(self, marketplace: str | None = None, operation: str | None = None, since: int = 0) -> Iterator[Entry]:
        for entry in self.entries:
            if entry.id > since and marketplace in (None, entry.marketplace) and operation in (None, entry.operation):
                yield entry

    def counts(self) -> dict[str, int]:
        """Requests by `<marketplace>/<operation>` (`-` for none)."""
        return dict(Counter(f"{entry.marketplace or '-'}/{entry.operation}" for entry in self.entries))

    def clear(self) -> None:
        self.entries.clear()
