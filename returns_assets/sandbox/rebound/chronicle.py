"""What became known of which return, and when: the world's documents by return, beside changes that no notification tells.

Both polls and the look-ups read from here, so that they tell the same facts as push and files, and nothing before its time.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from returns_assets.sandbox import wire
from returns_assets.sandbox.documents import NOT_AVAILABLE
from returns_assets.sandbox.exchange import Json
from returns_assets.sandbox.world import TOLD, World
from returns_assets.sandbox.world_plan import Scheduled, plain_id

LABEL = "label"


@dataclass(frozen=True, slots=True)
class Change:
    """`(at, number)` orders changes and survives a restart; `kind` is the document's channel, or LABEL without a document."""

    at: datetime
    number: int
    return_id: str
    kind: str
    document: Scheduled | None = None


def place(change: Change) -> tuple[datetime, int]:
    return change.at, change.number


def payload_of(document: Scheduled) -> Json | None:
    """None for one that a scenario spoiled: nobody reads anything in it."""
    try:
        value: Any = wire.loads(document.body)
    except ValueError:
        return None
    return cast(Json, value) if isinstance(value, dict) else None


class Chronicle:
    """Return ids are the 18 digits without `(00)`, except as `_key` says."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen = self._told = self._labels = 0
        self._changes: list[Change] = []
        self._by_return: dict[str, list[Change]] = {}
        self._keys: dict[str, dict[str, str]] = {}
        self._by_order: dict[str, dict[str, None]] = {}
        self._by_parcel: dict[str, str] = {}
        self._spans: tuple[int, dict[str, Change], list[Change]] = (0, {}, [])

    def refresh(self) -> None:
        """Take in what the world has got since."""
        planned, told = self._world.documents[self._seen :], self._world.told[self._told :]
        self._seen += len(planned)
        self._told += len(told)
        # a world brings all its days at once, a notification comes alone
        self._changes += [change for document in planned if (change := self._read(document)) is not None]
        if planned:
            self._changes.sort(key=place)
            self._spans = (-1, {}, [])
        for document in told:
            if (change := self._read(document)) is not None:
                self._insert(change)

    def _read(self, document: Scheduled) -> Change | None:
        payload = payload_of(document)
        if payload is None:
            return None
        order: Json = payload.get("order") or payload
        return_id = self._key(plain_id(order["reboundOrderId"]), order["clientOrderId"])
        change = Change(document.at, document.seq, return_id, document.channel, document)
        self._by_return.setdefault(return_id, []).append(change)
        self._by_order.setdefault(order["clientOrderId"], {})[return_id] = None
        if order.get("trackingNumber", NOT_AVAILABLE) != NOT_AVAILABLE:
            self._by_parcel[order["trackingNumber"]] = return_id
        return change

    def _key(self, return_id: str, order_id: str) -> str:
        """A return of goods of several orders is one return for each: `<id>`, `<id>-2`, ..."""
        keys = self._keys.setdefault(return_id, {})
        if order_id == NOT_AVAILABLE and keys:
            return return_id
        return keys.setdefault(order_id, f"{return_id}-{len(keys) + 1}" if keys else return_id)

    def _insert(self, change: Change) -> None:
        insort(self._changes, change, key=place)
        self._spans = (-1, {}, [])

    def label(self, return_id: str, at: datetime, tracking_number: str) -> None:
        """A label that comes at `at`, after the return was told of."""
        self._labels += 1
        # between the planned documents and the told ones: who makes or moves a return at this moment does so after the label came
        change = Change(at, TOLD // 2 + self._labels, return_id, LABEL)
        self._by_return.setdefault(return_id, []).append(change)
        self._by_parcel[tracking_number] = return_id
        self._insert(change)

    def changes(self, now: datetime) -> Sequence[Change]:
        """Everything that is known at `now`, in order."""
        self.refresh()
        return self._changes[: self._until(now)]

    def _until(self, now: datetime) -> int:
        return bisect_right(self._changes, now, key=lambda change: change.at)

    def _span(self, now: datetime) -> tuple[dict[str, Change], list[Change]]:
        """By return its first change, and the last changes of all returns in order; kept until something else is known."""
        self.refresh()
        until = self._until(now)
        if self._spans[0] != until:
            first: dict[str, Change] = {}
            last: dict[str, Change] = {}
            for change in self._changes[:until]:
                first.setdefault(change.return_id, change)
                last[change.return_id] = change
            self._spans = until, first, sorted(last.values(), key=place)
        return self._spans[1:]

    def first(self, now: datetime) -> dict[str, Change]:
        return self._span(now)[0]

    def last(self, now: datetime) -> list[Change]:
        return self._span(now)[1]

    def of_return(self, return_id: str, now: datetime) -> list[Change]:
        """Empty when there is no such return yet. The id may have its `(00)`."""
        self.refresh()
        known = self._by_return.get(plain_id(return_id), ())
        return sorted((change for change in known if change.at <= now), key=place)

    def of_order(self, client_order_id: str) -> list[str]:
        """Return ids, oldest first, some of them perhaps not known yet."""
        self.refresh()
        return list(self._by_order.get(client_order_id, ()))

    def of_parcel(self, tracking_number: str) -> str | None:
        self.refresh()
        return self._by_parcel.get(tracking_number)
