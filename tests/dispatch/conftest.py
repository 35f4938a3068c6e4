"""Fixtures of the dispatch flow: a running sandbox, and a partition of each kind of operator."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.dispatch.world import DispatchWorld, dispatch_world
from tests.sandbox_fixture import Sandbox, running_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Generator[Sandbox]:
    with running_sandbox(tmp_path, clock="2025-03-10T12:00:00Z") as started:
        yield started


@pytest.fixture
def single(tmp_path: Path, sandbox: Sandbox) -> Generator[DispatchWorld]:
    """albion: an order is told as a whole (OR23, OR24), registered carriers only."""
    with dispatch_world(tmp_path / "albion", sandbox, "albion") as world:
        yield world


@pytest.fixture
def multi(tmp_path: Path, sandbox: Sandbox) -> Generator[DispatchWorld]:
    """nordhaus: parcels are told one by one (ST01)."""
    with dispatch_world(tmp_path / "nordhaus", sandbox, "nordhaus") as world:
        yield world
