"""The main job on both kinds of stores: a DuckDB file with SQLite, and DuckLake with its catalogue and the ledger in PostgreSQL.

Same world, same outcomes, same money; running it again, or after losing a day's rows, refunds nothing twice.
"""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from returns_assets.operations.pipeline import run_day, run_partition
from returns_assets.rebound.importer import import_directory
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, open_context
from returns_assets.steps.inbox import keep
from returns_assets.warehouse.connection import table_names
from tests.sandbox_fixture import Sandbox, running_sandbox

MAPPINGS = Path(__file__).parents[2] / "mappings"
FIRST, DAYS = date(2025, 3, 3), 2
NOW = FIRST + timedelta(days=DAYS + 2)


@contextmanager
def world(folder: Path, settings: dict[str, Any]) -> Generator[tuple[Sandbox, StepContext]]:
    mappings = Path(shutil.copytree(MAPPINGS, folder / "mappings"))
    tables = mappings / "marketplaces.yaml"
    tables.write_text(tables.read_text().replace("gate: partition", "gate: rows").replace("settle_seconds: 60", "settle_seconds: 0"))
    with running_sandbox(folder, clock=f"{NOW}T00:00:00Z") as sandbox, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.env.items():
            patch.setenv(name, value)
        sandbox.post("world", seed=7, first_day=str(FIRST), days=DAYS, orders_per_day=12, returns_per_day=6, scenarios=False)
        sandbox.post("world/deliver", until=f"{FIRST + timedelta(days=DAYS)}T00:00:00Z", mode="files", directory=str(folder / "drop"))
        with open_context(Settings(home=folder / "home", mappings=mappings, **settings), run_id="r", actor="test") as ctx:
            import_directory(folder / "drop", "mtime", keep(ctx), channels=ctx.mappings.rebound.channels, now=ctx.now)
            yield sandbox, ctx


def run_all(ctx: StepContext) -> None:
    for day in (FIRST + timedelta(days=n) for n in range(DAYS)):
        run_day(ctx, day)
        for marketplace in ctx.mappings.marketplaces:
            report = run_partition(ctx, marketplace, day)
            assert report.passed, (marketplace, day, report.blocked_by)


def books(sandbox: Sandbox, ctx: StepContext) -> dict[str, Any]:
    with ctx.warehouse.read() as con:
        rows = con.execute("SELECT marketplace, day, piece_id, outcome, cause, rule, amount FROM mapped_dispositions").fetchall()
        pushed = con.execute("SELECT sum(amount + shipping_amount) FROM refund_pushes WHERE state = 'confirmed'").fetchone()
    totals = sandbox.get("totals")
    paid = sum(
        Decimal(str(refund["amount"])) + Decimal(str(refund["shipping_amount"]))
        for key in totals
        for refund in sandbox.refunds(key)
        if refund["source"] == "api"
    )
    assert pushed is not None
    assert pushed[0] == paid, "what we say we refunded is what was refunded"
    return {"rows": sorted(rows, key=str), "paid": paid, "refunds": sum(len(sandbox.refunds(key)) for key in totals)}


@pytest.fixture(scope="module")
def on_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with world(tmp_path_factory.mktemp("files"), {}) as (sandbox, ctx):
        run_all(ctx)
        first = books(sandbox, ctx)
        run_all(ctx)
        again = books(sandbox, ctx)
        lost = lose_a_day(sandbox, ctx)
    return {"first": first, "again": again, "lost": lost}


def lose_a_day(sandbox: Sandbox, ctx: StepContext) -> dict[str, Any]:
    """As if the second day had never been run: every row of it is gone from the warehouse; the ledger remembers."""
    day = FIRST + timedelta(days=1)
    with ctx.warehouse.transaction() as con:
        for table in table_names():
            con.execute(f"DELETE FROM {table} WHERE day = ?", [day])
    run_all(ctx)
    return books(sandbox, ctx)


def test_something_was_refunded(on_files: dict[str, Any]) -> None:
    assert on_files["first"]["refunds"] >= 20
    assert {row[3] for row in on_files["first"]["rows"]} >= {"refund", "hold"}


@pytest.mark.parametrize("again", ["again", "lost"])
def test_running_again_or_after_a_loss_gives_the_same_rows_and_no_further_refund(on_files: dict[str, Any], again: str) -> None:
    assert on_files[again] == on_files["first"]


@pytest.mark.postgres
def test_ducklake_and_postgresql_come_to_the_same(on_files: dict[str, Any], tmp_path: Path, fresh_postgres_url: str) -> None:
    settings = {
        "warehouse_url": f"ducklake:postgres:{fresh_postgres_url}?data_path={tmp_path / 'lake'}",
        "ledger_url": fresh_postgres_url,
    }
    with world(tmp_path, settings) as (sandbox, ctx):
        run_all(ctx)
        assert books(sandbox, ctx) == on_files["first"]
        run_all(ctx)
        assert books(sandbox, ctx) == on_files["first"]
