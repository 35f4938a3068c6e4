"""How documents reach the customer: as files in drop folders or by POST, with the mishaps that a transfer has, drawn from a seed.

Files go to <directory>/<channel>/<stamp>-<n>.<json, csv or ndjson> under a temporary name and are renamed when complete; their mtime is
the moment the document is sent by the sandbox's clock. `n` is the document's number in the world, so a name never comes twice.
"""

import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from returns_assets.sandbox.documents import reserialised
from returns_assets.sandbox.world_plan import Scheduled

NEIGHBOURHOOD = 10
MEDIA = {"json": "application/json", "csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


@dataclass(frozen=True)
class Mishaps:
    """Shares from 0 to 1 of the documents that meet each mishap.

    duplicate: sent again an hour later, the same bytes. reserialised: sent again an hour later in other bytes. disorder: changes places
    with one of the next ten. half_written (files only): the first half lies there under the final name until the next delivery completes
    it. half_abandoned (files only): the half stays, and the next delivery sends the whole document under a new name.
    """

    duplicate: float = 0.0
    reserialised: float = 0.0
    disorder: float = 0.0
    half_written: float = 0.0
    half_abandoned: float = 0.0

    @staticmethod
    def read(data: Mapping[str, Any]) -> "Mishaps":
        """From JSON; ValueError says what is allowed."""
        allowed = [each.name for each in fields(Mishaps)]
        stray = sorted(set(data) - set(allowed))
        if stray:
            raise ValueError(f"unknown fault {', '.join(stray)}; allowed: {', '.join(allowed)}")
        for name, value in data.items():
            if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 1:
                raise ValueError(f"fault {name} must be a share from 0 to 1, not {value!r}")
        return Mishaps(**{name: float(value) for name, value in data.items()})


@dataclass
class Outcome:
    """What one delivery did. `done` holds the numbers of documents that arrived whole; the others stay due.

    `half` holds the documents of which only the first half lies there, and whether that half is abandoned.
    """

    done: set[int] = field(default_factory=set[int])
    half: dict[int, tuple[Scheduled, bool]] = field(default_factory=dict[int, tuple[Scheduled, bool]])
    files: int = 0
    posted: int = 0
    failed: dict[str, int] = field(default_factory=dict[str, int])


def shuffled(documents: Sequence[Scheduled], mishaps: Mishaps, seed: int) -> list[Scheduled]:
    """Disorder: the chosen documents take the sending time of a later neighbour, which takes theirs. Sorted by sending time."""
    moved = list(documents)
    for place, document in enumerate(documents):
        rng = random.Random(f"{seed}/disorder/{document.seq}")
        if rng.random() < mishaps.disorder:
            other = min(len(moved) - 1, place + 1 + rng.randrange(NEIGHBOURHOOD))
            here, there = moved[place], moved[other]
            moved[place], moved[other] = replace(there, at=here.at), replace(here, at=there.at)
    return moved


def copies(document: Scheduled, mishaps: Mishaps, seed: int, until: datetime) -> Iterator[tuple[Scheduled, str]]:
    """The document and what is sent again of it, with a mark for the file name. Nothing is sent after `until`."""
    yield document, ""
    rng = random.Random(f"{seed}/copies/{document.seq}")
    again = min(document.at + timedelta(hours=1), max(until, document.at))
    if rng.random() < mishaps.duplicate:
        yield replace(document, at=again), "-d"
    if rng.random() < mishaps.reserialised:
        try:
            body = reserialised(document.body)
        except ValueError:
            return  # a planted unreadable document has no second form
        yield replace(document, at=again, body=body), "-r"


def file_name(document: Scheduled, mark: str = "") -> str:
    return f"{document.at:%Y%m%dT%H%M%S}-{document.seq:07d}{mark}.{document.suffix}"


def write_file(directory: Path, channel: str, name: str, body: bytes, at: datetime) -> None:
    """Complete under its final name or not there at all; mtime is `at`."""
    folder = directory / channel
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name}.tmp"
    temporary.write_bytes(body)
    os.utime(temporary, (at.timestamp(), at.timestamp()))
    temporary.replace(folder / name)


def _half(directory: Path, document: Scheduled) -> None:
    folder = directory / document.channel
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(document)
    path.write_bytes(document.body[: len(document.body) // 2])
    os.utime(path, (document.at.timestamp(), document.at.timestamp()))


def to_files(documents: Iterable[Scheduled], directory: Path, mishaps: Mishaps, seed: int, until: datetime) -> Outcome:
    """Drop documents as files; some are only begun and must be finished with `finish_file` by the next delivery."""
    outcome = Outcome()
    for document in documents:
        rng = random.Random(f"{seed}/half/{document.seq}")
        written, abandoned = rng.random() < mishaps.half_written, rng.random() < mishaps.half_abandoned
        if written or abandoned:
            _half(directory, document)
            outcome.half[document.seq] = (document, not written)
            outcome.files += 1
            continue
        for copy, mark in copies(document, mishaps, seed, until):
            write_file(directory, copy.channel, file_name(copy, mark), copy.body, copy.at)
            outcome.files += 1
        outcome.done.add(document.seq)
    return outcome


def finish_file(document: Scheduled, directory: Path, *, abandoned: bool) -> None:
    """Put the whole document where its half lies, or, where that half is abandoned, under a new name beside it."""
    write_file(directory, document.channel, file_name(document, "-2" if abandoned else ""), document.body, document.at)


def to_receiver(
    documents: Iterable[Scheduled], url: str, headers: Mapping[str, str], mishaps: Mishaps, seed: int, until: datetime
) -> Outcome:
    """POST each document to <url>/<channel>. What is not answered with 2xx stays due; copies are sent right after their original."""
    outcome = Outcome()
    with httpx.Client(timeout=30) as client:
        for document in documents:
            for copy, mark in copies(document, mishaps, seed, until):
                try:
                    told = {"Content-Type": MEDIA[copy.suffix], **headers}
                    status = client.post(f"{url.rstrip('/')}/{copy.channel}", content=copy.body, headers=told).status_code
                except httpx.TransportError as error:
                    status = None
                    outcome.failed[type(error).__name__] = outcome.failed.get(type(error).__name__, 0) + 1
                else:
                    outcome.posted += 1
                    if not 200 <= status < 300:
                        outcome.failed[str(status)] = outcome.failed.get(str(status), 0) + 1
                if not mark and status is not None and 200 <= status < 300:
                    outcome.done.add(document.seq)
    return outcome
