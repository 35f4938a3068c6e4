"""dagster.yaml as it is, on SQLite and on a real PostgreSQL: one file for both, chosen by the environment."""

import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster._serdes import serialize_value
from sqlalchemy import create_engine, text

from returns_assets.jobs import ALONE, BESIDE
from returns_assets.partitions import partition_key
from tests.dagster.location import DAY, Location
from tests.mirakl.stub import StubMirakl

ROOT = Path(__file__).parents[2]


@contextmanager
def opened(home: Path) -> Generator[DagsterInstance]:
    home.mkdir(exist_ok=True)
    shutil.copy(ROOT / "dagster.yaml", home)
    instance = DagsterInstance.from_config(str(home))
    try:
        yield instance
    finally:
        instance.dispose()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.delenv("DAGSTER_POSTGRES_URL", raising=False)
    return tmp_path / "dagster"


def a_run(home: Path, stub: StubMirakl, monkeypatch: pytest.MonkeyPatch) -> None:
    """One ingest and one main run are in the history when the instance is opened again."""
    monkeypatch.setenv("MIRAKL_NORDHAUS_URL", stub.url)
    monkeypatch.setenv("MIRAKL_NORDHAUS_KEY", "k")
    with opened(home) as instance:
        location = Location(home.parent / "home", stub, instance)
        location.order("NOR-1-A")
        location.document("NOR-1-A", "P1")
        assert location.ingest().success
        assert location.process().success
        location.ledger.close()
    with opened(home) as instance:
        assert {run.job_name: run.status.value for run in instance.get_runs()} == {
            "ingest_returns": "SUCCESS",
            "process_returns": "SUCCESS",
        }
        days = {"ingest_returns": partition_key(DAY), "process_returns": partition_key(DAY, "nordhaus")}
        assert {run.tags["dagster/partition"] for run in instance.get_runs()} == set(days.values())
        assert {run.tags[ALONE] for run in instance.get_runs()} == {f"{job} {key}" for job, key in days.items()}


def test_sqlite_under_dagster_home(home: Path, stub: StubMirakl, monkeypatch: pytest.MonkeyPatch) -> None:
    a_run(home, stub, monkeypatch)
    assert list(home.rglob("runs.db"))


@pytest.mark.postgres
def test_postgresql_by_its_url(home: Path, stub: StubMirakl, monkeypatch: pytest.MonkeyPatch, fresh_postgres_url: str) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", fresh_postgres_url)
    a_run(home, stub, monkeypatch)
    assert not list(home.rglob("runs.db"))
    engine = create_engine(fresh_postgres_url)
    with engine.connect() as con:
        assert con.execute(text("SELECT count(*) FROM runs")).scalar() == 2
        assert con.execute(text("SELECT count(*) FROM asset_check_executions")).scalar_one() > 20
    engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_other_processes_find_the_same_storage(
    home: Path, store: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Runs and the daemon are processes of their own, to which Dagster hands a reference to the instance."""
    if store == "postgresql":
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", request.getfixturevalue("fresh_postgres_url"))
    with opened(home) as instance:
        reference = home.parent / "reference.json"
        reference.write_text(serialize_value(instance.get_ref()))
        code = (
            "import sys; from pathlib import Path; from dagster import DagsterInstance; from dagster._serdes import deserialize_value;"
            "i = DagsterInstance.from_ref(deserialize_value(Path(sys.argv[1]).read_text()));"
            "i.run_storage.set_cursor_values({'k': 'seen'});"
            "print(type(i.event_log_storage).__name__)"
        )
        other = subprocess.run([sys.executable, "-c", code, str(reference)], capture_output=True, text=True, check=False)
        assert other.returncode == 0, other.stderr
        assert store in other.stdout.lower().replace("postgres", "postgresql")
        assert instance.run_storage.get_cursor_values({"k"}) == {"k": "seen"}


def test_without_dagster_home_the_history_is_in_the_installation_s_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dagster dev` in a checkout without the variable: Dagster makes a temporary home but takes this dagster.yaml."""
    with opened(home) as instance:
        reference = instance.get_ref()
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.setenv("RETURNS_HOME", str(home.parent / "var"))
    with DagsterInstance.from_ref(reference) as instance:
        instance.run_storage.set_cursor_values({"k": "seen"})
    assert list((home.parent / "var" / "dagster").rglob("runs.db"))


def test_settings_that_matter(home: Path) -> None:
    with opened(home) as instance:
        assert instance.run_retries_enabled
        assert instance.get_settings("run_retries")["retry_on_asset_or_op_failure"] is False
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        limits = instance.get_concurrency_config().run_queue_config
        assert limits is not None
        alone = {limit["key"] for limit in limits.tag_concurrency_limits if limit["limit"] == 1}
        assert alone == {ALONE, "dagster/asset_partition_range_start"}, "one run of a job for a partition at a time, of a backfill, too"
        (beside,) = [limit for limit in limits.tag_concurrency_limits if limit["key"] in BESIDE]
        assert beside["limit"] < limits.max_concurrent_runs
