"""Registering the effects of a partition: what planning wants becomes what the ledger holds, as far as nothing is in flight or done.

Sending is not here (claims.py, settling.py). Four rules carry the money: a piece belongs to one effect (primary key of
effect_pieces), an effect in flight or confirmed is never touched, an effect of another marketplace is never touched either (only that
marketplace's own planning knows whether it is still wanted), and an intent that finds part of its pieces taken is not registered.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, bindparam, delete, insert, select, type_coerce, update
from sqlalchemy.exc import IntegrityError

from returns_assets.ledger.reading import uses_of
from returns_assets.ledger.records import Intent, PieceUse, RegisterResult, effect_key
from returns_assets.ledger.states import PLANNED, REJECTED, REPLANNABLE, RETRY_AT, WITHDRAWN, check
from returns_assets.ledger.store import Store, chunked
from returns_assets.ledger.tables import effect_pieces, effect_transitions, effects
from returns_assets.ledger.types import dump_json

e, p = effects.c, effect_pieces.c
# Left as they are by the same request: asking again at once would be refused again. Only another request, or its time, leads on.
STANDING = (PLANNED, RETRY_AT, REJECTED)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which partition is registered, on whose behalf, released by which validation."""

    marketplace: str
    day: date
    kind: str
    validation_id: int | None
    mapping_version: str
    run_id: str
    actor: str
    now: datetime


@dataclass(frozen=True, slots=True)
class _Plan:
    """An intent to be written: into the row it had before (`row`), or as a new one. Unchanged: only its validation is renewed."""

    key: str
    intent: Intent
    row: Row[Any] | None
    changed: bool


def register(
    store: Store, scope: Scope, intents: Sequence[Intent], settled_pieces: Collection[str], settled_subjects: Collection[str] = ()
) -> RegisterResult:
    """See Effects.register."""
    keyed: dict[str, Intent] = {}
    conflicts: list[Intent] = []
    for intent in intents:
        key = effect_key(scope.kind, scope.marketplace, intent.subject, [use.piece_id for use in intent.pieces])
        if keyed.setdefault(key, intent) is not intent:
            conflicts.append(intent)  # the same pieces wanted twice in one call: the first stands
    named = {use.piece_id for intent in intents for use in intent.pieces}
    with store.write(f"effects:{scope.kind}:{scope.marketplace}") as con:
        rows = _concerned(con, scope, named | set(settled_pieces), keyed, settled_subjects)
        foreign = {number for number, row in rows.items() if row.marketplace != scope.marketplace}
        live = {number for number, row in rows.items() if row.inflight is not None or row.state not in (*REPLANNABLE, WITHDRAWN)} - foreign
        by_key = {row.key: row for row in rows.values()}
        taken = {use.piece_id for uses in uses_of(con, live).values() for use in uses}
        elsewhere = {use.piece_id for uses in uses_of(con, foreign).values() for use in uses}
        standing = uses_of(con, (number for number, row in rows.items() if row.state in STANDING))

        plans: list[_Plan] = []
        wanted: set[str] = set()
        settled = 0
        for key, intent in sorted(keyed.items()):
            mine = {use.piece_id for use in intent.pieces}
            row = by_key.get(key)
            if (row is not None and row.id in live) or (mine and mine <= taken):
                settled += 1
            elif mine & (taken | elsewhere | wanted) or len(mine) < len(intent.pieces):
                conflicts.append(intent)
            else:
                plans.append(_Plan(key, intent, row, row is None or _changed(row, standing.get(row.id, []), intent)))
                wanted |= mine

        kept = {plan.row.id for plan in plans if plan.row is not None}
        untouched = live | foreign | kept
        gone = [row for number, row in sorted(rows.items()) if number not in untouched and row.state != WITHDRAWN]
        _withdraw(con, scope, gone)
        lost = _write(con, scope, plans)
    refused = {plan.key for plan in lost}
    done = [plan for plan in plans if plan.key not in refused]
    return RegisterResult(
        created=sum(plan.row is None for plan in done),
        reopened=sum(plan.row is not None and plan.changed for plan in done),
        withdrawn=len(gone),
        unchanged=sum(not plan.changed for plan in done),
        settled=settled,
        conflicts=(*conflicts, *(plan.intent for plan in lost)),
    )


