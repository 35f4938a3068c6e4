"""Real input end to end: what the sandbox refunded equals, to the cent and per marketplace, what the Parquet file itself says."""

import os
import resource
import shutil
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from returns_assets.operations.pipeline import run_day, run_partition
from returns_assets.rebound.importer import import_directory
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, open_context
from returns_assets.steps.inbox import keep
from tests.integration.retail_expectation import expected
from tests.sandbox_fixture import running_sandbox

ROOT = Path(__file__).parents[2]
WHOLE = (date(2010, 12, 1), date(2011, 12, 9))
SLICE = (date(2010, 12, 1), date(2010, 12, 12))


def real_file() -> Path:
    path = Path(os.environ.get("RETURNS_ONLINE_RETAIL", ""))
    if not path.is_file():
        pytest.skip("RETURNS_ONLINE_RETAIL does not name the Online Retail Parquet file (docs/sandbox.md says where it comes from)")
    return path


def history_mappings(folder: Path) -> Path:
    """The shipped tables, with the history's first day and without the limits that are meant for a day's ordinary money."""
    target = Path(shutil.copytree(ROOT / "mappings", folder / "mappings"))
    tables = target / "marketplaces.yaml"
    text = tables.read_text()
    for old, new in [
        ("first_day: 2025-03-01", "first_day: 2010-11-29"),
        ("max_exception_share: 0.5", "max_exception_share: 1"),
        ("max_refund_total: 250000", "max_refund_total: 10000000"),
        ("gate: partition", "gate: rows"),
    ]:
        assert old in text
        text = text.replace(old, new)
    tables.write_text(text)
    return target


def run_history(path: Path, folder: Path, days: tuple[date, date], say: Callable[[str], object]) -> dict[str, Any]:
    """The whole way for every day and marketplace in one process; returns what the ledger and the sandbox then hold."""
    first, last = days
    started = time.monotonic()
    settings = Settings(home=folder / "home", mappings=history_mappings(folder))
    with running_sandbox(folder, clock=f"{last + timedelta(days=30)}T00:00:00Z") as sandbox, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.env.items():
            patch.setenv(name, value)
        sandbox.admin.timeout = 600
        request = {"path": str(path), "from_day": str(first), "to_day": str(last)}
        assert sandbox.admin.post("/admin/world/online-retail", json=request).is_success
        sandbox.post("world/deliver", until=f"{last + timedelta(days=1)}T00:00:00Z", mode="files", directory=str(folder / "drop"))
        say(f"world loaded and delivered after {time.monotonic() - started:.0f} s")
        with open_context(settings, run_id="history", actor="test") as ctx:
            import_directory(folder / "drop", "mtime", keep(ctx), channels=ctx.mappings.rebound.channels, now=ctx.now)
            day = first - timedelta(days=2)
            while day <= last:
                run_day(ctx, day)
                for marketplace in ctx.mappings.marketplaces:
                    report = run_partition(ctx, marketplace, day)
                    assert report.passed, f"{marketplace} {day}: {report.blocked_by}"
                if day.day == 1:
                    say(f"{day} after {time.monotonic() - started:.0f} s")
                day += timedelta(days=1)
            result = outcome_of(ctx)
        result["sandbox"] = sandbox.get("totals")
        result["refunds"] = {key: sandbox.refunds(key) for key in ("albion", "nordhaus", "maplewood")}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    say(
        f"{(last - first).days + 1} days x 3 marketplaces in {time.monotonic() - started:.0f} s, peak memory of this process {peak:.2f} GiB"
    )
    return result


def outcome_of(ctx: StepContext) -> dict[str, Any]:
    with ctx.warehouse.read() as con:
        rows = con.execute("SELECT piece_id, outcome, cause, rule, definitive_event FROM mapped_dispositions").fetchall()
        money = con.execute("SELECT marketplace, sum(amount) FROM refund_pushes WHERE state = 'confirmed' GROUP BY ALL").fetchall()
    return {"rows": rows, "money": {str(key): Decimal(value) for key, value in money}}


def check(result: dict[str, Any], path: Path, days: tuple[date, date], say: Callable[[str], object]) -> None:
    truth = expected(path, *days)
    rows = result["rows"]
    pieces = Counter(row[0] for row in rows)
    assert len(rows) == truth.credits, "every credit line is one piece"
    assert set(pieces.values()) == {1}, "and ends in exactly one outcome"
    causes = Counter(cause or ("nothing" if outcome == "no_refund" else outcome) for _, outcome, cause, _, _ in rows)
    assert causes == Counter({name: number for name, number in truth.outcomes.items() if number})
    assert {row[4] for row in rows} == {"ITEM_REGISTERED"}, "nothing was decided on another event"
    for key, money in truth.money.items():
        refunded = sum((Decimal(str(refund["amount"])) for refund in result["refunds"][key]), Decimal(0))
        assert refunded == money, f"{key}: refunded {refunded}, expected {money}"
        assert result["money"][key] == money
        assert Decimal(str(result["sandbox"][key]["refunded_amount"])) == money
    say(f"{truth.credits} credit lines: {dict(sorted(truth.outcomes.items()))}; refunded {dict(sorted(truth.money.items()))}")


def test_a_made_up_history_in_the_same_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs everywhere: sales and credits with repeats, parts, too many units, unknown customers, tiny prices."""
    rows: list[tuple[Any, ...]] = []
    start = datetime(2010, 12, 1, 8, tzinfo=UTC).replace(tzinfo=None)
    countries = ["United Kingdom", "United Kingdom", "France"]
    for n in range(60):
        customer = None if n % 11 == 0 else float(12000 + n % 7)
        price = [2.55, 0.001, 1.995, 10.0][n % 4]
        rows.append((f"5{n:05}", f"A{n % 5}", "THING", 1 + n % 9, start + timedelta(minutes=n * 7), price, customer, countries[n % 3]))
    for n in range(45):
        customer = None if n % 13 == 0 else float(12000 + n % 7)
        at = start + timedelta(days=1, hours=n)
        rows.append((f"C6{n // 2:05}", f"A{n % 6}", "THING", -(1 + n % 8), at, 2.55, customer, countries[n % 3]))
    columns = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    path = tmp_path / "retail.parquet"
    pd.DataFrame(rows, columns=columns).to_parquet(path)
    days = (date(2010, 12, 1), date(2010, 12, 4))
    check(run_history(path, tmp_path, days, print), path, days, print)


def test_a_slice_of_the_real_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = real_file()
    check(run_history(path, tmp_path, SLICE, print), path, SLICE, print)


@pytest.mark.real
@pytest.mark.timeout(7200)
def test_the_whole_real_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = real_file()

    def say(text: str) -> None:
        with capsys.disabled():
            print(text)

    check(run_history(path, tmp_path, WHOLE, say), path, WHOLE, say)
