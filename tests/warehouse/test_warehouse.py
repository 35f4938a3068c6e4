"""The seam to the warehouse, on a DuckDB file and on DuckLake with its catalogue in a file and in PostgreSQL."""

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from returns_assets.warehouse.connection import Warehouse, WarehouseError, table_names, view_names
from returns_assets.warehouse.partitions import arrow_rows, count, replace_partition, slice_hash
from returns_assets.warehouse.published import publish

DAY = {"marketplace": "nordhaus", "day": date(2025, 3, 5)}
OTHER = {"marketplace": "albion", "day": date(2025, 3, 5)}


@pytest.fixture(params=["duckdb", "ducklake", pytest.param("ducklake-postgres", marks=pytest.mark.postgres)])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    match request.param:
        case "duckdb":
            return Warehouse(f"duckdb:{tmp_path / 'deep' / 'returns.duckdb'}")
        case "ducklake":
            return Warehouse(f"ducklake:{tmp_path / 'catalog.ducklake'}?data_path={tmp_path / 'data'}")
        case _:
            url = request.getfixturevalue("fresh_postgres_url")
            return Warehouse(f"ducklake:postgres:{url}?data_path={tmp_path / 'data'}")


def reasons(*codes: str, partition: dict[str, object] = DAY) -> pa.Table:
    return pa.table({"marketplace": [partition["marketplace"]] * len(codes), "day": [partition["day"]] * len(codes), "code": list(codes)})


def test_a_partition_is_replaced_and_its_neighbours_stay(warehouse: Warehouse) -> None:
    with warehouse.transaction() as con:
        replace_partition(con, "mirakl_reference", DAY, reasons("1", "2"))
        replace_partition(con, "mirakl_reference", OTHER, reasons("9", partition=OTHER))
    with warehouse.transaction() as con:
        assert replace_partition(con, "mirakl_reference", DAY, reasons("3")) == 1
    with warehouse.read() as con:
        assert con.execute("SELECT marketplace, code FROM mirakl_reference ORDER BY code").fetchall() == [
            ("nordhaus", "3"),
            ("albion", "9"),
        ]


def test_rows_take_their_columns_from_the_table(warehouse: Warehouse) -> None:
    with warehouse.transaction() as con:
        rows = arrow_rows(con, "refund_pushes", [{**DAY, "amount": Decimal("1.5"), "pieces": "[]"}, {**DAY, "quantity": 2}])
        replace_partition(con, "refund_pushes", DAY, rows)
        assert con.execute("SELECT amount, pieces, quantity FROM refund_pushes ORDER BY ALL").fetchall() == [
            (Decimal("1.5000"), "[]", None),
            (None, None, 2),
        ]
        assert arrow_rows(con, "refund_pushes", []).num_rows == 0
        with pytest.raises(KeyError, match="refund_pushes has no column amuont"):
            arrow_rows(con, "refund_pushes", [{**DAY, "amuont": Decimal(1)}])
        with pytest.raises(pa.ArrowException):
            arrow_rows(con, "refund_pushes", [{**DAY, "amount": Decimal("0.00001")}])  # finer than the column: never rounded


