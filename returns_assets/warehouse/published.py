"""The published snapshot: a copy of the warehouse that analysts open read-only and that never meets a lock."""

import os
from pathlib import Path

import duckdb

from returns_assets.warehouse.connection import Warehouse, table_names, view_statements


def publish(warehouse: Warehouse, path: Path) -> dict[str, int]:
    """Write a copy beside `path` and swap it in with one rename; a reader that has the old file open keeps reading it.

    Returns the rows of each table. The copy goes through Arrow, so that it is the same for DuckDB and DuckLake.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    rows: dict[str, int] = {}
    try:
        with warehouse.read() as source:
            # ATTACH inside the reading connection: one consistent view of all tables.
            source.execute(f"ATTACH '{str(beside).replace(chr(39), chr(39) * 2)}' AS published")
            for table in table_names():
                source.execute(f"CREATE TABLE published.{table} AS FROM {table}")
            source.execute("COMMIT")
            source.execute("DETACH published")
        with duckdb.connect(str(beside)) as copy:
            for table in table_names():
                row = copy.execute(f"SELECT count(*) FROM {table}").fetchone()
                rows[table] = int(row[0]) if row else 0
            for statement in view_statements():
                copy.execute(statement)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return rows
