"""Dropped files into the inbox: only finished ones, stored before they are moved, good ones despite bad ones.

A crash between the commit and the move leaves the file where it is; the next look stores the same bytes again, which are the same
document. A marker goes before its file does, and goes when the file changes: left behind it would call the next file of that name finished
while that one is still being sent. Without it only the rule of equal looks holds. A file at which a look broke off comes last in the next
one, so that it holds up no other. Where the files lie (a folder here, a folder at an SFTP server) is the place's matter.
"""

import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from returns_assets.rebound.documents import why_unreadable
from returns_assets.rebound.dropped import Incoming, Look, channel_of
from returns_assets.rebound.identity import clean_text
from returns_assets.rebound.importer import BATCH_BYTES, BATCH_FILES

AddMany = Callable[[Sequence[Incoming]], Sequence[tuple[int, bool]]]
WhyUnreadable = Callable[[str, bytes, str], str]  # of channel, content and name: empty where something can be read


class PlaceLost(RuntimeError):
    """The place as a whole cannot be looked at, or no longer: the look ends, and what it stored is kept. `cause` is the exception's.

    `at`: the name of the file that was being read or put away.
    """

    cause = "place_lost"
    at: str | None = None


@dataclass(frozen=True)
class Found:
    """A file that may be taken: `name` is CHANNEL/..., `finished` says that a `<name>.done` marker lies beside it."""

    name: str
    look: Look
    finished: bool


@dataclass(frozen=True)
class Taken:
    """A file whose bytes were read, as it looked before and after."""

    found: Found
    incoming: Incoming

    @property
    def day(self) -> date:
        return self.incoming.received_at.astimezone(UTC).date()


class Place(Protocol):
    """Where files are dropped, one folder a channel. Everything may raise PlaceLost."""

    @property
    def prefix(self) -> str:
        """What the names of its documents begin with, to tell places apart."""
        ...

    def found(self) -> tuple[list[Found], list[str]]:
        """All files that are documents, and a sentence for each folder or file that cannot be looked at."""
        ...

    def look(self, name: str) -> Look:
        """Raises FileNotFoundError when the file is gone, OSError when it cannot be looked at."""
        ...

    def read(self, found: Found) -> bytes:
        """Raises as `look` does."""
        ...

    def unmark(self, found: Found) -> None:
        """Remove the marker beside a file, if there is one; raises as `look` does, save that a marker that is gone is no error."""
        ...

    def put_away(self, taken: Taken, document_id: int, *, readable: bool) -> None:
        """Move a stored file out of the way, so that no other file is overwritten; raises as `look` does."""
        ...


@dataclass(frozen=True)
class Unreadable:
    """A file in which nothing could be read; its bytes are document `document_id`."""

    document_id: int
    day: date
    channel: str
    name: str
    fault: str


@dataclass
class PickupReport:
    """`waiting`: files that may still be written. `failed`: one sentence for each file that could not be opened or moved.

    `lost`: why the look ended before its end.
    """

    taken: int = 0
    new: int = 0
    waiting: int = 0
    days: set[date] = field(default_factory=set[date])
    unreadable: list[Unreadable] = field(default_factory=list[Unreadable])
    failed: list[str] = field(default_factory=list[str])
    lost: PlaceLost | None = None

    def then(self, later: "PickupReport") -> "PickupReport":
        """This look and a later one together: what still waits, or still fails, only the later one knows."""
        days, unreadable = self.days | later.days, self.unreadable + later.unreadable
        return PickupReport(self.taken + later.taken, self.new + later.new, later.waiting, days, unreadable, later.failed, later.lost)

    def counts(self) -> dict[str, int]:
        """For logs and metadata."""
        listed = {"unreadable": len(self.unreadable), "failed": len(self.failed)}
        return {"taken": self.taken, "new": self.new, "waiting": self.waiting, **listed}

    def sentences(self) -> list[str]:
        """Everything that went wrong with files or with the place."""
        return [*self.failed, *([] if self.lost is None else [str(self.lost)])]


class Seen(NamedTuple):
    """A file's look, since when, by our clock, it looks like this, and how many looks broke off at it since."""

    look: Look
    since: datetime
    lost: int


@dataclass(frozen=True)
class Rule:
    """When a file counts as finished, and how many are stored at once. `state`: the small file that remembers the last look.

    A file must look as at the last look and have looked so for `quiet`.
    """

    state: Path
    quiet: timedelta = timedelta()
    batch: int = BATCH_FILES


