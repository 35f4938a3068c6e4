"""A return that never meets a hub, end to end against the sandbox: it waits for the warehouse's inspection and is then refunded, once."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from returns_assets.operations.pipeline import run_day, run_partition
from returns_assets.rebound.importer import import_directory
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, open_context
from returns_assets.steps.inbox import keep
from tests.sandbox_fixture import Sandbox, running_sandbox

MAPPINGS = Path(__file__).parents[2] / "mappings"
FIRST, DAYS = date(2025, 3, 3), 3
LAST = FIRST + timedelta(days=DAYS - 1)
COLUMNS = "event;event_time;order_id;order_line_id;sku;quantity;piece_id;return_id;verification;grade;disposition"


@contextmanager
def world(folder: Path) -> Generator[tuple[Sandbox, StepContext, dict[str, Any]]]:
    with running_sandbox(folder, clock=f"{LAST + timedelta(days=1)}T00:00:00Z") as sandbox, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.env.items():
            patch.setenv(name, value)
        planted = {"scenarios": ["direct_to_retailer"], "marketplaces": ["nordhaus"], "orders_per_day": 1, "returns_per_day": 0}
        sandbox.post("world", seed=7, first_day=str(FIRST), days=DAYS, **planted)
        sandbox.post("world/deliver", until=f"{LAST}T23:59:59Z", mode="files", directory=str(folder / "drop"))
        (piece,) = sandbox.get("world/truth", scenario="direct_to_retailer")["pieces"]
        with open_context(Settings(home=folder / "home", mappings=MAPPINGS), run_id="r", actor="test") as ctx:
            import_directory(folder / "drop", "mtime", keep(ctx), channels=ctx.mappings.rebound.channels, now=ctx.now)
            yield sandbox, ctx, piece


def run_all(ctx: StepContext) -> None:
    for day in (FIRST + timedelta(days=n) for n in range(DAYS)):
        run_day(ctx, day)
        report = run_partition(ctx, "nordhaus", day)
        assert report.passed, report.blocked_by


def tell(ctx: StepContext, piece: dict[str, Any], event: str, hour: int, said: str, *, named: bool = True) -> None:
    """One file of one row from the warehouse."""
    piece_id = piece["piece_id"] if named else ""
    ids = f"{piece['order_id']};{piece['order_line_id']};;1;{piece_id};{piece['return_id']}"
    content = f"{COLUMNS}\n{event};{LAST} {hour:02}:00:00;{ids};{said}\n".encode()
    at = ctx.now().replace(year=LAST.year, month=LAST.month, day=LAST.day, hour=20)
    ctx.ledger.inbox.add(content, channel="warehouse", name=f"{event}.csv", received_at=at)


def outcomes(ctx: StepContext) -> list[Any]:
    with ctx.warehouse.read() as con:
        return con.execute("SELECT definitive_event, outcome, cause, amount IS NOT NULL FROM mapped_dispositions").fetchall()


@pytest.mark.parametrize("named", [True, False], ids=["by the piece's id", "by return and line"])
def test_it_waits_for_the_inspection_and_is_then_refunded_once(tmp_path: Path, named: bool) -> None:
    with world(tmp_path) as (sandbox, ctx, piece):
        run_all(ctx)
        assert (outcomes(ctx), sandbox.refunds("nordhaus")) == ([], [])
        tell(ctx, piece, "RECEIVED", 9, ";;", named=named)
        tell(ctx, piece, "PUTAWAY", 15, ";A;RESTOCK", named=named)
        run_all(ctx)
        assert (outcomes(ctx), sandbox.refunds("nordhaus")) == ([], []), "a receipt and a putaway move no money"
        tell(ctx, piece, "INSPECTED", 10, "MATCH;A;RESTOCK", named=named)
        run_all(ctx)
        run_all(ctx)
        assert outcomes(ctx) == [("ITEM_INSPECTED", "refund", None, True)]
        (refund,) = sandbox.refunds("nordhaus")
        assert (refund["order_line_id"], refund["source"]) == (piece["order_line_id"], "api")


def test_a_piece_found_damaged_is_not_refunded(tmp_path: Path) -> None:
    with world(tmp_path) as (sandbox, ctx, piece):
        tell(ctx, piece, "INSPECTED", 10, "MATCH;D;DESTROY")
        tell(ctx, piece, "PUTAWAY", 15, ";D;DESTROY")
        run_all(ctx)
        assert outcomes(ctx) == [("ITEM_INSPECTED", "hold", None, False)]
        assert sandbox.refunds("nordhaus") == []


def test_hub_and_warehouse_disagreeing_stops_the_money_and_tells_a_person(tmp_path: Path) -> None:
    with world(tmp_path) as (sandbox, ctx, piece):
        tell(ctx, piece, "INSPECTED", 10, "MATCH;A;RESTOCK")
        hub = {"verification": "MATCH", "grade": "D", "disposition": "DESTROY", "inspectedAt": f"{LAST}T07:00:00Z"}
        item = {"reboundItemId": piece["piece_id"], "clientItemId": piece["order_line_id"], "reasonCode": "Faulty", "quantity": "1", **hub}
        snapshot = {
            "reboundOrderId": piece["return_id"], "clientOrderId": piece["order_id"], "version": 9, "updatedAt": f"{LAST}T07:00:00Z",
            "flow": "DTR", "status": "PROCESSING", "receivedItems": [item],
        }  # fmt: skip
        at = ctx.now().replace(year=LAST.year, month=LAST.month, day=LAST.day, hour=20)
        content = json.dumps(snapshot).encode()
        ctx.ledger.inbox.add(content, channel="snapshots", name="s.json", received_at=at)
        run_all(ctx)
        assert outcomes(ctx) == [("ITEM_INSPECTED", "hold", "verdicts_differ", False)]
        assert sandbox.refunds("nordhaus") == []
        (told,) = ctx.ledger.exceptions.list(cause="verdicts_differ")
        assert (told.exception_class, told.subject_kind, told.subject) == ("logical", "piece", piece["piece_id"])
