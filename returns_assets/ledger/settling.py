"""How effects end or pause: outcomes of requests, verification failures, lapsed leases, a person's decision. Nothing is sent here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from returns_assets.ledger.records import Deferral, Outcome, SettleResult
from returns_assets.ledger.states import (
    CLAIMED,
    CONFIRMED,
    HELD,
    PLANNED,
    REJECTED,
    RETRY_AT,
    SENDABLE,
    SENT,
    UNKNOWN,
    IllegalTransition,
    check,
)
from returns_assets.ledger.store import Store, chunked
from returns_assets.ledger.tables import effect_transitions, effects

e = effects.c
ERROR_LENGTH = 2000  # characters of an answer kept as last_error
AMBIGUOUS = "ambiguous_outcome"


@dataclass(frozen=True, slots=True)
class _Change:
    """A row before, its new values, and the transition's detail."""

    row: Row[Any]
    values: dict[str, Any]
    detail: dict[str, Any]

    @property
    def refund_id(self) -> Any:
        return self.values.get("external_id")


def settle(store: Store, outcomes: Sequence[Outcome], now: datetime, run_id: str | None, actor: str) -> SettleResult:
    """See Effects.settle."""
    for outcome in outcomes:
        if outcome.state == RETRY_AT and outcome.next_at is None:
            raise IllegalTransition(f"effect {outcome.effect_id}: retry_at needs next_at")
    with store.write() as con:
        rows = _locked(con, {outcome.effect_id for outcome in outcomes})
        changes: list[_Change] = []
        notes: list[dict[str, Any]] = []
        superseded: list[int] = []
        seen: set[int] = set()
        for outcome in outcomes:
            row = rows.get(outcome.effect_id)
            if row is None:
                raise LookupError(f"there is no effect {outcome.effect_id}")
            if row.claim_token != outcome.token or row.state not in SENT or row.id in seen:
                superseded.append(row.id)
                note = _detail(outcome) | {"superseded": True, "outcome": outcome.state}
                notes.append(_transition(row, row.state, now, actor, run_id or row.run_id, note))
            else:
                seen.add(row.id)
                changes.append(_Change(row, _ending(row, outcome, now), _detail(outcome)))
        refused = _write(con, changes)
        ambiguous = [_contested(change) for change in refused]
        _write(con, ambiguous)
        lost = {change.row.id for change in refused}
        written = [change for change in changes if change.row.id not in lost] + ambiguous
        notes += [
            _transition(change.row, change.values["state"], now, actor, run_id or change.row.run_id, change.detail) for change in written
        ]
        if notes:
            con.execute(insert(effect_transitions), notes)
    applied = tuple(change.row.id for change in changes if change.row.id not in lost)
    return SettleResult(applied, tuple(superseded), tuple(sorted(lost)))


def defer(store: Store, deferrals: Sequence[Deferral], run_id: str, actor: str, now: datetime) -> int:
    """See Effects.defer_many."""
    for deferral in deferrals:
        if deferral.state not in (HELD, RETRY_AT, REJECTED):
            raise IllegalTransition(
                f"effect {deferral.effect_id}: before its claim an effect is held, rejected or retried, not {deferral.state}"
            )
        if deferral.state == RETRY_AT and deferral.next_at is None:
            raise IllegalTransition(f"effect {deferral.effect_id}: retry_at needs next_at")
    with store.write() as con:
        rows = _locked(con, {deferral.effect_id for deferral in deferrals}, e.state.in_(SENDABLE))
        changes: dict[int, _Change] = {}
        for d in deferrals:
            if (row := rows.get(d.effect_id)) is not None:
                check(row.state, d.state)
                error = _short(d.error)
                values = {"state": d.state, "cause": d.cause, "last_error": error, "next_at": d.next_at, "updated_at": now}
                changes[row.id] = _Change(row, values, {"cause": d.cause, "error": error})
        _apply(con, list(changes.values()), ("state", "cause", "last_error", "next_at", "updated_at"))
        _record(con, list(changes.values()), now, actor, run_id)
        return len(changes)


def decide(store: Store, effect_id: int, state: str, external_id: str | None, actor: str, run_id: str, note: str, now: datetime) -> bool:
    """See Effects.decide."""
    if state not in (PLANNED, CONFIRMED) or (state == CONFIRMED) != bool(external_id):
        raise IllegalTransition("a held effect is decided as planned (not executed), or as confirmed with the id of the change")
    with store.write() as con:
        row = _locked(con, {effect_id}, e.state == HELD).get(effect_id)
        if row is None:
            return False
        check(row.state, state)
        values: dict[str, Any] = {
            "state": state,
            "cause": None,
            "external_id": external_id,
            "confirmed_at": now if state == CONFIRMED else None,
            "claim_token": None,
            "inflight": None,
            "next_at": None,
            "settle_at": None,
            "updated_at": now,
        }
        con.execute(update(effects).where(e.id == effect_id).values(values))
        _record(con, [_Change(row, values, {"note": note, "external_id": external_id})], now, actor, run_id)
        return True


