"""Fixtures of the steps' tests: the Mirakl stub and a partition to act on."""

from collections.abc import Generator
from pathlib import Path

import pytest

from returns_assets.ledger.database import Ledger
from tests.mirakl.stub import StubMirakl
from tests.steps.act_world import ActWorld


@pytest.fixture
def stub() -> Generator[StubMirakl]:
    server = StubMirakl()
    yield server
    server.close()


@pytest.fixture
def sqlite_ledger(tmp_path: Path) -> Generator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path / 'act-ledger.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def act(tmp_path: Path, sqlite_ledger: Ledger, stub: StubMirakl) -> Generator[ActWorld]:
    world = ActWorld(tmp_path, sqlite_ledger, stub.url)
    yield world
    world.close()
