"""The same world told to installations, one for each way in which documents come: pushed, dropped, by SFTP and by the two polls."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from returns_assets.rebound.receiver import create_receiver
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, open_context
from returns_assets.steps.inbox import pick_up_returns, unreadable
from returns_assets.steps.ingest_mirakl import ingest_orders, ingest_reference
from returns_assets.steps.ingest_rebound import ingest_documents, ingest_returns
from returns_assets.steps.polls import poll_rebound
from returns_assets.steps.sftp import pick_up_sftp
from returns_assets.steps.translate import map_dispositions
from returns_assets.translation.model import Mappings
from returns_assets.translation.sftp_account import SftpAccount
from tests.rebound.conftest import serve
from tests.rebound.payloads import MAPPINGS
from tests.rebound.polling import account
from tests.rebound.sftp_server import PASSWORD, USER, sftp_server
from tests.sandbox_fixture import Sandbox, running_sandbox

KEY = "nordhaus"
FIRST, DAYS = date(2025, 3, 1), 2
HOUR = 23  # when each day's documents are taken in: every way receives at the same moment
WAYS = ("push", "files", "sftp", "g3_rest_poll", "g1_legacy_poll")
DECISIONS = """
    SELECT order_ref, outcome, cause, verification, grade, disposition, reason, quantity, definitive_event, definitive_at,
        piece_id, order_line_id, amount
    FROM current_dispositions ORDER BY ALL
"""


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, HOUR, tzinfo=UTC)


class Installation:
    """One installation. `take` brings what is there into its inbox."""

    def __init__(self, ctx: StepContext, take: Callable[[StepContext], object]) -> None:
        self.ctx, self._take = ctx, take

    def move(self, mappings: Mappings, take: Callable[[StepContext], object]) -> None:
        """From now on another profile."""
        self.ctx, self._take = dataclasses.replace(self.ctx, mappings=mappings), take

    def live(self, day: date) -> None:
        """Take in and decide, as the scheduled jobs do in the evening."""
        self._take(self.ctx)
        ingest_documents(self.ctx, day)
        ingest_returns(self.ctx, day)
        ingest_reference(self.ctx, KEY, day)
        ingest_orders(self.ctx, KEY, day)
        map_dispositions(self.ctx, KEY, day)

    def rows(self, query: str) -> list[dict[str, Any]]:
        with self.ctx.warehouse.read() as con:
            cursor = con.execute(query)
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def documents(self) -> list[tuple[str, Any]]:
        """Channel and content, whatever the spelling; what is no JSON as it is."""
        inbox = self.ctx.ledger.inbox
        kept = [document for day, _ in inbox.days() for document in inbox.documents(day)]
        return sorted({(document.channel, _spelled(document.content)) for document in kept})


def _spelled(content: bytes) -> str:
    try:
        return json.dumps(json.loads(content), sort_keys=True)
    except ValueError:
        return content.hex()


class World:
    """`installations` by way, and one that moved from poll to push; what it had decided before that. `truth`: what was planted."""

    def __init__(self, installations: dict[str, Installation], truth: list[dict[str, Any]], moved_at: list[dict[str, Any]]) -> None:
        self.installations, self.truth, self.moved_at = installations, truth, moved_at
        self.scenarios: dict[str, str] = {piece["order_id"]: piece["scenario"] for piece in truth}


@contextmanager
def lived_world(folder: Path, scenarios: list[str]) -> Generator[World]:
    """The scenarios' days lived by all five installations; nothing is refunded, so that they do not meet in Mirakl."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("pushing", "home"):
            (folder / name).mkdir()
        start = f"{FIRST}T00:00:00Z"
        main, pushing = (stack.enter_context(running_sandbox(at, clock=start)) for at in (folder, folder / "pushing"))
        for sandbox in (main, pushing):
            planted = {"scenarios": scenarios, "marketplaces": [KEY], "orders_per_day": 1, "returns_per_day": 0}
            sandbox.post("world", seed=3, first_day=str(FIRST), days=DAYS, **planted)
        main.post("rebound", token_seconds=10**8, cursor_seconds=10**8)
        for name, value in main.env.items():
            patch.setenv(name, value)
        patch.setenv("SFTP_PASSWORD", PASSWORD)
        clock = [moment(FIRST)]

        def opened(way: str, mappings: Mappings) -> StepContext:
            settings = Settings(home=folder / "home" / way, mappings=Path("mappings"))
            return stack.enter_context(open_context(settings, run_id="r", actor="test", mappings=mappings, now=lambda: clock[0]))

        server = stack.enter_context(sftp_server(folder))
        ways = {way: account(way) for way in ("g3_rest_poll", "g1_legacy_poll")}
        ways |= {"push": MAPPINGS, "files": MAPPINGS, "sftp": _by_sftp(server.port, server.public_key)}
        ways["moved"] = ways["g1_legacy_poll"]
        contexts = {way: opened(way, mappings) for way, mappings in ways.items()}
        url = stack.enter_context(_receiver(contexts["push"]))
        takes: dict[str, Callable[[StepContext], object]] = {
            "push": lambda _: pushing.post("world/deliver", mode="push", url=url),
            "files": lambda ctx: [pick_up_returns(ctx) for _ in range(2)],
            "sftp": lambda ctx: [pick_up_sftp(ctx) for _ in range(2)],
            **dict.fromkeys(("g3_rest_poll", "g1_legacy_poll", "moved"), lambda ctx: poll_rebound(ctx, wait=lambda _: None)),
        }
        installations = {way: Installation(contexts[way], takes[way]) for way in ways}
        moved, moved_at = installations["moved"], list[dict[str, Any]]()
        for number in range(DAYS):
            day = FIRST + timedelta(days=number)
            clock[0] = moment(day)
            for sandbox in (main, pushing):
                sandbox.post("clock", now=clock[0].isoformat())
            _drop(main, folder, contexts["files"].settings.inbox_dir, server.root, moved.ctx.settings.inbox_dir)
            if number == DAYS - 1:
                moved_at = moved.rows(DECISIONS)
                moved.move(MAPPINGS, takes["files"])
            for each in installations.values():
                each.live(day)
        yield World(installations, main.get("world/truth")["pieces"], moved_at)


def _by_sftp(port: int, host_key: str) -> Mappings:
    channels = ("tracking", "refund-instant", "refund-registered", "snapshots")
    server = SftpAccount(
        host="127.0.0.1", port=port, user=USER, host_keys=[host_key], password_env="SFTP_PASSWORD", archive=None, error="error",
        folders={name: f"/{name}" for name in channels}, quiet_seconds=0, timeout_seconds=20, look_seconds=60, max_file_bytes=10**6,
    )  # fmt: skip
    return MAPPINGS.model_copy(update={"rebound": MAPPINGS.rebound.model_copy(update={"sftp": server})})


def _drop(sandbox: Sandbox, folder: Path, *roots: Path) -> None:
    """What is due, laid into both places."""
    staged = folder / "staged"
    sandbox.post("world/deliver", mode="files", directory=str(staged))
    for root in roots:
        shutil.copytree(staged, root, dirs_exist_ok=True)
    shutil.rmtree(staged)


@contextmanager
def _receiver(ctx: StepContext) -> Generator[str]:
    profile = ctx.mappings.rebound
    open_to_all = profile.receiver.model_copy(update={"auth": profile.receiver.auth.model_copy(update={"type": "none"})})
    opened = profile.model_copy(update={"receiver": open_to_all})
    with serve(create_receiver(ctx.ledger.inbox.add, opened, {}, ctx.now, unreadable(ctx.mappings))) as port:
        yield f"http://127.0.0.1:{port}/returns"
