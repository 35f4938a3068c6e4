"""What is known, from ReBound's documents and from earlier days, of the returns that a day's warehouse facts are about."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import duckdb
import pyarrow as pa

from returns_assets.steps.texts import sql
from returns_assets.warehouse_files.facts import Fact


class Verdict(NamedTuple):
    """What somebody said of a piece; None where nothing was said."""

    verification: str | None
    grade: str | None
    disposition: str | None


@dataclass(frozen=True, slots=True)
class KnownPiece:
    """A piece as ReBound names it."""

    return_id: str
    piece_id: str
    line_ref: str | None
    sku: str | None
    ean: str | None
    quantity: int


@dataclass
class Known:
    """`told` (by event key), `taken` (by canonical event) and `verdicts` (by piece) are the warehouse's words of earlier days."""

    pieces: dict[str, list[KnownPiece]] = field(default_factory=dict[str, list[KnownPiece]])
    orders: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    lanes: dict[str, str] = field(default_factory=dict[str, str])
    returns_of_piece: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    returns_of_order: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    told: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    taken: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    verdicts: defaultdict[str, list[Verdict]] = field(default_factory=lambda: defaultdict[str, list[Verdict]](list))

    def names(self, return_id: str, piece_id: str) -> bool:
        return return_id in self.returns_of_piece.get(piece_id, ())


def _ids(values: Iterable[str | None]) -> pa.Table:
    return pa.table({"id": pa.array(sorted({value for value in values if value is not None}), pa.string())})


def read_known(con: duckdb.DuckDBPyConnection, day: date, facts: list[Fact], todays_returns: pa.Table) -> Known:
    """`todays_returns`: the day's rows of rebound_returns, whether they are written yet or not."""
    known = Known()
    back = [fact for fact in facts if fact.event != "DISPATCHED"]
    if not back:
        return known
    con.register("todays_returns", todays_returns)
    con.register("fact_returns", _ids(fact.return_id for fact in back))
    con.register("fact_pieces", _ids(fact.piece_id for fact in back))
    con.register("fact_orders", _ids(fact.order_id for fact in back if fact.return_id is None and fact.piece_id is None))
    for return_id, piece_id, orders, line_ref, sku, ean, quantity, missing, lane, _ in con.execute(
        sql("returns_of_facts"), {"day": day}
    ).fetchall():
        known.orders[return_id].update(orders)
        for order_id in orders:
            known.returns_of_order[order_id].add(return_id)
        if lane is not None:
            known.lanes[return_id] = lane  # in the order in which they were said: the last stays
        if piece_id is not None:
            known.returns_of_piece[piece_id].add(return_id)
            if not missing:
                known.pieces.setdefault(return_id, []).append(KnownPiece(return_id, piece_id, line_ref, sku, ean, quantity))
    con.register("known_returns", _ids(known.orders))
    for event_key, event, piece_id, *said in con.execute(sql("earlier_facts"), {"day": day}).fetchall():
        known.told[event_key].append(piece_id)
        known.taken[event].add(piece_id)
        known.verdicts[piece_id].append(Verdict(*said))
    return known
