"""The exception queue: what a person or time must clear, opened and resolved by whole slices, with its history."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, select, update

from returns_assets.ledger.store import Store, chunked
from returns_assets.ledger.tables import exception_history, exceptions

CLASSES = ("technical", "mapping", "logical", "policy")
NO_LONGER_PRESENT = "no longer present"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionRecord:
    """Something to be cleared. `todo` says what to do in one sentence; `key` follows from class, cause and subject when not given."""

    exception_class: str
    cause: str
    subject_kind: str
    subject: str
    detail: str
    todo: str
    marketplace: str | None = None
    day: date | None = None
    key: str = ""

    def __post_init__(self) -> None:
        if self.exception_class not in CLASSES:
            raise ValueError(f"exception class {self.exception_class!r} is none of {', '.join(CLASSES)}")
        if not self.key:
            text = json.dumps([self.exception_class, self.cause, self.subject_kind, self.subject], ensure_ascii=False)
            object.__setattr__(self, "key", hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class OpenException:
    """An exception as stored: `count` is how often it was seen, `state` open or resolved."""

    id: int
    source: str
    scope: dict[str, Any]
    key: str
    exception_class: str
    cause: str
    marketplace: str | None
    day: date | None
    subject_kind: str
    subject: str
    detail: str
    todo: str
    state: str
    count: int
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class ExceptionEvent:
    """opened, reopened or resolved."""

    at: datetime
    event: str
    actor: str
    note: str


@dataclass(frozen=True, slots=True)
class ExceptionCount:
    """Open exceptions of one marketplace, class and cause."""

    marketplace: str | None
    exception_class: str
    cause: str
    count: int


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What one sync did."""

    opened: int
    touched: int
    reopened: int
    resolved: int


