"""The sandbox's state file (SQLite): orders, refunds, returns, configuration, notes, ReBound's orders and the log, written through."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.config import marketplace_from
from returns_assets.sandbox.offer_book import StockChange
from returns_assets.sandbox.records import OrderRecord
from returns_assets.sandbox.refund_book import RefundEntry
from returns_assets.sandbox.return_book import ReturnEntry
from returns_assets.sandbox.shipment_book import ShipmentEntry

if TYPE_CHECKING:
    from returns_assets.sandbox.state import MarketplaceState, State

_SCHEMA = """
create table if not exists orders (marketplace text, order_id text, content blob, primary key (marketplace, order_id));
create table if not exists things (kind text, name text, value blob, primary key (kind, name));
create table if not exists requests (id integer primary key, value blob);
"""


class Store:
    """One connection, used under the state's lock. A killed process loses nothing that was committed; a power cut may."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=off; {_SCHEMA}")

    def put_order(self, marketplace: str, record: OrderRecord) -> None:
        """Not committed: several orders may go into one transaction."""
        upsert = "insert into orders values (?, ?, ?) on conflict (marketplace, order_id) do update set content = excluded.content"
        self._db.execute(upsert, (marketplace, record.order_id, record.blob))

    def put(self, kind: str, name: str, value: Any, *, commit: bool = True) -> None:
        upsert = "insert into things values (?, ?, ?) on conflict (kind, name) do update set value = excluded.value"
        self._db.execute(upsert, (kind, name, wire.dumps(value)))
        if commit:
            self.commit()

    def add_request(self, entry: dict[str, Any]) -> None:
        self._db.execute("insert or replace into requests values (?, ?)", (entry["id"], wire.dumps(entry)))
        self.commit()

    def clear_requests(self) -> None:
        self._db.execute("delete from requests")
        self.commit()

    def commit(self) -> None:
        self._db.commit()

    def close(self) -> None:
        self._db.close()

    def _things(self, kind: str) -> Iterator[tuple[str, Any]]:
        for name, value in self._db.execute("select name, value from things where kind = ? order by rowid", (kind,)):
            yield name, wire.loads(value)

    def restore(self, state: State) -> None:
        """Fill a new state from the file; what the file says of a marketplace wins over the configuration."""
        from returns_assets.sandbox.state import MarketplaceState

        for key, value in self._things("marketplace"):
            state.marketplaces[key] = MarketplaceState(marketplace_from(value))
        for key, place in state.marketplaces.items():
            for _, entry in self._things(f"refund:{key}"):
                place.refunds.add(RefundEntry(**entry))
            for _, entry in self._things(f"return:{key}"):
                place.returns.add(ReturnEntry(**entry))
            for (content,) in self._db.execute("select content from orders where marketplace = ? order by rowid", (key,)):
                state.take_back(place, content)
            self._restore_stock(key, place)
        state.restore_notes(dict(self._things("note")))
        state.rebound_orders.extend(value for _, value in self._things("rebound"))
        for _, text in self._things("clock"):
            if text is not None:
                state.clock.set(datetime.fromisoformat(text))
        state.journal.restore([wire.loads(value) for (value,) in self._db.execute("select value from requests order by id")])

    def _restore_stock(self, key: str, place: MarketplaceState) -> None:
        for _, offer in self._things(f"offer:{key}"):
            if offer is not None:
                place.offers.take_back(offer)
        for _, change in self._things(f"stock:{key}"):
            place.offers.remember(StockChange(**change))
        for _, made in self._things(f"import:{key}"):
            place.imports.take_back(made)
        for _, entry in self._things(f"shipment:{key}"):
            place.shipments.take_back(None if entry is None else ShipmentEntry(**entry))
