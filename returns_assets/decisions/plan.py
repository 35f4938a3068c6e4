"""Turns one partition's events, order lines and mapping tables into decided, priced pieces: temp tables and the SQL files in order.

Set-based for one piece or a million. Knows DuckDB and the mapping tables' types, but no ledger, no HTTP, no Dagster: what the
ledger holds comes in as a table of live pieces and of refund ids that are ours.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import duckdb
import pyarrow as pa

from returns_assets.decisions.tables import definitive_table, load_tables, temp_table
from returns_assets.translation.model import Mappings, Marketplace
from returns_assets.warehouse.connection import in_transaction

# ISO 4217 minor units that are not 2; a currency that is not here has cents.
MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}

LIVE_PIECES = pa.schema(
    [
        ("piece_id", pa.string()),
        ("order_line_id", pa.string()),
        ("effect_key", pa.string()),
        ("unit_from", pa.int64()),
        ("quantity", pa.int64()),
        ("shipping_amount", pa.decimal128(18, 4)),
        ("in_flight", pa.bool_()),
    ]
)
OUR_REFUNDS = pa.schema([("order_line_id", pa.string()), ("refund_id", pa.string())])
OUR_TOP_UPS = pa.schema(
    [
        ("order_line_id", pa.string()),
        ("day", pa.date32()),
        ("shipping_amount", pa.decimal128(18, 4)),
        ("shipping_taxes", pa.string()),
        ("reason_code", pa.string()),
    ]
)
WAITING_TOP_UPS = pa.schema([("order_line_id", pa.string()), ("day", pa.date32())])
HELD_ELSEWHERE = pa.schema([("piece_id", pa.string()), ("cause", pa.string()), ("detail", pa.string())])


@dataclass(frozen=True)
class Held:
    """What the ledger holds: pieces of live effects (claimed, unknown, confirmed), the ids of refunds that are ours, refunds of shipping
    alone (live ones, and those that are registered under a day and not made), and the pieces that effects of other marketplaces hold, in
    whatever state, each with its cause (a key of CAUSES)."""

    pieces: pa.Table
    refunds: pa.Table
    top_ups: pa.Table = field(default_factory=OUR_TOP_UPS.empty_table)
    waiting_top_ups: pa.Table = field(default_factory=WAITING_TOP_UPS.empty_table)
    elsewhere: pa.Table = field(default_factory=HELD_ELSEWHERE.empty_table)

    @staticmethod
    def nothing() -> "Held":
        return Held(LIVE_PIECES.empty_table(), OUR_REFUNDS.empty_table())


def sql(name: str) -> str:
    """The text of one SQL file of this package."""
    return files("returns_assets.decisions").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def bind(text: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that `text` names: DuckDB refuses others."""
    return {name: parameters[name] for name in sorted(set(re.findall(r"\$([a-z_]+)", text)))}


def parameters_for(marketplace: Marketplace, mappings: Mappings, day: date, decided_at: datetime) -> dict[str, Any]:
    """The scalars of one partition that the SQL files name."""
    digits = MINOR_DIGITS.get(marketplace.currency, 2)
    return {
        "marketplace": marketplace.key,
        "day": day,
        "default_lane": mappings.rebound.default_lane,
        "minor": 10**digits,
        "unit": Decimal(1).scaleb(-digits),
        "with_taxes": marketplace.refund_taxes == "always" or marketplace.order_tax_mode == "TAX_EXCLUDED",
        "tax_mode": marketplace.order_tax_mode,
        "shipping_refund": marketplace.shipping_refund,
        "deadline_hours": marketplace.refund_deadline_hours,
        "mapping_version": mappings.version,
        "decided_at": decided_at.replace(tzinfo=None),
    }


def plan(
    con: duckdb.DuckDBPyConnection,
    mappings: Mappings,
    marketplace: Marketplace,
    day: date,
    *,
    decided_at: datetime,
    held: Callable[[duckdb.DuckDBPyConnection], Held],
) -> tuple[str, dict[str, Any]]:
    """Run the steps on a connection without an open transaction; returns the query (and its parameters) whose rows are the partition
    of mapped_dispositions.

    The warehouse is read in one transaction, before anything is decided; from then on only temp tables are. `held` is asked once
    `folded` exists, so that the ledger is read only for the pieces at hand.
    """
    parameters = parameters_for(marketplace, mappings, day, decided_at)
    load_tables(con, mappings, marketplace, day)
    with in_transaction(con):
        for name in ("inputs", "target", "belong", "fold"):
            _run(con, name, parameters)
    live = held(con)
    temp_table(con, "our_pieces", live.pieces)
    temp_table(con, "our_refunds", live.refunds)
    temp_table(con, "our_top_ups", live.top_ups)
    temp_table(con, "waiting_top_ups", live.waiting_top_ups)
    temp_table(con, "held_elsewhere", live.elsewhere)
    for name in ("match", "refunds", "decide", "price", "judge", "whole", "ship", "top_up"):
        _run(con, name, parameters)
    text = sql("finish")
    return text, bind(text, parameters)


def moved(
    con: duckdb.DuckDBPyConnection, mappings: Mappings, marketplace: Marketplace, day: date, pieces: Collection[str]
) -> dict[str, str]:
    """Those of `pieces`, planned in this partition before, that another one decides by now -> that one's marketplace."""
    parameters = {"marketplace": marketplace.key, "day": day, "default_lane": mappings.rebound.default_lane}
    temp_table(con, "map_definitive", definitive_table(marketplace))
    temp_table(con, "asked_pieces", pa.table({"piece_id": pa.array(sorted(pieces), pa.string())}))
    for name in ("news", "belong"):
        _run(con, name, parameters)
    text = sql("moved")
    return {str(piece): str(key) for piece, key in con.execute(text, bind(text, parameters)).fetchall()}


def _run(con: duckdb.DuckDBPyConnection, name: str, parameters: dict[str, Any]) -> None:
    for text in filter(str.strip, sql(name).split(";\n")):
        con.execute(text, bind(text, parameters))
