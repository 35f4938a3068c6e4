"""Pushes stock in processes that kill themselves at a chosen boundary: a helper of test_stock_at_most_once.py, not a test.

As tests/integration/push_runner.py: one JSON command a line, each push a fork. Boundaries are both sides of each write transaction of the
ledger and of each HTTP exchange.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.integration.push_runner import Boundaries, Watched, forked
from tests.steps.act_world import Clock
from tests.stock.world import StockWorld


class Remote:
    """What a world needs of a shop: where it is, and its key."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.key, self.server = given["marketplace"], _Server(given)


class _Server:
    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def base_url(self, _: str) -> str:
        return self._given["url"]

    def key(self, _: str) -> str:
        return self._given["key"]


def push(given: dict[str, Any]) -> None:
    """Push each day; tells how many boundaries there were."""
    boundaries = Boundaries(given.get("kill_at", 0))
    clock = Clock()
    clock.at += timedelta(seconds=given.get("offset", 0))
    world = StockWorld(Path(given["home"]), Remote(given), clock=clock, transport=Watched(boundaries))
    for name in ("register", "claim", "renew", "settle", "defer_many", "expire_leases"):
        setattr(world.ledger.effects, name, boundaries.around(getattr(world.ledger.effects, name)))
    for day in given["days"]:
        world.push(day)
    world.close()
    os.write(given["answer_to"], str(boundaries.reached).encode())


def main() -> None:
    for line in sys.stdin:
        given = json.loads(line)
        children = [forked(push, {**given, **own}) for own in given["processes"]]
        answers: list[dict[str, int]] = []
        for pid, reader in children:
            with os.fdopen(reader) as pipe:
                text = pipe.read()
            _, status = os.waitpid(pid, 0)
            answers.append({"exit": os.waitstatus_to_exitcode(status), "boundaries": int(text or 0)})
        print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    main()
