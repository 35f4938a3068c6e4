"""Every shipment of a marketplace by its id, those that OR24 made included: what the admin side lists and ST11 shows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

Json = dict[str, Any]
# Statuses of a shipment that has not left yet.
OPEN = ("SHIPPING", "READY_FOR_PICK_UP", "SHIPMENT_PREPARED")


@dataclass(slots=True)
class ShipmentEntry:
    """`shipment` has ST11's form; `source` is the operation that made it: ST01 | OR24."""

    order_id: str
    source: str
    shipment: Json

    def as_dict(self) -> Json:
        return asdict(self)


class ShipmentBook:
    def __init__(self) -> None:
        self.entries: dict[str, ShipmentEntry] = {}
        self._by_order: dict[str, list[str]] = {}
        self._made = 0

    def new_id(self, marketplace: str) -> str:
        """UUIDs as in the published examples; the same calls give the same ids."""
        self._made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{marketplace}/shipment/{self._made}"))

    def add(self, entry: ShipmentEntry) -> None:
        self.entries[entry.shipment["id"]] = entry
        self._by_order.setdefault(entry.order_id, []).append(entry.shipment["id"])

    def take_back(self, entry: ShipmentEntry | None) -> None:
        """Out of the state file; None stands for a deleted one, whose number is not given again."""
        self._made += 1
        if entry is not None:
            self.add(entry)

    def remove(self, shipment_id: str) -> None:
        entry = self.entries.pop(shipment_id)
        self._by_order[entry.order_id].remove(shipment_id)

    def of_order(self, order_id: str) -> list[ShipmentEntry]:
        return [self.entries[shipment_id] for shipment_id in self._by_order.get(order_id, ())]

    def units(self, order_id: str, *, shipped: bool) -> dict[str, int]:
        """Units by order line in the order's shipments; with `shipped` only of those that left."""
        counted: dict[str, int] = {}
        for line in self._lines(order_id, shipped):
            counted[line["order_line_id"]] = counted.get(line["order_line_id"], 0) + line["quantity"]
        return counted

    def _lines(self, order_id: str, shipped: bool) -> Iterator[Json]:
        for entry in self.of_order(order_id):
            if not shipped or entry.shipment["status"] not in OPEN:
                yield from entry.shipment["shipment_lines"]