def _concerned(con: Connection, scope: Scope, piece_ids: set[str], keys: Collection[str], subjects: Collection[str]) -> dict[int, Row[Any]]:
    """All effects of the partition, holding one of the pieces (whatever their marketplace), having one of the keys, or without pieces on
    one of the subjects unless a later day wants them; locked in the order of their ids.
    """
    partition = (e.kind == scope.kind, e.marketplace == scope.marketplace, e.day == scope.day)
    numbers = set(con.execute(select(e.id).where(*partition)).scalars())
    for chunk in chunked(piece_ids):
        query = select(p.effect_id).where(p.kind == scope.kind, p.piece_id.in_(chunk))
        numbers.update(con.execute(query).scalars())
    for chunk in chunked(keys):
        numbers.update(con.execute(select(e.id).where(e.key.in_(chunk))).scalars())
    for chunk in chunked(effect_key(scope.kind, scope.marketplace, subject, ()) for subject in subjects):
        numbers.update(con.execute(select(e.id).where(e.key.in_(chunk), e.day <= scope.day)).scalars())
    facts = (e.id, e.key, e.marketplace, e.order_id, e.amount, e.shipping_amount, e.currency, e.state, e.attempts, e.revision, e.inflight)
    texts = (type_coerce(e.request, Text).label("request"), type_coerce(e.foreign_ids, Text).label("foreign_ids"))  # only compared
    query = select(*facts, *texts).order_by(e.id).with_for_update()  # a settle that is under way commits first
    return {row.id: row for chunk in chunked(sorted(numbers)) for row in con.execute(query.where(e.id.in_(chunk)))}


def _changed(row: Row[Any], uses: Sequence[PieceUse], intent: Intent) -> bool:
    """False when the row stands for exactly this request: it keeps its state and the time of its next attempt. Held ones are reopened."""
    same_money = (row.amount, row.shipping_amount, row.currency) == (intent.amount, intent.shipping_amount, intent.currency)
    same_request = row.request == dump_json(dict(intent.request)) and row.foreign_ids == dump_json(list(intent.foreign_ids))
    same_pieces = set(uses) == set(intent.pieces) and row.order_id == intent.order_id
    return row.state not in STANDING or not (same_money and same_request and same_pieces)


def _withdraw(con: Connection, scope: Scope, rows: Sequence[Row[Any]]) -> None:
    """No longer wanted: the effect stays as history, its pieces are free."""
    for chunk in chunked(rows):
        ids = [row.id for row in chunk]
        con.execute(delete(effect_pieces).where(p.effect_id.in_(ids)))
        change: dict[str, Any] = {"state": WITHDRAWN, "next_at": None, "revision": e.revision + 1, "updated_at": scope.now}
        con.execute(update(effects).where(e.id.in_(ids)).values(change))
    _note(con, scope, [(row.id, row.state, WITHDRAWN, row.attempts) for row in rows])


def _write(con: Connection, scope: Scope, plans: Sequence[_Plan]) -> list[_Plan]:
    """Write all plans at once; if a constraint says that a piece or key belongs to someone else, one by one. Returns the refused."""
    if not plans:
        return []
    try:
        with con.begin_nested():
            _write_all(con, scope, plans)
        return []
    except IntegrityError:
        if len(plans) == 1:
            if not _is_taken(con, scope, plans[0]):
                raise  # not a race: a value that the schema refuses
            return [plans[0]]
    return [lost for plan in plans for lost in _write(con, scope, [plan])]