def expire_leases(store: Store, now: datetime, settle_seconds: float, marketplace: str | None) -> int:
    """See Effects.expire_leases. The token stays: the answer may still come, and is then better than reading back."""
    where = [e.state == CLAIMED, e.lease_until < now] + ([] if marketplace is None else [e.marketplace == marketplace])
    with store.write() as con:
        ids = con.execute(select(e.id).where(*where)).scalars().all()
        rows = _locked(con, set(ids), *where)
        check(CLAIMED, UNKNOWN)
        values = {"state": UNKNOWN, "cause": "lease_expired", "settle_at": now + timedelta(seconds=settle_seconds), "updated_at": now}
        changes = [_Change(row, values, {"lease_until": row.lease_until.isoformat()}) for row in rows.values()]
        _apply(con, changes, ("state", "cause", "settle_at", "updated_at"))
        _record(con, changes, now, "system", None)
        return len(changes)


def _locked(con: Connection, ids: set[int], *conditions: ColumnElement[bool]) -> dict[int, Row[Any]]:
    """The rows by id, locked in the order of their ids, so that two writers never wait for each other in a circle."""
    columns = (e.id, e.kind, e.state, e.claim_token, e.inflight, e.attempts, e.run_id, e.external_id, e.lease_until)
    query = select(*columns).where(*conditions).order_by(e.id).with_for_update()
    return {row.id: row for chunk in chunked(sorted(ids)) for row in con.execute(query.where(e.id.in_(chunk)))}


def _ending(row: Row[Any], outcome: Outcome, now: datetime) -> dict[str, Any]:
    check(row.state, outcome.state)
    if outcome.state == CONFIRMED and row.kind == "refund" and not outcome.external_id:
        raise IllegalTransition(f"effect {row.id}: a refund is confirmed by its id in the other system, and there is none")
    # held after a lost answer: nobody knows whether it was executed, so its line stays blocked until a person decides
    blocked = outcome.state == UNKNOWN or (outcome.state == HELD and row.state == UNKNOWN and not outcome.certain)
    return {
        "state": outcome.state,
        "cause": outcome.cause,
        "external_id": outcome.external_id if outcome.state in (CONFIRMED, UNKNOWN) else row.external_id,
        "last_error": _short(outcome.error),
        "next_at": outcome.next_at,
        "settle_at": outcome.settle_at if outcome.state == UNKNOWN else None,
        "confirmed_at": now if outcome.state == CONFIRMED else None,
        "claim_token": row.claim_token if outcome.state == UNKNOWN else None,
        "inflight": row.inflight if blocked else None,
        "updated_at": now,
    }


def _contested(change: _Change) -> _Change:
    """The change's id proves another effect already: whether this one was executed is open, so it is held and stays blocked."""
    values = {**change.values, "state": HELD, "cause": AMBIGUOUS, "external_id": None, "confirmed_at": None}
    values |= {"claim_token": None, "inflight": change.row.inflight, "last_error": f"id {change.refund_id} belongs to another effect"}
    return replace(change, values=values, detail=change.detail | {"cause": AMBIGUOUS})


def _write(con: Connection, changes: Sequence[_Change]) -> list[_Change]:
    """All at once; when a refund id turns out to be another effect's, one by one. Returns the refused."""
    columns = (
        "state",
        "cause",
        "external_id",
        "last_error",
        "next_at",
        "settle_at",
        "confirmed_at",
        "claim_token",
        "inflight",
        "updated_at",
    )
    if not changes:
        return []
    try:
        with con.begin_nested():
            _apply(con, changes, columns)
        return []
    except IntegrityError:
        if len(changes) == 1:
            if changes[0].values["state"] != CONFIRMED:
                raise
            return [changes[0]]
    return [refused for change in changes for refused in _write(con, [change])]


def _apply(con: Connection, changes: Sequence[_Change], columns: Sequence[str]) -> None:
    if changes:
        rows = [{"b_id": change.row.id} | {column: change.values[column] for column in columns} for change in changes]
        con.execute(update(effects).where(e.id == bindparam("b_id")), rows)


def _record(con: Connection, changes: Sequence[_Change], now: datetime, actor: str, run_id: str | None) -> None:
    if changes:
        con.execute(
            insert(effect_transitions),
            [_transition(c.row, c.values["state"], now, actor, run_id or c.row.run_id, c.detail) for c in changes],
        )


def _transition(row: Row[Any], to_state: str, at: datetime, actor: str, run_id: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "effect_id": row.id,
        "at": at,
        "from_state": row.state,
        "to_state": to_state,
        "actor": actor,
        "run_id": run_id,
        "attempt": row.attempts,
        "detail": detail,
    }


def _detail(outcome: Outcome) -> dict[str, Any]:
    named = {"external_id": outcome.external_id, "cause": outcome.cause, "error": _short(outcome.error), "detail": outcome.detail}
    named["amounts"] = dict(outcome.amounts) if outcome.amounts else None  # pyright: ignore[reportArgumentType]
    return {name: value for name, value in named.items() if value is not None}


def _short(error: str | None) -> str | None:
    return error if error is None else error[:ERROR_LENGTH]
