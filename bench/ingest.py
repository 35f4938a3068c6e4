"""Ingesting a day's changed orders: the step against a bare httpx loop over OR11 whose answers DuckDB reads with read_json."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import httpx

from bench.measure import Row, Side, Watch, alternate, run, same
from bench.shops import DAY, KEY, access, context, headers, sandbox

ORDERS = 100_000
LINES = 2
AIM = 1.3
TOTALS = """
    SELECT count(DISTINCT order_id), count(*), sum(price)::DECIMAL(18, 4)::VARCHAR, sum(quantity)::BIGINT,
        sum(hash(order_line_id, offer_sku, price, price_unit)::HUGEINT)::VARCHAR
    FROM {table}
"""
# What somebody writes who knows DuckDB: explicit types, so that money is no float and nothing is guessed from a sample.
READ = """
    CREATE TABLE answers AS SELECT unnest(orders) AS o FROM read_json($files, format = 'unstructured', columns = {orders: 'STRUCT(
        order_id VARCHAR, commercial_id VARCHAR, order_state VARCHAR, currency_iso_code VARCHAR, order_tax_mode VARCHAR,
        price DECIMAL(18,4), shipping_price DECIMAL(18,4), total_price DECIMAL(18,4), created_date VARCHAR, last_updated_date VARCHAR,
        order_lines STRUCT(order_line_id VARCHAR, order_line_index INTEGER, order_line_state VARCHAR, offer_sku VARCHAR,
            product_sku VARCHAR, product_title VARCHAR, quantity INTEGER, price_unit DECIMAL(18,4), price DECIMAL(18,4),
            shipping_price DECIMAL(18,4), taxes JSON, shipping_taxes JSON, refunds JSON)[])[]'})
"""
ORDER_ROWS = "CREATE TABLE orders AS SELECT o.* EXCLUDE (order_lines) FROM (SELECT o FROM answers)"
LINE_ROWS = "CREATE TABLE lines AS SELECT order_id, l.* FROM (SELECT o.order_id AS order_id, unnest(o.order_lines) AS l FROM answers)"


def product(home: str, url: str, key: str) -> dict[str, Any]:
    """steps.ingest_mirakl.ingest_orders of a day that is over."""
    from returns_assets.steps.ingest_mirakl import ingest_orders

    with context(home, url, key) as ctx:
        watch = Watch()
        ingest_orders(ctx, KEY, DAY)
        times = watch.times()
        with ctx.warehouse.read() as con:
            return {**times, "orders": con.execute(TOTALS.format(table="mirakl_order_lines")).fetchone()}


def bare(home: str, url: str, key: str) -> dict[str, Any]:
    """Page by page to files, then one read_json into two tables."""
    folder = Path(home)
    folder.mkdir(parents=True, exist_ok=True)
    query = {"shop_id": "2001", "start_update_date": f"{DAY}T00:00:00Z", "max": "100", "order_tax_mode": "TAX_INCLUDED"}
    watch = Watch()
    files: list[str] = []
    with httpx.Client(headers=headers(key), timeout=30) as http:
        more = True
        while more:
            answer = http.get(f"{url}/api/orders", params={**query, "offset": str(100 * len(files))}).raise_for_status()
            page = folder / f"{len(files):05d}.json"
            page.write_bytes(answer.content)
            files.append(str(page))
            more = 'rel="next"' in answer.headers.get("link", "")
    with duckdb.connect(str(folder / "bare.duckdb")) as con:
        con.execute(READ, {"files": files})
        con.execute(ORDER_ROWS)
        con.execute(LINE_ROWS)
        con.execute("DROP TABLE answers")
    times = watch.times()
    with duckdb.connect(str(folder / "bare.duckdb")) as con:
        return {**times, "orders": con.execute(TOTALS.format(table="lines")).fetchone()}


def bench(scale: float, repeat: int) -> list[Row]:
    """Raises Differs when the two did not read the same lines and prices."""
    number = max(int(ORDERS * scale), 150)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, sandbox(Path(folder) / "sandbox", number, LINES) as started:

        def side(name: str, turn: int) -> Side:
            home = Path(folder) / f"{name}-{turn}"
            try:
                return run(f"ingest:{name}", home=str(home), **access(started))
            finally:
                shutil.rmtree(home, ignore_errors=True)

        sides = alternate({name: lambda n, name=name: side(name, n) for name in ("product", "bare")}, repeat)
    same("orders", sides)
    ours, hand = sides["product"], sides["bare"]
    ratio = ours.seconds / hand.seconds
    what = f"ingesting {number:,} orders, {number * LINES:,} lines"
    return [Row(what, f"{ours.seconds:.1f} s", f"{hand.seconds:.1f} s", f"{ratio:.2f} x its time", f"{AIM:g} x", ratio <= AIM, ours.peak)]
