"""One telling of the demo: days delivered, imported and run through Dagster in this process, with a line for each partition."""

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time

import click

from returns_assets.operations.dagster_runs import Runner, RunReport, runner
from returns_assets.operations.demo.sandbox_process import Sandbox
from returns_assets.operations.demo.stage import DemoError, Stage
from returns_assets.operations.flows import FLOWS, Flow
from returns_assets.operations.partition_view import PartitionView, view
from returns_assets.rebound.importer import import_directory
from returns_assets.settings import Settings, load_settings
from returns_assets.steps.context import StepContext, open_context
from returns_assets.steps.inbox import keep
from returns_assets.warehouse.connection import Warehouse

UNSETTLED = ("unknown", "planned", "claimed")
# Without the drift: it compares readings of today, and the sandbox's clock is in the past.
BESIDE = {name: flow for name, flow in FLOWS.items() if name not in ("refunds", "stock-drift")}


class Telling:
    """Keeps what is not finished, so that the story can come back to it."""

    def __init__(self, stage: Stage, sandbox: Sandbox, settings: Settings, dagster: Runner) -> None:
        self._stage = stage
        self._sandbox = sandbox
        self._settings = settings
        self._dagster = dagster
        self._unfinished: list[tuple[date, str]] = []

    @classmethod
    @contextmanager
    def begin(cls, stage: Stage, sandbox: Sandbox) -> "Generator[Telling]":
        """Load the code location once, and hold the warehouse's file: to open it is most of what a short transaction costs, and nobody
        else is here to wait for it."""
        settings = load_settings()
        with Warehouse(settings.resolved_warehouse_url).connection(), runner(settings) as dagster:
            yield cls(stage, sandbox, settings, dagster)

    @contextmanager
    def session(self) -> Generator[StepContext]:
        """A step context on the demo's home."""
        with open_context(self._settings, run_id=f"demo-{uuid.uuid4().hex[:8]}", actor="demo") as ctx:
            yield ctx

    def day(self, day: date, marketplaces: list[str] | None = None, *, deliver: bool = True) -> None:
        """One day: ReBound's files, the day's events, then each marketplace's partition."""
        if deliver:
            self._deliver(day)
        else:
            click.echo(f"  {day}")
        self._done(self._dagster.ingest(day), f"ingest {day}")
        with self.session() as ctx:
            keys = marketplaces or list(ctx.mappings.marketplaces)
        for marketplace in keys:
            report = self._dagster.process(day, marketplace)
            with self.session() as ctx:
                found = view(ctx, marketplace, day)
            self._tell(report, found)

    def flows(self, day: date) -> None:
        """The flows beside the refunds, for all marketplaces; a line where there is something to tell."""
        with self.session() as ctx:
            keys = list(ctx.mappings.marketplaces)
        for name, flow in BESIDE.items():
            for marketplace in keys:
                self._beside(name, flow, day, marketplace)

    def flow(self, name: str, days: list[date], marketplace: str) -> None:
        """One of these flows once more, for what has become possible since."""
        for day in days:
            self._beside(name, BESIDE[name], day, marketplace)

    def _beside(self, name: str, flow: Flow, day: date, marketplace: str) -> None:
        report = self._dagster.process(day, marketplace, flow.job)
        if report.blocked_by:
            click.secho(f"  {marketplace:<11}  {name}: BLOCKED by {', '.join(report.blocked_by)}: nothing is sent", fg="yellow")
            return
        self._done(report, f"{name} {day} {marketplace}")
        with self.session() as ctx:
            line = flow.line(ctx, marketplace, day)
        if any(character.isdigit() for character in line):
            click.echo(f"  {marketplace:<11}  {name}: {line}")

    def publish(self) -> None:
        """The analysts' copy."""
        self._done(self._dagster.publish(), "publish")

    def unfinished(self) -> list[tuple[date, str]]:
        """Partitions that, since this was last asked, were blocked or left a refund without an answer."""
        found, self._unfinished = self._unfinished, []
        return found

    def with_label(self, label: str) -> list[tuple[date, str]]:
        """Partitions with a piece whose reason label no map knew."""
        with self.session() as ctx, ctx.warehouse.read() as con:
            rows = con.execute(
                "SELECT DISTINCT day, marketplace FROM mapped_dispositions WHERE reason_raw = ? AND outcome = 'exception' ORDER BY ALL",
                [label],
            )
            return [(day, str(marketplace)) for day, marketplace in rows.fetchall()]

    def _deliver(self, day: date) -> None:
        """Time passes to the end of the day; ReBound drops its files, stamped by the sandbox's clock; they are filed under that day."""
        until = datetime.combine(day, time(23, 59, 59), UTC)
        if self._sandbox.now() < until:
            self._sandbox.post("clock", now=until.isoformat())
        folder = self._stage.drop / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        self._sandbox.post("world/deliver", until=until.isoformat(), mode="files", directory=str(folder))
        with self.session() as ctx:
            report = import_directory(folder, "mtime", keep(ctx), channels=ctx.mappings.rebound.channels, now=ctx.now)
        click.echo(f"  ReBound     {report.documents} files, {report.new} new documents")

    def _tell(self, report: RunReport, found: PartitionView) -> None:
        name = f"  {found.marketplace:<11} "
        if report.blocked_by:
            self._unfinished.append((found.day, found.marketplace))
            why = ", ".join([*report.blocked_by, *report.warnings])
            click.secho(f"{name} BLOCKED by {why}: nothing is sent. {found.line()}", fg="yellow")
            return
        self._done(report, f"{found.day} {found.marketplace}")
        if any(found.effects.get(state) for state in UNSETTLED):
            self._unfinished.append((found.day, found.marketplace))
        noted = f" (warnings: {', '.join(report.warnings)})" if report.warnings else ""
        click.echo(f"{name} {found.line()}{noted}")

    @staticmethod
    def _done(report: RunReport, what: str) -> None:
        if not report.success:
            raise DemoError(f"{what} failed: {report.failure or 'see make ui'} (Dagster run {report.run_id})")
