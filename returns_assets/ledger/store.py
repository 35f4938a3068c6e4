"""The ledger's database: engine, transactions, locks. No tables and no rules here.

SQLite: WAL with synchronous=FULL, so a commit survives a power cut; write transactions are BEGIN IMMEDIATE, because a deferred
transaction that turns into a writer late fails with SQLITE_BUSY whatever the timeout (https://sqlite.org/lang_transaction.html).
PostgreSQL: READ COMMITTED; writers of one subject matter take an advisory lock, so that bulk statements queue instead of deadlocking.
The locks are only for order: what must not happen twice is forbidden by constraints.
"""

import hashlib
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url

BUSY_TIMEOUT_SECONDS = 60
CHUNK = 4000  # values of one IN list: SQLite's default limit is 32,766 variables a statement

T = TypeVar("T")


def chunked(values: Iterable[T], size: int = CHUNK) -> Generator[list[T]]:
    """Lists of at most `size` values."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


class Store:
    """Connections to one ledger database. Thread-safe; not to be carried across a fork."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")

    @property
    def sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A read transaction: one consistent look on SQLite, READ COMMITTED on PostgreSQL."""
        with self.engine.connect() as con, con.begin():
            yield con

    @contextmanager
    def write(self, *locks: str) -> Generator[Connection]:
        """A write transaction: committed at the end of the block, rolled back on an exception.

        locks: names that exclude each other across processes until the end of the transaction (SQLite has one writer anyway).
        """
        with self._writing.connect() as con, con.begin():
            self.lock(con, *locks)
            yield con

    def lock(self, con: Connection, *names: str) -> None:
        """Take further locks inside a write transaction, always in the same order."""
        if self.sqlite:
            return
        for name in sorted(names):
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
            con.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # batches of UPDATEs in one round trip; a connection that died between two runs is replaced instead of failing one
        return create_engine(parsed, executemany_mode="values_plus_batch", pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # the driver must not begin by itself: we say how
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

    return engine
