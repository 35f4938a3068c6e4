"""R15: what fails in one flow neither stops nor fakes another, in both directions, all day long."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from returns_assets.operations.failures import explain
from returns_assets.operations.flows import FLOWS
from returns_assets.operations.pipeline import run_day
from returns_assets.rebound.importer import import_directory
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, open_context
from returns_assets.steps.inbox import keep
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import Mappings
from tests.dispatch.world import MAPPINGS
from tests.sandbox_fixture import Sandbox, running_sandbox

DAY, KEY = date(2025, 3, 3), "albion"
# What each flow calls and no other does. Reads are refused for good (401), so that no test waits for their retries.
READS = {"return-status": ("RT11",), "dispatches": ("SH21",)}
WRITES = {"refunds": ("OR28",), "return-status": ("RT25", "RT26", "RT27", "RT29"), "dispatches": ("OR23", "OR24"),
          "restock": ("STO01",)}  # fmt: skip


def tables() -> Mappings:
    """The repository's, without the sample's wish that a return of albion's stays open until it is refunded, and with its own stock."""
    loaded = load_mappings(MAPPINGS)
    shop = loaded.marketplace(KEY)
    status = shop.return_status.model_copy(update={"close_after_refunds": False})
    stock = shop.stock.model_copy(update={"mode": "own"})
    return loaded.model_copy(update={"marketplaces": {KEY: shop.model_copy(update={"return_status": status, "stock": stock})}})


@contextmanager
def world(folder: Path) -> Generator[tuple[Sandbox, StepContext]]:
    """A day of albion with something to do for each flow, taken in."""
    folder.mkdir()
    with running_sandbox(folder, clock=f"{DAY}T23:59:59Z") as sandbox, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.env.items():
            patch.setenv(name, value)
        plan = {"scenarios": False, "marketplaces": [KEY], "orders_per_day": 8, "returns_per_day": 6, "dispatches_per_day": 4}
        sandbox.post("world", seed=3, first_day=str(DAY), days=1, warehouse=["put_away"], marketplace_returns=True, **plan)
        sandbox.post("world/deliver", until=f"{DAY}T23:59:59Z", mode="files", directory=str(folder / "drop"))
        with open_context(Settings(home=folder / "home"), run_id="r", actor="test", mappings=tables()) as ctx:
            import_directory(folder / "drop", "mtime", keep(ctx), channels=ctx.mappings.rebound.channels, now=ctx.now)
            run_day(ctx, DAY)
            yield sandbox, ctx


def run(ctx: StepContext, *names: str) -> None:
    """As the command line does: a failure that a person can do something about ends its flow only."""
    for name in names:
        try:
            FLOWS[name].plain(ctx, KEY, DAY)
        except Exception as error:
            if explain(error) is None:
                raise


def done(sandbox: Sandbox) -> dict[str, Any]:
    """What each flow left in Mirakl."""
    shipped = sandbox.get("shipments", marketplace=KEY)["shipments"]
    returns = sandbox.get("returns", marketplace=KEY)["returns"]
    stock = sandbox.get("offers/history", marketplace=KEY, cause="import")["changes"]
    return {
        "refunds": Counter((each["order_line_id"], each["amount"]) for each in sandbox.refunds(KEY)),
        "return-status": sorted((each["order_id"], each["state"]) for each in returns if each["state"] in ("RECEIVED", "CLOSED")),
        "restock": sorted((each["sku"], each["after"] - each["before"]) for each in stock),
        "dispatches": sorted(each["order_id"] for each in shipped if each["status"] == "SHIPPED"),
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an undisturbed day comes to."""
    with world(tmp_path_factory.mktemp("undisturbed") / "w") as (sandbox, ctx):
        run(ctx, *WRITES)
        found = done(sandbox)
    assert all(found.values()), found
    return found


@pytest.mark.parametrize("broken", [["refunds"], [name for name in WRITES if name != "refunds"]], ids=["refunds fail", "all others fail"])
def test_the_others_are_complete_and_a_failing_one_fakes_nothing(tmp_path: Path, undisturbed: dict[str, Any], broken: list[str]) -> None:
    with world(tmp_path / "w") as (sandbox, ctx):
        for name in broken:
            for operation in READS.get(name, ()):
                sandbox.fault(operation, "401")
            for operation in WRITES[name]:
                sandbox.fault(operation, "503")
        run(ctx, *broken, *(name for name in WRITES if name not in broken))
        found = done(sandbox)
        assert not any(found[name] for name in broken)
        assert {name: found[name] for name in WRITES if name not in broken} == {
            name: undisturbed[name] for name in WRITES if name not in broken
        }
        # once the other side is well again, what was held up is made up for
        sandbox.delete("faults")
        with open_context(
            ctx.settings, run_id="r2", actor="test", mappings=ctx.mappings, now=lambda: ctx.now().replace(year=2027)
        ) as later:
            run(later, *WRITES)
        assert done(sandbox) == undisturbed
