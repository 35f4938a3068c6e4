"""The one seam to the warehouse: opens DuckDB or DuckLake from a URL, one short transaction at a time.

A DuckDB file has one writing process, so a connection is opened, used for one transaction and closed; another process that holds
the file is waited for with jitter. Never hold a transaction across HTTP.
"""

import random
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs

import duckdb

OPEN_TIMEOUT_SECONDS = 120.0
EXISTING = "SELECT table_name FROM duckdb_tables() WHERE NOT internal UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"


class WarehouseError(RuntimeError):
    """The warehouse URL is wrong, or another process held the file for too long."""


def schema_statements() -> list[str]:
    """The CREATE statements of schema.sql, comments removed (DuckLake keeps no statement text)."""
    text = files("returns_assets.warehouse").joinpath("schema.sql").read_text(encoding="utf-8")
    bare = "\n".join(line.split("--", 1)[0] for line in text.splitlines())
    return [statement.strip() for statement in bare.split(";") if statement.strip()]


class Warehouse:
    """`duckdb:PATH` or `ducklake:CATALOG?data_path=DIR` (CATALOG: a file or postgres:postgresql://...)."""

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition(":")
        if scheme not in ("duckdb", "ducklake") or not rest:
            raise WarehouseError(f"RETURNS_WAREHOUSE_URL is {url!r}; allowed: duckdb:PATH or ducklake:CATALOG?data_path=DIR")
        self.url = url
        self._lake = scheme == "ducklake"
        self._target = rest
        self._ready = False

    @contextmanager
    def connection(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A connection for work that needs temp tables between its transactions (`in_transaction`); closed at the end of the block."""
        con = self._open()
        try:
            yield con
        finally:
            con.close()

    @contextmanager
    def transaction(self) -> Generator[duckdb.DuckDBPyConnection]:
        """One transaction: committed at the end of the block, rolled back when it raises, closed in both cases."""
        with self.connection() as con, in_transaction(con):
            yield con

    @contextmanager
    def read(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A consistent view for reading; anything written in it is rolled back."""
        with self.connection() as con:
            con.execute("BEGIN TRANSACTION")
            yield con

    def _open(self) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + OPEN_TIMEOUT_SECONDS
        pause = 0.01
        while True:
            try:
                con = self._open_lake() if self._lake else self._open_file()
            except duckdb.IOException as error:
                if "lock" not in str(error).lower() or time.monotonic() > deadline:
                    raise WarehouseError(f"cannot open the warehouse {self._shown()}: {error}") from error
                time.sleep(pause * random.uniform(0.5, 1.5))  # jitter, so that waiting processes do not meet again
                pause = min(pause * 1.5, 0.5)
                continue
            try:
                self._prepare(con)
            except BaseException:
                con.close()
                raise
            return con

    def _shown(self) -> str:
        """The URL without anything that could be a password."""
        return self.url.split("?", 1)[0].split("@")[-1]

    def _open_file(self) -> duckdb.DuckDBPyConnection:
        path = Path(self._target)
        path.parent.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(str(path))

    def _open_lake(self) -> duckdb.DuckDBPyConnection:
        catalog, _, query = self._target.partition("?data_path=") if "?data_path=" in self._target else (self._target, "", "")
        data_path = parse_qs(f"data_path={query}").get("data_path", [""])[0]
        if not data_path:
            raise WarehouseError("a ducklake warehouse needs a data path: ducklake:CATALOG?data_path=DIR")
        con = duckdb.connect()
        try:
            load_extension(con, "ducklake")
            if catalog.startswith("postgres:"):
                load_extension(con, "postgres_scanner")
            literal = f"ducklake:{catalog}".replace("'", "''")
            con.execute(f"ATTACH '{literal}' AS lake (DATA_PATH '{data_path.replace(chr(39), chr(39) * 2)}')")
            con.execute("USE lake")
        except BaseException:
            con.close()
            raise
        return con

    def _prepare(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = true")
        if self._ready:
            return
        existing = {str(row[0]) for row in con.execute(EXISTING).fetchall()}
        if not {*table_names(), *view_names()} <= existing:
            for statement in schema_statements():
                con.execute(statement)
        self._ready = True


@contextmanager
def in_transaction(con: duckdb.DuckDBPyConnection) -> Generator[None]:
    """A transaction on an open connection: committed at the end of the block, rolled back when it raises."""
    con.execute("BEGIN TRANSACTION")
    try:
        yield
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def table_names() -> list[str]:
    """All tables of the schema, in the order of schema.sql."""
    return [_name(statement) for statement in schema_statements() if statement.startswith("CREATE TABLE")]


def view_statements() -> list[str]:
    """The CREATE VIEW statements of schema.sql: they run on any copy of the tables."""
    return [statement for statement in schema_statements() if statement.startswith("CREATE VIEW")]


def view_names() -> list[str]:
    """All views of the schema."""
    return [_name(statement) for statement in view_statements()]


def _name(statement: str) -> str:
    """What a statement `CREATE TABLE|VIEW IF NOT EXISTS name ...` creates."""
    return statement.split()[5]


def load_extension(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its installed wheel: nothing is downloaded at run time."""
    package = f"duckdb_extension_{name}"
    root = files(package).joinpath("extensions", f"v{duckdb.__version__}", f"{name}.duckdb_extension")
    con.execute(f"LOAD '{root}'")
