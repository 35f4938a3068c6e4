"""Real transactions as orders and returns: the rule recomputed here row by row, on a small file and, where it is there, on the whole one.

The whole file is named by the environment variable RETURNS_ONLINE_RETAIL.
"""

import json
import os
import resource
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from returns_assets.sandbox.clock import Clock
from returns_assets.sandbox.config import default_config
from returns_assets.sandbox.online_retail import reason_label
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world import load_online_retail, world_of
from returns_assets.sandbox.world_plan import Expectation, Scheduled

UK, FR = "United Kingdom", "France"
Row = tuple[str, str, str, int, datetime, float, float | None, str]
SCHEMA = pa.schema(
    [
        ("InvoiceNo", pa.string()),
        ("StockCode", pa.string()),
        ("Description", pa.string()),
        ("Quantity", pa.float64()),
        ("InvoiceDate", pa.timestamp("us")),
        ("UnitPrice", pa.float64()),
        ("CustomerID", pa.float64()),
        ("Country", pa.string()),
    ]
)


def day(number: int, hour: int = 9) -> datetime:
    return datetime(2011, 1, number, hour)  # noqa: DTZ001 - the file's times have no zone


ROWS: list[Row] = [
    ("536001", "A1", "MUG", 6, day(3), 2.55, 17850.0, UK),
    ("536001", "B2", "LAMP", 3, day(3), 3.335, 17850.0, UK),
    ("536001", "A1", "MUG", 2, day(3), 2.10, 17850.0, UK),
    ("536002", "A1", "MUG", 4, day(4), 2.55, 13047.0, UK),
    ("536003", "A1", "MUG", 5, day(4), 2.55, None, UK),
    ("536004", "A1", "MUG", 1, day(4), 0.001, 12583.0, FR),
    ("536005", "A1", "MUG", -3, day(4), 2.55, 17850.0, UK),
    ("536006", "A1", "MUG", 9, day(4), 0.0, 17850.0, UK),
    ("A536007", "B", "Adjust bad debt", 1, day(4), 11.0, None, UK),
    ("536008", "A1", "MUG", 3, day(5), 2.60, 17850.0, UK),
    ("C536009", "A1", "MUG", -2, day(6), 2.55, 17850.0, UK),  # the latest purchase
    ("C536009", "B2", "LAMP", -1, day(6), 3.335, 17850.0, UK),  # another order in the same credit note
    ("C536010", "A1", "MUG", -2, day(7), 2.55, 17850.0, UK),  # the latest has one left: the last line of the first order
    ("C536011", "A1", "MUG", -7, day(7), 2.55, 17850.0, UK),  # nobody has seven left
    ("C536012", "A1", "MUG", -1, day(7), 2.55, 17850.0, UK),  # and nothing was taken for the seven
    ("C536013", "A1", "MUG", -1, day(8), 2.55, None, UK),  # no customer: unknown order
    ("C536014", "Z9", "VASE", -1, day(8), 2.55, 13047.0, UK),  # never bought: unknown order
    ("C536014", "A1", "MUG", -4, day(8), 2.55, 13047.0, UK),
    ("C536015", "A1", "MUG", -1, day(4), 2.55, 13047.0, UK),  # not strictly before: unknown order
    ("C536016", "A1", "MUG", -1, day(9), 0.001, 12583.0, FR),
]


def write(path: Path, rows: list[Row] = ROWS) -> Path:
    ordered = sorted(rows, key=lambda row: row[4])
    pq.write_table(
        pa.table([pa.array(column, field.type) for column, field in zip(zip(*ordered, strict=True), SCHEMA, strict=True)], SCHEMA), path
    )
    return path


def load(path: Path, **days: str) -> tuple[State, list[Expectation], list[Scheduled]]:
    state = State(default_config(), clock=Clock(datetime(2012, 1, 1, tzinfo=UTC)))
    load_online_retail(state, str(path), **days)
    (plan,) = world_of(state).plans
    return state, plan.truth, plan.documents


