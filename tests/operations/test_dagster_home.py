"""DAGSTER_HOME is made ready the same way by whatever starts Dagster, wherever it is called from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from returns_assets.operations.dagster_home import prepare_dagster_home
from returns_assets.settings import load_settings
from tests.operations.conftest import Cli
from tests.sandbox_fixture import ROOT

OURS = (ROOT / "dagster.yaml").read_text()


@pytest.fixture
def elsewhere(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Called from a folder that is not the repository's."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("RETURNS_MAPPINGS", str(ROOT / "mappings"))
    monkeypatch.setenv("DAGSTER_HOME", "")  # as if unset; what a command sets is taken back after the test
    return home


@pytest.mark.parametrize("command", [["run", "--day", "2025-03-03"], ["backfill", "--from", "2025-03-03", "--to", "2025-03-03"]])
def test_a_run_from_another_folder_has_the_repositorys_settings(command: list[str], elsewhere: Path, cli: Cli) -> None:
    result = cli(*command, "--marketplace", "nordhaus")
    assert "MIRAKL_NORDHAUS_URL is not set" in result.output  # the run was begun
    assert (elsewhere / "dagster" / "dagster.yaml").read_text() == OURS
    assert "elemetry" not in result.output
    assert not (elsewhere / "dagster" / ".telemetry").exists()


def test_dagsters_own_commands_have_them(elsewhere: Path) -> None:
    command = [str(Path(sys.executable).with_name("returns")), "dagster", "instance", "info"]
    env = {**os.environ, "RETURNS_HOME": str(elsewhere), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True)
    assert str(elsewhere / "dagster") in done.stdout
    assert "retry_on_asset_or_op_failure: false" in done.stdout
    assert (elsewhere / "dagster" / "dagster.yaml").read_text() == OURS


def test_a_persons_own_settings_stay(elsewhere: Path) -> None:
    (elsewhere / "dagster").mkdir(parents=True)
    (elsewhere / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    assert prepare_dagster_home(load_settings()) == elsewhere / "dagster"
    assert (elsewhere / "dagster" / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_without_any_settings_nothing_is_started(elsewhere: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("returns_assets.operations.dagster_home.CHECKOUT", elsewhere)
    result = cli("run", "--day", "2025-03-03")
    assert result.exit_code == 1
    assert "put the repository's dagster.yaml there" in result.output
