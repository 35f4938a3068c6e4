"""The demo's Dagster history is written without waiting for the disk: it may be lost in a power cut, a real installation's may not."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


@contextmanager
def hurried_history(dagster_home: Path) -> Generator[None]:
    """Inside the block, SQLite files below `dagster_home` are written with synchronous=OFF. The ledger is not among them.

    Dagster's SQLite storage opens and closes a connection for each of about a hundred events a run, and each waits for the disk.
    """
    root = dagster_home.resolve()

    def relax(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            name = str(connection.execute("PRAGMA database_list").fetchone()[2])
            if name and Path(name).resolve().is_relative_to(root):
                connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", relax)
    try:
        yield
    finally:
        event.remove(Engine, "connect", relax)
