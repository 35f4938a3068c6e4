"""One marketplace's returns on the sandbox, and ReBound's events about them: what the tests of the return status share."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from returns_assets.ledger.database import Ledger
from returns_assets.mirakl.client import MiraklClient
from returns_assets.operations.side_flows import FlowReport, run_return_status
from returns_assets.rebound.vocabulary import EVENT_RANKS
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext
from returns_assets.translation.model import Mappings, ReturnStatus
from returns_assets.warehouse.connection import Warehouse
from tests.sandbox.returns import ON
from tests.sandbox.shop import Shop, open_shop
from tests.sandbox_fixture import Sandbox, order
from tests.steps.act_world import DAY, MAPPINGS, Clock

ORDER = "NOR-1-A"
NOON = datetime(2025, 3, 10, 12)  # noqa: DTZ001 - as the warehouse keeps times


class StatusWorld:
    """`open` a return in Mirakl, tell `event`s of ReBound's, `run` the flow; the sandbox's clock stands at noon, as this one does."""

    def __init__(self, home: Path, shop: Shop) -> None:
        self.shop, self.key, self.clock = shop, shop.key, Clock()
        self.ledger = Ledger.open(f"sqlite:///{home / 'ledger.sqlite'}")
        self.warehouse = Warehouse(f"duckdb:{home / 'returns.duckdb'}")
        self.home = home
        self.documents = 0
        server = shop.server
        self.client = MiraklClient(
            server.base_url(self.key), server.key(self.key), "", timeout=5, concurrency=4, clock=self.clock, wait=self.clock.advance
        )
        self.configure()

    def configure(self, **changes: Any) -> None:
        """Other settings of `return_status` for the marketplace."""
        base = MAPPINGS.marketplaces["nordhaus"]
        status = ReturnStatus.model_validate({**base.return_status.model_dump(), "sweep_interval_seconds": 0, **changes})
        self.use(
            MAPPINGS.model_copy(update={"marketplaces": {self.key: base.model_copy(update={"key": self.key, "return_status": status})}})
        )

    def use(self, mappings: Mappings) -> None:
        self.ctx = StepContext(
            Settings(home=self.home), mappings, self.warehouse, self.ledger, lambda _: self.client, "run", "test", self.clock
        )

    def close(self) -> None:
        self.client.close()
        self.ledger.close()

    def order(self, order_id: str = ORDER, *quantities: int) -> None:
        lines = [{"price": "10.00", "quantity": n, "offer_sku": f"SKU{i}"} for i, n in enumerate(quantities or (1,), 1)]
        self.shop.put(order(order_id, *lines))

    def open(self, *lines: tuple[str, int], order_id: str = ORDER, **more: Any) -> str:
        """A return that the customer opened and the operator accepted; its id."""
        asked = [{"order_line_id": line, "quantity": n} for line, n in lines or ((f"{order_id}-1", 1),)]
        given = {"accepted": True, **more}
        return self.shop.server.post("returns", marketplace=self.key, order_id=order_id, lines=asked, **given)["id"]

    def event(self, event: str, piece: str | None = None, *, return_id: str = "R1", hours: float = 0, days: int = 0, **fields: Any) -> None:
        """One canonical event, `hours` after 01:00 of the day; on a later day with `days`."""
        self.documents += 1
        day = DAY + timedelta(days=days)
        row: dict[str, Any] = {
            "day": day, "event_key": f"k{self.documents}", "document_id": self.documents, "event": event, "event_rank": EVENT_RANKS[event],
            "event_time": datetime(day.year, day.month, day.day, 1) + timedelta(hours=hours), "marketplace": self.key,  # noqa: DTZ001
            "return_id": return_id, "order_id": ORDER, "piece_id": piece, "lane": "HUB",
        }  # fmt: skip
        if piece is not None:
            row |= {"line_ref": f"{ORDER}-1", "quantity": 1, "verification": "MATCH", "grade": "A", "disposition": "RESTOCK"}
        row |= fields
        with self.warehouse.transaction() as con:
            con.execute(f"INSERT INTO rebound_returns ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def run(self, days: int = 0) -> FlowReport:
        report = run_return_status(self.ctx, self.key, DAY + timedelta(days=days))
        assert report.blocked_by == ()
        return report

    def whole(self) -> None:
        """A return from hub to closed case, in good order."""
        self.event("PARCEL_AT_HUB")
        self.event("ITEM_GRADED", "P1", hours=1)
        self.event("RETURN_CLOSED", hours=2)

    def history(self, return_id: str) -> list[str]:
        """The calls that changed the return, after its opening."""
        [found] = self.shop.server.get("returns", marketplace=self.key, return_id=return_id)["returns"]
        return [step["by"] for step in found["history"][1:]]

    def shown(self, return_id: str) -> dict[str, Any]:
        [found] = self.shop.server.get("returns", marketplace=self.key, return_id=return_id)["returns"]
        return found

    def calls(self, operation: str) -> int:
        return len(self.shop.server.requests(self.key, operation))

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        with self.warehouse.read() as con:
            return con.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL").fetchall()

    def outcomes(self) -> dict[str, str]:
        """Step -> outcome, with its cause or what it waits for."""
        found = self.rows("return_status_actions", "step", "outcome", "coalesce(cause, waits_for, '')", "day")
        return {step: f"{outcome} {why}".strip() for step, outcome, why, _ in found}

    def states(self) -> dict[str, str]:
        """Step -> state of its effect (cause)."""
        effects = self.ledger.effects.search(marketplace=self.key)
        return {e.kind.removeprefix("return_"): f"{e.state} ({e.cause})" if e.cause else e.state for e in effects}

    def exceptions(self) -> dict[str, str]:
        """Open exceptions: cause -> class."""
        return {row.cause: row.exception_class for row in self.ledger.exceptions.counts()}


@contextmanager
def status_world(home: Path, server: Sandbox, **config: Any) -> Generator[StatusWorld]:
    with open_shop(server, **{"features": ON, **config}) as shop:
        world = StatusWorld(home, shop)
        try:
            yield world
        finally:
            world.close()
