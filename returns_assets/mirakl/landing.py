"""Raw answers on disk, written before they are parsed: LANDING/mirakl/MARKETPLACE/DAY/OPERATION-BATCH-TIME-PAGE.json.

A replay reads these files and needs no network. They hold customers' addresses as Mirakl sends them, so the folders are readable by
their owner only and nothing of them but the columns of the parse statements reaches a table.
"""

import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

_STAMP = "%Y%m%dT%H%M%S%fZ"
KEPT_BATCHES = 2  # by-id reads come with every run of a day: older ones are superseded as a whole
_NAME = re.compile(r"^(?P<operation>[A-Z0-9]+(?:-[a-z]+)?)-(?P<batch>\d{6}[0-9a-f]{6})-(?P<at>\d{8}T\d{12}Z)-(?P<page>\d{5})\.json$")


@dataclass(frozen=True)
class Batch:
    """The files of one use of an operation, oldest page first."""

    operation: str
    number: str
    fetched_at: datetime
    files: tuple[Path, ...]


class Landing:
    """One partition's folder."""

    def __init__(self, landing_dir: Path, marketplace: str, day: date) -> None:
        self.folder = landing_dir / "mirakl" / marketplace / day.isoformat()

    def write(self, operation: str, fetched_at: datetime, pages: Iterable[bytes]) -> Batch:
        """Write one batch as its pages arrive; each file appears whole or not at all. A batch that breaks off leaves no file.

        `fetched_at` is the time before the first request: a row is at least as new as that.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = f"{self._next_number():06d}{secrets.token_hex(3)}"
        stamp = fetched_at.astimezone(UTC).strftime(_STAMP)
        written: list[Path] = []
        try:
            for page, body in enumerate(pages, start=1):
                target = self.folder / f"{operation}-{number}-{stamp}-{page:05d}.json"
                written.append(target.with_suffix(".tmp"))
                descriptor = os.open(written[-1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(descriptor, "wb") as out:
                    out.write(body)
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        files: list[Path] = []
        for path in written:
            os.replace(path, path.with_suffix(".json"))
            files.append(path.with_suffix(".json"))
        return Batch(operation, number, fetched_at, tuple(files))

    def batches(self, operation: str) -> list[Batch]:
        """All batches of an operation, oldest first."""
        found: dict[str, list[tuple[Path, datetime]]] = {}
        for path in sorted(self.folder.glob(f"{operation}-*.json")):
            match = _NAME.match(path.name)
            if match and match["operation"] == operation:
                at = datetime.strptime(match["at"], _STAMP).replace(tzinfo=UTC)
                found.setdefault(match["batch"], []).append((path, at))
        return [Batch(operation, number, entries[0][1], tuple(path for path, _ in entries)) for number, entries in sorted(found.items())]

    def latest(self, operation: str) -> Batch | None:
        """The newest batch of an operation."""
        batches = self.batches(operation)
        return batches[-1] if batches else None

    def adopt(self, operation: str) -> Batch | None:
        """Make the newest answer of any day this partition's own (a copy under its old time); None when there is none at all."""
        found = [(match["at"], path) for path in self.folder.parent.glob(f"*/{operation}-*.json") if (match := _NAME.match(path.name))]
        if not found:
            return None
        at, source = max(found)
        own = self.latest(operation)
        if own is not None and own.files[0].parent == source.parent:
            return own
        return self.write(operation, datetime.strptime(at, _STAMP).replace(tzinfo=UTC), [source.read_bytes()])

    def drop_superseded(self, operation: str) -> None:
        """Delete all but the newest batches of an operation whose later answers replace the earlier ones."""
        for batch in self.batches(operation)[:-KEPT_BATCHES]:
            for path in batch.files:
                path.unlink(missing_ok=True)

    def _next_number(self) -> int:
        numbers = [int(match["batch"][:6]) for path in self.folder.glob("*.json") if (match := _NAME.match(path.name))]
        return max(numbers, default=0) + 1
