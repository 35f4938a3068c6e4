"""The command line in a home of its own, and a small world of one marketplace and one day that it can run on."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from returns_assets.operations.cli import returns
from tests.sandbox_fixture import ROOT, Sandbox, running_sandbox

Cli = Callable[..., Result]
DAY = date(2025, 3, 3)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """RETURNS_HOME, with nothing of the developer's own environment left."""
    for name in list(os.environ):
        if name.startswith(("RETURNS_", "DAGSTER_", "MIRAKL_", "REBOUND_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RETURNS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def cli(home: Path) -> Cli:
    """`cli("run", "--day", "2025-03-03")` in this process; anything but a clear end is raised."""

    def call(*arguments: str) -> Result:
        result = CliRunner().invoke(returns, arguments, prog_name="returns")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def subprocess_cli(home: Path, *arguments: str, timeout: float = 120, **env: str) -> "subprocess.CompletedProcess[str]":
    """The installed command as a person calls it."""
    command = [str(Path(sys.executable).with_name("returns")), *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "RETURNS_HOME": str(home), **env},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def copied(page: str, heading: str) -> list[str]:
    """The commands that stand below a heading, two spaces in, as a person copies them."""
    lines = page.split(f"\n{heading}\n", 1)[1].split("\n\n")[0].splitlines()
    return [line.strip() for line in lines if line.startswith("  ") and not line.startswith("   ")]


def in_a_shell(command: str, folder: Path = ROOT, **env: str) -> "subprocess.CompletedProcess[str]":
    """A copied command, in a shell of its own without any setting of ours; the code is this checkout's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RETURNS_", "DAGSTER_", "MIRAKL_", "REBOUND_"))}
    environment = {**kept, "PYTHONPATH": str(ROOT), **env}
    return subprocess.run(["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


@dataclass
class World:
    """One delivered day of nordhaus; `drop` holds ReBound's files."""

    sandbox: Sandbox
    drop: Path
    home: Path


@pytest.fixture
def world(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """A sandbox with one day of ordinary returns and a few planted ones on nordhaus, delivered as files; the environment points at it."""
    (tmp_path / "sandbox").mkdir()
    with running_sandbox(tmp_path / "sandbox", clock=f"{DAY}T00:00:00Z") as sandbox:
        planted = ["happy_path", "unknown_reason", "unknown_order", "half_document", "quarantine"]
        volume = {"orders_per_day": 6, "returns_per_day": 4}
        sandbox.post("world", seed=3, first_day=str(DAY), days=1, marketplaces=["nordhaus"], scenarios=planted, **volume)
        sandbox.post("clock", now=f"{DAY}T23:59:59Z")
        drop = tmp_path / "drop"
        sandbox.post("world/deliver", mode="files", directory=str(drop))
        for name, value in sandbox.env.items():
            monkeypatch.setenv(name, value)
        yield World(sandbox, drop, home)
