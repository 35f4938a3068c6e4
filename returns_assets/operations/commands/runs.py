"""`returns run` and `returns backfill`: partitions one after the other, through Dagster in this process or as plain steps.

Exit code 0: everything done; 3: a partition is blocked by its checks; 1: a run failed.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, timedelta

import click

from returns_assets.operations.console import program, shortened
from returns_assets.operations.failures import explain
from returns_assets.operations.flows import FLOWS, Flow
from returns_assets.operations.pipeline import run_day
from returns_assets.operations.session import DAY, chosen_marketplaces, require_open_day, session
from returns_assets.steps.context import StepContext
from returns_assets.steps.inbox import pick_up_returns

BLOCKED_EXIT = 3
# (day) -> failure, and (day, marketplace) -> (blocking checks, failure)
Ingest = Callable[[date], str]
Process = Callable[[date, str], tuple[tuple[str, ...], str]]


@click.command()
@click.option("--day", type=DAY, required=True, help="The partition day (UTC), YYYY-MM-DD.")
@click.option("--marketplace", "wanted", multiple=True, help="Only this marketplace; may be given several times. Default: all.")
@click.option("--flow", type=click.Choice(list(FLOWS)), default="refunds", show_default=True, help="What is done with the returns.")
@click.option("--no-dagster", is_flag=True, help="Plain steps: faster to start, not in the UI's history.")
def run(day: date, wanted: tuple[str, ...], flow: str, no_dagster: bool) -> None:
    """Run one day: take in its documents, then the flow's job for each marketplace. Running it again refunds nothing twice."""
    _run_days(day, day, wanted, FLOWS[flow], no_dagster)


@click.command()
@click.option("--from", "first_day", type=DAY, required=True, help="First partition day.")
@click.option("--to", "last_day", type=DAY, required=True, help="Last partition day, inclusive.")
@click.option("--marketplace", "wanted", multiple=True, help="Only this marketplace; may be given several times. Default: all.")
@click.option("--flow", type=click.Choice(list(FLOWS)), default="refunds", show_default=True, help="What is done with the returns.")
@click.option("--no-dagster", is_flag=True, help="Plain steps: faster to start, not in the UI's history.")
def backfill(first_day: date, last_day: date, wanted: tuple[str, ...], flow: str, no_dagster: bool) -> None:
    """Run a range of days, oldest first. A blocked partition does not stop the others."""
    if last_day < first_day:
        raise click.UsageError("--to is before --from")
    _run_days(first_day, last_day, wanted, FLOWS[flow], no_dagster)


def _run_days(first_day: date, last_day: date, wanted: tuple[str, ...], flow: Flow, no_dagster: bool) -> None:
    failed: list[str] = []
    blocked: list[str] = []
    with session() as ctx:
        for day in (first_day, last_day):
            require_open_day(ctx, day)
        marketplaces = chosen_marketplaces(ctx, wanted)
        with _plain(ctx, flow) if no_dagster else _dagster(ctx, flow) as (ingest, process):
            for offset in range((last_day - first_day).days + 1):
                day = first_day + timedelta(days=offset)
                if failure := ingest(day):
                    failed.append(f"{day}: {failure}")
                    click.echo(f"{day!s:<24} failed: its documents were not read, no marketplace is run")
                    continue
                for marketplace in marketplaces:
                    name = f"{day} {marketplace}"
                    checks, failure = process(day, marketplace)
                    if checks:
                        blocked.append(f"{name}: {', '.join(checks)}")
                    elif failure:
                        failed.append(f"{name}: {failure}")
                    if failure and not checks:
                        click.echo(f"{name:<24} failed: {shortened(failure, 110)}")
                        continue
                    mark = "blocked by its checks, nothing sent: " if checks else ""
                    click.echo(f"{name:<24} {mark}{flow.line(ctx, marketplace, day)}")
    for sentence in blocked:
        click.echo(f"blocked  {sentence}  ({program()} exceptions list --cause check_failed)", err=True)
    for sentence in failed:
        click.echo(f"failed   {sentence}", err=True)
    if failed or blocked:
        raise click.exceptions.Exit(1 if failed else BLOCKED_EXIT)


@contextmanager
def _plain(ctx: StepContext, flow: Flow) -> Generator[tuple[Ingest, Process]]:
    """The steps of pipeline.py. A failure that a person can do something about stops its own partition only; a bug stops everything."""

    def ingest(day: date) -> str:
        with _explained() as failure:
            pick_up_returns(ctx)
            run_day(ctx, day)
        return "".join(failure)

    def process(day: date, marketplace: str) -> tuple[tuple[str, ...], str]:
        checks: tuple[str, ...] = ()
        with _explained() as failure:
            checks = flow.plain(ctx, marketplace, day)
        return checks, "".join(failure)

    yield ingest, process


@contextmanager
def _explained() -> Generator[list[str]]:
    """Collects the sentence of a foreseen failure in the block."""
    failure: list[str] = []
    try:
        yield failure
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        failure.append(sentence)


@contextmanager
def _dagster(ctx: StepContext, flow: Flow) -> Generator[tuple[Ingest, Process]]:
    """Runs in Dagster's history."""
    from returns_assets.operations.dagster_runs import runner  # Dagster's import is a second that --no-dagster saves

    with runner(ctx.settings) as dagster:

        def ingest(day: date) -> str:
            done = dagster.ingest(day)
            return "" if done.success else done.failure

        def process(day: date, marketplace: str) -> tuple[tuple[str, ...], str]:
            done = dagster.process(day, marketplace, flow.job)
            return done.blocked_by, "" if done.success else done.failure

        yield ingest, process
