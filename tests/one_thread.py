"""How a test process opens DuckDB: with one thread, because for a handful of rows its threads only wait for each other and the tests share
the cores; and, where nobody else needs the file, with the file kept open between transactions: to open it costs more than most of them."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import duckdb

_connect = duckdb.connect
_kept: dict[str, duckdb.DuckDBPyConnection] | None = None


def connect(*args: Any, **options: Any) -> duckdb.DuckDBPyConnection:
    """In place of duckdb.connect, for a test process."""
    connection = _connect(*args, **options)
    connection.execute("SET threads = 1")
    if _kept is not None and args and not options and str(args[0]) not in _kept:
        _kept[str(args[0])] = _connect(*args)
    return connection


@contextmanager
def files_stay_open() -> Generator[None]:
    """Inside the block a database file that was opened once stays open, and locked by this process. Nothing of a connection is kept."""
    global _kept
    _kept = {}
    try:
        yield
    finally:
        for connection in _kept.values():
            connection.close()
        _kept = None
