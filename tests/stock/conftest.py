"""Fixtures of the restock flow: one sandbox for all its tests, a marketplace of its own for each."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.warehouse.connection import Warehouse
from tests.sandbox_fixture import Sandbox, running_sandbox
from tests.stock.world import StockWorld, stock_world


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), clock="2025-03-10T12:00:00Z") as started:
        yield started


@pytest.fixture(scope="package")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty stores, to be copied."""
    folder = tmp_path_factory.mktemp("stores")
    Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}").close()
    with Warehouse(f"duckdb:{folder / 'returns.duckdb'}").read():
        pass
    return folder


@pytest.fixture
def home(stores: Path) -> Path:
    """A folder for one installation."""
    return Path(tempfile.mkdtemp(dir=stores))


@pytest.fixture
def world(home: Path, server: Sandbox) -> Generator[StockWorld]:
    """Mode own; ten SHIRTs on sale, and one order of one of them."""
    with stock_world(home, server) as made:
        made.offers({"sku": "SHIRT", "quantity": 10}, {"sku": "SHOE", "quantity": 5})
        made.order()
        yield made
