"""Sandboxes filled for a benchmark, and a step context that talks to one of them; nothing is measured here."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import ROOT

DAY = date(2025, 3, 5)
KEY = "nordhaus"
CHUNK = 2000


def order(number: int, lines: int, state: str, quantity: int) -> dict[str, Any]:
    """An order in this state, last changed on DAY; prices 10.00 to 19.99."""
    order_id = f"NOR-{number}-A"
    changed = datetime.combine(DAY, time(number // 3600 % 24, number // 60 % 60, number % 60), UTC).isoformat().replace("+00:00", "Z")
    return {
        "order_id": order_id,
        "order_state": state,
        "created_date": changed,
        "last_updated_date": changed,
        "order_lines": [
            {
                "order_line_id": f"{order_id}-{n + 1}",
                "order_line_index": n + 1,
                "order_line_state": state,
                "offer_sku": f"S{number % 5000}",
                "quantity": quantity,
                "price": str(price(number)),
            }
            for n in range(lines)
        ],
    }


def price(number: int) -> Decimal:
    """Of one line of order `number`."""
    return Decimal(1000 + number % 1000) / 100


def orders(number: int, lines: int, state: str, quantity: int) -> Iterator[list[dict[str, Any]]]:
    """In chunks, so that nobody holds them all."""
    for start in range(0, number, CHUNK):
        yield [order(n, lines, state, quantity) for n in range(start, min(start + CHUNK, number))]


@contextmanager
def sandbox(folder: Path, number: int, lines: int, state: str = "RECEIVED", quantity: int = 1) -> Generator[Any]:
    """A fresh sandbox of its own process with `number` orders."""
    from tests.sandbox_fixture import running_sandbox

    folder.mkdir(parents=True, exist_ok=True)
    with running_sandbox(folder) as started:
        for chunk in orders(number, lines, state, quantity):
            started.put_orders(KEY, *chunk)
        yield started


def access(started: Any) -> dict[str, str]:
    """What a child needs to call it."""
    return {"url": started.base_url(KEY), "key": started.key(KEY)}


@contextmanager
def context(home: str, url: str, key: str) -> Generator[Any]:
    """A step context on `home`, as the command line would open it."""
    from returns_assets.settings import Settings
    from returns_assets.steps.context import open_context

    os.environ.update(variables(url, key))
    with open_context(Settings(home=Path(home), mappings=ROOT / "mappings"), run_id="bench", actor="bench") as ctx:
        yield ctx


def variables(url: str, key: str) -> dict[str, str]:
    """The marketplace's access as its variables; the others are not called."""
    return {f"MIRAKL_{KEY.upper()}_URL": url, f"MIRAKL_{KEY.upper()}_KEY": key}


def headers(key: str) -> dict[str, str]:
    """Of a bare call."""
    return {"Authorization": key, "Accept": "application/json"}


def put_returns(con: duckdb.DuckDBPyConnection, pieces: int) -> None:
    """One registered piece for the first line of each of the first `pieces` orders."""
    con.execute(
        """
        INSERT INTO rebound_returns BY NAME
        SELECT $day::DATE AS day, md5(i::VARCHAR) AS event_key, i AS document_id, $day::DATE + to_seconds(i % 80000) AS received_at,
            $day::DATE + to_seconds(i % 80000) AS event_time, 'ITEM_REGISTERED' AS event, 50 AS event_rank, 'refund_registered' AS kind,
            'nordhaus' AS marketplace, 'R' || i AS return_id, 'NOR-' || i || '-A' AS order_id, 'P' || i AS piece_id,
            'NOR-' || i || '-A-1' AS line_ref, 'S' || (i % 5000) AS sku, 1 AS quantity, 'Too large' AS reason_raw,
            'SIZE_TOO_LARGE' AS reason, 'MATCH' AS verification, 'U' AS grade, 'NONE' AS disposition
        FROM range($pieces) t (i)
        """,
        {"day": DAY, "pieces": pieces},
    )
