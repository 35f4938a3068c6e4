"""One sandbox for the module: each test has orders and an installation of its own."""

from collections.abc import Generator

import pytest

from tests.rebound_orders.world import NOON
from tests.sandbox_fixture import Sandbox, running_sandbox


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), clock=NOON.isoformat()) as started:
        started.post("rebound", token_seconds=10**8)
        yield started
