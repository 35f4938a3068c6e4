"""The sandbox as the demo's child: it ends with its block, tells why it does not start, and a leftover one is ended first."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from returns_assets.operations.demo.sandbox_process import SandboxError, running_sandbox
from tests.sandbox_fixture import ROOT, read_env


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_it_ends_with_its_block_and_keeps_its_state(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        sandbox.post("clock", now="2025-03-03T10:00:00Z")
        url = sandbox.url
        with pytest.raises(SandboxError, match="the sandbox refused POST /admin/clock"):
            sandbox.post("clock")
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, timeout=5)
    with running_sandbox(tmp_path) as sandbox:
        assert sandbox.now().isoformat() == "2025-03-03T10:00:00+00:00"
    assert not (tmp_path / "sandbox.pid").exists()


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "sandbox.sqlite").mkdir()
    with pytest.raises(SandboxError, match=r"the sandbox did not start \(exit 1\); the end of .*sandbox.log"), running_sandbox(tmp_path):
        pass


def test_a_leftover_of_a_killed_demo_is_ended_first(tmp_path: Path) -> None:
    """The demo is killed the hard way: it cannot end its child."""
    script = f"""
import os, signal
from pathlib import Path
from returns_assets.operations.demo.sandbox_process import running_sandbox
with running_sandbox(Path({str(tmp_path)!r})) as sandbox:
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, timeout=60)
    leftover = read_env(tmp_path / "sandbox.env")["SANDBOX_URL"]
    assert httpx.get(f"{leftover}/admin/health", timeout=5).is_success
    with running_sandbox(tmp_path) as sandbox:
        assert sandbox.get("health")["status"] == "ok"
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{leftover}/admin/health", timeout=5)
