"""The world as it runs beside the server: loads a plan's orders, lets time pass over them, and hands out the documents that are due."""

import gc
import heapq
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from returns_assets.sandbox import delivery, online_retail, wire
from returns_assets.sandbox.delivery import Mishaps, Outcome
from returns_assets.sandbox.documents import Json
from returns_assets.sandbox.order_life import LIFE, rewound, set_state
from returns_assets.sandbox.orders import Market
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world_generator import generate, market_of, world_request
from returns_assets.sandbox.world_plan import Plan, Scheduled
from returns_assets.sandbox.world_returns import Desk

NOTE = "world"
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(order=True)
class Change:
    """A state that an order takes at a time; SHIPPING is its creation and brings the order along, compressed."""

    at: datetime
    count: int
    marketplace: str = field(compare=False)
    order_id: str = field(compare=False)
    state: str = field(compare=False)
    order: bytes | None = field(compare=False, default=None)


@contextmanager
def _much_that_stays() -> Generator[None]:
    """Without the collector of cycles: it would walk over half a million new objects again and again, and find nothing to free."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


class World:
    """Everything planted so far. Documents are numbered over all worlds loaded into this server.

    With a state file the requests and what was delivered are kept there: after a restart the same worlds are made again from their
    requests, without loading their orders a second time.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = Lock()
        self.plans: list[Plan] = []
        self.documents: list[Scheduled] = []
        self._requests: list[Json] = []
        self._delivered: set[int] = set()
        self._half: dict[int, tuple[Scheduled, bool]] = {}
        self._to_come: list[Change] = []
        self._desk = Desk(state)
        self._count = 0
        state.on_time(self.run_due)
        self._restore(state.note(NOTE) or {})

    def add(self, request: Json) -> Json:
        """Make a world (`kind` generated or online_retail) and load its orders. Returns counts. ValueError or OSError on a bad request."""
        with self._lock, _much_that_stays():
            plan, markets = self._make(request)
            orders = {key: self._load(plan, key) for key in markets}
            self._desk.run_due(self._state.clock.now())
            plan.sources.clear()
            self._requests.append(request)
            self._remember()
            return {
                "orders": orders,
                "documents": len(plan.documents),
                "pieces": len(plan.truth),
                "first_document": plan.documents[0].at.isoformat() if plan.documents else None,
                "last_document": plan.documents[-1].at.isoformat() if plan.documents else None,
            }

    def _load(self, plan: Plan, marketplace: str) -> int:
        """The orders that exist by now were sold before the offers had the stock they start with."""
        return self._state.put_orders(marketplace, self._as_of(plan, marketplace, self._state.clock.now()), sold=False)

    def _markets(self) -> dict[str, Market]:
        return {key: market_of(place.config) for key, place in self._state.marketplaces.items()}

    def _make(self, request: Json) -> tuple[Plan, tuple[str, ...]]:
        markets = self._markets()
        if request["kind"] == "online_retail":
            plan = online_retail.make_plan(Path(request["path"]), request.get("from_day"), request.get("to_day"), markets)
            keys = tuple(plan.sources)
        else:
            wanted = world_request(request["body"], tuple(markets))
            if any(plan.number == wanted.number for plan in self.plans):
                raise ValueError(f"a world with seed {wanted.seed} (or one that shares its ids, seeds modulo 9999) is loaded already")
            plan = generate(wanted, markets)
            keys = wanted.marketplaces
        base = len(self.documents)
        self.documents += [Scheduled(d.at, base + d.seq, d.channel, d.body) for d in plan.documents]
        plan.documents = self.documents[base:]
        self._desk.schedule(plan.openings)
        self.plans.append(plan)
        return plan, keys

    def _restore(self, note: Json) -> None:
        for request in note.get("requests", []):
            plan, keys = self._make(request)
            self._requests.append(request)
            for key in keys:
                # every change is scheduled again: those that happened before the restart find their order changed and do nothing
                for _ in self._as_of(plan, key, BEGINNING):
                    pass
        self._delivered = set(note.get("delivered", []))
        self.run_due(self._state.clock.now())

    def _as_of(self, plan: Plan, marketplace: str, now: datetime) -> Iterator[Json]:
        """The plan's orders as they are at `now`; what is still to come is scheduled."""
        for order in plan.orders(marketplace):
            to_come = [] if plan.settled else rewound(order, now)
            created = bool(to_come) and to_come[0][1] == LIFE[0]
            for at, state in to_come:
                whole = zlib.compress(wire.dumps(order), 1) if state == LIFE[0] else None
                self._count += 1
                heapq.heappush(self._to_come, Change(at, self._count, marketplace, order["order_id"], state, whole))
            if not created:
                yield order

    def run_due(self, now: datetime) -> None:
        """Create, ship and receive orders whose time has come, then open returns. An order that someone moved otherwise stays put."""
        with self._lock:
            due: dict[str, dict[str, list[Change]]] = {}
            while self._to_come and self._to_come[0].at <= now:
                change = heapq.heappop(self._to_come)
                due.setdefault(change.marketplace, {}).setdefault(change.order_id, []).append(change)
            for marketplace, orders in due.items():
                # put_orders holds the state's lock while it draws from here, so nobody refunds an order between reading and storing
                self._state.put_orders(marketplace, self._changed(marketplace, orders))
            self._desk.run_due(now)

    def _changed(self, marketplace: str, orders: Mapping[str, list[Change]]) -> Iterator[Json]:
        for order_id, changes in orders.items():
            order = self._state.get_order(marketplace, order_id)
            moved = False
            for change in changes:
                if change.order is not None:
                    if order is None:
                        order, moved = wire.loads(zlib.decompress(change.order)), True
                elif order is not None and order["order_state"] == LIFE[LIFE.index(change.state) - 1]:
                    set_state(order, change.state, change.at)
                    moved = True
            if order is not None and moved:
                yield order

    def deliver(self, until: datetime | None, target: Mapping[str, Any]) -> Json:
        """Send everything due and not delivered yet: `mode` files (`directory`) or push (`url`, `headers`); `faults`, `seed` optional."""
        limit = until or self._state.clock.now()
        mishaps = Mishaps.read(target.get("faults") or {})
        seed = int(target.get("seed", self._state.seed))
        mode = target.get("mode", "files")
        wanted = {"files": "directory", "push": "url"}.get(mode)
        if wanted is None or not isinstance(target.get(wanted), str):
            raise ValueError("deliver needs mode files with a directory, or mode push with a url")
        with self._lock:
            due = [d for d in self.documents if d.at <= limit and d.seq not in self._delivered and d.seq not in self._half]
            due = delivery.shuffled(sorted(due, key=lambda d: (d.at, d.seq)), mishaps, seed)
            if mode == "files":
                outcome = self._to_files(due, Path(target["directory"]), mishaps, seed, limit)
            else:
                due += [document for document, _ in self._half.values()]
                outcome = delivery.to_receiver(due, target["url"], target.get("headers") or {}, mishaps, seed, limit)
            self._delivered |= outcome.done
            self._half = {seq: half for seq, half in self._half.items() if seq not in outcome.done} | outcome.half
            self._remember()
            return {
                "delivered": len(outcome.done),
                "files": outcome.files,
                "posted": outcome.posted,
                "half": len(outcome.half),
                "failed": outcome.failed,
                "remaining": len(self.documents) - len(self._delivered),
            }

    def _to_files(self, due: list[Scheduled], directory: Path, mishaps: Mishaps, seed: int, limit: datetime) -> Outcome:
        finished = [half for half in self._half.values() if half[0].at <= limit]
        for document, abandoned in finished:
            delivery.finish_file(document, directory, abandoned=abandoned)
        outcome = delivery.to_files(due, directory, mishaps, seed, limit)
        outcome.done |= {document.seq for document, _ in finished}
        outcome.files += len(finished)
        return outcome

    def _remember(self) -> None:
        self._state.set_note(NOTE, {"requests": self._requests, "delivered": sorted(self._delivered)})


_worlds: WeakKeyDictionary[State, World] = WeakKeyDictionary()


def world_of(state: State) -> World:
    """The one world of a server's state."""
    world = _worlds.get(state)
    if world is None:
        world = _worlds[state] = World(state)
    return world


def load_online_retail(state: State, path: str, from_day: str | None = None, to_day: str | None = None) -> Json:
    """What POST /admin/world/online-retail does, for the command line."""
    given = {"path": path, "from_day": from_day, "to_day": to_day}
    return world_of(state).add({"kind": "online_retail", **{name: value for name, value in given.items() if value}})
