"""The inbox: documents exactly as they arrived, stored before anybody is told that they were received."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from returns_assets.ledger.store import Store, chunked
from returns_assets.ledger.tables import inbox

BATCH = 2000  # documents of one transaction of add_many


@dataclass(frozen=True, slots=True)
class NewDocument:
    """Bytes to be kept; `name` is the file's or request's name for people, `received_at` aware."""

    content: bytes
    channel: str
    name: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document; `id` is its sequence number, `day` the UTC day of its receipt."""

    id: int
    received_at: datetime
    day: date
    channel: str
    name: str
    sha256: str
    content: bytes


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A stored document without its bytes."""

    id: int
    received_at: datetime
    day: date
    channel: str
    name: str
    sha256: str
    size: int


class Inbox:
    """Append-only; the same bytes on the same channel are the same document."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, content: bytes, *, channel: str, name: str, received_at: datetime) -> tuple[int, bool]:
        """Store one document durably; returns its id and whether it is new."""
        return self.add_many([NewDocument(content, channel, name, received_at)])[0]

    def add_many(self, documents: Iterable[NewDocument]) -> list[tuple[int, bool]]:
        """Store documents, some thousand a transaction; (id, is_new) for each in the order given. After a crash, add all again."""
        added: list[tuple[int, bool]] = []
        for batch in chunked(documents, BATCH):
            rows = [_row(document) for document in batch]
            # the lock makes ids grow in the order of commits: a reader that has seen id n never misses a lower one later
            with self._store.write("inbox") as con:
                added.extend(_add(con, rows))
        return added

    def documents(self, day: date) -> list[Document]:
        """All documents of a day with their bytes, in the order of arrival."""
        columns = [c for c in inbox.c if c.name != "size"]
        with self._store.read() as con:
            return [Document(*row) for row in con.execute(select(*columns).where(inbox.c.day == day).order_by(inbox.c.id)).tuples()]

    def get(self, document_id: int) -> Document | None:
        """One document."""
        columns = [c for c in inbox.c if c.name != "size"]
        with self._store.read() as con:
            row = con.execute(select(*columns).where(inbox.c.id == document_id)).one_or_none()
        return None if row is None else Document(*row)

    def since(self, seq: int, limit: int = 1000) -> list[DocumentRef]:
        """Documents with an id above `seq`, lowest first: a sensor's cursor is the last id it saw."""
        columns = [c for c in inbox.c if c.name != "content"]
        query = select(*columns).where(inbox.c.id > seq).order_by(inbox.c.id).limit(limit)
        with self._store.read() as con:
            return [DocumentRef(*row) for row in con.execute(query).tuples()]

    def days(self) -> list[tuple[date, int]]:
        """Days with documents, oldest first, and how many."""
        query = select(inbox.c.day, func.count()).group_by(inbox.c.day).order_by(inbox.c.day)
        with self._store.read() as con:
            return [(day, number) for day, number in con.execute(query).tuples()]


def _row(document: NewDocument) -> dict[str, Any]:
    if document.received_at.tzinfo is None:
        raise ValueError(f"received_at of {document.name} has no time zone")
    return {
        "received_at": document.received_at,
        "day": document.received_at.astimezone(UTC).date(),
        "channel": document.channel,
        "name": document.name,
        "sha256": hashlib.sha256(document.content).hexdigest(),
        "size": len(document.content),
        "content": document.content,
    }


def _add(con: Connection, rows: list[dict[str, Any]]) -> list[tuple[int, bool]]:
    known = _ids(con, rows)
    fresh: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if (identity := (row["channel"], row["sha256"])) not in known:
            fresh.setdefault(identity, row)  # twice in one batch: the first stays
    if not fresh:
        return [(known[row["channel"], row["sha256"]], False) for row in rows]
    con.execute(insert(inbox), list(fresh.values()))
    ids = _ids(con, rows)
    result: list[tuple[int, bool]] = []
    for row in rows:
        identity = (row["channel"], row["sha256"])
        result.append((ids[identity], fresh.pop(identity, None) is not None))
    return result


def _ids(con: Connection, rows: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for channel in sorted({row["channel"] for row in rows}):
        hashes = [row["sha256"] for row in rows if row["channel"] == channel]
        query = select(inbox.c.sha256, inbox.c.id).where(inbox.c.channel == channel, inbox.c.sha256.in_(hashes))
        found.update({(channel, sha256): number for sha256, number in con.execute(query).tuples()})
    return found
