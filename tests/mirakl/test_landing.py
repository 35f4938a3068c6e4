"""Landed answers and their parsing: whole files only, exact money, newest answer wins, twice gives the same rows."""

import json
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from returns_assets.mirakl.landing import Landing
from returns_assets.mirakl.parse import TABLES, upsert_orders
from returns_assets.warehouse.connection import Warehouse
from tests.mirakl.stub import StubMirakl

DAY = date(2025, 3, 1)
T0 = datetime(2025, 3, 1, 10, tzinfo=UTC)


@pytest.fixture(params=["duckdb", "ducklake"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    if request.param == "duckdb":
        return Warehouse(f"duckdb:{tmp_path / 'w.duckdb'}")
    return Warehouse(f"ducklake:{tmp_path / 'catalog.ducklake'}?data_path={tmp_path / 'lake'}")


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing", "nordhaus", DAY)


def page(*orders: dict[str, Any]) -> bytes:
    def number(value: Any) -> Any:
        raise TypeError(value)

    return json.dumps({"orders": list(orders), "total_count": len(orders)}, default=number).encode()


def order(order_id: str, price: Any = 10.0, **fields: Any) -> dict[str, Any]:
    line = {"order_line_id": f"{order_id}-1", "order_line_index": 1, "order_line_state": "RECEIVED", "quantity": 1, "price": price}
    return {"order_id": order_id, "order_state": "RECEIVED", "currency_iso_code": "EUR", "order_tax_mode": "TAX_INCLUDED", "price": price,
            "order_lines": [{**line, **fields.pop("line", {})}], **fields}  # fmt: skip


def naive(*parts: int) -> datetime:
    """As DuckDB gives a TIMESTAMP: UTC without saying so."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[arg-type]


def rows(warehouse: Warehouse, table: str) -> list[dict[str, Any]]:
    with warehouse.read() as con:
        found = con.execute(f"SELECT * FROM {table} WHERE marketplace = 'nordhaus' AND day = ? ORDER BY ALL", [DAY])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def load(warehouse: Warehouse, landing: Landing, *batches: tuple[str, datetime, list[bytes]]) -> int:
    paths = [path for name, at, pages in batches for path in landing.write(name, at, pages).files]
    with warehouse.transaction() as con:
        return upsert_orders(con, "nordhaus", DAY, paths)


def test_a_batch_that_breaks_off_leaves_nothing(landing: Landing) -> None:
    def broken() -> Iterator[bytes]:
        yield page(order("A"))
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        landing.write("OR11-ids", T0, broken())
    assert list(landing.folder.iterdir()) == []


def test_files_are_private_and_found_again(landing: Landing) -> None:
    written = landing.write("OR11-ids", T0, [page(order("A")), page(order("B"))])
    assert landing.batches("OR11-ids") == [written]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in written.files)
    assert stat.S_IMODE(landing.folder.stat().st_mode) == 0o700


def test_only_the_newest_by_id_batches_are_kept(landing: Landing) -> None:
    batches = [landing.write("OR11-ids", T0, [page(order(name))]) for name in "ABCD"]
    sweep = landing.write("OR11-sweep", T0, [page()])
    landing.drop_superseded("OR11-ids")
    assert landing.batches("OR11-ids") == batches[-2:]
    assert landing.batches("OR11-sweep") == [sweep]


money = st.decimals(min_value=-(10**11), max_value=10**11, places=4, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(money, st.sampled_from(["number", "quoted"])), min_size=1, max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=30, deadline=None)
def test_money_is_read_exactly(tmp_path: Path, amounts: list[tuple[Decimal, str]]) -> None:
    warehouse = Warehouse(f"duckdb:{tmp_path / 'exact.duckdb'}")
    landing = Landing(tmp_path / "exact", "nordhaus", DAY)
    texts = [f"{amount:f}" if kind == "number" else f'"{amount:f}0"' for amount, kind in amounts]
    orders = ",".join(f'{{"order_id": "O{n}", "price": {text}}}' for n, text in enumerate(texts))
    load(warehouse, landing, ("OR11-sweep", datetime.now(UTC), [f'{{"orders": [{orders}]}}'.encode()]))
    found = {row["order_id"]: row["price"] for row in rows(warehouse, "mirakl_orders")}
    assert {f"O{n}": amount for n, (amount, _) in enumerate(amounts)}.items() <= found.items()


def test_an_amount_that_does_not_fit_stops_the_parse(warehouse: Warehouse, landing: Landing) -> None:
    import duckdb

    with pytest.raises(duckdb.Error):
        load(warehouse, landing, ("OR11-sweep", T0, [page(order("A", "a lot"))]))
    assert rows(warehouse, "mirakl_orders") == []


def test_absent_null_and_new_things_are_tolerated(warehouse: Warehouse, landing: Landing) -> None:
    bare = {"order_id": "BARE", "brand_new": {"x": [1]}, "order_state": "BRAND_NEW"}
    nulls = {"order_id": "NULLS", "price": None, "order_lines": None, "channel": None, "created_date": None}
    empty = {"order_id": "EMPTY", "order_lines": []}
    line = {"taxes": None, "refunds": None, "cancelations": None, "order_line_state": "BRAND_NEW", "later": True}
    number = load(warehouse, landing, ("OR11-sweep", T0, [page(bare, nulls, empty, order("LINE", None, line=line))]))
    assert number == 4
    assert {row["order_id"]: row["order_state"] for row in rows(warehouse, "mirakl_orders")}["BARE"] == "BRAND_NEW"
    (only,) = rows(warehouse, "mirakl_order_lines")
    assert (only["line_state"], only["price"], only["cancelled_amount"]) == ("BRAND_NEW", None, 0)


def test_columns_get_what_or11_says(warehouse: Warehouse, landing: Landing) -> None:
    refund = {"id": 71, "order_refund_id": "u", "amount": 3.3, "shipping_amount": None, "reason_code": 17, "state": "REFUNDED",
              "taxes": [{"code": "VAT", "amount": 0.1}], "created_date": "2025-02-03T04:05:06+01:00", "quantity": None}  # fmt: skip
    line = {"refunds": [refund], "cancelations": [{"amount": 1.05}, {"amount": None}], "taxes": [{"code": "VAT", "amount": 1.71}],
            "shipping_price": 4.9, "can_refund": False, "offer_sku": "S", "shipped_date": "2025-02-01T23:30:00.500-05:00"}  # fmt: skip
    load(warehouse, landing, ("OR11-sweep", T0, [page(order("A", 10.25, line=line, customer_debited_date="2025-02-01T00:00:00Z"))]))
    (head,), (found,), (booked,) = (rows(warehouse, table) for table in TABLES)
    assert (head["tax_mode"], head["currency"], head["debited_at"]) == ("TAX_INCLUDED", "EUR", naive(2025, 2, 1))
    assert found["shipped_at"] == naive(2025, 2, 2, 4, 30, 0, 500000)
    assert (found["price"], found["shipping_price"], found["cancelled_amount"]) == (Decimal("10.25"), Decimal("4.9"), Decimal("1.05"))
    assert json.loads(found["taxes"]) == [{"code": "VAT", "amount": 1.71}]
    assert (booked["refund_id"], booked["refund_state"], booked["reason_code"]) == ("71", "REFUNDED", "17")
    assert (booked["amount"], booked["shipping_amount"], booked["created_at"]) == (Decimal("3.3"), 0, naive(2025, 2, 3, 3, 5, 6))
    assert found["fetched_at"] == naive(2025, 3, 1, 10)


def test_no_personal_data_reaches_a_table(warehouse: Warehouse, landing: Landing) -> None:
    person = {
        "customer": {"firstname": "Secretname", "shipping_address": {"street_1": "Secretstreet 5"}},
        "customer_notification_email": "x@proxy",
    }
    load(warehouse, landing, ("OR11-sweep", T0, [page(order("A", **person))]))
    everything = str([rows(warehouse, table) for table in TABLES])
    assert "Secret" not in everything
    assert "proxy" not in everything


def test_the_newest_answer_wins_and_by_id_before_a_sweep_of_the_same_time(warehouse: Warehouse, landing: Landing) -> None:
    load(
        warehouse,
        landing,
        ("OR11-ids", T0, [page(order("A", 2.0))]),
        ("OR11-sweep", T0, [page(order("A", 1.0), order("B", 5.0)), page(order("B", 6.0, last_updated_date="2025-03-01T09:00:00Z"))]),
    )
    assert {row["order_id"]: row["price"] for row in rows(warehouse, "mirakl_orders")} == {"A": 2, "B": 6}
    load(warehouse, landing, ("OR11-sweep", T0 + timedelta(minutes=5), [page(order("A", 3.0))]))
    load(warehouse, landing, ("OR11-ids", T0 - timedelta(minutes=5), [page(order("A", 9.0), order("C", 7.0))]))  # older: only C is new
    assert {row["order_id"]: row["price"] for row in rows(warehouse, "mirakl_orders")} == {"A": 3, "B": 6, "C": 7}
    assert len(rows(warehouse, "mirakl_order_lines")) == 3
    later, latest = T0 + timedelta(minutes=9), T0 + timedelta(minutes=10)
    load(warehouse, landing, ("OR11-sweep", latest, [page(order("A", 5.0))]), ("OR11-ids", later, [page(order("A", 4.0))]))
    assert {row["order_id"]: row["price"] for row in rows(warehouse, "mirakl_orders")}["A"] == 5


def test_upserting_twice_gives_the_same_rows(warehouse: Warehouse, landing: Landing) -> None:
    batch = landing.write("OR11-sweep", T0, [page(order("A"), order("B"))])
    found: list[Any] = []
    for _ in range(2):
        with warehouse.transaction() as con:
            assert upsert_orders(con, "nordhaus", DAY, batch.files) == 2
        found.append([rows(warehouse, table) for table in TABLES])
    assert found[0] == found[1]


def test_a_refund_that_vanished_from_the_answer_vanishes_from_the_partition(
    warehouse: Warehouse, landing: Landing, stub: StubMirakl
) -> None:
    line = {"refunds": [{"id": "R1", "amount": 1.0}]}
    load(warehouse, landing, ("OR11-ids", T0, [page(order("A", line=line))]))
    assert len(rows(warehouse, "mirakl_refunds")) == 1
    load(warehouse, landing, ("OR11-ids", T0 + timedelta(minutes=1), [page(order("A"))]))
    assert rows(warehouse, "mirakl_refunds") == []
