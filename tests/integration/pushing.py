"""Driving push_runner.py against the sandbox, and looking at both sides of the truth: the sandbox's refunds and the ledger."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Effect

ROOT = Path(__file__).parents[2]
FIRST_DAY = date(2025, 3, 1)
KEY = "nordhaus"


class Sandbox:
    """The sandbox as a process of its own, ended with the object."""

    def __init__(self, folder: Path) -> None:
        self._env_file = folder / "sandbox.env"
        command = [sys.executable, "-m", "returns_assets.sandbox", "serve", "--port", "0", "--env-file", str(self._env_file)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert "listens" in self._process.stdout.readline()
        env = dict(line.split("=", 1) for line in self._env_file.read_text().splitlines())
        self.url, self.key = env["MIRAKL_NORDHAUS_URL"], env["MIRAKL_NORDHAUS_KEY"]
        self.admin = httpx.Client(base_url=env["SANDBOX_URL"], timeout=60)

    def close(self) -> None:
        self.admin.close()
        self._process.terminate()
        self._process.wait(30)

    def post(self, path: str, **body: Any) -> Any:
        response = self.admin.post(path, json=body)
        assert response.status_code < 300, response.text
        return response.json()

    def get(self, path: str) -> Any:
        response = self.admin.get(path, params={"marketplace": KEY})
        assert response.status_code == 200, response.text
        return json.loads(response.content, parse_float=Decimal)

    def reset_faults(self) -> None:
        self.admin.delete("/admin/faults")

    def refunds(self, prefix: str) -> list[dict[str, Any]]:
        return [refund for refund in self.get("/admin/refunds")["refunds"] if refund["order_id"].startswith(prefix)]


class Plan:
    """Days of orders and of refunds wanted. Orders have ids `NOR-{name}-{day}-{n}-A` and one line of `units` pieces at 10.00.

    With `shipping` each order's first refund brings one of shipping alone, of that amount, on the order's second line.
    """

    def __init__(self, name: str, days: int, orders: int, units: int = 2, shipping: str = "") -> None:
        self.prefix = f"NOR-{name}-"
        self.days: dict[str, list[dict[str, Any]]] = {}
        self.orders: list[dict[str, Any]] = []
        for number in range(days):
            rows = self.days[(FIRST_DAY + timedelta(days=number)).isoformat()] = []
            for n in range(orders):
                order = f"{self.prefix}{number}-{n}-A"
                self.orders.append(_order(order, units, shipping))
                # the first order gets two refunds of the same amount for two pieces: both legitimate, one after the other
                for unit, reason in ((0, "17"), (1, "15"))[: 2 if n == 0 else 1]:
                    piece = {"piece_id": f"{order}/{unit}", "order_line_id": f"{order}-1", "unit_from": unit}
                    rows.append({**piece, "amount": "10.00", "refund_reason_code": reason, "shipping_top_ups": None})
                    if shipping and unit == 0:
                        rows[-1]["shipping_top_ups"] = _top_up(f"{order}-2", shipping, piece["piece_id"])

    def wanted(self) -> Counter[tuple[str, str, Decimal]]:
        """(line, reason, product and shipping amount) -> how many refunds."""
        rows = [row for rows in self.days.values() for row in rows]
        wanted = Counter((row["order_line_id"], row["refund_reason_code"], Decimal(row["amount"])) for row in rows)
        for row in rows:
            for entry in json.loads(row["shipping_top_ups"] or "[]"):
                wanted[entry["order_line_id"], entry["reason_code"], Decimal(entry["shipping_amount"])] += 1
        return wanted


def _top_up(order_line_id: str, amount: str, piece: str) -> str:
    entry = {"order_line_id": order_line_id, "shipping_amount": amount, "shipping_taxes": [], "reason_code": "17", "paid": False}
    return json.dumps([{**entry, "foreign_refund_ids": [], "pieces": [piece]}])


def _order(order_id: str, units: int, shipping: str) -> dict[str, Any]:
    line = {
        "order_line_id": f"{order_id}-1",
        "order_line_index": 1,
        "order_line_state": "RECEIVED",
        "offer_sku": "S1",
        "product_sku": "P1",
        "product_title": "Thing",
        "quantity": units,
        "price_unit": "10.00",
        "price": str(Decimal("10.00") * units),
        "shipping_price": "0.00",
    }
    second = {**line, "order_line_id": f"{order_id}-2", "order_line_index": 2, "shipping_price": shipping}
    return {
        "order_id": order_id,
        "order_state": "RECEIVED",
        "currency_iso_code": "EUR",
        "order_tax_mode": "TAX_INCLUDED",
        "order_lines": [line, second] if shipping else [line],
    }


class Pushing:
    """One plan in one ledger and warehouse, pushed by processes of push_runner.py."""

    def __init__(self, home: Path, ledger_url: str, sandbox: Sandbox, plan: Plan, *, timeout: float = 10, batch: int = 500) -> None:
        self.plan = plan
        self.sandbox = sandbox
        self.ledger_url = ledger_url
        self._common: dict[str, Any] = {"home": str(home), "ledger": ledger_url, "url": sandbox.url, "key": sandbox.key}
        self._common |= {"timeout": timeout, "batch": batch}
        self._runner = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.push_runner"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        sandbox.post("/admin/orders", marketplace=KEY, orders=plan.orders)
        assert self._do(do="setup", days=plan.days) == [{"exit": 0, "boundaries": 0}]

    def close(self) -> None:
        assert self._runner.stdin is not None
        self._runner.stdin.close()
        self._runner.wait(30)

    def _do(self, **command: Any) -> list[dict[str, int]]:
        assert self._runner.stdin is not None
        assert self._runner.stdout is not None
        self._runner.stdin.write(json.dumps({**self._common, **command}) + "\n")
        self._runner.stdin.flush()
        return json.loads(self._runner.stdout.readline())

    def push(
        self, days: list[str] | None = None, *, offset: float = 0, processes: list[dict[str, int]] | None = None
    ) -> list[dict[str, int]]:
        """One process (or several at once) pushing the days; their exit codes (-9 when killed) and boundaries."""
        return self._do(do="push", days=days or list(self.plan.days), offset=offset, processes=processes or [{}])

    def finish(self, rounds: int = 4) -> None:
        """Pushes, each so much later that leases and settle times are over, until nothing is open."""
        for number in range(1, rounds + 1):
            assert self.push(offset=4000.0 * number)[0]["exit"] == 0
            if {effect.state for effect in self.effects()} <= {"confirmed", "held"}:
                return

    def effects(self) -> list[Effect]:
        ledger = Ledger.open(self.ledger_url)
        try:
            found = [effect for day in self.plan.days for effect in ledger.effects.of_partition(KEY, date.fromisoformat(day), "refund")]
        finally:
            ledger.close()
        return [effect for effect in found if effect.order_id.startswith(self.plan.prefix)]

    def paid(self) -> Counter[tuple[str, str, Decimal]]:
        """(line, reason, product and shipping amount) -> refunds that the sandbox really booked through its API."""
        return Counter(
            (refund["order_line_id"], refund["reason_code"], Decimal(refund["amount"]) + Decimal(refund["shipping_amount"]))
            for refund in self.sandbox.refunds(self.plan.prefix)
            if refund["source"] == "api"
        )


def in_background(action: Any) -> threading.Thread:
    thread = threading.Thread(target=action)
    thread.start()
    return thread