def by_the_rule(path: Path) -> tuple[dict[str, list[tuple[str, Decimal, int]]], list[tuple[str, str, int, str]]]:
    """Orders (id -> lines: stock code, price, quantity) and returns (order, line, units, verdict), straight from the file, slowly."""
    rows = pq.read_table(path).to_pylist()

    def marketplace(row: dict[str, Any]) -> str:
        if row["Country"] != UK:
            return "MAP"
        return "ALB" if row["CustomerID"] is None or int(row["CustomerID"]) % 2 == 0 else "NOR"

    orders: dict[str, list[tuple[str, Decimal, int]]] = defaultdict(list)
    bought: dict[tuple[str, Any, str], list[dict[str, Any]]] = defaultdict(list)
    for position, row in enumerate(rows):
        if row["InvoiceNo"][0] in "CA" or not row["Quantity"] > 0 or not row["UnitPrice"] > 0:
            continue
        order_id = f"{marketplace(row)}-{row['InvoiceNo']}-A"
        price = (Decimal(str(row["UnitPrice"])) * int(row["Quantity"])).quantize(Decimal("0.01"), ROUND_HALF_UP)
        orders[order_id].append((row["StockCode"], price, int(row["Quantity"])))
        line = {"at": row["InvoiceDate"], "position": position, "left": int(row["Quantity"])}
        line |= {"order": order_id, "line": f"{order_id}-{len(orders[order_id])}", "price": price}
        bought[marketplace(row), row["CustomerID"], row["StockCode"]].append(line)
    returns: list[tuple[str, str, int, str]] = []
    number: Counter[str] = Counter()
    for row in rows:
        if row["InvoiceNo"][0] != "C":
            continue
        number[row["InvoiceNo"]] += 1
        units = int(-row["Quantity"])
        known = [] if row["CustomerID"] is None else bought[marketplace(row), row["CustomerID"], row["StockCode"]]
        candidates = sorted((line for line in known if line["at"] < row["InvoiceDate"]), key=lambda line: (line["at"], line["position"]))
        fitting = [line for line in candidates if line["left"] >= units]
        if fitting:
            fitting[-1]["left"] -= units
            returns.append((fitting[-1]["order"], fitting[-1]["line"], units, "refund" if fitting[-1]["price"] else "no_refund"))
        elif candidates:
            returns.append((candidates[-1]["order"], candidates[-1]["line"], units, "exception"))
        else:
            order_id = f"{marketplace(row)}-{row['InvoiceNo']}-A"
            returns.append((order_id, f"{order_id}-{number[row['InvoiceNo']]}", units, "exception"))
    return orders, returns


def compare(path: Path) -> tuple[State, list[Expectation], list[Scheduled]]:
    state, truth, documents = load(path)
    orders, returns = by_the_rule(path)
    found: dict[str, list[tuple[str, Decimal, int]]] = {}
    for key in state.marketplaces:
        for order_id in state.order_ids(key):
            order = state.get_order(key, order_id)
            assert order is not None
            assert order["order_state"] == "RECEIVED"
            found[order_id] = [(line["offer_sku"], line["price"], line["quantity"]) for line in order["order_lines"]]
            assert [line["order_line_id"] for line in order["order_lines"]] == [
                f"{order_id}-{n}" for n in range(1, len(order["order_lines"]) + 1)
            ]
    assert found == orders
    assert Counter((row.order_id, row.order_line_id, row.quantity, row.outcome) for row in truth) == Counter(returns)
    return state, truth, documents


def test_a_slice_follows_the_rule(tmp_path: Path) -> None:
    _, truth, _ = compare(write(tmp_path / "slice.parquet"))
    lines = {(row.order_line_id, row.quantity): row.outcome for row in truth}
    assert lines == {
        ("ALB-536008-A-1", 2): "refund",
        ("ALB-536001-A-2", 1): "refund",
        ("ALB-536001-A-3", 2): "refund",
        ("ALB-536008-A-1", 7): "exception",
        ("ALB-536008-A-1", 1): "refund",
        ("ALB-C536013-A-1", 1): "exception",
        ("NOR-C536014-A-1", 1): "exception",
        ("NOR-536002-A-1", 4): "refund",
        ("NOR-C536015-A-1", 1): "exception",
        ("MAP-536004-A-1", 1): "no_refund",
    }


