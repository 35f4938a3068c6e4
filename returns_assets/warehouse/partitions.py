"""Writing and reading one partition of a table: delete and insert, so that materialising twice gives the same rows."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa


def _where(partition: dict[str, Any]) -> tuple[str, list[Any]]:
    return " AND ".join(f"{column} = ?" for column in partition), list(partition.values())


def replace_partition(
    con: duckdb.DuckDBPyConnection,
    table: str,
    partition: dict[str, Any],
    rows: pa.Table | None = None,
    *,
    select_sql: str | None = None,
    parameters: Sequence[Any] = (),
) -> int:
    """Replace one partition's rows by `rows` or by the result of `select_sql`, matched by column name; returns the new count.

    Columns that the source does not have stay NULL; a column that the table does not have is an error.
    """
    where, values = _where(partition)
    con.execute(f"DELETE FROM {table} WHERE {where}", values)
    if rows is not None and rows.num_rows > 0:
        con.register("incoming_rows", rows)
        con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming_rows")
        con.unregister("incoming_rows")
    if select_sql is not None:
        con.execute(f"INSERT INTO {table} BY NAME {select_sql}", list(parameters))
    return count(con, table, partition)


def arrow_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as Arrow in the columns and types of a table, so that nobody has to repeat them; a column that a row leaves out is NULL.

    Raises KeyError for a column that the table does not have, and pyarrow's ArrowInvalid or ArrowTypeError for a value that does not fit.
    """
    schema = con.execute(f"SELECT * FROM {table} LIMIT 0").to_arrow_table().schema
    unknown = sorted({name for row in rows for name in row}.difference(schema.names))
    if unknown:
        raise KeyError(f"{table} has no column {', '.join(unknown)}")
    return pa.Table.from_pylist([dict(row) for row in rows], schema)


def dict_rows(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of the statement that was just executed, by column name."""
    names = [str(column[0]) for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def count(con: duckdb.DuckDBPyConnection, table: str, partition: dict[str, Any]) -> int:
    """How many rows the partition has."""
    where, values = _where(partition)
    row = con.execute(f"SELECT count(*) FROM {table} WHERE {where}", values).fetchone()
    return int(row[0]) if row else 0


def slice_hash(con: duckdb.DuckDBPyConnection, table: str, partition: dict[str, Any], exclude: Sequence[str] = ("decided_at",)) -> str:
    """A hash of the partition's content, whatever the order of its rows; columns in `exclude` do not count."""
    where, values = _where(partition)
    left_out = f"EXCLUDE ({', '.join(exclude)})" if exclude else ""
    query = f"SELECT md5(to_json(t)::VARCHAR) AS h FROM (SELECT * {left_out} FROM {table} WHERE {where}) t"
    row = con.execute(f"SELECT count(*), string_agg(h, '' ORDER BY h) FROM ({query})", values).fetchone()
    number, text = (row[0], row[1] or "") if row else (0, "")
    return hashlib.sha256(f"{number}:{text}".encode()).hexdigest()
