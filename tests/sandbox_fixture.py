"""A running sandbox for tests: `from tests.sandbox_fixture import sandbox` in a conftest.py, or `with running_sandbox(folder) as s`.

A process of its own on a free loopback port, ended by its pid. One per test, so that nothing of another test is in it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent


def read_env(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if line)


@dataclass
class Sandbox:
    """`url`: its base address. `env`: every variable of the env file. `process`: to kill it when a test wants that."""

    url: str
    env: dict[str, str]
    process: subprocess.Popen[bytes]
    admin: httpx.Client = field(repr=False)

    def base_url(self, marketplace: str) -> str:
        return self.env.get(f"MIRAKL_{marketplace.upper()}_URL", f"{self.url}/mirakl/{marketplace}")

    def key(self, marketplace: str) -> str:
        return self.env.get(f"MIRAKL_{marketplace.upper()}_KEY", f"sandbox-{marketplace}-key")

    def seller(self, marketplace: str, **options: Any) -> httpx.Client:
        """A bare client of the marketplace: `seller("nordhaus").get("/api/orders")`. Close it, or use it in a with block."""
        headers = {"Authorization": self.key(marketplace), "Accept": "application/json"}
        return httpx.Client(base_url=self.base_url(marketplace), headers=headers, **({"timeout": 10} | options))

    def get(self, path: str, **params: Any) -> Any:
        """GET /admin/<path>, as JSON. Raises on an error status."""
        return self._read(self.admin.get(f"/admin/{path}", params=params))

    def post(self, path: str, **body: Any) -> Any:
        """POST /admin/<path>, as JSON. Raises on an error status."""
        return self._read(self.admin.post(f"/admin/{path}", json=body))

    def delete(self, path: str) -> Any:
        return self._read(self.admin.delete(f"/admin/{path}"))

    @staticmethod
    def _read(answer: httpx.Response) -> Any:
        assert answer.is_success, f"{answer.request.url}: {answer.status_code} {answer.text}"
        return answer.json()

    def put_orders(self, marketplace: str, *orders: dict[str, Any]) -> None:
        """Orders in OR11's shape; order_id, order_lines[].price and what the test is about are enough. Money as text or number."""
        self.post("orders", marketplace=marketplace, orders=list(orders))

    def refunds(self, marketplace: str, **filters: str) -> list[dict[str, Any]]:
        return self.get("refunds", marketplace=marketplace, **filters)["refunds"]

    def requests(self, marketplace: str | None = None, operation: str | None = None) -> list[dict[str, Any]]:
        """What it was asked since it started (or since delete("requests"))."""
        given = {"marketplace": marketplace, "operation": operation}
        return self.get("requests", **{name: value for name, value in given.items() if value is not None})["requests"]

    def fault(self, operation: str, fault: str = "", **more: Any) -> None:
        self.post("faults", operation=operation, fault=fault, **more)


@contextmanager
def running_sandbox(folder: Path, *arguments: str, clock: str | None = None) -> Generator[Sandbox]:
    """Start `serve` with more `arguments` (--state, --config, --seed, ...); `clock` freezes it at that time. Ended at the end."""
    env_file = folder / "sandbox.env"
    env_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "returns_assets.sandbox", "serve", "--port", "0", "--env-file", str(env_file), *arguments]
    log = (folder / "sandbox.log").open("wb")
    process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        env = _when_listening(process, env_file, folder / "sandbox.log")
        with httpx.Client(base_url=env["SANDBOX_URL"], timeout=120) as admin:
            started = Sandbox(env["SANDBOX_URL"], env, process, admin)
            if clock is not None:
                started.post("clock", now=clock)
            yield started
    finally:
        stop(process)
        log.close()


def _when_listening(process: subprocess.Popen[bytes], env_file: Path, log: Path) -> dict[str, str]:
    """Its env file is written when it listens."""
    deadline = time.monotonic() + 60
    while not env_file.exists():
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
        raise RuntimeError(f"the sandbox did not start: {log.read_text(errors='replace')}")
    return read_env(env_file)


def stop(process: subprocess.Popen[bytes], with_signal: int = signal.SIGTERM) -> None:
    """End it by its pid; a second later the hard way."""
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def order(order_id: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A small order: `order("NOR-1-A", {"price": "20.00"}, order_state="SHIPPED")`."""
    return {"order_id": order_id, "order_lines": list(lines), **more}


def refund(order_line_id: str, amount: Any, reason_code: str = "17", shipping_amount: Any = 0, **more: Any) -> dict[str, Any]:
    """One entry of OR28's refunds[]."""
    return {"order_line_id": order_line_id, "amount": amount, "shipping_amount": shipping_amount, "reason_code": reason_code, **more}


def put_refunds(client: httpx.Client, entries: Iterable[dict[str, Any]], **more: Any) -> httpx.Response:
    return client.put("/api/orders/refund", json={"refunds": list(entries), **more})


@pytest.fixture
def sandbox(tmp_path: Path) -> Generator[Sandbox]:
    """A fresh sandbox with the default marketplaces (nordhaus, albion, maplewood); its clock runs with real time."""
    with running_sandbox(tmp_path) as started:
        yield started