def test_a_block_that_raises_changes_nothing(warehouse: Warehouse) -> None:
    with warehouse.transaction() as con:
        replace_partition(con, "mirakl_reference", DAY, reasons("1"))

    def failing() -> None:
        with warehouse.transaction() as con:
            replace_partition(con, "mirakl_reference", DAY, reasons("2", "3"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    with warehouse.read() as con:
        assert count(con, "mirakl_reference", DAY) == 1


def test_slice_hash_is_of_content_not_of_order_or_time(warehouse: Warehouse) -> None:
    def hash_of(*codes: str, decided: str = "2025-01-01") -> str:
        with warehouse.transaction() as con:
            con.execute("DELETE FROM mapped_dispositions")
            for code in codes:
                con.execute(
                    "INSERT INTO mapped_dispositions (marketplace, day, piece_id, amount, decided_at) VALUES (?, ?, ?, ?, ?)",
                    ["nordhaus", DAY["day"], code, Decimal("1.10"), decided],
                )
            return slice_hash(con, "mapped_dispositions", DAY)

    assert hash_of("a", "b") == hash_of("b", "a", decided="2025-02-02")
    assert len({hash_of("a", "b"), hash_of("a"), hash_of("a", "b", "b"), hash_of()}) == 4


def test_the_published_copy_has_every_table_and_an_open_reader_keeps_its_own(warehouse: Warehouse, tmp_path: Path) -> None:
    target = tmp_path / "published" / "returns.duckdb"
    with warehouse.transaction() as con:
        replace_partition(con, "mirakl_reference", DAY, reasons("1"))
    assert publish(warehouse, target)["mirakl_reference"] == 1
    reader = duckdb.connect(str(target), read_only=True)
    with warehouse.transaction() as con:
        replace_partition(con, "mirakl_reference", DAY, reasons("1", "2"))
    publish(warehouse, target)
    assert reader.execute("SELECT count(*) FROM mirakl_reference").fetchone() == (1,)
    reader.close()
    with duckdb.connect(str(target), read_only=True) as again:
        assert again.execute("SELECT count(*) FROM mirakl_reference").fetchone() == (2,)
        assert {row[0] for row in again.execute("SELECT table_name FROM duckdb_tables()").fetchall()} == set(table_names())
        views = again.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        assert [row[0] for row in views] == view_names()
    assert [path.name for path in target.parent.iterdir()] == ["returns.duckdb"]


def disposition(con: duckdb.DuckDBPyConnection, marketplace: str, day: int, piece: str, document: int) -> None:
    con.execute(
        "INSERT INTO mapped_dispositions (marketplace, day, piece_id, document_id) VALUES (?, ?, ?, ?)",
        [marketplace, date(2025, 3, day), piece, document],
    )


def test_a_piece_is_current_in_the_partition_that_decided_it_last(warehouse: Warehouse, tmp_path: Path) -> None:
    with warehouse.transaction() as con:
        for row in (("nordhaus", 5, "p1", 1), ("nordhaus", 7, "p1", 3), ("nordhaus", 6, "p1", 9), ("nordhaus", 5, "p2", 2)):
            disposition(con, *row)
        for row in (("nordhaus", 8, "p3", 4), ("albion", 8, "p3", 5)):  # a correction on the same day named another marketplace's order
            disposition(con, *row)
    expected = [("albion", date(2025, 3, 8), "p3"), ("nordhaus", date(2025, 3, 5), "p2"), ("nordhaus", date(2025, 3, 7), "p1")]
    query = "SELECT marketplace, day, piece_id FROM current_dispositions ORDER BY ALL"
    with warehouse.read() as con:
        assert con.execute(query).fetchall() == expected
    publish(warehouse, tmp_path / "published.duckdb")
    with duckdb.connect(str(tmp_path / "published.duckdb"), read_only=True) as reader:
        assert reader.execute(query).fetchall() == expected


def test_a_warehouse_from_before_a_view_gets_it(tmp_path: Path) -> None:
    url = f"duckdb:{tmp_path / 'returns.duckdb'}"
    with Warehouse(url).transaction() as con:
        con.execute("DROP VIEW current_dispositions")
    with Warehouse(url).read() as con:
        assert con.execute("SELECT count(*) FROM current_dispositions").fetchone() == (0,)


HOLDER = """
import duckdb, sys
con = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
con.close()
"""


def test_a_file_held_by_another_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "returns.duckdb"
    warehouse = Warehouse(f"duckdb:{path}")
    with warehouse.transaction():
        pass
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    attempts: list[float] = []

    def release(seconds: float) -> None:
        attempts.append(seconds)
        if holder.poll() is None:
            holder.communicate("go\n")

    monkeypatch.setattr("returns_assets.warehouse.connection.time.sleep", release)
    with warehouse.transaction() as con:
        assert count(con, "mirakl_reference", DAY) == 0
    assert attempts, "the first attempt met the lock"


@pytest.mark.parametrize("url", ["postgresql://x/y", "returns.duckdb", "duckdb:", "ducklake:catalog"])
def test_a_wrong_url_is_one_clear_sentence(url: str) -> None:
    def opened() -> Callable[[], object]:
        with Warehouse(url).read() as con:
            return con.fetchall

    with pytest.raises(WarehouseError, match=r"duckdb:PATH or ducklake:|needs a data path"):
        opened()
