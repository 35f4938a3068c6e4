"""One partition's pieces decided for the shelf: mapping tables as temp tables, the refunds' fold and match, then stock.sql.

Set-based, and without HTTP: the offers are in stock_offers, what is on sale already comes in as `our_stock`.
"""

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any, get_args

import duckdb
import pyarrow as pa

from returns_assets.decisions.plan import LIVE_PIECES, bind, parameters_for, sql
from returns_assets.decisions.stock_causes import STOCK_CAUSES
from returns_assets.decisions.tables import load_tables, temp_table
from returns_assets.translation.model import Mappings, Marketplace
from returns_assets.translation.vocabulary import CanonicalEvent, Lane
from returns_assets.warehouse.connection import in_transaction

_TEXT = pa.string()
OUR_STOCK = pa.schema([("piece_id", _TEXT), ("marketplace", _TEXT), ("sku_key", _TEXT), ("quantity", pa.int64()), ("live", pa.bool_())])
ITEM_EVENTS = ("ITEM_REGISTERED", "ITEM_GRADED", "ITEM_DISPOSITIONED", "ITEM_INSPECTED", "PUTAWAY_COMPLETED")
_LISTS = ("verification", "grade", "disposition", "lane")


def news_table(marketplace: Marketplace) -> pa.Table:
    """The events that decide a piece's day here, in place of the definitive ones of the refunds: whatever was told of the item itself.

    Where the delivery is the trigger it is every event: nobody may have looked at the piece.
    """
    events = get_args(CanonicalEvent) if marketplace.stock.trigger == "delivered" else ITEM_EVENTS
    rows = [{"lane": lane, "event": event} for lane in get_args(Lane) for event in events]
    return pa.Table.from_pylist(rows, pa.schema([("lane", _TEXT), ("event", _TEXT)]))


def decided_elsewhere(
    con: duckdb.DuckDBPyConnection, mappings: Mappings, marketplace: Marketplace, day: date, pieces: Collection[str]
) -> set[str]:
    """Those of `pieces`, planned in this partition before, that a later day or another marketplace decides by now: their rows of `day` are
    history, and must not bring back what a correction took away."""
    parameters: dict[str, Any] = {"marketplace": marketplace.key, "day": day, "default_lane": mappings.rebound.default_lane}
    temp_table(con, "map_definitive", news_table(marketplace))
    temp_table(con, "asked_pieces", pa.table({"piece_id": pa.array(sorted(set(pieces)), _TEXT)}))
    for name in ("news", "belong"):
        _run(con, name, parameters)
    text = sql("stock_moved")
    return {str(row[0]) for row in con.execute(text, bind(text, parameters)).fetchall()}


def stock_tables(con: duckdb.DuckDBPyConnection, mappings: Mappings, marketplace: Marketplace, day: date) -> None:
    """The mapping tables as temp tables of this connection."""
    load_tables(con, mappings, marketplace, day)
    temp_table(con, "map_definitive", news_table(marketplace))
    rows = [
        {"seq": seq, "rule": row.rule, "sellable": row.sellable, **{name: getattr(row, name).split("|") for name in _LISTS}}
        for seq, row in enumerate(mappings.restock)
        if row.marketplace in ("*", marketplace.key)
    ]
    lists = [pa.field(name, pa.list_(_TEXT)) for name in _LISTS]
    schema = pa.schema([pa.field("seq", pa.int32()), pa.field("rule", _TEXT), pa.field("sellable", pa.bool_()), *lists])
    temp_table(con, "map_restock", pa.Table.from_pylist(rows, schema))
    places = [{"place": place, "code": code} for place, code in marketplace.stock.warehouses.items()]
    temp_table(con, "map_stock_places", pa.Table.from_pylist(places, pa.schema([("place", _TEXT), ("code", _TEXT)])))
    causes = [{"cause": name, **cause._asdict()} for name, cause in STOCK_CAUSES.items()]
    names = ("cause", "outcome", "exception_class", "todo", "waits_for")
    temp_table(con, "map_stock_causes", pa.Table.from_pylist(causes, pa.schema([(name, _TEXT) for name in names])))


def decide_stock(
    con: duckdb.DuckDBPyConnection,
    mappings: Mappings,
    marketplace: Marketplace,
    day: date,
    *,
    decided_at: datetime,
    held: Callable[[list[str]], pa.Table],
) -> tuple[str, dict[str, Any]]:
    """Run the steps on a connection without an open transaction; the query (and its parameters) whose rows are the partition of
    stock_actions. `held` is asked once: which of these pieces an effect of the ledger stands for (OUR_STOCK)."""
    parameters = parameters_for(marketplace, mappings, day, decided_at)
    parameters |= {"trigger": marketplace.stock.trigger, "mode": marketplace.stock.mode}
    stock_tables(con, mappings, marketplace, day)
    with in_transaction(con):
        for name in ("inputs", "target", "belong", "fold", "stock_facts"):
            _run(con, name, parameters)
    temp_table(con, "our_pieces", LIVE_PIECES.empty_table())
    temp_table(con, "our_stock", held([str(row[0]) for row in con.execute("SELECT piece_id FROM folded").fetchall()]))
    _run(con, "match", parameters)
    _run(con, "stock", parameters)
    text = sql("stock_finish")
    return text, bind(text, parameters)


def _run(con: duckdb.DuckDBPyConnection, name: str, parameters: dict[str, Any]) -> None:
    for text in filter(str.strip, sql(name).split(";\n")):
        con.execute(text, bind(text, parameters))
