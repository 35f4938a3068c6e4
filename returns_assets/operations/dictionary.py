"""docs/data-dictionary.md, made from warehouse/schema.sql, whose comments are the meanings (`make docs`; a test compares them)."""

import re
from dataclasses import dataclass, replace
from importlib.resources import files

COLUMN = re.compile(r"^\s+(?P<name>\w+) (?P<type>[A-Z]+(?:\(\d+, ?\d+\))?),?\s+-- (?P<meaning>.+)$")
TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS (?P<name>\w+) \(\s*-- grain: (?P<grain>.+)$")
VIEW = re.compile(r"^CREATE VIEW IF NOT EXISTS (?P<name>\w+) AS\s*-- grain: (?P<grain>.+)$")


@dataclass(frozen=True)
class Table:
    """One table: what a row is, and (name, type, meaning) of each column."""

    name: str
    grain: str
    columns: list[tuple[str, str, str]]


@dataclass(frozen=True)
class View:
    """One view: what a row is, and the query behind it."""

    name: str
    grain: str
    sql: str


@dataclass(frozen=True)
class Query:
    """An example query: its question is the comment in its first line."""

    name: str
    question: str
    sql: str


class UndocumentedColumn(ValueError):
    """A line of schema.sql that is neither a table or view with its grain nor a column with its meaning."""


def schema() -> tuple[list[Table], list[View]]:
    """What schema.sql creates, in order; raises UndocumentedColumn for a table or view without grain or a column without meaning."""
    tables: list[Table] = []
    views: list[View] = []
    in_view = False
    for number, line in enumerate(files("returns_assets.warehouse").joinpath("schema.sql").read_text(encoding="utf-8").splitlines(), 1):
        if in_view:
            views[-1] = replace(views[-1], sql=f"{views[-1].sql}\n{line}".strip())
            in_view = not line.endswith(";")
        elif opened := TABLE.match(line):
            tables.append(Table(opened["name"], opened["grain"], []))
        elif opened := VIEW.match(line):
            views.append(View(opened["name"], opened["grain"], ""))
            in_view = True
        elif column := COLUMN.match(line):
            tables[-1].columns.append((column["name"], column["type"], column["meaning"]))
        elif line.strip() not in ("", ");") and not line.startswith("--"):
            raise UndocumentedColumn(f"schema.sql:{number}: expected `name TYPE,  -- meaning`: {line.strip()}")
    return tables, views


def queries() -> list[Query]:
    """The example queries, by file name."""
    folder = files("returns_assets.operations").joinpath("queries")
    found: list[Query] = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".sql"):
            question, _, sql = entry.read_text(encoding="utf-8").partition("\n")
            found.append(Query(entry.name.removesuffix(".sql"), question.removeprefix("--").strip(), sql.strip()))
    return found


def markdown() -> str:
    """The whole page."""
    lines = [
        "# Data dictionary",
        "",
        "Generated from `returns_assets/warehouse/schema.sql` by `make docs`; do not edit by hand.",
        "",
        "Open the published copy with any DuckDB client; it is replaced by one rename, so a reader never meets a lock:",
        "",
        "```",
        'duckdb -readonly var/published/returns.duckdb "SELECT * FROM return_metrics ORDER BY day"',
        "```",
        "",
        "Times are UTC without zone, money is `DECIMAL(18,4)` in the row's currency. Every table is partitioned by `marketplace` and `day`",
        "or by `day` alone, and one partition is replaced at a time.",
        "",
        "Later news may move a piece to another partition; the old one keeps its row of `mapped_dispositions` until it is run again.",
        "To add up over partitions, read the view `current_dispositions`, in which each piece counts once.",
        "",
        "## Example queries",
        "",
        "A test runs each of them.",
    ]
    for query in queries():
        lines += ["", f"### {query.question}", "", "```sql", query.sql, "```"]
    tables, views = schema()
    lines += ["", "## Views"]
    for view in views:
        lines += ["", f"### {view.name}", "", f"One row: {view.grain}.", "", "```sql", view.sql, "```"]
    lines += ["", "## Tables"]
    for entry in tables:
        lines += ["", f"### {entry.name}", "", f"One row: {entry.grain}.", "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {kind} | {meaning.replace('|', '&#124;')} |" for name, kind, meaning in entry.columns]
    return "\n".join(lines) + "\n"
