"""Runs pushes in processes that can be killed at a chosen boundary: a helper of test_at_most_once.py, not a test.

Reads one JSON command a line and answers one line. Each push is a fork of this process, so that hundreds of them cost no imports; the
parent never opens a database or a connection. Boundaries are numbered as they are reached: before and after each write transaction of
the ledger, and before and after each HTTP exchange. At boundary `kill_at` the process kills itself with SIGKILL.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx

from returns_assets.ledger.database import Ledger
from returns_assets.mirakl.transport import connections
from returns_assets.steps import act_push
from tests import one_thread
from tests.steps.act_world import ActWorld, Clock


class Boundaries:
    """Counts, and kills."""

    def __init__(self, kill_at: int) -> None:
        self._kill_at = kill_at
        self._lock = threading.Lock()
        self.reached = 0

    def cross(self) -> None:
        with self._lock:
            self.reached += 1
            if self.reached == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, action: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.cross()
            result = action(*args, **kwargs)
            self.cross()
            return result

        return wrapped


class Watched(httpx.BaseTransport):
    """A transport whose exchanges are boundaries: nothing sent yet, and answered but not looked at."""

    def __init__(self, boundaries: Boundaries) -> None:
        self._inner = connections(8, tls=False)
        self._boundaries = boundaries

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._boundaries.cross()
        response = self._inner.handle_request(request)
        response.read()
        self._boundaries.cross()
        return response

    def close(self) -> None:
        self._inner.close()


class Shifted(Clock):
    """Real time plus an offset, so that leases and settle times pass without waiting."""

    def __init__(self, offset: float) -> None:
        super().__init__()
        self.offset = offset

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def advance(self, seconds: float) -> None:
        self.offset += seconds


def _ledger(given: dict[str, Any], boundaries: Boundaries) -> Ledger:
    ledger = Ledger.open(given["ledger"])
    for room, names in (
        (ledger.effects, ("register", "claim", "settle", "defer_many", "expire_leases")),
        (ledger.exceptions, ("sync", "open_one")),
    ):
        for name in names:
            setattr(room, name, boundaries.around(getattr(room, name)))
    return ledger


def _world(given: dict[str, Any], day: str, ledger: Ledger, boundaries: Boundaries) -> ActWorld:
    return ActWorld(
        Path(given["home"]),
        ledger,
        given["url"],
        key=given["key"],
        clock=Shifted(given.get("offset", 0)),
        day=date.fromisoformat(day),
        timeout=given["timeout"],
        transport=Watched(boundaries),
    )


def setup(given: dict[str, Any]) -> None:
    """Dispositions, a passed validation and registered effects of each day."""
    boundaries = Boundaries(0)
    ledger = _ledger(given, boundaries)
    for day, rows in given["days"].items():
        world = _world(given, day, ledger, boundaries)
        world.dispositions(rows)
        world.plan()
        world.close()
    ledger.close()


def push(given: dict[str, Any]) -> None:
    """Push each day; tells how many boundaries there were."""
    boundaries = Boundaries(given.get("kill_at", 0))
    act_push.BATCH = given["batch"]  # small batches, so that one is verified and claimed while another is sent
    ledger = _ledger(given, boundaries)
    for day in given["days"]:
        world = _world(given, day, ledger, boundaries)
        world.push()
        world.close()
    ledger.close()
    os.write(given["answer_to"], str(boundaries.reached).encode())


def forked(action: Callable[[dict[str, Any]], None], given: dict[str, Any]) -> tuple[int, int]:
    """(pid, pipe) of a child that runs `action` and nothing else."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        code = 1
        try:
            action({**given, "answer_to": writer})
            code = 0
        except BaseException as error:  # noqa: BLE001  # a child must never return into the parent's loop
            import traceback

            traceback.print_exception(error)
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(writer)
    return pid, reader


def main() -> None:
    duckdb.connect = one_thread.connect
    for line in sys.stdin:
        given = json.loads(line)
        action = {"setup": setup, "push": push}[given["do"]]
        children = [forked(action, {**given, **own}) for own in given.get("processes", [{}])]
        answers: list[dict[str, int]] = []
        for pid, reader in children:
            with os.fdopen(reader) as pipe:
                text = pipe.read()
            _, status = os.waitpid(pid, 0)
            answers.append({"exit": os.waitstatus_to_exitcode(status), "boundaries": int(text or 0)})
        print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    main()
