"""Fixtures of the Mirakl room: the stub server and a client that never waits for real."""

from collections.abc import Generator

import pytest

from returns_assets.mirakl.client import MiraklClient
from tests.mirakl.stub import StubMirakl


@pytest.fixture
def stub() -> Generator[StubMirakl]:
    server = StubMirakl()
    yield server
    server.close()


@pytest.fixture
def waits() -> list[float]:
    """Every pause that the client took."""
    return []


@pytest.fixture
def client(stub: StubMirakl, waits: list[float]) -> Generator[MiraklClient]:
    made = MiraklClient(stub.url, "secret-key", "2001", timeout=5, concurrency=4, wait=waits.append)
    yield made
    made.close()
