"""Requests for returns on a running sandbox of both APIs: customers open returns in Mirakl, ReBound registers others, the flow answers."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from returns_assets.ledger.database import Ledger
from returns_assets.mirakl.client import MiraklClient
from returns_assets.operations.side_flows import FlowReport, run_authorisations, run_return_status
from returns_assets.quality.gate import validate_actions
from returns_assets.quality.request_suite import REQUESTS
from returns_assets.rebound.client import ReboundClient
from returns_assets.rebound.tokens import client_credentials
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext
from returns_assets.steps.ingest_marketplace_returns import ingest_marketplace_returns
from returns_assets.steps.ingest_mirakl import ingest_reference
from returns_assets.steps.push_return_requests import push_return_requests
from returns_assets.steps.return_requests import plan_return_requests
from returns_assets.warehouse.connection import Warehouse
from tests.sandbox.rebound_account import Account
from tests.sandbox.returns import ON
from tests.sandbox.shop import Shop, open_shop
from tests.sandbox_fixture import Sandbox, order
from tests.steps.act_world import DAY, MAPPINGS, Clock

_numbers = count(1)  # ReBound's orders are shared by all tests of a server: each test has order ids of its own


class AuthoriseWorld:
    """`ask` opens a return as a customer does, `registered` tells of one at ReBound, `run` runs the flow; the clock moves by hand."""

    def __init__(self, home: Path, shop: Shop, clock: Clock) -> None:
        self.home, self.shop, self.key, self.server, self.clock = home, shop, shop.key, shop.server, clock
        self.prefix = f"{shop.key.upper()}-"
        self.next_order()
        self.ledger = Ledger.open(f"sqlite:///{home / 'ledger.sqlite'}")
        self.warehouse = Warehouse(f"duckdb:{home / 'returns.duckdb'}")
        self.documents = 0
        self.account = Account(self.server)
        self.client = MiraklClient(
            self.server.base_url(self.key), self.server.key(self.key), "", timeout=5, concurrency=4, clock=clock, wait=self.advance
        )
        form = client_credentials(self.server.env["REBOUND_CLIENT_ID"], self.server.env["REBOUND_CLIENT_SECRET"], {})
        self.rebound = ReboundClient(
            self.server.env["REBOUND_BASE_URL"], self.server.env["REBOUND_TOKEN_URL"], form,
            timeout=5, requests_per_second=1e6, concurrency=2, wait=lambda _: None,
        )  # fmt: skip
        base = MAPPINGS.marketplaces["nordhaus"]
        status = base.return_status.model_copy(update={"sweep_interval_seconds": 0})
        calls = base.calls.model_copy(update={"timeout_seconds": 5.0})
        mine = base.model_copy(update={"key": self.key, "return_status": status, "calls": calls, "order_id_prefixes": [self.prefix]})
        self.mappings = MAPPINGS.model_copy(update={"marketplaces": {self.key: mine}})
        self.ctx = StepContext(
            Settings(home=home), self.mappings, self.warehouse, self.ledger, lambda _: self.client, "run", "test", clock,
            lambda: self.rebound,
        )  # fmt: skip

    def close(self) -> None:
        self.client.close()
        self.account.rest.close()
        self.account.form.close()
        self.rebound.close()
        self.ledger.close()

    def advance(self, seconds: float) -> None:
        """Both clocks: ours and the sandbox's."""
        self.clock.advance(seconds)
        self.server.post("clock", now=self.clock.at.isoformat())

    def next_order(self) -> None:
        """Another order from here on."""
        self.order_id = f"{self.prefix}{next(_numbers)}-A"
        self.line = f"{self.order_id}-1"

    def order(self, state: str = "SHIPPED", *quantities: int, pushed: bool = True, **more: Any) -> None:
        """The test's order, in Mirakl and, unless not `pushed`, at ReBound."""
        units = quantities or (1,)
        lines = [{"price": "10.00", "quantity": n, "offer_sku": f"S{i}", "order_line_state": state} for i, n in enumerate(units, 1)]
        self.shop.put(order(self.order_id, *lines, **more))
        if pushed:
            assert self.account.push(self.order_id, *((f"{self.order_id}-{i}", n) for i, n in enumerate(units, 1))).status_code in (
                201,
                409,
            )

    def state(self, state: str, line: str | None = None) -> None:
        self.server.post("line-state", marketplace=self.key, order_line_id=line or self.line, state=state)

    def ask(self, *lines: tuple[str, int], **more: Any) -> str:
        """A customer opens a return in the marketplace's shop; its id. It waits for acceptance unless `accepted`."""
        asked = [{"order_line_id": line, "quantity": n, "reason_code": "RETURN_PDNT_TOO_BIG"} for line, n in lines or ((self.line, 1),)]
        return self.server.post("returns", marketplace=self.key, order_id=self.order_id, lines=asked, **more)["id"]

    def registered(self, return_id: str, event: str = "RETURN_REGISTERED", day: date = DAY, **fields: Any) -> None:
        """One canonical event of a piece of a ReBound return."""
        self.documents += 1
        row: dict[str, Any] = {
            "day": day, "event_key": f"{return_id} {event}", "document_id": self.documents, "event": event, "event_rank": 10,
            "event_time": datetime(day.year, day.month, day.day, 9), "marketplace": self.key, "return_id": return_id,  # noqa: DTZ001
            "order_id": self.order_id, "piece_id": f"{return_id}-p", "line_ref": self.line, "quantity": 1, "lane": "HUB",
            "reason": "SIZE_TOO_LARGE", **fields,
        }  # fmt: skip
        with self.warehouse.transaction() as con:
            con.execute(f"INSERT INTO rebound_returns ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def at_rebound(self) -> str:
        """A return that a consumer made in ReBound's portal, told of as ReBound does; its id without the application identifier."""
        items = [{"clientItemId": self.line, "quantity": "1", "reasonCode": "Too large"}]
        made = self.account.create(self.order_id, *items)
        assert made.status_code in (201, 202), made.text
        return_id = made.json()["reboundOrderId"].removeprefix("(00)")
        self.registered(return_id)
        return return_id

    def in_portal(self, units: int = 1) -> str:
        """A consumer registers a return in ReBound's portal, which asks for a yes or no; the registration's id."""
        items = [{"clientItemId": self.line, "quantity": str(units), "reasonCode": "Too large"}]
        return self.server.post("rebound/registrations", clientOrderId=self.order_id, announcedItems=items)["registrationId"]

    def registration(self, registration_id: str) -> dict[str, Any]:
        found = self.server.get("rebound/registrations", client_order_id=self.order_id)["registrations"]
        return next(each for each in found if each["registrationId"] == registration_id)

    def run(self, days: int = 0) -> FlowReport:
        report = run_authorisations(self.ctx, self.key, DAY + timedelta(days=days))
        assert report.blocked_by == ()
        return report

    def plan(self) -> None:
        """Everything but the push."""
        ingest_reference(self.ctx, self.key, DAY)
        ingest_marketplace_returns(self.ctx, self.key, DAY)
        plan_return_requests(self.ctx, self.key, DAY)
        assert not any(finding.stops for finding in validate_actions(self.ctx, REQUESTS, self.key, DAY))

    def push(self) -> None:
        push_return_requests(self.ctx, self.key, DAY)

    def day(self, later: int) -> date:
        return DAY + timedelta(days=later)

    def follow(self) -> None:
        """The flow of the return status, for the same day."""
        assert run_return_status(self.ctx, self.key, DAY).blocked_by == ()

    def shown(self, return_id: str) -> dict[str, Any]:
        [found] = self.server.get("returns", marketplace=self.key, return_id=return_id)["returns"]
        return found

    def history(self, return_id: str) -> list[str]:
        """The calls that changed the return, after its opening."""
        return [step["by"] for step in self.shown(return_id)["history"][1:]]

    def in_mirakl(self) -> list[dict[str, Any]]:
        return self.server.get("returns", marketplace=self.key, order_id=self.order_id)["returns"]

    def authorised(self) -> list[dict[str, Any]]:
        """What ReBound has for the test's order."""
        return self.server.get("rebound/returns", client_order_id=self.order_id)["returns"]

    def posts(self) -> int:
        """How often ReBound was asked for a return order of the test's order."""
        return sum(self.order_id in str(seen) for seen in self.server.requests(operation="RETURN-CREATE"))

    def calls(self, operation: str) -> int:
        return len(self.server.requests(self.key, operation))

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        with self.warehouse.read() as con:
            return con.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL").fetchall()

    def outcomes(self) -> list[str]:
        """Outcome, with its cause or what it waits for, of every request."""
        found = self.rows("return_requests", "outcome", "coalesce(cause, waits_for, rejection_code, '')")
        return [f"{outcome} {why}".strip() for outcome, why in found]

    def steps(self) -> dict[str, str]:
        """Kind -> state of its effect (cause)."""
        effects = self.ledger.effects.search(marketplace=self.key)
        return {e.kind.removeprefix("return_"): f"{e.state} ({e.cause})" if e.cause else e.state for e in effects}

    def exceptions(self) -> dict[str, str]:
        """Open exceptions: cause -> class."""
        return {row.cause: row.exception_class for row in self.ledger.exceptions.counts()}


@contextmanager
def authorise_world(home: Path, server: Sandbox, **config: Any) -> Generator[AuthoriseWorld]:
    clock = Clock()
    server.post("clock", now=clock.at.astimezone(UTC).isoformat())
    server.post("rebound", label_seconds=0, direct_returns=False, not_returnable=[], return_repeat="409")
    with open_shop(server, **{"features": ON, **config}) as shop:
        world = AuthoriseWorld(home, shop, clock)
        try:
            yield world
        finally:
            world.close()
