"""All that the sandbox knows: marketplaces, orders, refunds, notes, the clock, the request log and the faults; thread-safe.

Orders are dicts in the exact shape of OR11 (money as Decimal, dates as ISO text). With a state file every change is written through,
so that a restart finds orders, refunds, notes and the request log again. Rules of the APIs do not belong here.
"""

from __future__ import annotations

import string
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from returns_assets.sandbox.clock import Clock
from returns_assets.sandbox.config import MarketplaceConfig, SandboxConfig
from returns_assets.sandbox.faults import FaultBook
from returns_assets.sandbox.import_book import ImportBook
from returns_assets.sandbox.journal import Journal
from returns_assets.sandbox.mirakl.shape import complete
from returns_assets.sandbox.offer_book import OfferBook, as_row
from returns_assets.sandbox.records import Order, OrderRecord
from returns_assets.sandbox.refund_book import RefundBook
from returns_assets.sandbox.return_book import ReturnBook, ReturnEntry
from returns_assets.sandbox.shipment_book import ShipmentBook
from returns_assets.sandbox.store import Store

_SUFFIXES = string.ascii_uppercase


class MarketplaceState:
    """One marketplace: its configuration, its orders in order of arrival, its refunds, offers, stock imports and shipments."""

    def __init__(self, config: MarketplaceConfig) -> None:
        self.config = config
        self.orders: dict[str, OrderRecord] = {}
        self.odd_lines: dict[str, str] = {}  # order_line_id -> order_id, only where the id is not <order_id>-<n>
        self.odd_orders: dict[str, list[str]] = {}  # commercial id -> order ids, only where the id is not <commercial id>-<letter>
        self.refunds = RefundBook()
        self.returns = ReturnBook()
        self.offers = OfferBook()
        self.imports = ImportBook()
        self.shipments = ShipmentBook()
        self.armed: dict[str, list[Callable[[], object]]] = {}  # operation -> what happens right before it is next carried out
        self.by_date: list[OrderRecord] | None = None  # kept until an order is added
        self.cache: dict[Any, Any] = {}  # answers worked out from all orders, kept until any of them changes
        self.calls: dict[str, list[float]] = {}  # operation -> times of its latest calls, where it has a ceiling

    def sorted_orders(self) -> list[OrderRecord]:
        if self.by_date is None:
            self.by_date = sorted(self.orders.values(), key=lambda record: (record.created, record.order_id))
        return self.by_date

    def order_of_line(self, order_line_id: str) -> str | None:
        known = self.odd_lines.get(order_line_id)
        if known is not None:
            return known
        order_id = order_line_id.rpartition("-")[0]
        return order_id if order_id in self.orders else None

    def orders_of(self, commercial_id: str) -> list[str]:
        """The logistic orders of a customer's order."""
        usual = (commercial_id, *(f"{commercial_id}-{suffix}" for suffix in _SUFFIXES))
        return [order_id for order_id in (*usual, *self.odd_orders.get(commercial_id, ())) if order_id in self.orders]


