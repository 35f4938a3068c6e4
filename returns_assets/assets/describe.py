"""What an asset says about itself in the UI: the columns and their meaning, the rows it wrote, a sample, where columns come from."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, cast

import dagster as dg

from returns_assets.steps.context import StepContext, StepResult

TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (?P<name>\w+)\s*\([^\n]*?-- *grain: (?P<grain>[^\n]+)\n(?P<body>.*?)\n\);", re.DOTALL)
COLUMN = re.compile(r"^\s+(?P<name>\w+) (?P<type>\w+(?:\([\d, ]+\))?),?\s*(?:-- *(?P<meaning>.+))?$", re.MULTILINE)
SAMPLE_ROWS = 5
SAMPLE_COLUMNS = 12


@cache
def table_schemas() -> Mapping[str, dg.TableSchema]:
    """Columns of every warehouse table, types and comments from schema.sql: the one place where they are written down."""
    text = files("returns_assets.warehouse").joinpath("schema.sql").read_text(encoding="utf-8")
    return {
        table["name"]: dg.TableSchema(
            [dg.TableColumn(column["name"], column["type"], column["meaning"]) for column in COLUMN.finditer(table["body"])],
            constraints=dg.TableConstraints([f"one row: {table['grain'].strip()}"]),
        )
        for table in TABLE.finditer(text)
    }


def table_metadata(table: str) -> dict[str, Any]:
    """What is known of a table before it is written; for the asset's definition."""
    return {"dagster/column_schema": table_schemas()[table], "dagster/table_name": table}


def written(
    steps: StepContext,
    table: str,
    partition: Mapping[str, Any],
    result: StepResult,
    *,
    lineage: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> dg.MaterializeResult[Any]:
    """The materialisation of one partition: its rows, the step's counts, the columns, a sample.

    `lineage`: column -> (asset, column) pairs it was translated from.
    """
    metadata: dict[str, Any] = {name: _value(value) for name, value in result.metadata.items()}
    metadata |= {"dagster/row_count": result.rows, "dagster/column_schema": table_schemas()[table]}
    sample = _sample(steps, table, partition)
    if sample is not None:
        metadata["sample"] = sample
    if lineage:
        metadata["dagster/column_lineage"] = dg.TableColumnLineage(
            {
                column: [dg.TableColumnDep(asset_key=asset, column_name=name) for asset, name in sources]
                for column, sources in lineage.items()
            }
        )
    return dg.MaterializeResult(metadata=metadata)


def _value(value: Any) -> Any:
    """A count or word as it is, anything with parts as JSON."""
    if isinstance(value, dict | list | tuple):
        return dg.MetadataValue.json(cast("dict[str, Any] | list[Any]", value))
    return value if isinstance(value, str | int | float | bool) else str(value)


def _sample(steps: StepContext, table: str, partition: Mapping[str, Any]) -> dg.MetadataValue[Any] | None:
    """The first rows with the columns that have a value in them, or None when there are no rows."""
    where = " AND ".join(f"{column} = ?" for column in partition) or "TRUE"
    with steps.warehouse.read() as con:
        cursor = con.execute(f"SELECT * FROM {table} WHERE {where} LIMIT {SAMPLE_ROWS}", list(partition.values()))
        names = [str(column[0]) for column in cursor.description or []]
        rows = cursor.fetchall()
    if not rows:
        return None
    filled = [index for index, name in enumerate(names) if name not in partition and any(row[index] is not None for row in rows)]
    shown = filled[:SAMPLE_COLUMNS]
    records = [dg.TableRecord({names[index]: "" if row[index] is None else str(row[index]) for index in shown}) for row in rows]
    schema = dg.TableSchema([dg.TableColumn(names[index], "string") for index in shown])
    return dg.MetadataValue.table(records, schema)
