"""`make demo` and `make ui` as a person calls them, on a small world: told, told again, looked at, ended."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.operations.conftest import copied, in_a_shell, subprocess_cli
from tests.sandbox_fixture import ROOT, stop

BOOKS = 12
OTHER_BOOKS = {
    "orders and parcels shipped",
    "returns shown as received",
    "units put back on sale",
    "orders told of",
    "returns authorised",
}


def told(home: Path) -> str:
    """One telling; RETURNS_* of a real installation must not be touched by it."""
    real = home.parent / "real-installation"
    done = subprocess_cli(
        real,
        *("demo", "--home", str(home), "--days", "3", "--returns-per-day", "3"),
        timeout=800,
        RETURNS_LEDGER_URL="postgresql://nobody@127.0.0.1:1/none",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not real.exists()
    return done.stdout


@pytest.mark.timeout(1500)
def test_the_demo_is_told_twice_and_refunds_once_and_the_ui_shows_it(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    first = told(home)
    days = [line for line in first.splitlines() if line.startswith("Day ")]
    assert len(days) == 3
    assert re.search(r"albion +BLOCKED by partition_gate, codes_validate: nothing is sent", first)
    assert " unknown;" in first
    assert "What a person does now" in first
    assert "unknown_order" in first
    assert first.count(" yes\n") == BOOKS
    assert " NO\n" not in first
    done = re.findall(r"^(?:\w+) +([a-z][a-z ]+[a-z]) +[1-9]\d* +[1-9]\d* +yes$", first, re.MULTILINE)
    assert set(done) == OTHER_BOOKS, "each flow did something"
    assert "new refunds in this telling" in first
    assert "\n0 new refunds" not in first
    after = first.split("What a person does now")[1].split("Summary")[0]
    assert "BLOCKED" not in after
    assert "unknown" not in after

    second = told(home)
    assert "the same partitions run once more" in second
    assert "\n0 new refunds in this telling" in second
    assert second.count(" yes\n") == BOOKS
    assert "BLOCKED" not in second

    commands_can_be_copied(second, home)
    ui_serves_and_ends(home)


def commands_can_be_copied(page: str, home: Path) -> None:
    looks = copied(page, "What to look at next")
    assert looks
    for command in looks:
        assert command.startswith(f". {home}/demo.env && ")
        shown = in_a_shell(command)
        assert shown.returncode == 0, shown.stderr
        assert command.split()[-1] in shown.stdout
    ui, again, *others = copied(page, "What to open next")
    assert (ui.split()[1:], again.split()[1:]) == (["ui", "--home", str(home)], ["demo", "--home", str(home)])
    assert len(others) == 3
    for command in others:
        shown = in_a_shell(command)
        assert shown.returncode == 0, shown.stderr
        assert "nordhaus" in shown.stdout


def ui_serves_and_ends(home: Path) -> None:
    command = [str(Path(sys.executable).with_name("returns")), "ui", "--home", str(home), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        urls = [next(word for word in line.split() if word.startswith("http://")) for line in lines if "http://" in line]
        dagster, sandbox = urls
        query = {"query": '{ runsOrError(filter: {pipelineName: "process_returns"}) { ... on Runs { results { status } } } }'}
        answer = httpx.post(f"{dagster.split('/locations')[0]}/graphql", json=query, timeout=60).json()
        assert len(answer["data"]["runsOrError"]["results"]) >= 18  # both tellings
        assert httpx.get(sandbox, timeout=60).json()["nordhaus"]["refunds"] > 0
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
        for url in (dagster, sandbox):
            with pytest.raises(httpx.ConnectError):
                httpx.get(url, timeout=5)
    finally:
        stop(process)
        if process.stdout is not None:
            process.stdout.close()


def test_a_demo_outside_the_repository_says_so(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("returns")), "demo", "--home", str(tmp_path / "demo")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "run the demo in the repository's folder" in done.stderr
    assert "Traceback" not in done.stderr
