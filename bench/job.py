"""The main job for one partition: through Dagster and as plain steps, with pieces and empty; the bare calls to Mirakl beside it."""

import os
import tempfile
from pathlib import Path
from typing import Any

from bench.measure import ROOT, Row, Side, Watch, alternate, run, same
from bench.push import concurrency
from bench.shops import DAY, KEY, access, context, put_returns, sandbox, variables

PIECES = 10_000


def _prepare(ctx: Any, pieces: int) -> None:
    with ctx.warehouse.transaction() as con:
        put_returns(con, pieces)


def steps(home: str, url: str, key: str, pieces: int) -> dict[str, Any]:
    """operations.pipeline.run_partition."""
    from returns_assets.operations.pipeline import run_partition

    with context(home, url, key) as ctx:
        _prepare(ctx, pieces)
        watch = Watch()
        report = run_partition(ctx, KEY, DAY)
        times = watch.times()
    if not report.passed:
        raise RuntimeError(f"blocked by {report.blocked_by}")
    return times


def dagster(home: str, url: str, key: str, pieces: int) -> dict[str, Any]:
    """operations.dagster_runs.Runner.process: the job with its checks, in process, with history; `load` is the start before it."""
    os.environ.update({**variables(url, key), "DAGSTER_HOME": f"{home}/dagster"})
    start = Watch()
    from returns_assets.operations.dagster_runs import runner
    from returns_assets.settings import Settings

    with context(home, url, key) as ctx:
        _prepare(ctx, pieces)
    settings = Settings(home=Path(home), mappings=ROOT / "mappings")
    with runner(settings) as opened:
        loaded = start.times()["seconds"]
        watch = Watch()
        report = opened.process(DAY, KEY)
        times = watch.times()
    if not report.success:
        raise RuntimeError(f"the run failed: {report.failure} {report.blocked_by}")
    return {**times, "load": loaded}


def _measure(pieces: int, repeat: int) -> dict[str, Side]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:

        def side(name: str, turn: int) -> Side:
            home = Path(folder) / f"{name}-{turn}"
            with sandbox(home, max(pieces, 1), 1) as started:
                if name == "bare":
                    figures = run("push:bare", refunds=pieces, concurrency=concurrency(), **access(started))
                else:
                    figures = run(f"job:{name}", home=str(home / "home"), pieces=pieces, **access(started))
                totals = started.get("totals", marketplace=KEY)[KEY]
            figures.result["refunded"] = [totals["refunds"], totals["refunded_amount"]]
            return figures

        names = ("dagster", "steps", "bare") if pieces else ("dagster", "steps")
        sides = alternate({name: lambda n, name=name: side(name, n) for name in names}, repeat)
    same("refunded", sides)
    if sides["steps"].result["refunded"][0] != pieces:
        raise RuntimeError(f"{pieces} pieces, {sides['steps'].result['refunded'][0]} refunds")
    return sides


def bench(scale: float, repeat: int) -> list[Row]:
    """Raises Differs when the sides did not refund the same money."""
    pieces = max(int(PIECES * scale), 30)
    full, empty = _measure(pieces, repeat), _measure(0, repeat)
    rows: list[Row] = []
    for what, sides in ((f"main job, {pieces:,} pieces", full), ("main job, empty partition", empty)):
        ran, plain = sides["dagster"], sides["steps"]
        over = f"{ran.seconds - plain.seconds:+.1f} s"
        rows.append(Row(f"{what}, Dagster", f"{ran.seconds:.1f} s", f"{plain.seconds:.1f} s as plain steps", over, peak=ran.peak))
    bare, plain = full["bare"], full["steps"]
    ratio = f"{plain.seconds / bare.seconds:.2f} x its time"
    rows.append(
        Row(f"main job, {pieces:,} pieces, steps", f"{plain.seconds:.1f} s", f"{bare.seconds:.1f} s bare OR28", ratio, peak=plain.peak)
    )
    rows.append(Row("loading the code location, once", f"{full['dagster'].result['load']:.1f} s", "", peak=empty["dagster"].peak))
    return rows
