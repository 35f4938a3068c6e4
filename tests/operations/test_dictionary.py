"""The data dictionary says what the schema says, and its example queries run on a published copy."""

from collections.abc import Generator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from returns_assets.operations.dictionary import Query, markdown, queries, schema
from returns_assets.warehouse.connection import Warehouse, table_names, view_names
from returns_assets.warehouse.published import publish
from tests.operations.conftest import Cli
from tests.sandbox_fixture import ROOT

DAY = date(2025, 3, 3)


def at(day: int, hour: int = 0) -> datetime:
    """The warehouse keeps UTC without a zone."""
    return datetime(2025, 3, day, hour, tzinfo=UTC).replace(tzinfo=None)


AT = at(3, 9)


def insert(con: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("?" for _ in values)
    con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


@pytest.fixture
def published(tmp_path: Path) -> Generator[duckdb.DuckDBPyConnection]:
    """Two pieces of one return on nordhaus: one refunded, one held; opened as an analyst does.

    The day before still has both as they were then: later news moved them, and it was not run again since.
    """
    warehouse = Warehouse(f"duckdb:{tmp_path / 'w.duckdb'}")
    key: dict[str, Any] = {"marketplace": "nordhaus", "day": DAY}
    with warehouse.transaction() as con:
        ids = {"return_id": "R1", "order_id": "NOR-1001-A", "order_line_id": "NOR-1001-A-1", "sku": "MUG"}
        piece = {**key, **ids, "quantity": 1, "currency": "EUR", "reason": "DEFECTIVE", "decided_at": at(3, 10)}
        insert(con, "mapped_dispositions", **piece, piece_id="P1", outcome="refund", rule="good")
        held = {"cause": "used", "exception_class": "policy", "rule": "used", "due_at": at(17)}
        insert(con, "mapped_dispositions", **piece, **held, piece_id="P2", outcome="hold")
        for name in ("P1", "P2"):
            before = {"day": date(2025, 3, 2), "piece_id": name, "outcome": "hold", "rule": "quarantine", "decided_at": at(2, 10)}
            insert(con, "mapped_dispositions", **{**piece, **before})
        insert(con, "rebound_returns", **key, return_id="R1", event="PARCEL_AT_HUB", event_time=AT, location="DE_HUB")
        line = {**key, "order_line_id": "NOR-1001-A-1", "offer_sku": "MUG", "price_unit": Decimal("12.50"), "quantity": 5}
        insert(con, "mirakl_order_lines", **line, fetched_at=AT)
        pushed = {"refund_id": "1001", "state": "confirmed", "confirmed_at": at(3, 11), "amount": Decimal("12.50")}
        insert(con, "refund_pushes", **key, **pushed, pieces='[{"piece_id": "P1", "quantity": 1, "unit_from": 0}]')
        money = {"refunds": 1, "refunded_amount": Decimal("12.50"), "refunded_shipping": Decimal("4.95"), "latency_p95_hours": 2.5}
        insert(con, "return_metrics", **key, **money, currency="EUR")
    publish(warehouse, tmp_path / "published.duckdb")
    with duckdb.connect(str(tmp_path / "published.duckdb"), read_only=True) as con:
        yield con


EXPECTED: dict[str, list[tuple[Any, ...]]] = {
    "1_money_by_marketplace": [("nordhaus", "EUR", 1, Decimal("17.45"), 2.5)],
    "2_conservation": [("nordhaus", DAY, 2, 1, 0, 1, 0)],
    "3_life_of_a_return": [
        (AT, "PARCEL_AT_HUB", None, "DE_HUB"),
        (at(3, 10), "decided: hold", "P2", "used"),
        (at(3, 10), "decided: refund", "P1", "good"),
        (at(3, 11), "refund confirmed", "P1", "1001"),
    ],
    "4_exceptions_by_cause": [("policy", "used", 1, Decimal("12.50"), "EUR", at(17))],
    "5_return_rate_by_sku": [("nordhaus", "MUG", 2, 5, 0.4, "DEFECTIVE")],
}


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.name)
def test_each_example_query_answers_its_question(query: Query, published: duckdb.DuckDBPyConnection) -> None:
    assert query.question.endswith("?")
    assert published.execute(query.sql).fetchall() == EXPECTED[query.name]


def test_there_are_five_example_queries() -> None:
    assert [query.name for query in queries()] == list(EXPECTED)


def test_every_table_and_column_of_the_schema_is_explained(tmp_path: Path) -> None:
    tables, views = schema()
    explained = {table.name: [(name, kind) for name, kind, _ in table.columns] for table in tables}
    with Warehouse(f"duckdb:{tmp_path / 'w.duckdb'}").read() as con:
        for name in table_names():
            columns = con.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [name]
            ).fetchall()
            assert [column for column, _ in explained[name]] == [str(column) for column, _ in columns]
            for (column, kind), (_, real) in zip(explained[name], columns, strict=True):
                assert kind.replace(" ", "") == str(real).replace(" ", ""), column
    assert list(explained) == table_names()
    assert [view.name for view in views] == view_names()
    assert all(view.sql.startswith(("SELECT", "WITH")) and view.sql.endswith(";") for view in views)


def test_the_page_in_docs_is_up_to_date(cli: Cli) -> None:
    assert (ROOT / "docs/data-dictionary.md").read_text() == markdown(), "run `make docs`"
    assert cli("data-dictionary", "--check", "docs/data-dictionary.md").exit_code == 0


def test_a_stale_page_is_refused(cli: Cli, tmp_path: Path) -> None:
    stale = tmp_path / "page.md"
    stale.write_text("old")
    result = cli("data-dictionary", "--check", str(stale))
    assert result.exit_code == 1
    assert "run `make docs`" in result.output
    assert cli("data-dictionary", "--write", str(stale)).exit_code == 0
    assert stale.read_text() == markdown()