def _is_taken(con: Connection, scope: Scope, plan: _Plan) -> bool:
    ids = [use.piece_id for use in plan.intent.pieces]
    mine = -1 if plan.row is None else plan.row.id
    held = select(p.effect_id).where(p.kind == scope.kind, p.piece_id.in_(ids), p.effect_id != mine)
    return con.execute(held.union(select(e.id).where(e.key == plan.key, e.id != mine))).first() is not None


def _write_all(con: Connection, scope: Scope, plans: Sequence[_Plan]) -> None:
    known = [plan for plan in plans if plan.row is not None and plan.changed]
    new = [plan for plan in plans if plan.row is None]
    for chunk in chunked(plan.row.id for plan in plans if plan.row is not None and not plan.changed):
        con.execute(update(effects).where(e.id.in_(chunk)).values(_release(scope)))
    if known:
        values = [_values(scope, plan) | {"b_id": plan.row.id, "revision": plan.row.revision + 1} for plan in known if plan.row]
        con.execute(update(effects).where(e.id == bindparam("b_id")), values)
        for chunk in chunked(plan.row.id for plan in known if plan.row):
            con.execute(delete(effect_pieces).where(p.effect_id.in_(chunk)))
    if new:
        start: dict[str, Any] = {"attempts": 0, "known_ids": [], "revision": 1, "created_at": scope.now}
        identity: list[dict[str, Any]] = [{"key": plan.key, "kind": scope.kind, "marketplace": scope.marketplace, **start} for plan in new]
        con.execute(insert(effects), [_values(scope, plan) | row for plan, row in zip(new, identity, strict=True)])
    ids: dict[str, int] = {plan.key: plan.row.id for plan in known if plan.row}
    for chunk in chunked(plan.key for plan in new):
        ids.update({key: number for key, number in con.execute(select(e.key, e.id).where(e.key.in_(chunk))).tuples()})
    pieces: list[dict[str, Any]] = [
        {
            "kind": scope.kind,
            "piece_id": use.piece_id,
            "effect_id": ids[plan.key],
            "quantity": use.quantity,
            "unit_from": use.unit_from,
        }
        for plan in (*known, *new)
        for use in plan.intent.pieces
    ]
    if pieces:
        # in one order, so that two marketplaces that want the same pieces wait for each other instead of deadlocking
        con.execute(insert(effect_pieces), sorted(pieces, key=lambda row: row["piece_id"]))
    steps = [(ids[plan.key], plan.row.state, PLANNED, plan.row.attempts) for plan in known if plan.row]
    _note(con, scope, [*steps, *((ids[plan.key], None, PLANNED, 0) for plan in new)])


def _release(scope: Scope) -> dict[str, Any]:
    """Whose planning it is and which validation let it through."""
    return {
        "day": scope.day,
        "validation_id": scope.validation_id,
        "mapping_version": scope.mapping_version,
        "run_id": scope.run_id,
        "updated_at": scope.now,
    }


def _values(scope: Scope, plan: _Plan) -> dict[str, Any]:
    intent = plan.intent
    return {
        "order_id": intent.order_id,
        "subject": intent.subject,
        "request": dict(intent.request),
        "amount": intent.amount,
        "shipping_amount": intent.shipping_amount,
        "currency": intent.currency,
        "foreign_ids": list(intent.foreign_ids),
        "state": PLANNED,
        "cause": None,
        "next_at": None,
        **_release(scope),
    }


def _note(con: Connection, scope: Scope, steps: Sequence[tuple[int, str | None, str, int]]) -> None:
    for _, before, after, _ in steps:
        if before is not None:
            check(before, after)
    detail = {"validation_id": scope.validation_id, "mapping_version": scope.mapping_version, "day": scope.day.isoformat()}
    rows: list[dict[str, Any]] = [
        {
            "effect_id": number,
            "at": scope.now,
            "from_state": before,
            "to_state": after,
            "actor": scope.actor,
            "run_id": scope.run_id,
            "attempt": attempt,
            "detail": detail,
        }
        for number, before, after, attempt in steps
    ]
    if rows:
        con.execute(insert(effect_transitions), rows)
