"""DuckDB with one thread: for a handful of rows its threads only wait for each other, and the tests share the cores."""

from typing import Any

import duckdb

_connect = duckdb.connect


def connect(*args: Any, **options: Any) -> duckdb.DuckDBPyConnection:
    """In place of duckdb.connect, for a test process."""
    connection = _connect(*args, **options)
    connection.execute("SET threads = 1")
    return connection