def pick_up(
    place: Place,
    rule: Rule,
    add_many: AddMany,
    *,
    now: Callable[[], datetime],
    on_unreadable: Callable[[Unreadable], None],
    unreadable: WhyUnreadable = why_unreadable,
) -> PickupReport:
    """One look: takes files that look as at the last look, or that have a `<name>.done` marker beside them.

    `add_many` commits before it returns (id, is_new) for each. `on_unreadable` is called after the bytes are stored and before the file
    is put away; a file that can be read in part counts as readable. `unreadable` knows what each channel carries.
    """
    report = PickupReport()
    try:
        ready = _ready(place, rule, now(), report)
        for batch in _batches(place, rule, ready, now(), report):
            stored = add_many([file.incoming for file in batch])
            for file, (document_id, is_new) in zip(batch, stored, strict=True):
                report.taken += 1
                report.new += is_new
                report.days.add(file.day)
                incoming = file.incoming
                fault = unreadable(incoming.channel, incoming.content, incoming.name)
                if fault:
                    bad = Unreadable(document_id, file.day, incoming.channel, incoming.name, fault)
                    report.unreadable.append(bad)
                    on_unreadable(bad)
                _put_away(place, file, document_id, not fault, report)
    except PlaceLost as lost:
        report.lost = lost
        if lost.at is not None:
            _remember_lost(rule.state, lost.at)
    return report


def _ready(place: Place, rule: Rule, now: datetime, report: PickupReport) -> list[Found]:
    before = _load(rule.state)
    files, failed = place.found()
    report.failed += failed
    seen: dict[str, Seen] = {}
    ready: list[Found] = []
    for found in files:
        last = before.get(found.name)
        unchanged = last if last is not None and last.look == found.look else None
        seen[found.name] = unchanged or Seen(found.look, now, 0)
        if found.finished or (unchanged is not None and now - unchanged.since >= rule.quiet):
            ready.append(found)
        else:
            report.waiting += 1
    # remembered before anything is taken: a crash on the way costs no extra look
    _save(rule.state, seen)
    return sorted(ready, key=lambda found: seen[found.name].lost)


def _batches(place: Place, rule: Rule, ready: Sequence[Found], now: datetime, report: PickupReport) -> Iterator[list[Taken]]:
    batch: list[Taken] = []
    size = 0
    for found in ready:
        try:
            with _at(found.name):
                content = place.read(found)
                unchanged = place.look(found.name) == found.look and len(content) == found.look.size
                if not unchanged:
                    place.unmark(found)
        except FileNotFoundError:
            continue  # another pick-up took it
        except OSError as error:
            report.failed.append(str(error))
            continue
        if not unchanged:  # written to while it was read: the next looks decide
            report.waiting += 1
            continue
        name = clean_text(f"{place.prefix}{found.name}")
        batch.append(Taken(found, Incoming(content, channel_of(Path(found.name)), name, now)))
        size += len(content)
        if len(batch) >= rule.batch or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _put_away(place: Place, file: Taken, document_id: int, readable: bool, report: PickupReport) -> None:
    found = file.found
    try:
        with _at(found.name):
            place.unmark(found)
            if place.look(found.name) == found.look:  # else it was sent again under its name meanwhile: that is another document
                place.put_away(file, document_id, readable=readable)
    except FileNotFoundError:
        return  # another pick-up moved it; the bytes are stored
    except OSError as error:
        report.failed.append(f"{file.incoming.name}: stored as document {document_id}, but not moved: {error}")


@contextmanager
def _at(name: str) -> Generator[None]:
    """Says in a PlaceLost at which file it was."""
    try:
        yield
    except PlaceLost as lost:
        lost.at = name
        raise


def _remember_lost(state: Path, name: str) -> None:
    seen = _load(state)
    if name in seen:
        seen[name] = seen[name]._replace(lost=seen[name].lost + 1)
        _save(state, seen)


def _load(path: Path) -> dict[str, Seen]:
    """An unreadable state file only costs one more look."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: Seen(Look(int(size), int(mtime)), datetime.fromisoformat(since), int(lost))
            for name, (size, mtime, since, lost) in kept.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _save(path: Path, seen: dict[str, Seen]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    kept = {name: [*each.look, each.since.isoformat(), each.lost] for name, each in seen.items()}
    beside.write_text(json.dumps(kept), encoding="utf-8")
    os.replace(beside, path)