def test_orders_have_their_real_dates_prices_and_no_tax_or_shipping(tmp_path: Path) -> None:
    state, _, _ = load(write(tmp_path / "slice.parquet"))
    order = state.get_order("albion", "ALB-536001-A")
    assert order is not None
    assert [str(line["price"]) for line in order["order_lines"]] == ["15.30", "10.01", "4.20"]  # 3 x 3.335 = 10.005, half up
    assert (order["created_date"], order["last_updated_date"]) == ("2011-01-03T09:00:00Z", "2011-01-08T09:00:00Z")
    assert (order["currency_iso_code"], str(order["total_price"])) == ("GBP", "29.51")
    assert all(not line["taxes"] and not line["shipping_price"] for line in order["order_lines"])
    french = state.get_order("maplewood", "MAP-536004-A")
    assert french is not None
    assert (french["currency_iso_code"], french["order_tax_mode"]) == ("USD", "TAX_EXCLUDED")


def test_a_credit_note_is_one_return_with_a_document_for_each_order(tmp_path: Path) -> None:
    _, _, documents = load(write(tmp_path / "slice.parquet"))
    first = [(document, json.loads(document.body)) for document in documents if b"536001" in document.body or b"536008" in document.body]
    note = [
        (document, payload)
        for document, payload in first
        if document.at in (datetime(2011, 1, 4, 9, tzinfo=UTC), datetime(2011, 1, 6, 9, tzinfo=UTC))
    ]
    assert len({payload["order"]["reboundOrderId"] for _, payload in note}) == 1
    assert Counter((document.channel, payload["order"]["clientOrderId"]) for document, payload in note) == {
        ("tracking", "ALB-536008-A"): 1,
        ("tracking", "ALB-536001-A"): 1,
        ("refund-registered", "ALB-536008-A"): 1,
        ("refund-registered", "ALB-536001-A"): 1,
    }
    scans = [document.at for document, payload in note if document.channel == "tracking"]
    triggers = [document.at for document, payload in note if document.channel == "refund-registered"]
    assert {trigger - scan for scan, trigger in zip(scans, triggers, strict=True)} == {timedelta(days=2)}
    items = [payload["order"]["items"][0] for document, payload in note if document.channel == "refund-registered"]
    assert sorted((item["sku"], item["quantity"], item["ean"]) for item in items) == [
        ("A1", "2", "Not available"),
        ("B2", "1", "Not available"),
    ]


def test_days_cut_the_file_before_the_rule_is_applied(tmp_path: Path) -> None:
    path = write(tmp_path / "slice.parquet")
    _, truth, _ = load(path, from_day="2011-01-05", to_day="2011-01-06")
    assert [(row.order_line_id, row.outcome) for row in truth] == [("ALB-536008-A-1", "refund"), ("ALB-C536009-A-2", "exception")]


def test_the_reason_depends_on_the_stock_code_alone() -> None:
    assert reason_label("85123A") == reason_label("85123A")
    assert len({reason_label(str(code)) for code in range(200)}) == 8


def test_the_same_file_gives_the_same_documents(tmp_path: Path) -> None:
    path = write(tmp_path / "slice.parquet")
    assert load(path)[2] == load(path)[2]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"InvoiceNo": ["1"]}), path)
    with pytest.raises(ValueError, match="column Country, CustomerID"):
        load(path)


@pytest.mark.real
def test_the_whole_history_follows_the_rule() -> None:
    given = os.environ.get("RETURNS_ONLINE_RETAIL")
    if not given:
        pytest.skip("RETURNS_ONLINE_RETAIL is not set: it names the Online Retail Parquet file")
    _, truth, documents = compare(Path(given))
    assert len(truth) == 9288
    assert sum(row.order_id is not None and "-C" in row.order_id for row in truth) == 1689
    assert len({row.return_id for row in truth}) == 3836
    assert {document.channel for document in documents} == {"tracking", "refund-registered"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 3 * 1024 * 1024
