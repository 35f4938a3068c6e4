"""A step context that polls the sandbox's ReBound: its account's variables, no waiting, a clock that the test sets."""

import dataclasses
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext
from returns_assets.steps.ingest_rebound import ingest_documents, ingest_returns
from returns_assets.steps.polls import PollReport, poll_rebound
from returns_assets.translation.model import Mappings
from returns_assets.warehouse.connection import Warehouse
from tests.rebound.payloads import MAPPINGS
from tests.sandbox_fixture import Sandbox

PACE = {"requests_per_second": 10**6, "interval_seconds": 0}


def account(*ways: str, legacy: dict[str, Any] | None = None, **poll: Any) -> Mappings:
    """The shipped tables with these profiles; `poll` changes fields of each chosen poll."""
    known = MAPPINGS.rebound
    polls = known.poll.model_copy(update={way: getattr(known.poll, way).model_copy(update=PACE | poll) for way in ways if way != "g3_push"})
    reading = known.legacy.model_copy(update=legacy or {}) if known.legacy else None
    changed = known.model_copy(update={"profile": list(ways), "poll": polls, "legacy": reading})
    return MAPPINGS.model_copy(update={"rebound": changed})


class Poller:
    """One installation: a real ledger and warehouse. `now` is its clock."""

    def __init__(self, home: Path, ledger: Ledger, mappings: Mappings, now: datetime) -> None:
        self.now = now
        settings = Settings(home=home)
        warehouse = Warehouse(settings.resolved_warehouse_url)
        self.ctx = StepContext(settings, mappings, warehouse, ledger, _no_mirakl, "run", "test", lambda: self.now)

    def use(self, mappings: Mappings) -> None:
        self.ctx = dataclasses.replace(self.ctx, mappings=mappings)

    def poll(self, **options: Any) -> PollReport:
        (report,) = poll_rebound(self.ctx, wait=lambda _: None, **options)
        return report

    def documents(self) -> list[tuple[str, bytes]]:
        inbox = self.ctx.ledger.inbox
        return [(d.channel, d.content) for day, _ in inbox.days() for d in inbox.documents(day)]

    def read(self) -> None:
        """Every day's documents to events."""
        for day, _ in self.ctx.ledger.inbox.days():
            ingest_documents(self.ctx, day)
            ingest_returns(self.ctx, day)

    def rows(self, query: str) -> list[Any]:
        with self.ctx.warehouse.read() as con:
            found = con.execute(query).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    def open(self) -> list[tuple[str, str]]:
        return sorted((e.cause, e.subject) for e in self.ctx.ledger.exceptions.list() if e.state == "open")


def _no_mirakl(key: str) -> Any:
    raise AssertionError(f"a poll asked Mirakl ({key})")


@contextmanager
def poller(home: Path, mappings: Mappings, now: str) -> Generator[Poller]:
    ledger = Ledger.open(f"sqlite:///{home / 'polls.sqlite'}")
    try:
        yield Poller(home, ledger, mappings, datetime.fromisoformat(now).astimezone(UTC))
    finally:
        ledger.close()


def point_at(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account's variables, as an installation has them."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
