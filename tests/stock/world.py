"""One marketplace with offers on the sandbox, and what ReBound and the warehouse say of its pieces."""

import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.budget import CallBudget, with_stock
from returns_assets.mirakl.client import MiraklClient
from returns_assets.operations.side_flows import FlowReport, run_drift, run_restock
from returns_assets.rebound.vocabulary import EVENT_RANKS
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext
from returns_assets.steps.ingest_mirakl import ingest_orders
from returns_assets.steps.stock_ingest import ingest_stock_offers
from returns_assets.steps.stock_plan import plan_stock
from returns_assets.steps.stock_push import push_stock
from returns_assets.steps.stock_signals import write_signals
from returns_assets.translation.model import Mappings
from returns_assets.translation.restock import Stock
from returns_assets.warehouse.connection import Warehouse
from returns_assets.warehouse.partitions import slice_hash
from tests.sandbox.shop import Shop, open_shop
from tests.sandbox_fixture import Sandbox, order
from tests.steps.act_world import DAY, MAPPINGS, Clock

ORDER = "NOR-1-A"
SKU = "SHIRT"


class StockWorld:
    """`order` what was sold, tell `event`s, put pieces on the `shelf`, `run` the flow; clocks stand at noon and move by hand."""

    def __init__(
        self, home: Path, shop: Shop, *, clock: Clock | None = None, transport: httpx.BaseTransport | None = None, **stock: Any
    ) -> None:
        self.home, self.shop, self.key, self.clock = home, shop, shop.key, clock or Clock()
        self.ledger = Ledger.open(f"sqlite:///{home / 'ledger.sqlite'}")
        self.warehouse = Warehouse(f"duckdb:{home / 'returns.duckdb'}")
        self.documents = 0
        self.told: dict[str, list[dict[str, Any]]] = {}
        server = shop.server
        self.client = MiraklClient(
            server.base_url(self.key), server.key(self.key), "", timeout=5, clock=self.clock, wait=self.clock.advance,
            transport=transport, budget=CallBudget(home / "calls.sqlite", self.key, ceilings=with_stock(60, 15), clock=self.clock),
        )  # fmt: skip
        self.configure(**stock)

    def configure(self, **stock: Any) -> None:
        """Other settings of `stock` for the marketplace; `mappings` for other tables."""
        self.use(self.mappings_for(self.key, **stock))

    def mappings_for(self, key: str, **stock: Any) -> Mappings:
        """The shipped tables with one marketplace."""
        base: Mappings = stock.pop("mappings", MAPPINGS)
        wanted = Stock.model_validate(
            {"mode": "own", "trigger": "putaway", "drift_limit": 0, "file_seconds": 60, "status_seconds": 15, **stock}
        )
        nordhaus = base.marketplaces["nordhaus"]
        calls = nordhaus.calls.model_copy(update={"sweep_interval_seconds": 0})
        marketplace = nordhaus.model_copy(update={"key": key, "stock": wanted, "calls": calls})
        version = f"{json.dumps(stock, sort_keys=True)}{base.version}"[:64]
        return base.model_copy(update={"marketplaces": {key: marketplace}, "version": version})

    def use(self, mappings: Mappings) -> None:
        self.ctx = StepContext(
            Settings(home=self.home), mappings, self.warehouse, self.ledger, lambda _: self.client, "run", "test", self.clock
        )

    def close(self) -> None:
        self.client.close()
        self.ledger.close()

    def offers(self, *offers: dict[str, Any]) -> None:
        self.shop.server.post("offers", marketplace=self.key, offers=list(offers))

    def order(self, order_id: str = ORDER, *lines: tuple[str, int]) -> None:
        """Sold long ago: it does not lower the stock now."""
        given = [{"price": "10.00", "quantity": units, "offer_sku": sku} for sku, units in lines or ((SKU, 1),)]
        made = order(order_id, *given, created_date="2025-02-01T09:00:00Z")
        self.shop.server.post("orders", marketplace=self.key, orders=[made], sale=False)

    def event(self, event: str, piece: str | None = "P1", *, hours: float = 0, days: int = 0, order: str = ORDER, **fields: Any) -> None:
        """One canonical event, `hours` after 01:00 of the day; on a later day with `days`."""
        self.documents += 1
        day = DAY + timedelta(days=days)
        row: dict[str, Any] = {
            "day": day, "event_key": f"k{self.documents}", "document_id": self.documents, "event": event, "event_rank": EVENT_RANKS[event],
            "event_time": datetime(day.year, day.month, day.day, 1) + timedelta(hours=hours), "marketplace": self.key,  # noqa: DTZ001
            "return_id": f"R-{order}", "order_id": order, "piece_id": piece, "lane": "HUB", "kind": "return_snapshot", "grade": "U",
            "disposition": "NONE",
        }  # fmt: skip
        if event == "PUTAWAY_COMPLETED":
            row["kind"] = "warehouse_file"
        elif piece is not None:
            row |= {"line_ref": f"{order}-1", "quantity": 1, "verification": "MATCH", "grade": "A", "disposition": "RESTOCK"}
        self.insert("rebound_returns", {**row, **fields})

    def insert(self, table: str, *rows: dict[str, Any]) -> None:
        """Rows that are written together once the flow runs."""
        self.told.setdefault(table, []).extend(rows)

    def write(self) -> None:
        if self.told:
            with self.warehouse.transaction() as con:
                for table, rows in self.told.items():
                    names = sorted({name for row in rows for name in row})
                    con.register("incoming", pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]))
                    con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
            self.told.clear()

    def shelve(self, piece: str = "P1", *, days: int = 0, hours: float = 5, units: int = 1, order: str = ORDER, **row: Any) -> None:
        """A putaway, as a row of the warehouse and as an event of the piece."""
        self.event("PUTAWAY_COMPLETED", piece, hours=hours, days=days, order=order)
        told = {
            "day": DAY + timedelta(days=days), "event_key": f"k{self.documents}", "document_id": self.documents, "event": "PUTAWAY",
            "event_time": datetime(2025, 3, 10, 6) + timedelta(days=days), "marketplace": self.key, "piece_id": piece, "quantity": units,  # noqa: DTZ001
        }  # fmt: skip
        self.insert("warehouse_events", {**told, **row})

    def good(self, piece: str = "P1", *, days: int = 0, order: str = ORDER, line: int = 1, **row: Any) -> None:
        """Graded at the hub and put on the shelf."""
        self.event("ITEM_GRADED", piece, days=days, order=order, line_ref=f"{order}-{line}")
        self.shelve(piece, days=days, order=order, **row)

    def run(self, days: int = 0) -> dict[str, Any]:
        """The flow, its checks taken as passed; what the push says of itself."""
        self.release(days)
        return self.push(days)

    def release(self, days: int = 0) -> None:
        """Planned, its checks taken as passed."""
        self.plan(days)
        day = DAY + timedelta(days=days)
        with self.warehouse.read() as con:
            found = slice_hash(con, "stock_actions", {"marketplace": self.key, "day": day})
        self.ledger.validations.record("stock_actions", self.key, day, found, self.ctx.mappings.version, True, "run", {})

    def plan(self, days: int = 0) -> None:
        self.write()
        day = DAY + timedelta(days=days)
        ingest_orders(self.ctx, self.key, day)
        ingest_stock_offers(self.ctx, self.key, day)
        self.plan_only(days)

    def plan_only(self, days: int = 0) -> None:
        plan_stock(self.ctx, self.key, DAY + timedelta(days=days))

    def push(self, days: int = 0) -> dict[str, Any]:
        said = push_stock(self.ctx, self.key, DAY + timedelta(days=days)).metadata
        write_signals(self.ctx, self.key, DAY + timedelta(days=days))
        return said

    def checked(self, days: int = 0, *, blocked: tuple[str, ...] = ()) -> FlowReport:
        """The flow with its checks, as it is run in earnest."""
        self.write()
        report = run_restock(self.ctx, self.key, DAY + timedelta(days=days))
        assert report.blocked_by == blocked
        return report

    def drift(self) -> dict[str, Any]:
        """SKU -> difference, or the remark why there is none; read now."""
        run_drift(self.ctx, self.key, self.clock().date())
        found = self.rows("stock_drift", "sku", "difference", "remark", "day")
        return {sku: difference if remark is None else remark for sku, difference, remark, day in found if day == self.clock().date()}

    def sell(self, sku: str = SKU, quantity: int = 1, **more: Any) -> None:
        self.shop.server.post("offers/sale", marketplace=self.key, sku=sku, quantity=quantity, **more)

    def quantity(self, sku: str = SKU) -> Any:
        """Units for sale; by warehouse where the offer has some."""
        [offer] = self.shop.server.get("offers", marketplace=self.key, sku=sku)["offers"]
        return offer["warehouses"] or offer["quantity"]

    def raised(self) -> list[tuple[int, int]]:
        """What stock files changed: (before, after), oldest first."""
        found = self.shop.server.get("offers/history", marketplace=self.key, cause="import")["changes"]
        return [(change["before"], change["after"]) for change in found]

    def calls(self, operation: str) -> int:
        return len(self.shop.server.requests(self.key, operation))

    def later(self, seconds: float = 4000) -> None:
        """The product's clock and the sandbox's go on."""
        self.clock.advance(seconds)
        self.shop.server.post("clock", now=self.clock().isoformat())

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        with self.warehouse.read() as con:
            return con.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL").fetchall()

    def outcomes(self, days: int = 0) -> dict[str, str]:
        """Piece -> outcome, with its cause or what it waits for."""
        found = self.rows("stock_actions", "piece_id", "outcome", "coalesce(cause, waits_for, '')", "day", "marketplace")
        wanted = [DAY + timedelta(days=days), self.key]
        return {piece: f"{outcome} {why}".strip() for piece, outcome, why, *partition in found if partition == wanted}

    def effects(self) -> list[Effect]:
        return sorted(self.ledger.effects.search(marketplace=self.key, kind="stock", limit=1000), key=lambda effect: effect.id)

    def states(self) -> list[str]:
        return [f"{e.state} ({e.cause})" if e.cause else e.state for e in self.effects()]

    def exceptions(self) -> dict[str, str]:
        """Open exceptions: cause -> class."""
        return {row.cause: row.exception_class for row in self.ledger.exceptions.counts()}


@contextmanager
def stock_world(home: Path, server: Sandbox, config: dict[str, Any] | None = None, **stock: Any) -> Generator[StockWorld]:
    """`config`: of the sandbox's marketplace. The stores are copies of empty ones: making them takes most of a second."""
    for store in ("ledger.sqlite", "returns.duckdb"):
        if (home.parent / store).exists():
            shutil.copy(home.parent / store, home / store)
    server.post("clock", now="2025-03-10T12:00:00Z")
    with open_shop(server, **(config or {})) as shop:
        world = StockWorld(home, shop, **stock)
        try:
            yield world
        finally:
            world.close()
            server.delete("faults")
