"""The demo's Dagster history is written in a hurry: what is lost in a power cut may be lost here, in a real installation it may not."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine


@contextmanager
def hurried_history(dagster_home: Path) -> Generator[None]:
    """Inside the block, SQLite files below `dagster_home` are written with synchronous=OFF. The ledger is not among them.

    Dagster's SQLite event log makes an engine and a connection for each of about a hundred events a run: each waits for the disk, and
    each new engine compiles its statements anew. Here an engine is made once a file.
    """
    root = dagster_home.resolve()

    def relax(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            name = str(connection.execute("PRAGMA database_list").fetchone()[2])
            if name and Path(name).resolve().is_relative_to(root):
                connection.execute("PRAGMA synchronous = OFF")

    engines: dict[str, Engine] = {}

    def engine_of(url: str, **options: Any) -> Engine:
        if url not in engines:
            engines[url] = create_engine(url, **options)
        return engines[url]

    event.listen(Engine, "connect", relax)
    try:
        with patch.object(sqlite_event_log, "create_engine", engine_of):
            yield
    finally:
        event.remove(Engine, "connect", relax)
