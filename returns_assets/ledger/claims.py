"""Taking effects for sending: which are due, and the claim that is committed before any request leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Update, and_, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from returns_assets.ledger.reading import fetch_ids
from returns_assets.ledger.records import Effect
from returns_assets.ledger.states import CLAIMED, PLANNED, RETRY_AT, SENDABLE, UNKNOWN, check
from returns_assets.ledger.store import Store, chunked
from returns_assets.ledger.tables import effect_transitions, effects

e = effects.c


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims, until when."""

    token: str
    lease: timedelta | float
    run_id: str
    actor: str
    now: datetime

    @property
    def lease_until(self) -> datetime:
        return self.now + (self.lease if isinstance(self.lease, timedelta) else timedelta(seconds=self.lease))


def _is_due(now: datetime) -> ColumnElement[bool]:
    planned = and_(e.state == PLANNED, e.next_at.is_(None) | (e.next_at <= now))
    return or_(planned, and_(e.state == RETRY_AT, e.next_at <= now))


def due(store: Store, marketplace: str, kind: str, day: date | None, limit: int, now: datetime) -> list[Effect]:
    """See Effects.due."""
    busy = effects.alias()
    where = [
        e.kind == kind,
        e.marketplace == marketplace,
        e.state.in_(SENDABLE),
        _is_due(now),
        ~exists().where(busy.c.inflight == _inflight()),
    ]
    if day is not None:
        where.append(e.day == day)
    first = func.min(e.id)
    with store.read() as con:
        ids = con.execute(select(first).where(*where).group_by(e.subject).order_by(first).limit(limit)).scalars().all()
        return fetch_ids(con, ids, _is_due(now))


def claim(store: Store, known_ids: Mapping[int, Sequence[str]], revisions: Mapping[int, int] | None, claimant: Claimant) -> list[Effect]:
    """See Effects.claim."""
    if not known_ids:
        return []
    if not claimant.token:
        raise ValueError("a claim needs a token of its own")
    check(PLANNED, CLAIMED)
    with store.write(*_locks(store, known_ids)) as con:
        rows = [
            row
            for row in _sendable(con, known_ids, claimant.now)
            if revisions is None or revisions.get(row.id) == row.revision  # planned anew since it was verified
        ]
        _take(con, rows, known_ids, claimant)
        # what the rows say now is what was taken, whatever was asked for
        before = {row.id: row.state for row in rows}
        taken = fetch_ids(con, before, e.claim_token == claimant.token, e.state == CLAIMED)
        if taken:
            con.execute(insert(effect_transitions), [_transition(effect, before[effect.id], claimant) for effect in taken])
        return taken


def renew(store: Store, known_ids: Mapping[int, Sequence[str]], tokens: Mapping[int, str | None], claimant: Claimant) -> list[Effect]:
    """See Effects.renew."""
    check(UNKNOWN, UNKNOWN)
    with store.write(*_locks(store, known_ids)) as con:
        for number, known in sorted(known_ids.items()):
            values: dict[str, Any] = {
                "known_ids": list(known),
                "external_id": None,
                "attempts": e.attempts + 1,
                "run_id": claimant.run_id,
                "claim_token": claimant.token,
                "claimed_at": claimant.now,
                "lease_until": claimant.lease_until,
                "settle_at": claimant.lease_until,
                "updated_at": claimant.now,
            }
            con.execute(update(effects).where(e.id == number, e.state == UNKNOWN, e.claim_token == tokens[number]).values(values))
        taken = fetch_ids(con, known_ids, e.claim_token == claimant.token, e.state == UNKNOWN)
        if taken:
            con.execute(insert(effect_transitions), [_transition(effect, UNKNOWN, claimant) | {"to_state": UNKNOWN} for effect in taken])
        return taken


def _locks(store: Store, ids: Mapping[int, Any]) -> set[str]:
    if store.sqlite:
        return set()
    names: set[str] = set()
    with store.read() as con:
        for chunk in chunked(ids):
            query = select(e.kind, e.marketplace).where(e.id.in_(chunk)).distinct()
            names.update(f"effects:{kind}:{marketplace}" for kind, marketplace in con.execute(query).tuples())
    return names


def _sendable(con: Connection, ids: Mapping[int, Any], now: datetime) -> list[Row[Any]]:
    columns = (e.id, e.state, e.revision)
    query = select(*columns).where(_is_due(now)).order_by(e.id).with_for_update()
    return [row for chunk in chunked(sorted(ids)) for row in con.execute(query.where(e.id.in_(chunk)))]


def _take(con: Connection, rows: Sequence[Row[Any]], known_ids: Mapping[int, Sequence[str]], claimant: Claimant) -> None:
    """All at once; when UNIQUE(inflight) says that a subject has an effect in flight already, one by one."""
    groups: dict[tuple[str, ...], list[int]] = {}  # nearly all have no earlier refund: one statement for those
    for row in rows:
        groups.setdefault(tuple(known_ids[row.id]), []).append(row.id)
    try:
        with con.begin_nested():
            for known, ids in groups.items():
                for chunk in chunked(ids):
                    con.execute(_claiming(claimant, known).where(e.id.in_(chunk), e.state.in_(SENDABLE)))
    except IntegrityError:
        if len(rows) == 1:
            busy = effects.alias()
            if con.execute(select(busy.c.id).where(e.id == rows[0].id, busy.c.inflight == _inflight())).first() is None:
                raise  # not the constraint that this is about
            return
        for row in rows:
            _take(con, [row], known_ids, claimant)


def _inflight() -> ColumnElement[str]:
    return e.kind + ":" + e.marketplace + ":" + e.subject


def _claiming(claimant: Claimant, known_ids: Sequence[str]) -> Update:
    values: dict[str, Any] = {
        "state": CLAIMED,
        "cause": None,
        "attempts": e.attempts + 1,
        "known_ids": list(known_ids),
        "external_id": None,  # of an attempt that was refused: this one is not read back by it
        "run_id": claimant.run_id,
        "claim_token": claimant.token,
        "claimed_at": claimant.now,
        "lease_until": claimant.lease_until,
        "next_at": None,
        "settle_at": None,
        "updated_at": claimant.now,
        "inflight": _inflight(),
    }
    return update(effects).values(values)


def _transition(effect: Effect, before: str, claimant: Claimant) -> dict[str, Any]:
    return {
        "effect_id": effect.id,
        "at": claimant.now,
        "from_state": before,
        "to_state": CLAIMED,
        "actor": claimant.actor,
        "run_id": claimant.run_id,
        "attempt": effect.attempts,
        "detail": {"known_ids": effect.known_ids, "lease_until": claimant.lease_until.isoformat()},
    }
