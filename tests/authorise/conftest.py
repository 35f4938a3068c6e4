"""Fixtures of the return authorisations: one sandbox, a marketplace of its own for each test."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.authorise.world import AuthoriseWorld, authorise_world
from tests.sandbox_fixture import Sandbox, running_sandbox


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), clock="2025-03-10T12:00:00Z") as started:
        yield started


@pytest.fixture
def world(tmp_path: Path, server: Sandbox) -> Generator[AuthoriseWorld]:
    with authorise_world(tmp_path, server) as opened:
        yield opened
