"""What left the warehouse, end to end: its files taken in, told to three operators, compared with what the made-up world says."""

from collections import Counter
from collections.abc import Generator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from returns_assets.operations.pipeline import run_day
from returns_assets.operations.side_flows import run_dispatches
from returns_assets.rebound.importer import import_directory
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, open_context
from returns_assets.steps.inbox import keep
from tests.dispatch.world import MAPPINGS, mappings_with
from tests.sandbox_fixture import Sandbox, running_sandbox

FIRST, DAYS = date(2025, 3, 3), 3
LAST = FIRST + timedelta(days=DAYS - 1)
SCENARIOS = [
    "dispatched", "dispatched_tracked", "dispatched_by_unknown_carrier", "dispatched_in_parts", "dispatched_unit_by_unit",
    "dispatched_twice", "dispatched_by_sku", "dispatched_without_number", "dispatched_early", "dispatched_too_many",
    "dispatched_unknown_order",
]  # fmt: skip
CAUSES = {"carrier": {"carrier_not_mapped"}, "tracking": {"tracking_missing"}, "state": {"order_not_ready"},
          "logical": {"quantity_beyond_order", "order_unknown"}}  # fmt: skip


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Sandbox]:
    with running_sandbox(tmp_path, clock=f"{LAST + timedelta(days=1)}T00:00:00Z") as started:
        for name, value in started.env.items():
            monkeypatch.setenv(name, value)
        plan = {"warehouse": SCENARIOS, "orders_per_day": 1, "returns_per_day": 0, "dispatches_per_day": 2}
        started.post("world", seed=7, first_day=str(FIRST), days=DAYS, **plan)
        started.post("world/deliver", until=f"{LAST}T23:59:59Z", mode="files", directory=str(tmp_path / "drop"))
        yield started


def run_all(ctx: StepContext) -> None:
    for day in (FIRST + timedelta(days=n) for n in range(DAYS)):
        run_day(ctx, day)
        for key in ctx.mappings.marketplaces:
            assert run_dispatches(ctx, key, day).blocked_by == ()


def shipped(sandbox: Sandbox, key: str) -> Counter[tuple[Any, ...]]:
    """Parcels that Mirakl knows to have left: order, carrier, number."""
    found = sandbox.get("shipments", marketplace=key)["shipments"]
    return Counter(
        (
            each["order_id"],
            each["tracking"].get("carrier_code") or each["tracking"].get("carrier_name"),
            each["tracking"]["tracking_number"],
        )
        for each in found
        if each["status"] == "SHIPPED"
    )


def expected(truth: list[dict[str, Any]], key: str, also: tuple[str, ...] = ()) -> Counter[tuple[Any, ...]]:
    """One shipment a parcel with multi-shipment; else one an order, once all of it left, with the last parcel's number."""
    parcels = [row for row in truth if row["marketplace"] == key and (row["outcome"] == "shipped" or row["scenario"] in also)]
    if key != "nordhaus":
        parcels = [row for row in parcels if row["complete"]]
    return Counter((row["order_id"], row["carrier_code"] or "Radkurier Nord", row["tracking_number"]) for row in parcels)


def test_every_parcel_is_told_once_and_what_cannot_be_told_says_why(tmp_path: Path, sandbox: Sandbox) -> None:
    truth = sandbox.get("world/truth")["dispatches"]
    assert {row["outcome"] for row in truth} == {"shipped", *CAUSES}
    with open_context(Settings(home=tmp_path / "home", mappings=MAPPINGS), run_id="r", actor="test") as ctx:
        import_directory(tmp_path / "drop", "mtime", keep(ctx), channels=ctx.mappings.rebound.channels, now=ctx.now)
        run_all(ctx)
        keys = list(ctx.mappings.marketplaces)
        for key in keys:
            assert shipped(sandbox, key) == expected(truth, key)
        with ctx.warehouse.read() as con:
            late = dict(con.execute("SELECT order_id, cause FROM late_dispatches").fetchall())
        for row in truth:
            if row["outcome"] in CAUSES:
                unmapped = set[str]() if row["carrier_code"] else CAUSES["carrier"]
                assert late[row["order_id"]] in CAUSES[row["outcome"]] | unmapped, row
        sandbox.delete("requests")
        run_all(ctx)
        assert not {"OR23", "OR24", "ST01", "ST23", "ST24"} & {seen["operation"] for key in keys for seen in sandbox.requests(key)}

    # the order is paid, and the carrier is mapped: to a free name where the operator takes one
    for key in keys:
        sandbox.post("debits", marketplace=key)
    rows = (MAPPINGS / "carriers.csv").read_text(encoding="utf-8").partition("\n")[2]
    fixed = mappings_with(tmp_path, rows + "maplewood,Radkurier Nord,,Radkurier Nord,https://rad.example,2010-01-01,\n")
    with open_context(Settings(home=tmp_path / "home"), run_id="r2", actor="test", mappings=fixed) as ctx:
        run_all(ctx)
        for key in ("nordhaus", "albion"):
            assert shipped(sandbox, key) == expected(truth, key, ("dispatched_early",))
        assert expected(truth, "maplewood", ("dispatched_by_unknown_carrier",)) <= shipped(sandbox, "maplewood")
        assert set(shipped(sandbox, "maplewood").values()) == {1}
