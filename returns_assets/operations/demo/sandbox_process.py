"""The sandbox as a child process, and its admin API: time, worlds, deliveries, mishaps. Only HTTP and an env file connect the two."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, cast

import httpx

START_SECONDS = 60.0
STOP_SECONDS = 10.0


class SandboxError(RuntimeError):
    """The sandbox did not start, ended by itself, or refused an admin request."""


class Sandbox:
    """A running sandbox: `env` holds what the product needs to reach it."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.url = env["SANDBOX_URL"]
        self._http = httpx.Client(base_url=self.url, timeout=120.0)

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """GET /admin/...; raises SandboxError with the sandbox's own words."""
        return self._answer(self._http.get(f"/admin/{path}", params=params))

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """POST /admin/...; raises SandboxError with the sandbox's own words."""
        return self._answer(self._http.post(f"/admin/{path}", json=body))

    def delete(self, path: str) -> dict[str, Any]:
        """DELETE /admin/..."""
        return self._answer(self._http.delete(f"/admin/{path}"))

    def now(self) -> datetime:
        """The sandbox's clock."""
        return datetime.fromisoformat(self.get("clock")["now"])

    def close(self) -> None:
        self._http.close()

    @staticmethod
    def _answer(response: httpx.Response) -> dict[str, Any]:
        if response.is_error:
            raise SandboxError(f"the sandbox refused {response.request.method} {response.request.url.path}: {response.text[:300]}")
        return cast("dict[str, Any]", response.json())


@contextmanager
def running_sandbox(home: Path, port: int = 0) -> Generator[Sandbox]:
    """Start the sandbox on its state file under `home`, and end it with the block. Its own output goes to home/sandbox.log."""
    env_file, log, pid_file = home / "sandbox.env", home / "sandbox.log", home / "sandbox.pid"
    _end_leftover(pid_file, home)
    env_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "returns_assets.sandbox", "serve", "--port", str(port), "--env-file", str(env_file)]
    with log.open("ab") as output:
        # its own process group: Ctrl-C is for us, and we end it in good order
        process = subprocess.Popen(
            [*command, "--state", str(home / "sandbox.sqlite")],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    pid_file.write_text(str(process.pid), encoding="utf-8")
    sandbox: Sandbox | None = None
    try:
        sandbox = Sandbox(_wait_for(env_file, process, log))
        yield sandbox
    finally:
        if sandbox is not None:
            sandbox.close()
        stop(process)
        pid_file.unlink(missing_ok=True)


def _end_leftover(pid_file: Path, home: Path) -> None:
    """A demo that was killed leaves its sandbox behind: two on one state file would each believe their own books."""
    try:
        pid = int(pid_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    mark = str(home / "sandbox.sqlite")
    if mark in _command_of(pid):  # the number may be somebody else's by now
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while mark in _command_of(pid) and time.monotonic() < deadline:
            time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def _command_of(pid: int) -> str:
    """The command line of a living process; empty when it is none of ours or cannot be told."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    try:  # a system without /proc
        return subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def _wait_for(env_file: Path, process: "subprocess.Popen[bytes]", log: Path) -> dict[str, str]:
    deadline = time.monotonic() + START_SECONDS
    while not env_file.exists():
        if process.poll() is not None:
            raise SandboxError(f"the sandbox did not start (exit {process.returncode}); the end of {log}:\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise SandboxError(f"the sandbox did not listen within {START_SECONDS:.0f} s; the end of {log}:\n{_tail(log)}")
        time.sleep(0.05)
    return dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines() if "=" in line)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])


def stop(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, and SIGKILL for one that does not listen."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def ended_by_signals() -> Generator[None]:
    """SIGTERM ends as Ctrl-C does, so that the children never outlive this process; SIGINT, too, where a shell started us without it."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