class Exceptions:
    """Never deleted: a resolved one stays, and is reopened with its history when it comes back."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync(
        self,
        source: str,
        scope: Mapping[str, Any],
        records: Sequence[ExceptionRecord],
        *,
        now: datetime | None = None,
        actor: str = "system",
    ) -> SyncResult:
        """Make `records` the open exceptions of this source and scope, in one transaction.

        New ones are opened, known ones touched (count, last_seen, wording), resolved ones reopened, those not in `records` resolved
        by `system`. A key given twice counts once.
        """
        with self._store.write(f"exceptions:{source}:{_scope_text(scope)}") as con:
            return _sync(con, source, _scope_text(scope), records, now or datetime.now(UTC), actor, resolve_missing=True)

    def open_one(
        self,
        source: str,
        record: ExceptionRecord,
        *,
        scope: Mapping[str, Any] | None = None,
        now: datetime | None = None,
        actor: str = "system",
    ) -> int:
        """Open, touch or reopen one exception without looking at the others of its source; returns its id."""
        text = _scope_text(scope or {})
        with self._store.write(f"exceptions:{source}:{text}") as con:
            _sync(con, source, text, [record], now or datetime.now(UTC), actor, resolve_missing=False)
            query = select(exceptions.c.id).where(exceptions.c.source == source, exceptions.c.scope == text, exceptions.c.key == record.key)
            return con.execute(query).scalar_one()

    def resolve(self, exception_id: int, actor: str, note: str, *, now: datetime | None = None) -> bool:
        """Close an open exception by hand; False when there is no such open one. It is reopened if the next sync still finds it."""
        at = now or datetime.now(UTC)
        change: dict[str, Any] = {"state": "resolved", "resolved_at": at, "resolved_by": actor, "note": note}
        with self._store.write() as con:
            where = and_(exceptions.c.id == exception_id, exceptions.c.state == "open")
            if con.execute(update(exceptions).where(where).values(change)).rowcount == 0:
                return False
            con.execute(insert(exception_history), [_event(exception_id, at, "resolved", actor, note)])
            return True

    def subjects_elsewhere(self, source: str, scope: Mapping[str, Any]) -> dict[int, str]:
        """Open exceptions of the source in other scopes than this one: id -> subject."""
        e = exceptions.c
        where = (e.source == source, e.scope != _scope_text(scope), e.state == "open")
        with self._store.read() as con:
            return dict(con.execute(select(e.id, e.subject).where(*where).order_by(e.id)).tuples().all())

    def supersede(self, exception_ids: Sequence[int], note: str, *, now: datetime | None = None) -> None:
        """Close exceptions that another scope of their source took over; those that are not open are left as they are."""
        at, e = now or datetime.now(UTC), exceptions.c
        change: dict[str, Any] = {"state": "resolved", "resolved_at": at, "resolved_by": "system", "note": note}
        for chunk in chunked(exception_ids):
            with self._store.write() as con:
                scopes = con.execute(select(e.source, e.scope).where(e.id.in_(chunk)).distinct()).tuples().all()
                self._store.lock(con, *(f"exceptions:{source}:{scope}" for source, scope in scopes))  # as sync does
                numbers = con.execute(select(e.id).where(e.id.in_(chunk), e.state == "open")).scalars().all()
                if numbers:
                    con.execute(update(exceptions).where(e.id.in_(numbers)).values(change))
                    con.execute(insert(exception_history), [_event(number, at, "resolved", "system", note) for number in numbers])

    def get(self, exception_id: int) -> OpenException | None:
        """One exception."""
        with self._store.read() as con:
            row = con.execute(select(exceptions).where(exceptions.c.id == exception_id)).mappings().one_or_none()
        return None if row is None else _exception(row)

    def history(self, exception_id: int) -> "list[ExceptionEvent]":
        """Opened, resolved, reopened: oldest first."""
        h = exception_history.c
        with self._store.read() as con:
            rows = con.execute(select(h.at, h.event, h.actor, h.note).where(h.exception_id == exception_id).order_by(h.id))
            return [ExceptionEvent(*row) for row in rows.tuples()]

    def list(
        self,
        state: str | None = "open",
        *,
        marketplace: str | None = None,
        day: date | None = None,
        exception_class: str | None = None,
        cause: str | None = None,
        source: str | None = None,
        limit: int | None = None,
    ) -> "list[OpenException]":
        """Exceptions by what is known of them, oldest first; `state` None for all."""
        wanted = {
            "state": state,
            "marketplace": marketplace,
            "day": day,
            "exception_class": exception_class,
            "cause": cause,
            "source": source,
        }
        conditions = [exceptions.c[name] == value for name, value in wanted.items() if value is not None]
        with self._store.read() as con:
            query = select(exceptions).where(*conditions).order_by(exceptions.c.id).limit(limit)
            return [_exception(row) for row in con.execute(query).mappings()]

    def counts(
        self, *, marketplace: str | None = None, first_day: date | None = None, last_day: date | None = None
    ) -> "list[ExceptionCount]":
        """Open exceptions by marketplace, class and cause, most first; days inclusive (an exception without a day is always counted)."""
        e = exceptions.c
        where: list[ColumnElement[bool]] = [e.state == "open"]
        if marketplace is not None:
            where.append(e.marketplace == marketplace)
        if first_day is not None:
            where.append((e.day >= first_day) | e.day.is_(None))
        if last_day is not None:
            where.append((e.day <= last_day) | e.day.is_(None))
        number = func.count()
        query = select(e.marketplace, e.exception_class, e.cause, number).where(*where).group_by(e.marketplace, e.exception_class, e.cause)
        with self._store.read() as con:
            return [ExceptionCount(*row) for row in con.execute(query.order_by(number.desc(), e.cause, e.marketplace)).tuples()]


def _sync(
    con: Connection, source: str, scope: str, records: Sequence[ExceptionRecord], at: datetime, actor: str, *, resolve_missing: bool
) -> SyncResult:
    e = exceptions.c
    where = [e.source == source, e.scope == scope] + ([] if resolve_missing else [e.key.in_([record.key for record in records])])
    known = {
        key: (number, state, seen) for key, number, state, seen in con.execute(select(e.key, e.id, e.state, e.count).where(*where)).tuples()
    }
    wanted = {record.key: record for record in records}
    new = [key for key in wanted if key not in known]
    back = [known[key][0] for key in wanted if key in known and known[key][1] == "resolved"]
    gone = [number for key, (number, state, _) in known.items() if resolve_missing and key not in wanted and state == "open"]

    for chunk in chunked(new):
        con.execute(insert(exceptions), [_row(source, scope, wanted[key], at) for key in chunk])
    seen_again = [(wanted[key], *known[key]) for key in wanted if key in known]
    if seen_again:
        con.execute(
            update(exceptions).where(e.id == bindparam("b_id")),
            [
                {
                    "b_id": number,
                    "state": "open",
                    "count": count + 1,
                    "last_seen": at,
                    "resolved_at": None,
                    "resolved_by": None,
                    "note": None,
                }
                | _wording(record)
                for record, number, _, count in seen_again
            ],
        )
    for chunk in chunked(gone):
        change: dict[str, Any] = {"state": "resolved", "resolved_at": at, "resolved_by": "system", "note": NO_LONGER_PRESENT}
        con.execute(update(exceptions).where(e.id.in_(chunk)).values(change))

    opened = [
        number
        for chunk in chunked(new)
        for number in con.execute(select(e.id).where(e.source == source, e.scope == scope, e.key.in_(chunk))).scalars()
    ]
    events = [_event(number, at, "opened", actor, "") for number in opened]
    events += [_event(number, at, "reopened", actor, "") for number in back]
    events += [_event(number, at, "resolved", "system", NO_LONGER_PRESENT) for number in gone]
    if events:
        con.execute(insert(exception_history), events)
    return SyncResult(len(new), len(seen_again) - len(back), len(back), len(gone))


def _wording(record: ExceptionRecord) -> dict[str, Any]:
    return {
        "marketplace": record.marketplace,
        "day": record.day,
        "subject_kind": record.subject_kind,
        "detail": record.detail,
        "todo": record.todo,
    }


def _row(source: str, scope: str, record: ExceptionRecord, at: datetime) -> dict[str, Any]:
    identity = {"source": source, "scope": scope, "key": record.key, "subject": record.subject}
    classes = {"exception_class": record.exception_class, "cause": record.cause}
    return {**identity, **classes, **_wording(record), "state": "open", "count": 1, "first_seen": at, "last_seen": at}


def _event(exception_id: int, at: datetime, event: str, actor: str, note: str) -> dict[str, Any]:
    return {"exception_id": exception_id, "at": at, "event": event, "actor": actor, "note": note}


def _exception(row: Mapping[Any, Any]) -> OpenException:
    return OpenException(**{**row, "scope": json.loads(row["scope"])})


def _scope_text(scope: Mapping[str, Any]) -> str:
    return json.dumps(dict(scope), sort_keys=True, default=str, ensure_ascii=False)