class State:
    """`path` None or ':memory:' keeps everything in memory. KeyError for a marketplace or an order that does not exist."""

    def __init__(self, config: SandboxConfig, *, path: str | None = None, clock: Clock | None = None) -> None:
        self.config = config
        self.seed = config.seed
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.faults = FaultBook(config.seed)
        self.journal = Journal()
        self.rebound_orders: list[dict[str, Any]] = []
        self.marketplaces: dict[str, MarketplaceState] = {}
        self._notes: dict[str, Any] = {}
        self._listeners: list[Callable[[datetime], object]] = []
        self._store = Store(path) if path and path != ":memory:" else None
        for marketplace in config.marketplaces:
            self.marketplaces[marketplace.key] = MarketplaceState(marketplace)
        if self._store is not None:
            self._store.restore(self)
            self.journal.sink = self._store.add_request

    # marketplaces -----------------------------------------------------------------------------------------------------------------
    def marketplace(self, key: str) -> MarketplaceState:
        return self.marketplaces[key]

    def put_marketplace(self, config: MarketplaceConfig) -> None:
        """Add a marketplace, or replace the configuration of one (its orders and refunds stay)."""
        with self.lock:
            known = self.marketplaces.get(config.key)
            if known is None:
                self.marketplaces[config.key] = MarketplaceState(config)
            else:
                known.config = config
                known.cache.clear()
            self.save_marketplace(config.key)

    def save_marketplace(self, key: str) -> None:
        if self._store is not None:
            self._store.put("marketplace", key, self.marketplaces[key].config.as_dict())

    # orders -----------------------------------------------------------------------------------------------------------------------
    def put_order(self, marketplace: str, order: Order) -> None:
        """Store a copy of the order (new or replaced), with what OR11 requires and the order lacks filled in."""
        self.put_orders(marketplace, (order,))

    def put_orders(self, marketplace: str, orders: Iterable[Order], *, sold: bool = True) -> int:
        """Many at once, in one transaction of the state file. Gives their number. ValueError names what an order lacks.

        Each SKU has an offer afterwards; an order that is new lowers its offers' stock, unless it was sold before (`sold` False).
        """
        with self.lock:
            place = self.marketplaces[marketplace]
            now = self.clock.now()
            count = 0
            try:
                for order in orders:
                    whole = complete(order, place.config, now)
                    if whole["order_id"] not in place.orders:
                        self._offer(place, whole, sold and place.config.sales_lower_stock)
                    self._keep(place, whole)
                    count += 1
            finally:
                place.by_date = None
                place.cache.clear()
                self.save_offers(marketplace)
            return count

    def _offer(self, place: MarketplaceState, order: Order, sold: bool) -> None:
        low, high = place.config.offer_quantities
        seed = f"{self.seed}/{place.config.key}"
        for line in order["order_lines"]:
            offer = place.offers.known(line, place.config.warehouses, low, high, seed)
            if sold:
                place.offers.sell(offer, line, order["order_id"], order["created_date"])

    def get_order(self, marketplace: str, order_id: str) -> Order | None:
        """A copy in the tax mode it was stored in."""
        with self.lock:
            record = self.marketplaces[marketplace].orders.get(order_id)
            return None if record is None else record.order()

    def update(self, marketplace: str, order_id: str, change: Callable[[Order], None]) -> Order:
        """Apply `change` to the order in place and store it; nothing is stored when it raises. `change` sets last_updated_date."""
        with self.lock:
            order = self.marketplaces[marketplace].orders[order_id].order()
            change(order)
            self.save(marketplace, order)
            return order

    def save(self, marketplace: str, *orders: Order) -> None:
        """Store orders that exist already, as they are now, in one transaction."""
        with self.lock:
            place = self.marketplaces[marketplace]
            for order in orders:
                self._keep(place, order)
            place.cache.clear()
            self._commit()

    def order_ids(self, marketplace: str) -> list[str]:
        with self.lock:
            return list(self.marketplaces[marketplace].orders)

    def order_of_line(self, marketplace: str, order_line_id: str) -> str | None:
        """The order that has this line, by the index; None when there is none."""
        with self.lock:
            return self.marketplaces[marketplace].order_of_line(order_line_id)

    def _keep(self, place: MarketplaceState, order: Order) -> None:
        order_id: str = order["order_id"]
        record = place.orders.get(order_id)
        if record is None:
            record = place.orders[order_id] = OrderRecord(order)
        else:
            record.pack(order)
        self._index(place, order)
        if self._store is not None:
            self._store.put_order(place.config.key, record)

    @staticmethod
    def _index(place: MarketplaceState, order: Order) -> None:
        order_id: str = order["order_id"]
        commercial_id: str = order["commercial_id"]
        if order_id != commercial_id and (order_id[:-1] != f"{commercial_id}-" or order_id[-1] not in _SUFFIXES):
            odd = place.odd_orders.setdefault(commercial_id, [])
            if order_id not in odd:
                odd.append(order_id)
        for line in order["order_lines"]:
            line_id: str = line["order_line_id"]
            if line_id.rpartition("-")[0] != order_id:
                place.odd_lines[line_id] = order_id
            for refund in line["refunds"]:
                place.refunds.adopt(refund, order, line)

    def take_back(self, place: MarketplaceState, content: bytes) -> None:
        """An order out of the state file."""
        order = OrderRecord.unpacked(content)
        place.orders[order["order_id"]] = OrderRecord(order, content)
        self._index(place, order)

    def _commit(self) -> None:
        if self._store is not None:
            self._store.commit()

    # refunds ----------------------------------------------------------------------------------------------------------------------
    def save_refund(self, marketplace: str, refund_id: str) -> None:
        """Written together with its order: call it before `save`."""
        if self._store is not None:
            entry = self.marketplaces[marketplace].refunds.entries[refund_id]
            self._store.put(f"refund:{marketplace}", refund_id, entry.as_dict(), commit=False)

    def save_returns(self, marketplace: str, *entries: ReturnEntry) -> None:
        """Returns that are in the book, as they are now, in one transaction."""
        if self._store is not None and entries:
            for entry in entries:
                self._store.put(f"return:{marketplace}", entry.content["id"], entry.as_dict(), commit=False)
            self._commit()
    # offers, stock imports, shipments ---------------------------------------------------------------------------------------------
    def save_offers(self, marketplace: str) -> None:
        """Write the offers that changed, and how, to the state file; commits."""
        book = self.marketplaces[marketplace].offers
        if self._store is not None:
            for offer_id in book.unsaved:
                offer = book.offers.get(offer_id)
                self.keep(f"offer:{marketplace}", str(offer_id), None if offer is None else as_row(offer))
            for change in book.new:
                self.keep(f"stock:{marketplace}", str(change.id), as_row(change))
            self._commit()
        book.unsaved.clear()
        book.new.clear()

    def keep(self, kind: str, name: str, value: Any) -> None:
        """Write something to the state file together with what is saved next."""
        if self._store is not None:
            self._store.put(kind, name, value, commit=False)

    # notes: JSON values of other parts (the world's truth, scheduled documents) that survive a restart ---------------------------
    def note(self, name: str) -> Any:
        with self.lock:
            return self._notes.get(name)

    def set_note(self, name: str, value: Any) -> None:
        with self.lock:
            self._notes[name] = value
            if self._store is not None:
                self._store.put("note", name, value)

    def forget_requests(self) -> None:
        with self.lock:
            self.journal.clear()
            if self._store is not None:
                self._store.clear_requests()

    def save_rebound_order(self, position: int) -> None:
        if self._store is not None:
            self._store.put("rebound", str(position), self.rebound_orders[position])

    def restore_notes(self, notes: dict[str, Any]) -> None:
        self._notes = notes

    # time -------------------------------------------------------------------------------------------------------------------------
    def on_time(self, listener: Callable[[datetime], object]) -> None:
        """`listener(now)` is called after each jump of the clock, outside the lock."""
        self._listeners.append(listener)

    def set_clock(self, now: datetime) -> datetime:
        """Freeze the clock at `now`; what that makes due happens before this returns. Gives the clock's time."""
        self.clock.set(now)
        return self._moved()

    def advance_clock(self, seconds: float) -> datetime:
        self.clock.advance(seconds)
        return self._moved()

    def release_clock(self) -> datetime:
        """Real time again."""
        self.clock.release()
        return self._moved()

    def _moved(self) -> datetime:
        now = self.clock.now()
        if self._store is not None:
            self._store.put("clock", "now", now.isoformat() if self.clock.fixed else None)
        for listener in self._listeners:
            listener(now)
        return now

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
