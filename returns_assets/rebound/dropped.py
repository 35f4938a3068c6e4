"""Files that somebody dropped: which of them are documents, which channel they belong to, when they were received."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Literal, NamedTuple

from returns_assets.rebound.identity import clean_text

ReceivedAt = Literal["mtime", "path", "now"]
NO_CHANNEL = "none"  # a file that lies beside the channel folders; it is kept, and reported as of an unknown channel
DONE = ".done"
UNFINISHED = (".tmp", ".part", ".filepart", DONE)
DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


class UndatedFile(ValueError):
    """A file whose path names no day although the day was to come from the path."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document on its way into the inbox. `received_at` is aware UTC."""

    content: bytes
    channel: str
    name: str
    received_at: datetime


class Look(NamedTuple):
    """What a file looked like: two equal looks mean that nobody is writing it any more."""

    size: int
    mtime_ns: int


def look_at(path: Path) -> Look:
    """Raises OSError when the file is gone."""
    status = path.stat()
    return Look(status.st_size, status.st_mtime_ns)


def is_document(name: str) -> bool:
    """Whether a file of this name is a document: no dot file, no marker, not named as unfinished."""
    return not name.startswith(".") and not name.endswith(UNFINISHED)


def document_files(root: Path) -> Iterator[Path]:
    """All files below `root` that are documents, in the order of their paths: no dot files, no markers, no unfinished ones, no links."""
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if any(part.startswith(".") for part in relative.parts[:-1]) or not is_document(path.name):
            continue
        if path.is_file() and not path.is_symlink():
            yield path


def channel_of(relative: Path) -> str:
    """The first folder that is no day: `<channel>/...` as dropped, `<day>/<channel>/...` as archived."""
    folders = [part for part in relative.parts[:-1] if not DAY.fullmatch(part)]
    return clean_text(folders[0]) if folders else NO_CHANNEL


def received_at(path: Path, relative: Path, rule: ReceivedAt, now: datetime) -> datetime:
    """When the document counts as received.

    `mtime`: the file's time. `path`: the day in its path, with the file's time if that is on the same day, else the day's last second,
    so that nothing in the document lies after its receipt. `now`: the clock's. Raises UndatedFile for `path` without a day.
    """
    if rule == "now":
        return now
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if rule == "mtime":
        return changed
    found = DAY.search(str(relative))
    try:
        day = date.fromisoformat(found.group()) if found else None
    except ValueError:
        day = None
    if day is None:
        raise UndatedFile(f"{relative}: its path names no day; allowed: a folder or file name with a day such as 2025-03-09")
    return changed if changed.date() == day else datetime.combine(day, time(23, 59, 59), UTC)
