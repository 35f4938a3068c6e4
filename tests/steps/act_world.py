"""One marketplace's partition for the tests of the two acting steps: real warehouse, real ledger, a server on loopback, a clock by hand."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.client import MiraklClient
from returns_assets.settings import Settings
from returns_assets.steps.act import push_refunds, register_refunds
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import Mappings
from returns_assets.warehouse.connection import Warehouse
from returns_assets.warehouse.partitions import slice_hash

MAPPINGS = load_mappings(Path(__file__).parents[2] / "mappings")
DAY = date(2025, 3, 10)
KEY = "nordhaus"


DEFAULTS: dict[str, Any] = {
    "quantity": 1,
    "refund_reason_code": "17",
    "outcome": "refund",
    "paid": False,
    "unit_from": 0,
    "shipping_amount": Decimal(0),
    "taxes": "[]",
    "shipping_taxes": "[]",
    "currency": "EUR",
    "tax_mode": "TAX_INCLUDED",
    "foreign_refund_ids": "[]",
}


class Clock:
    """A clock that only moves when told; usable as the client's `wait`, so that pauses take no time."""

    def __init__(self) -> None:
        self.at = datetime(2025, 3, 10, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class ActWorld:
    """`disposition` rows, `validate`, `register`, `push`; several worlds on the same folder and ledger are several processes."""

    def __init__(
        self,
        home: Path,
        ledger: Ledger,
        url: str,
        *,
        key: str = "k",
        clock: Clock | None = None,
        mappings: Mappings = MAPPINGS,
        day: date = DAY,
        timeout: float = 10,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.ledger = ledger
        self.partition = {"marketplace": KEY, "day": day}
        self.day = day
        self.client = MiraklClient(url, key, "2001", timeout=timeout, concurrency=8, wait=self.clock.advance, transport=transport)
        self.warehouse = Warehouse(f"duckdb:{home / 'returns.duckdb'}")
        self.ctx = StepContext(Settings(home=home), mappings, self.warehouse, ledger, lambda _: self.client, "run-1", "test", self.clock)

    def close(self) -> None:
        self.client.close()

    def disposition(self, piece: str, line: str, amount: str = "10.00", **fields: Any) -> None:
        """One row of mapped_dispositions, in place of the piece's former one; a refund unless `fields` say otherwise."""
        self.dispositions([{"piece_id": piece, "order_line_id": line, "amount": amount, **fields}])

    def dispositions(self, rows: list[dict[str, Any]]) -> None:
        """Many of them in one transaction."""
        whole = [{**self.partition, **DEFAULTS, **row} for row in rows]
        for row in whole:
            row["order_id"] = row["order_line_id"].rsplit("-", 1)[0]
            row["amount"] = Decimal(row["amount"])
        with self.warehouse.transaction() as con:
            con.register("incoming", pa.Table.from_pylist(whole))
            con.execute("DELETE FROM mapped_dispositions WHERE piece_id IN (SELECT piece_id FROM incoming)")
            con.execute("INSERT INTO mapped_dispositions BY NAME SELECT * FROM incoming")

    def event(self, piece: str, day: date, event: str = "ITEM_GRADED", key: str = "news", lane: str = "HUB") -> None:
        """One canonical event of the piece, first or again received on `day`."""
        row = {"marketplace": KEY, "day": day, "event_key": key, "document_id": 1, "event": event, "event_rank": 50, "lane": lane}
        with self.warehouse.transaction() as con:
            table = pa.Table.from_pylist([{**row, "piece_id": piece, "event_time": datetime(2025, 3, 10)}])  # noqa: DTZ001
            con.register("incoming", table)
            con.execute("INSERT INTO rebound_returns BY NAME SELECT * FROM incoming")

    def validate(self, passed: bool = True, version: str | None = None) -> int:
        with self.warehouse.read() as con:
            found = slice_hash(con, "mapped_dispositions", self.partition)
        version = version or self.ctx.mappings.version
        return self.ledger.validations.record("mapped_dispositions", KEY, self.day, found, version, passed, "run-1", {})

    def register(self) -> StepResult:
        return register_refunds(self.ctx, KEY, self.day)

    def push(self) -> StepResult:
        return push_refunds(self.ctx, KEY, self.day)

    def plan(self) -> StepResult:
        self.validate()
        return self.register()

    def effects(self) -> list[Effect]:
        return self.ledger.effects.of_partition(KEY, self.day, "refund")

    def states(self) -> dict[str, str]:
        """Order line -> state (cause)."""
        return {effect.subject: f"{effect.state} ({effect.cause})" if effect.cause else effect.state for effect in self.effects()}

    def exceptions(self) -> dict[str, int]:
        """Open exceptions by cause."""
        return {row.cause: row.count for row in self.ledger.exceptions.counts()}

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.warehouse.read() as con:
            found = con.execute(f"SELECT * FROM {table} ORDER BY ALL")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def many(self, number: int) -> None:
        """Pieces P0, P1, ... on the lines NOR-0-A-1, NOR-1-A-1, ..."""
        self.dispositions([{"piece_id": f"P{n}", "order_line_id": f"NOR-{n}-A-1", "amount": "10.00"} for n in range(number)])


def parsed(value: str) -> Any:
    return json.loads(value, parse_float=Decimal)
