"""Every return of a marketplace by its id, with what happened to it; found by line, by commercial order, and in order of creation."""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from returns_assets.sandbox import wire

Json = dict[str, Any]
Key = tuple[int, str]


@dataclass(slots=True)
class ReturnEntry:
    """`content` is RT11's data[] entry with every optional field (null where there is nothing).

    `history`: {state, at, by} per call that changed anything; `by` is the operation (RT21 ...), customer, world or clock.
    """

    content: Json
    source: str  # api | customer | world
    customer_id: str | None
    history: list[Json]
    created: int = field(init=False)
    updated: int = field(init=False)

    def __post_init__(self) -> None:
        self.created = wire.millis(self.content["date_created"])
        self.updated = wire.millis(self.content["last_updated"])

    @property
    def key(self) -> Key:
        return self.created, self.content["id"]

    @property
    def assessed(self) -> bool:
        return any(line["compliance"] for line in self.content["return_lines"])

    def changed(self, at: str, by: str, **fields: Any) -> None:
        """Write `fields` into the return and note who did it; `last_updated` follows."""
        self.content |= fields
        self.content["last_updated"] = at
        self.updated = wire.millis(at)
        self.history.append({"state": self.content["state"], "at": at, "by": by})

    def since(self) -> int:
        """When it took its present state, in milliseconds since 1970."""
        state, at = self.content["state"], self.content["date_created"]
        for step in reversed(self.history):
            if step["state"] != state:
                break
            at = step["at"]
        return wire.millis(at)

    def as_dict(self) -> Json:
        data = asdict(self)
        del data["created"], data["updated"]
        return data


class ReturnBook:
    def __init__(self) -> None:
        self.entries: dict[str, ReturnEntry] = {}
        self.by_line: dict[str, list[str]] = {}
        self.by_commercial: dict[str, list[str]] = {}
        self.keys: list[Key] = []  # by creation

    def add(self, entry: ReturnEntry) -> None:
        content = entry.content
        self.entries[content["id"]] = entry
        insort(self.keys, entry.key)
        self.by_commercial.setdefault(content["order_commercial_id"], []).append(content["id"])
        for line_id in dict.fromkeys(line["order_line_id"] for line in content["return_lines"]):
            self.by_line.setdefault(line_id, []).append(content["id"])

    def units(self, order_line_id: str, freed_states: Collection[str]) -> int:
        """Units of an order line that its returns hold; those in `freed_states` hold none."""
        held = [self.entries[return_id].content for return_id in self.by_line.get(order_line_id, ())]
        lines = [line for content in held if content["state"] not in freed_states for line in content["return_lines"]]
        return sum(line["quantity"] for line in lines if line["order_line_id"] == order_line_id)
