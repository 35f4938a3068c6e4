"""A marketplace's offers with their stock, and every change of it with time and cause: what tests count raises by.

How much an operation may change is the operations' business (mirakl/offers.py, mirakl/stock_imports.py); here it is only carried out.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

Json = dict[str, Any]
UNSOLD = ("REFUSED", "CANCELED")
# What OF24 resets when it is not sent, with the values that a new offer has, so that a reset can be seen.
SETTINGS: Json = {
    "description": "As new",
    "internal_description": "Shelf goods",
    "leadtime_to_ship": 2,
    "logistic_class": "M",
    "max_order_quantity": 10,
    "min_order_quantity": 1,
    "min_quantity_alert": 3,
}


@dataclass(slots=True)
class Offer:
    """`warehouses` holds the quantity per warehouse code; without any, `loose` is the offer's global quantity."""

    offer_id: int
    sku: str
    product_sku: str
    title: str
    price: Decimal
    state_code: str = "11"
    loose: int = 0
    warehouses: dict[str, int] = field(default_factory=dict[str, int])
    start: int = 0
    settings: Json = field(default_factory=lambda: dict(SETTINGS))

    @property
    def quantity(self) -> int:
        return sum(self.warehouses.values()) if self.warehouses else self.loose


@dataclass(frozen=True, slots=True)
class StockChange:
    """`before` and `after` are of the warehouse where there is one, else of the whole offer; `total` is the offer's quantity afterwards.

    `cause`: sale | import (STO01) | replace (OF24) | manual (admin) | cancelation | refund. `reference`: the order or the import.
    """

    id: int
    at: str
    offer_id: int
    sku: str
    warehouse: str | None
    cause: str
    before: int
    after: int
    total: int
    reference: str | None


class OfferBook:
    """Offers by id and by SKU, and the history of their stock, oldest first. `unsaved` and `new` wait for `State.save_offers`."""

    def __init__(self) -> None:
        self.offers: dict[int, Offer] = {}
        self.history: list[StockChange] = []
        self.unsaved: set[int] = set()
        self.new: list[StockChange] = []
        self.last_replace: tuple[bytes, int] | None = None  # OF24's latest body and import id
        self._by_sku: dict[str, Offer] = {}
        self._raised: dict[int, Counter[str]] = {}

    def of(self, sku: str) -> Offer | None:
        return self._by_sku.get(sku)

    def named(self, sku: str) -> Offer:
        """KeyError when there is none."""
        return self._by_sku[sku]

    def add(self, offer: Offer) -> Offer:
        while offer.offer_id in self.offers:
            offer.offer_id += 1
        self.offers[offer.offer_id] = self._by_sku[offer.sku] = offer
        self.unsaved.add(offer.offer_id)
        return offer

    def take_back(self, offer: Json) -> None:
        """An offer out of the state file."""
        known = Offer(**offer)
        known.price = Decimal(str(known.price))  # a price without decimals comes back as a whole number
        self.offers[known.offer_id] = self._by_sku[known.sku] = known

    def remove(self, offer: Offer) -> None:
        del self.offers[offer.offer_id], self._by_sku[offer.sku]
        self.unsaved.add(offer.offer_id)

    def change(self, offer: Offer, warehouse: str | None, quantity: int, cause: str, at: str, reference: str | None = None) -> None:
        """Set the quantity of the offer, or of one of its warehouses, absolutely. A global quantity ends a division into warehouses."""
        if warehouse is None:
            before = offer.quantity
            offer.warehouses.clear()
            offer.loose = quantity
        else:
            before = offer.warehouses.get(warehouse, 0)
            offer.warehouses[warehouse] = quantity
        number = self.history[-1].id + 1 if self.history else 1
        made = StockChange(number, at, offer.offer_id, offer.sku, warehouse, cause, before, quantity, offer.quantity, reference)
        self.remember(made)
        self.new.append(made)
        self.unsaved.add(offer.offer_id)

    def remember(self, change: StockChange) -> None:
        self.history.append(change)
        if change.after > change.before:
            self._raised.setdefault(change.offer_id, Counter())[change.cause] += 1

    def move(self, offer: Offer, units: int, cause: str, at: str, reference: str | None, warehouse: str | None = None) -> None:
        """Add `units` (negative: sold) where they belong: the named warehouse, else the first ones that have something; never below 0."""
        if not offer.warehouses:
            self.change(offer, None, max(offer.loose + units, 0), cause, at, reference)
            return
        codes = [warehouse] if warehouse in offer.warehouses else list(offer.warehouses)
        for code in codes:
            there = offer.warehouses[code]
            part = units if units > 0 else -min(-units, there)
            if part:
                self.change(offer, code, there + part, cause, at, reference)
                units -= part
            if not units:
                return

    def sell(self, offer: Offer, line: Json, order_id: str, at: str) -> None:
        """An order line takes its units, from the warehouse that it says it is shipped from."""
        origin: Json | None = line.get("shipping_from")
        warehouse: Json | None = origin.get("warehouse") if origin else None
        if line["order_line_state"] not in UNSOLD and line["quantity"]:
            self.move(offer, -line["quantity"], "sale", at, order_id, warehouse["code"] if warehouse else None)

    def known(self, line: Json, warehouses: list[str], low: int, high: int, seed: str) -> Offer:
        """The offer that an order line sold; a SKU that was never sold before gets one, with a quantity drawn from `seed` and the SKU."""
        offer = self._by_sku.get(line["offer_sku"])
        if offer is not None:
            return offer
        sku: str = line["offer_sku"]
        rng = random.Random(f"{seed}/{sku}")
        start = rng.randint(low, high)
        offer = Offer(line["offer_id"], sku, line["product_sku"], line["product_title"], line["price_unit"], start=start, loose=start)
        for code in warehouses:
            offer.warehouses[code] = start if code == warehouses[-1] else rng.randint(0, start)
            start -= offer.warehouses[code]
        return self.add(offer)

    def select(self, sku: str | None = None, cause: str | None = None, since: int = 0) -> Iterator[StockChange]:
        for change in self.history:
            if change.id > since and sku in (None, change.sku) and cause in (None, change.cause):
                yield change

    def summary(self, offer: Offer) -> Json:
        """The row of GET /admin/offers; `raised`: how often by which cause."""
        return {
            "offer_id": offer.offer_id,
            "sku": offer.sku,
            "product_sku": offer.product_sku,
            "price": str(offer.price),
            "quantity": offer.quantity,
            "warehouses": dict(offer.warehouses),
            "start_quantity": offer.start,
            "raised": dict(self._raised.get(offer.offer_id, {})),
            "settings": offer.settings,
        }


def as_row(thing: Offer | StockChange) -> Json:
    return {each.name: getattr(thing, each.name) for each in fields(thing)}
