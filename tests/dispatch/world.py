"""The dispatch flow on a running sandbox: what the warehouse sent out comes as rows of warehouse_events, everything else is real."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from returns_assets.ledger.database import Ledger
from returns_assets.mirakl.budget import CallBudget
from returns_assets.mirakl.client import MiraklClient
from returns_assets.operations.side_flows import FlowReport, run_dispatches
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import Mappings
from returns_assets.warehouse.connection import Warehouse
from tests.sandbox_fixture import Sandbox

MAPPINGS = Path(__file__).parents[2] / "mappings"
HEADER = "marketplace,carrier,carrier_code,carrier_name,carrier_url,valid_from,valid_to\n"
DAY = date(2025, 3, 10)
NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
PREFIX = {"nordhaus": "NOR", "albion": "ALB", "maplewood": "MAP"}


def mappings_with(folder: Path, carriers: str) -> Mappings:
    """The repository's tables with these rows of carriers.csv."""
    target = folder / "mappings"
    target.mkdir(exist_ok=True)
    for file in MAPPINGS.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    (target / "carriers.csv").write_text(HEADER + carriers, encoding="utf-8")
    return load_mappings(target)


class DispatchWorld:
    """`left` says that something left the warehouse, `run` runs the flow for a day; the clock moves by hand."""

    def __init__(self, home: Path, sandbox: Sandbox, marketplace: str, mappings: Mappings) -> None:
        self.home, self.sandbox, self.key, self.mappings = home, sandbox, marketplace, mappings
        self.at = NOW
        self.ledger = Ledger.open(f"sqlite:///{home / 'ledger.sqlite'}")
        self.warehouse = Warehouse(f"duckdb:{home / 'returns.duckdb'}")
        shop = mappings.marketplace(marketplace)
        budget = CallBudget(home / "calls.sqlite", marketplace, clock=lambda: self.at)
        self.client = MiraklClient(
            sandbox.base_url(marketplace), sandbox.key(marketplace), shop.shop_id, timeout=10, wait=self.advance, budget=budget
        )

    def close(self) -> None:
        self.client.close()
        self.ledger.close()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    @property
    def ctx(self) -> StepContext:
        settings = Settings(home=self.home)
        return StepContext(settings, self.mappings, self.warehouse, self.ledger, lambda _: self.client, "run-1", "test", lambda: self.at)

    def order(self, number: int, *lines: dict[str, Any], **more: Any) -> str:
        """An order in SHIPPING with these lines (default: one of one unit); its id."""
        order_id = f"{PREFIX[self.key]}-{number}-A"
        given = [{"price": "10.00", "quantity": 1, "offer_sku": f"SKU-{n}", **line} for n, line in enumerate(lines or ({},), start=1)]
        self.sandbox.put_orders(self.key, {"order_id": order_id, "order_lines": given, "order_state": "SHIPPING", **more})
        return order_id

    def left(self, order_id: str, day: date = DAY, *, hour: int = 8, **fields: Any) -> None:
        """One line of the warehouse: one unit of the order's first line, with DPD and a tracking number, unless told otherwise."""
        row: dict[str, Any] = {
            "day": day,
            "document_id": 1,
            "line_number": 2,
            "received_at": datetime.combine(day, time(9)),
            "event_time": datetime.combine(day, time(hour)),
            "event": "DISPATCHED",
            "marketplace": self.key,
            "order_id": order_id,
            "order_line_id": f"{order_id}-1",
            "quantity": 1,
            "carrier": "DPD",
            "tracking_number": f"T{order_id}",
            **fields,
        }
        row.setdefault("event_key", "|".join(str(row[name]) for name in ("order_id", "order_line_id", "tracking_number", "event_time")))
        with self.warehouse.transaction() as con:
            con.register("incoming", pa.Table.from_pylist([row]))
            con.execute("INSERT INTO warehouse_events BY NAME SELECT * FROM incoming")

    def run(self, day: date = DAY) -> FlowReport:
        return run_dispatches(self.ctx, self.key, day)

    def shown(self, order_id: str) -> dict[str, Any]:
        """The order as Mirakl shows it."""
        with self.sandbox.seller(self.key) as client:
            [order] = client.get("/api/orders", params={"order_ids": order_id}).json()["orders"]
        return order

    def shipments(self, order_id: str) -> list[dict[str, Any]]:
        """All shipments that Mirakl has of the order, whichever call made them."""
        return self.sandbox.get("shipments", marketplace=self.key, order_id=order_id)["shipments"]

    def calls(self, *operations: str) -> list[str]:
        """The dispatch calls that reached Mirakl, in their order."""
        wanted = operations or ("OR23", "OR24", "ST01", "ST23", "ST24")
        return [seen["operation"] for seen in self.sandbox.requests(self.key) if seen["operation"] in wanted]

    def rows(self, table: str, columns: str = "*", order: str = "ALL") -> list[dict[str, Any]]:
        with self.warehouse.read() as con:
            found = con.execute(f"SELECT {columns} FROM {table} ORDER BY {order}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def exceptions(self) -> set[str]:
        """Causes of the open exceptions."""
        return {row.cause for row in self.ledger.exceptions.counts()}


@contextmanager
def dispatch_world(home: Path, sandbox: Sandbox, marketplace: str, carriers: str | None = None) -> Generator[DispatchWorld]:
    home.mkdir(exist_ok=True)
    world = DispatchWorld(home, sandbox, marketplace, load_mappings(MAPPINGS) if carriers is None else mappings_with(home, carriers))
    try:
        yield world
    finally:
        world.close()
