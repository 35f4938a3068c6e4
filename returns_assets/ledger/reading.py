"""Reading the effects ledger: rows to records. Nothing here writes."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from returns_assets.ledger.records import Effect, PieceEffect, PieceUse, Total, Transition, effect_key
from returns_assets.ledger.states import CONFIRMED, UNKNOWN, WITHDRAWN
from returns_assets.ledger.store import Store, chunked
from returns_assets.ledger.tables import effect_pieces, effect_transitions, effects

e, p, t = effects.c, effect_pieces.c, effect_transitions.c


def fetch(con: Connection, query: Select[Any]) -> list[Effect]:
    """The effects of a query over all columns of `effects` (the fields of Effect are in their order), with their pieces."""
    rows = con.execute(query).tuples().all()
    pieces = uses_of(con, (row[0] for row in rows))
    return [Effect(*row, pieces=tuple(pieces.get(row[0], ()))) for row in rows]


def uses_of(con: Connection, effect_ids: Iterable[int]) -> dict[int, list[PieceUse]]:
    """The pieces of these effects, in the order of their units."""
    pieces: dict[int, list[PieceUse]] = {}
    for chunk in chunked(effect_ids):
        uses = select(p.effect_id, p.piece_id, p.quantity, p.unit_from).where(p.effect_id.in_(chunk))
        for effect_id, piece_id, quantity, unit_from in con.execute(uses.order_by(p.effect_id, p.unit_from, p.piece_id)).tuples():
            pieces.setdefault(effect_id, []).append(PieceUse(piece_id, quantity, unit_from))
    return pieces


def fetch_ids(con: Connection, effect_ids: Iterable[int], *conditions: ColumnElement[bool]) -> list[Effect]:
    """The effects with these ids that meet the conditions, by id."""
    return [
        effect
        for chunk in chunked(sorted(effect_ids))
        for effect in fetch(con, select(effects).where(e.id.in_(chunk), *conditions).order_by(e.id))
    ]


def by_key(store: Store, key: str) -> Effect | None:
    """See Effects.get."""
    with store.read() as con:
        found = fetch(con, select(effects).where(e.key == key))
    return found[0] if found else None


def without_pieces(store: Store, marketplace: str, kind: str, subjects: Collection[str]) -> list[Effect]:
    """See Effects.without_pieces."""
    keys = (effect_key(kind, marketplace, subject, ()) for subject in sorted(set(subjects)))
    with store.read() as con:
        return [effect for chunk in chunked(keys) for effect in fetch(con, select(effects).where(e.key.in_(chunk)).order_by(e.id))]


def of_subjects(store: Store, marketplace: str, kind: str, subjects: Collection[str]) -> list[Effect]:
    """See Effects.of_subjects."""
    where = (e.marketplace == marketplace, e.kind == kind)
    with store.read() as con:
        return [
            effect
            for chunk in chunked(sorted(set(subjects)))
            for effect in fetch(con, select(effects).where(e.subject.in_(chunk), *where).order_by(e.id))
        ]


def by_ids(store: Store, effect_ids: Collection[int]) -> list[Effect]:
    """See Effects.by_ids."""
    with store.read() as con:
        return fetch_ids(con, effect_ids)


def by_keys(store: Store, keys: Collection[str]) -> list[Effect]:
    """See Effects.by_keys."""
    with store.read() as con:
        return [effect for chunk in chunked(sorted(keys)) for effect in fetch(con, select(effects).where(e.key.in_(chunk)).order_by(e.id))]


def unknown(store: Store, marketplace: str, kind: str, now: datetime) -> list[Effect]:
    """See Effects.unknown."""
    where = (e.kind == kind, e.marketplace == marketplace, e.state == UNKNOWN, e.settle_at.is_(None) | (e.settle_at <= now))
    with store.read() as con:
        return fetch(con, select(effects).where(*where).order_by(e.id))


def of_partition(store: Store, marketplace: str, day: date, kind: str, withdrawn: bool) -> list[Effect]:
    """See Effects.of_partition."""
    query = select(effects).where(e.marketplace == marketplace, e.day == day, e.kind == kind).order_by(e.id)
    with store.read() as con:
        return fetch(con, query if withdrawn else query.where(e.state != WITHDRAWN))


def search(
    store: Store,
    marketplace: str | None,
    kind: str | None,
    state: str | None,
    order_id: str | None,
    subject: str | None,
    confirmed_since: datetime | None,
    limit: int,
) -> list[Effect]:
    """See Effects.search."""
    wanted = {"marketplace": marketplace, "kind": kind, "state": state, "order_id": order_id, "subject": subject}
    conditions = [e[name] == value for name, value in wanted.items() if value is not None]
    if confirmed_since is not None:
        conditions.append(e.confirmed_at >= confirmed_since)
    with store.read() as con:
        return fetch(con, select(effects).where(*conditions).order_by(e.id.desc()).limit(limit))


def transitions(store: Store, effect_id: int) -> list[Transition]:
    """See Effects.transitions."""
    columns = (t.effect_id, t.at, t.from_state, t.to_state, t.actor, t.run_id, t.attempt, t.detail)
    with store.read() as con:
        rows = con.execute(select(*columns).where(t.effect_id == effect_id).order_by(t.id))
        return [Transition(*row) for row in rows.tuples()]


def totals(store: Store, marketplace: str | None, kind: str | None, first_day: date | None, last_day: date | None) -> list[Total]:
    """See Effects.totals. The sums are made here: a text column summed by SQLite would become a float."""
    conditions: list[ColumnElement[bool]] = []
    if marketplace is not None:
        conditions.append(e.marketplace == marketplace)
    if kind is not None:
        conditions.append(e.kind == kind)
    if first_day is not None:
        conditions.append(e.day >= first_day)
    if last_day is not None:
        conditions.append(e.day <= last_day)
    sums: dict[tuple[str, str, str, str], list[Decimal]] = {}
    query = select(e.marketplace, e.kind, e.state, e.currency, e.amount, e.shipping_amount).where(*conditions)
    with store.read() as con:
        for *group, amount, shipping in con.execute(query).tuples():
            total = sums.setdefault((group[0], group[1], group[2], group[3]), [Decimal(0), Decimal(0), Decimal(0)])
            total[0] += 1
            total[1] += amount
            total[2] += shipping
    return [Total(*group, effects=int(number), amount=a, shipping_amount=s) for group, (number, a, s) in sorted(sums.items())]


def confirmed_ids(store: Store, marketplace: str, subjects: Collection[str], kind: str) -> dict[str, set[str]]:
    """See Effects.confirmed_ids."""
    found: dict[str, set[str]] = {}
    with store.read() as con:
        for chunk in chunked(set(subjects)):
            where = (e.marketplace == marketplace, e.subject.in_(chunk), e.kind == kind, e.state == CONFIRMED, e.external_id.is_not(None))
            for subject, external_id in con.execute(select(e.subject, e.external_id).where(*where)).tuples():
                found.setdefault(subject, set()).add(external_id)
    return found


def in_flight(store: Store, marketplace: str, kind: str, subjects: Collection[str]) -> set[str]:
    """See Effects.in_flight."""
    found: set[str] = set()
    with store.read() as con:
        for chunk in chunked(set(subjects)):
            where = (e.marketplace == marketplace, e.subject.in_(chunk), e.kind == kind, e.inflight.is_not(None))
            found.update(con.execute(select(e.subject).where(*where)).scalars())
    return found


def piece_effects(store: Store, kind: str, piece_ids: Collection[str]) -> dict[str, PieceEffect]:
    """See Effects.piece_effects."""
    wanted = set(piece_ids)
    query = (
        select(
            p.piece_id, p.effect_id, e.key, e.marketplace, e.state, e.cause, e.external_id, e.order_id, e.subject, e.day, p.unit_from,
            p.quantity, e.amount, e.shipping_amount, e.currency, e.inflight.is_not(None), e.confirmed_at,
        )
        .join(effects, e.id == p.effect_id)
        .where(p.kind == kind)
    )  # fmt: skip
    found: dict[str, PieceEffect] = {}
    with store.read() as con:
        held = con.execute(select(func.count()).where(p.kind == kind)).scalar_one()
        # a first planning of a million pieces asks for far more than the ledger holds: then one scan beats many IN lists
        queries = [query] if held < len(wanted) else [query.where(p.piece_id.in_(chunk)) for chunk in chunked(wanted)]
        for part in queries:
            found.update({row[0]: PieceEffect(*row) for row in con.execute(part).tuples() if row[0] in wanted})
    return found
