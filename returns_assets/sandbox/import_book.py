"""A marketplace's stock imports (STO01): the lines that were sent, where each import stands, and what it found wrong."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, fields
from typing import Any

Json = dict[str, Any]
WAITING, RUNNING, COMPLETE, FAILED = "WAITING", "RUNNING", "COMPLETE", "FAILED"
FINISHED = (COMPLETE, FAILED)


@dataclass(slots=True)
class StockImport:
    """`rows`: [line number in the file, offer-sku, quantity, warehouse-code, update-delete]; None: the file cannot be read.

    `errors`: line number and reason of what the error report lists. `polls`: how often STO02 was answered.
    """

    import_id: str
    created: str
    digest: str
    rows: list[list[Any]] | None
    status: str = WAITING
    polls: int = 0
    errors: list[list[Any]] = field(default_factory=list[list[Any]])
    success: int = 0

    @property
    def open(self) -> bool:
        return self.status not in FINISHED

    def as_dict(self) -> Json:
        """Not a deep copy: a file may have a hundred thousand lines."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class ImportBook:
    """In order of arrival."""

    def __init__(self) -> None:
        self.imports: dict[str, StockImport] = {}
        self._open: list[StockImport] = []

    def open_ones(self) -> list[StockImport]:
        self._open = [made for made in self._open if made.open]
        return self._open

    def open(self, marketplace: str, created: str, digest: str, rows: list[list[Any]] | None) -> StockImport:
        import_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{marketplace}/stock/{len(self.imports) + 1}"))
        return self._add(StockImport(import_id, created, digest, rows))

    def _add(self, made: StockImport) -> StockImport:
        self.imports[made.import_id] = made
        self._open.append(made)
        return made

    def take_back(self, value: Json) -> None:
        """Out of the state file."""
        self._add(StockImport(**value))

    def latest(self) -> StockImport | None:
        return next(reversed(self.imports.values()), None)
