"""A location per test, on an instance of its own."""

from collections.abc import Generator
from pathlib import Path

import pytest
from dagster import DagsterInstance

from tests.dagster.location import Location
from tests.mirakl.stub import StubMirakl


@pytest.fixture
def stub() -> Generator[StubMirakl]:
    server = StubMirakl()
    server.reasons += [{"code": "ITEM_RETURNED", "label": "Returned", "type": "REFUND", "is_shop_right": True}]
    yield server
    server.close()


@pytest.fixture
def location(tmp_path: Path, stub: StubMirakl, monkeypatch: pytest.MonkeyPatch) -> Generator[Location]:
    for marketplace in ("NORDHAUS", "ALBION", "MAPLEWOOD"):
        monkeypatch.setenv(f"MIRAKL_{marketplace}_URL", stub.url)
        monkeypatch.setenv(f"MIRAKL_{marketplace}_KEY", "k")
    with DagsterInstance.ephemeral(tempdir=str(tmp_path / "dagster")) as instance:
        made = Location(tmp_path / "home", stub, instance)
        yield made
        made.ledger.close()
