"""One partition's ReBound returns, folded and matched to Mirakl's, as cases: temp tables, the status_*.sql files, rows to data.

Knows DuckDB and the mapping tables' types. Which pieces are paid, the caller says: the ledger is not read here.
"""

from collections.abc import Callable, Collection
from datetime import date
from typing import Any, cast

import duckdb
import pyarrow as pa

from returns_assets.decisions.plan import bind, sql
from returns_assets.decisions.status_case import Case, MiraklReturn, Piece, lines_of
from returns_assets.decisions.tables import load_tables, temp_table
from returns_assets.translation.model import Mappings, Marketplace
from returns_assets.warehouse.connection import in_transaction
from returns_assets.warehouse.partitions import dict_rows

Row = dict[str, Any]
FINAL_OUTCOMES = ("no_refund",)


def read_cases(
    con: duckdb.DuckDBPyConnection,
    mappings: Mappings,
    marketplace: Marketplace,
    day: date,
    paid: Callable[[Collection[str]], Collection[str]],
) -> list[Case]:
    """The cases whose latest event was first received on `day`, by return id, on a connection without an open transaction.

    `paid` is asked once, for all their pieces: those with a confirmed refund.
    """
    load_tables(con, mappings, marketplace, day)
    received = [{"lane": lane, "event": event} for lane, events in marketplace.return_status.received.items() for event in events]
    temp_table(con, "map_received", pa.Table.from_pylist(received, pa.schema([("lane", pa.string()), ("event", pa.string())])))
    parameters = {"marketplace": marketplace.key, "day": day, "default_lane": mappings.rebound.default_lane}
    with in_transaction(con):
        for name in ("status_cases", "status_match"):
            for text in filter(str.strip, sql(name).split(";\n")):
                con.execute(text, bind(text, parameters))
        text = sql("status_read")
        rows: list[Row] = dict_rows(con.execute(text, bind(text, parameters)))
    settled = frozenset(paid(sorted({str(piece["piece_id"]) for row in rows for piece in row["pieces"]})))
    return [_case(row, settled) for row in rows]


def _case(row: Row, paid: Collection[str]) -> Case:
    refunds = cast("list[Row]", row["refunds"])
    waiting = [
        f"{one['piece_id']} {one['outcome'] or 'not decided'}"
        for one in refunds
        if one["piece_id"] not in paid and one["outcome"] not in FINAL_OUTCOMES
    ]
    return Case(
        return_id=row["return_id"],
        order_ref=row["order_ref"],
        lane=row["lane"],
        started_at=row["started_at"],
        in_network_at=row["in_network_at"],
        received_at=row["received_at"],
        ended=row["ended"],
        ended_at=row["ended_at"],
        pieces=tuple(Piece(**piece) for piece in cast("list[Row]", row["pieces"])),
        shown=_shown(row),
        matched_by=row["matched_by"],
        candidates=tuple(row["candidates"] or ()),
        cases=row["cases"],
        of_order=row["of_order"],
        refunds_open=", ".join(waiting),
    )


def _shown(row: Row) -> MiraklReturn | None:
    if row["mirakl_return_id"] is None:
        return None
    return MiraklReturn(
        id=row["mirakl_return_id"],
        order_id=row["order_id"] or "",
        state=row["state"] or "",
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        lines=lines_of(row["lines"]),
    )
