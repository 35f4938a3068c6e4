"""Each unit at most once, and none lost: the pushing process is killed at every boundary, with sales in between, and doubled."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from returns_assets.warehouse.partitions import slice_hash
from tests.sandbox_fixture import ROOT, Sandbox
from tests.steps.act_world import DAY
from tests.stock.world import StockWorld, stock_world

NOON = datetime(2025, 3, 10, 12)  # noqa: DTZ001 - as the warehouse keeps times


class Pushing:
    """Pushes of one world by processes of kill_runner.py."""

    def __init__(self, world: StockWorld) -> None:
        server = world.shop.server
        self._common = {"home": str(world.home), "url": server.base_url(world.key), "key": server.key(world.key), "marketplace": world.key}
        self._runner = subprocess.Popen(
            [sys.executable, "-m", "tests.stock.kill_runner"], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, days: list[int], *, offset: float = 0, processes: list[dict[str, int]] | None = None) -> list[dict[str, int]]:
        assert self._runner.stdin is not None
        assert self._runner.stdout is not None
        command = {**self._common, "days": days, "offset": offset, "processes": processes or [{}]}
        self._runner.stdin.write(json.dumps(command) + "\n")
        self._runner.stdin.flush()
        return json.loads(self._runner.stdout.readline())

    def close(self) -> None:
        assert self._runner.stdin is not None
        self._runner.stdin.close()
        self._runner.wait(30)


@pytest.fixture
def world(home: Path, server: Sandbox) -> Generator[StockWorld]:
    with stock_world(home, server) as made:
        yield made


def released(world: StockWorld, days: int) -> None:
    """Each day a piece of two units of a SKU of its own, ten of which are on sale; the decisions are made and released."""
    world.offers(*({"sku": f"S{day}", "quantity": 10} for day in range(days)))
    rows = [
        {"marketplace": world.key, "day": DAY + timedelta(days=day), "piece_id": f"P{day}", "order_id": f"NOR-{day}-A", "sku": f"S{day}",
         "quantity": 2, "mode": "own", "outcome": "restock", "triggered_at": NOON}
        for day in range(days)
    ]  # fmt: skip
    world.insert("stock_actions", *rows)
    world.write()
    with world.warehouse.read() as con:
        hashes = [slice_hash(con, "stock_actions", {"marketplace": world.key, "day": row["day"]}) for row in rows]
    for row, found in zip(rows, hashes, strict=True):
        world.ledger.validations.record("stock_actions", world.key, row["day"], found, world.ctx.mappings.version, True, "run", {})


def units(world: StockWorld, days: int) -> list[int]:
    """What is on sale beside what was sold: twelve each."""
    changes = world.shop.server.get("offers/history", marketplace=world.key, cause="sale")["changes"]
    sold = Counter[str]()
    for change in changes:
        sold[change["sku"]] += change["before"] - change["after"]
    return [world.quantity(f"S{day}") + sold[f"S{day}"] for day in range(days)]


def test_killed_at_every_commit_and_http_boundary(world: StockWorld) -> None:
    """Killing after one boundary and before the next leaves the same behind, so a third of them meets nearly all there is to meet."""
    released(world, 16)
    pushing = Pushing(world)
    world.sell("S0", before="STO01")
    (answer,) = pushing([0])
    assert answer["exit"] == 0
    boundaries = answer["boundaries"]
    assert boundaries >= 30  # leases, registration, orders, offers, claim, file, settle, import, orders and offers again, once more, report
    days = list(range(1, min(boundaries // 3, 15) + 1))
    exits: list[int] = []
    for day in days:
        world.sell(f"S{day}", before="STO01")
        (world.home / "calls.sqlite").unlink(missing_ok=True)  # a file a minute: the product's clock must not run away from the sandbox's
        exits.append(pushing([day], processes=[{"kill_at": 3 * day - 1}])[0]["exit"])
    assert set(exits) <= {0, -9}
    assert exits.count(-9) >= len(days) - 2, exits  # the reading ahead makes the number vary a little
    for number in (1, 2):
        world.later(4000)
        (world.home / "calls.sqlite").unlink(missing_ok=True)
        done = {effect.subject for effect in world.effects() if effect.state == "confirmed"}
        assert pushing([day for day in days if f"S{day}" not in done], offset=4000.0 * number)[0]["exit"] == 0
    pushing.close()
    assert world.states() == ["confirmed"] * len(world.effects())
    assert len(world.effects()) == len(days) + 1
    assert units(world, len(days) + 1) == [12] * (len(days) + 1)


def test_two_pushers_at_once(world: StockWorld) -> None:
    released(world, 3)
    pushing = Pushing(world)
    answers = pushing([0, 1, 2], processes=[{}, {}])
    assert [answer["exit"] for answer in answers] == [0, 0]
    pushing([0, 1, 2], offset=4000)
    pushing.close()
    assert units(world, 3) == [12, 12, 12]
    assert world.states() == ["confirmed"] * 3
