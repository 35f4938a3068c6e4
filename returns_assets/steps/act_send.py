"""Sending claimed effects, several at once, and committing how each ended while the others are still under way.

Worker threads only send and report; the calling thread alone writes to the ledger, in group commits.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from returns_assets.ledger.records import Effect, SettleResult
from returns_assets.wire.answers import Verdict, WriteAnswer

# A commit waits a moment for more results: a crash meanwhile leaves claims, which are read back.
GROUP_SECONDS = 0.05
GROUP_SECONDS_IN_ALL = 0.5
GROUP_SIZE = 250
HALT_AFTER_UNKNOWN = 20  # lost answers in a row: the operator's system is down, and every further request adds one to read back
HALTING = (Verdict.DENIED, Verdict.LIMITED, Verdict.NOT_SENT)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one claimed effect; no answer means that it was not sent because the sending had been halted."""

    effect: Effect
    answer: WriteAnswer | None


@dataclass
class Halt:
    """Why the rest of a batch is not sent: the answer that made every further request pointless for now."""

    answer: WriteAnswer | None = None
    unknown_in_a_row: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def note(self, answer: WriteAnswer) -> None:
        """Look at one answer."""
        self.unknown_in_a_row = self.unknown_in_a_row + 1 if answer.verdict is Verdict.UNKNOWN else 0
        if (answer.verdict in HALTING or self.unknown_in_a_row >= HALT_AFTER_UNKNOWN) and not self.stopped.is_set():
            self.answer = answer
            self.stopped.set()


def send_all(
    send: Callable[[Sequence[Effect]], Sequence[WriteAnswer]],
    requests: Sequence[Sequence[Effect]],
    settle: Callable[[list[Result]], SettleResult],
    *,
    now: Callable[[], datetime],
    concurrency: int,
    margin: timedelta,
    halt: Halt,
) -> None:
    """Send each effect at most once, until `halt` stops it; `settle` is called with groups of results and must commit them.

    requests: the effects that go out together in one request; `send` answers for each of them, in their order. A request with an
    effect whose lease ends within `margin` is not sent: its answer could come after someone else read it back. When anything unexpected
    is raised, what was sent is settled first; an effect without a result keeps its claim, whose lapsed lease makes it unknown.
    """
    todo = deque(requests)
    results: SimpleQueue[Result | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            while todo:
                try:
                    effects = todo.popleft()
                except IndexError:  # another worker took the last one
                    break
                lapsed = any(effect.lease_until is None or now() + margin >= effect.lease_until for effect in effects)
                if halt.stopped.is_set() or lapsed:
                    for effect in effects:
                        results.put(Result(effect, None))
                    continue
                for effect, answer in zip(effects, send(effects), strict=True):
                    halt.note(answer)
                    results.put(Result(effect, answer))
        except BaseException as error:  # noqa: BLE001  # handed to the calling thread, which raises it after settling what is known
            halt.stopped.set()
            results.put(error)
        finally:
            results.put(None)

    workers = [threading.Thread(target=work, name=f"send-{number}", daemon=True) for number in range(min(concurrency, len(requests)))]
    for worker in workers:
        worker.start()
    running = len(workers)
    failure: BaseException | None = None
    try:
        while running:
            group: list[Result] = []
            for item in _gather(results):
                if item is None:
                    running -= 1
                elif isinstance(item, BaseException):
                    failure = failure or item
                else:
                    group.append(item)
            if group:
                settle(group)
    except BaseException:
        halt.stopped.set()
        raise
    finally:
        for worker in workers:
            worker.join()
    if failure is not None:
        raise failure


def _gather(results: "SimpleQueue[Result | BaseException | None]") -> list[Result | BaseException | None]:
    """The next result and what follows it within a moment, so that one commit serves many."""
    group = [results.get()]
    deadline = time.monotonic() + GROUP_SECONDS_IN_ALL
    try:
        while len(group) < GROUP_SIZE and group[-1] is not None and time.monotonic() < deadline:
            group.append(results.get(timeout=GROUP_SECONDS))
    except Empty:
        pass
    return group
