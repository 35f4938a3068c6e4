"""Landed OR11 answers into the warehouse's three tables, by the .sql files beside this module; no order passes through Python."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

TABLES = ("mirakl_orders", "mirakl_order_lines", "mirakl_refunds")


@cache
def statement(name: str) -> str:
    """The text of one .sql file of this package."""
    return files("returns_assets.mirakl").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def upsert_orders(con: duckdb.DuckDBPyConnection, marketplace: str, day: date, landed: Sequence[Path]) -> int:
    """Upsert the orders of `landed` files into the partition; returns how many orders were written.

    Of several answers about an order the newest wins, by-id answers before a sweep's of the same time; a row of the warehouse that
    is newer than the files stays. Raises duckdb.Error when a file is not an OR11 answer or an amount does not fit DECIMAL(18,4).
    """
    if not landed:
        return 0
    partition = {"marketplace": marketplace, "day": day}
    con.execute(statement("parse_orders"), {"files": [str(path) for path in landed]})
    con.execute(statement("choose_orders"), partition)
    for table in TABLES:
        con.execute(
            f"DELETE FROM {table} WHERE marketplace = $marketplace AND day = $day AND order_id IN (SELECT order_id FROM chosen_orders)",
            partition,
        )
    for name in ("insert_orders", "insert_order_lines", "insert_refunds"):
        con.execute(statement(name), partition)
    row = con.execute("SELECT count(*) FROM chosen_orders").fetchone()
    con.execute("DROP TABLE landed_orders")
    con.execute("DROP TABLE chosen_orders")
    return int(row[0]) if row else 0
