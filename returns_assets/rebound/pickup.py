"""Files from the drop folder into the inbox: only finished ones, stored before they are moved, good ones despite bad ones.

A crash between the commit and the move leaves the file where it is; the next look stores the same bytes again, which are the same document.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from returns_assets.rebound.documents import why_unreadable
from returns_assets.rebound.dropped import DONE, Incoming, Look, ReceivedAt, channel_of, document_files, look_at, received_at
from returns_assets.rebound.identity import clean_text
from returns_assets.rebound.importer import BATCH_BYTES, BATCH_FILES

AddMany = Callable[[Sequence[Incoming]], Sequence[tuple[int, bool]]]
WhyUnreadable = Callable[[str, bytes, str], str]  # of channel, content and name: empty where something can be read


@dataclass(frozen=True)
class Folders:
    """Where files are dropped (one folder a channel), where they go, and the small file that remembers the last look."""

    inbox: Path
    archive: Path
    error: Path
    state: Path

    @classmethod
    def of(cls, inbox: Path) -> "Folders":
        """The siblings of the drop folder: inbox-archive, inbox-error, inbox-looks.json."""
        beside = [inbox.with_name(f"{inbox.name}-{suffix}") for suffix in ("archive", "error", "looks.json")]
        return cls(inbox, *beside)


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
    """`waiting`: files that may still be written. `failed`: one sentence for each file that could not be opened or moved."""

    taken: int = 0
    new: int = 0
    waiting: int = 0
    days: set[date] = field(default_factory=set[date])
    unreadable: list[Unreadable] = field(default_factory=list[Unreadable])
    failed: list[str] = field(default_factory=list[str])

    def then(self, later: "PickupReport") -> "PickupReport":
        """This look and a later one together: what still waits, or still fails, only the later one knows."""
        days, unreadable = self.days | later.days, self.unreadable + later.unreadable
        return PickupReport(self.taken + later.taken, self.new + later.new, later.waiting, days, unreadable, later.failed)

    def counts(self) -> dict[str, int]:
        """For logs and metadata."""
        listed = {"unreadable": len(self.unreadable), "failed": len(self.failed)}
        return {"taken": self.taken, "new": self.new, "waiting": self.waiting, **listed}


@dataclass(frozen=True)
class _File:
    path: Path
    look: Look
    incoming: Incoming

    @property
    def day(self) -> date:
        return self.incoming.received_at.astimezone(UTC).date()


def pick_up(
    folders: Folders,
    add_many: AddMany,
    *,
    now: Callable[[], datetime],
    on_unreadable: Callable[[Unreadable], None],
    rule: ReceivedAt = "now",
    unreadable: WhyUnreadable = why_unreadable,
) -> PickupReport:
    """One look at the drop folder: takes files that look as at the last look, or that have a `<name>.done` marker beside them.

    `add_many` commits before it returns (id, is_new) for each. `on_unreadable` is called after the bytes are stored and before the file
    goes to the error folder; files that can be read, in part at least, go to the archive. `unreadable` knows what each channel carries.
    """
    report = PickupReport()
    before = _load_looks(folders.state)
    looks: dict[str, Look] = {}
    ready: list[tuple[Path, Look]] = []
    for path in document_files(folders.inbox):
        try:
            look = look_at(path)
        except FileNotFoundError:
            continue  # another pick-up took it
        name = str(path.relative_to(folders.inbox))
        looks[name] = look
        if before.get(name) == look or path.with_name(path.name + DONE).exists():
            ready.append((path, look))
        else:
            report.waiting += 1
    # remembered before anything is taken: a crash on the way costs no extra look
    _save_looks(folders.state, looks)
    for batch in _batches(folders, ready, rule, now(), report):
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
            _put_away(file, document_id, folders.error if fault else folders.archive, report)
    return report


def _batches(
    folders: Folders, ready: Sequence[tuple[Path, Look]], rule: ReceivedAt, now: datetime, report: PickupReport
) -> Iterator[list[_File]]:
    batch: list[_File] = []
    size = 0
    for path, look in ready:
        relative = path.relative_to(folders.inbox)
        try:
            content = path.read_bytes()
            at = received_at(path, relative, rule, now)
            unchanged = look_at(path) == look
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            report.failed.append(str(error))
            continue
        if not unchanged:  # written to while it was read: the next looks decide
            report.waiting += 1
            continue
        batch.append(_File(path, look, Incoming(content, channel_of(relative), clean_text(str(relative)), at)))
        size += len(content)
        if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _put_away(file: _File, document_id: int, folder: Path, report: PickupReport) -> None:
    try:
        if look_at(file.path) != file.look:  # sent again under the same name meanwhile: that is another document
            return
        _move(file, folder / file.day.isoformat(), document_id)
        file.path.with_name(file.path.name + DONE).unlink(missing_ok=True)
    except FileNotFoundError:
        return  # another pick-up moved it; the bytes are stored
    except OSError as error:
        report.failed.append(f"{file.path}: stored as document {document_id}, but not moved: {error}")


def _move(file: _File, folder: Path, document_id: int) -> None:
    target = folder / file.incoming.channel / file.path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.read_bytes() != file.incoming.content:
        target = target.with_name(f"{document_id}-{target.name}")
    shutil.move(file.path, target)


def _load_looks(path: Path) -> dict[str, Look]:
    """An unreadable state file only costs one more look."""
    try:
        return {name: Look(int(size), int(mtime)) for name, (size, mtime) in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _save_looks(path: Path, looks: dict[str, Look]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.write_text(json.dumps(looks), encoding="utf-8")
    os.replace(beside, path)
