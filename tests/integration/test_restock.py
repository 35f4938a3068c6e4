"""What came back, end to end: ReBound's documents and the warehouse's files taken in, restocked at three operators in two modes, compared
with what the made-up world says; and no drift at the end."""

from collections import Counter
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from returns_assets.operations.pipeline import run_day
from returns_assets.operations.side_flows import run_drift, run_restock
from returns_assets.rebound.importer import import_directory
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, open_context
from returns_assets.steps.inbox import keep
from tests.sandbox_fixture import Sandbox, running_sandbox

MAPPINGS = Path(__file__).parents[2] / "mappings"
FIRST, DAYS = date(2025, 3, 3), 2
LAST = FIRST + timedelta(days=DAYS - 1)
SCENARIOS = [
    "put_away", "put_away_twice", "graded_not_put_away", "damaged_put_away", "damaged_at_the_warehouse", "quarantine_put_away",
    "corrected_after_putaway", "direct_inspected", "direct_received_only", "direct_without_piece_ids", "direct_damaged",
    "direct_wrong_item", "stranger_put_away", "unknown_order_put_away", "bad_warehouse_rows",
]  # fmt: skip


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Sandbox]:
    with running_sandbox(tmp_path, clock=f"{LAST + timedelta(days=1)}T00:00:00Z") as started:
        for name, value in started.env.items():
            monkeypatch.setenv(name, value)
        plan = {"warehouse": SCENARIOS, "orders_per_day": 1, "returns_per_day": 0, "dispatches_per_day": 0}
        started.post("world", seed=7, first_day=str(FIRST), days=DAYS, **plan)
        started.post("world/deliver", until=f"{LAST}T23:59:59Z", mode="files", directory=str(tmp_path / "drop"))
        yield started


class Ticking:
    """A clock that goes on by itself a minute a look, so that a file a minute costs no waiting."""

    def __init__(self) -> None:
        self.at = datetime.combine(LAST + timedelta(days=1), datetime.min.time(), UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=61)
        return self.at


def run_all(ctx: StepContext, days: int = DAYS) -> None:
    for day in (FIRST + timedelta(days=n) for n in range(days)):
        run_day(ctx, day)
        for key in ctx.mappings.marketplaces:
            report = run_restock(ctx, key, day)
            assert report.blocked_by == (), (key, day)


def test_every_piece_is_on_sale_once_or_says_why_not(tmp_path: Path, sandbox: Sandbox) -> None:
    truth: list[dict[str, Any]] = sandbox.get("world/truth")["stock"]
    wanted = {row["piece_id"] for row in truth if row["putaway"]}
    before = quantities(sandbox)
    with open_context(Settings(home=tmp_path / "home", mappings=MAPPINGS), run_id="r", actor="test", now=Ticking()) as ctx:
        import_directory(tmp_path / "drop", "mtime", keep(ctx), channels=ctx.mappings.rebound.channels, now=ctx.now)
        for key in ctx.mappings.marketplaces:
            run_drift(ctx, key, ctx.now().date())
        run_all(ctx)
        effects = ctx.ledger.effects.search(kind="stock", limit=10_000)
        assert {effect.state for effect in effects} == {"confirmed"}
        done = [use.piece_id for effect in effects for use in effect.pieces]
        assert sorted(done) == sorted(set(done))
        scenario = {row["piece_id"]: row["scenario"] for row in truth}
        assert {scenario.get(piece, piece) for piece in set(done) ^ wanted} == set()
        run_all(ctx, days=1)  # once more
        assert len(ctx.ledger.effects.search(kind="stock", limit=10_000)) == len(effects)
        added = Counter[tuple[str, str]]()
        for row in truth:
            if row["putaway"] and row["marketplace"] != "albion":
                added[row["marketplace"], row["sku"]] += row["quantity"]
        after = quantities(sandbox)
        assert {key: after[key] - before[key] for key in after if after[key] != before[key]} == dict(added)
        with ctx.warehouse.read() as con:
            (signals,) = con.execute("SELECT count(*) FROM stock_signals WHERE marketplace = 'albion'").fetchone() or (0,)
        assert signals == sum(row["quantity"] for row in truth if row["putaway"] and row["marketplace"] == "albion")
        ctx.now.at += timedelta(days=1)  # type: ignore[attr-defined]
        for key in ctx.mappings.marketplaces:
            run_drift(ctx, key, ctx.now().date())
        with ctx.warehouse.read() as con:
            assert con.execute("SELECT * FROM stock_drift WHERE difference <> 0").fetchall() == []
            assert con.execute("SELECT count(*) > 0 FROM stock_drift WHERE difference = 0 AND added > 0").fetchone() == (True,)


def quantities(sandbox: Sandbox) -> dict[tuple[str, str], int]:
    """Units for sale by marketplace and SKU."""
    return {(offer["marketplace"], offer["sku"]): offer["quantity"] for offer in sandbox.get("offers")["offers"]}
