"""The flow of the sales orders on a running sandbox: real orders in Mirakl, a real ReBound, clocks that move by hand."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from returns_assets.ledger.database import Ledger
from returns_assets.mirakl.client import MiraklClient
from returns_assets.operations.side_flows import FlowReport, run_rebound_orders
from returns_assets.rebound.client import ReboundClient
from returns_assets.rebound.tokens import client_credentials
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import Mappings
from returns_assets.warehouse.connection import Warehouse
from tests.sandbox.shop import Shop, open_shop
from tests.sandbox_fixture import ROOT, Sandbox

MAPPINGS = load_mappings(ROOT / "mappings")
DAY = date(2025, 3, 10)
NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)
REPEATS = {"conflict": "409", "overwrite": "overwrite", "duplicate": "duplicate"}  # the setting, and the sandbox's switch


def mappings_for(key: str, **block: Any) -> Mappings:
    """The shipped tables with one marketplace like nordhaus, these fields of rebound.yaml's sales_orders, and no waiting."""
    rebound = MAPPINGS.rebound
    assert rebound.sales_orders is not None
    changed = rebound.model_copy(update={"sales_orders": rebound.sales_orders.model_copy(update=block)})
    shop = MAPPINGS.marketplaces["nordhaus"]
    calls = shop.calls.model_copy(update={"settle_seconds": 0, "sweep_interval_seconds": 0, "retry_seconds": 60})
    return MAPPINGS.model_copy(update={"rebound": changed, "marketplaces": {key: shop.model_copy(update={"key": key, "calls": calls})}})


class OrdersWorld:
    """One installation that sells on one marketplace. `put` an order, `run` the flow for a day; both clocks stand together."""

    def __init__(self, home: Path, shop: Shop, repeat: str) -> None:
        self.home, self.shop, self.key, self.sandbox, self.at = home, shop, shop.key, shop.server, NOON
        self.configure(repeat_order=repeat)
        sandbox = self.sandbox
        self.ledger = Ledger.open(f"sqlite:///{home / 'ledger.sqlite'}")
        self.warehouse = Warehouse(f"duckdb:{home / 'returns.duckdb'}")
        self.mirakl = MiraklClient(sandbox.base_url(self.key), sandbox.key(self.key), "", timeout=5, wait=lambda _: None)
        env = sandbox.env
        form = client_credentials(env["REBOUND_CLIENT_ID"], env["REBOUND_CLIENT_SECRET"], {})
        self.rebound = ReboundClient(
            env["REBOUND_BASE_URL"], env["REBOUND_TOKEN_URL"], form,
            timeout=5, requests_per_second=10**6, concurrency=2, wait=lambda _: None,
        )  # fmt: skip

    def configure(self, **block: Any) -> None:
        """Other fields of sales_orders."""
        self.mappings = mappings_for(self.key, **block)

    def close(self) -> None:
        for opened in (self.mirakl, self.rebound, self.ledger):
            opened.close()

    @property
    def ctx(self) -> StepContext:
        return StepContext(
            Settings(home=self.home), self.mappings, self.warehouse, self.ledger, lambda _: self.mirakl, "run", "test", lambda: self.at,
            lambda: self.rebound,
        )  # fmt: skip

    def put(self, number: int, *lines: dict[str, Any], **more: Any) -> str:
        """An order that is shipped and changed just now, unless told otherwise; one line of one unit by default. Its id."""
        order_id = f"{self.key}-{number}-A"
        given = [{"price": "10.00", "quantity": 1, "offer_sku": f"SKU-{n}", **line} for n, line in enumerate(lines or ({},), start=1)]
        head = {"order_state": "SHIPPED", "created_date": "2025-03-09T08:00:00Z", "last_updated_date": self.at.isoformat()}
        self.shop.put({"order_id": order_id, "order_lines": given, **head, **more})
        return order_id

    def run(self, day: date = DAY) -> FlowReport:
        report = run_rebound_orders(self.ctx, self.key, day)
        assert report.blocked_by == ()
        return report

    def tomorrow(self, hours: float = 24) -> date:
        """Both clocks go on; the day that it is then."""
        self.at += timedelta(hours=hours)
        self.sandbox.post("clock", now=self.at.isoformat())
        return self.at.date()

    def known(self, order_id: str) -> list[dict[str, Any]]:
        """The sales orders that ReBound has of it."""
        standing = [each["order"] for each in self.sandbox.get("rebound/sales-orders")["sales_orders"]]
        return [order for order in standing if order["clientOrderId"] == order_id]

    def posts(self, order_id: str) -> int:
        """How often it was sent, whatever became of it."""
        return sum(order_id in str(request["body"]) for request in self.sandbox.requests(operation="SALES-ORDERS"))

    def rows(self, table: str, *columns: str, where: str = "TRUE") -> list[Any]:
        with self.warehouse.read() as con:
            found = con.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {where} ORDER BY ALL").fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    def outcomes(self, day: date = DAY) -> dict[str, str]:
        """Order -> outcome and cause."""
        rows = self.rows("rebound_orders", "order_id", "outcome", "coalesce(cause, '')", where=f"day = DATE '{day}'")
        return {order_id: f"{outcome} {cause}".strip() for order_id, outcome, cause in rows}

    def pushes(self) -> dict[str, str]:
        """Order -> state and cause of its latest effect that still counts."""
        found: dict[str, str] = {}
        for effect in sorted(self.ledger.effects.search(kind="sales_order"), key=lambda effect: effect.id):
            if effect.state != "withdrawn":
                found[effect.order_id] = f"{effect.state} {effect.cause or ''}".strip()
        return found

    def open(self) -> list[tuple[str, str]]:
        """Open exceptions: cause and subject's detail."""
        return sorted((e.cause, e.detail) for e in self.ledger.exceptions.list() if e.state == "open")

    def everything_kept(self) -> str:
        """Every row of every table and of the ledger, as text."""
        with self.warehouse.read() as con:
            names = [row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            kept = [str(con.execute(f"SELECT * FROM {name}").fetchall()) for name in names]
        effects = self.ledger.effects.search(limit=10_000)
        kept += [json.dumps(effect.request, default=str) + str(effect.last_error) for effect in effects]
        kept += [str(self.ledger.effects.transitions(effect.id)) for effect in effects]
        return "\n".join([*kept, str(self.ledger.exceptions.list())])


@contextmanager
def orders_world(home: Path, sandbox: Sandbox, repeat: str = "conflict", **config: Any) -> Generator[OrdersWorld]:
    """A fresh installation with a marketplace of its own on a running sandbox, whose ReBound takes repeats as it expects them."""
    sandbox.post("clock", now=NOON.isoformat())
    sandbox.post("rebound", repeat=REPEATS[repeat])
    with open_shop(sandbox, **config) as shop:
        world = OrdersWorld(home, shop, repeat)
        try:
            yield world
        finally:
            world.close()
