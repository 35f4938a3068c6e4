"""Admin: offers and their stock with its history, sales between a reading and a writing, stock imports, shipments, carriers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Json, Refusal, listed
from returns_assets.sandbox.import_book import COMPLETE, FAILED, RUNNING
from returns_assets.sandbox.mirakl.sales import sell
from returns_assets.sandbox.mirakl.shape import money
from returns_assets.sandbox.mirakl.shipment_lists import shown
from returns_assets.sandbox.mirakl.stock_imports import settle, tick
from returns_assets.sandbox.offer_book import Offer, as_row
from returns_assets.sandbox.state import MarketplaceState, State


def _places(state: State, given: Json) -> list[MarketplaceState]:
    """The marketplace asked for, or all. KeyError when there is no such one."""
    key = given.get("marketplace")
    found = list(state.marketplaces.values()) if key is None else [state.marketplace(key)]
    for place in found:
        settle(state, place)
    return found


def offers(state: State, given: Json) -> Json:
    """GET /admin/offers?marketplace=&sku=: quantities, what each started with, and how often it was raised by which cause."""
    with state.lock:
        rows: list[Json] = []
        for place in _places(state, given):
            book = place.offers
            rows += [
                {"marketplace": place.config.key, **book.summary(offer)}
                for offer in book.offers.values()
                if given.get("sku") in (None, offer.sku)
            ]
        return {"offers": rows}


def history(state: State, given: Json) -> Json:
    """GET /admin/offers/history?marketplace=&sku=&cause=&since=: every change of stock, oldest first; `since` is an id."""
    with state.lock:
        rows: list[Json] = []
        for place in _places(state, given):
            found = place.offers.select(given.get("sku"), given.get("cause"), int(given.get("since", 0)))
            rows += [{"marketplace": place.config.key, **as_row(change)} for change in found]
        return {"changes": rows}


def imports(state: State, given: Json) -> Json:
    """GET /admin/stock-imports?marketplace=: each with its lines, its status and its errors, oldest first."""
    with state.lock:
        return {
            "imports": [{"marketplace": p.config.key, **i.as_dict()} for p in _places(state, given) for i in p.imports.imports.values()]
        }


def shipments(state: State, given: Json) -> Json:
    """GET /admin/shipments?marketplace=&order_id=: all there are, those that OR24 made included, oldest first."""
    with state.lock:
        rows: list[Json] = []
        for place in _places(state, given):
            for entry in place.shipments.entries.values():
                if given.get("order_id") in (None, entry.order_id):
                    rows.append({"marketplace": place.config.key, "source": entry.source, **shown(place, entry)})
        return {"shipments": rows}


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{what} must be a whole number of at least 0, not {value!r}")
    return value


def put_offers(state: State, given: Json) -> Json:
    """{marketplace, offers: [{sku, quantity? | warehouses?: {code: quantity}, price?, product_sku?, offer_id?}]}: made, or set by hand."""
    with state.lock:
        place = state.marketplace(given["marketplace"])
        book, at = place.offers, wire.iso(state.clock.now())
        rows: list[Offer] = []
        for entry in listed(given["offers"]):
            sku = str(entry["sku"])
            by_code: Json = entry.get("warehouses") or {}
            parts = {code: _whole(units, code) for code, units in by_code.items()}
            unknown = sorted(set(parts) - set(place.config.warehouses))
            if unknown:
                raise ValueError(f"unknown warehouse {unknown[0]}; the marketplace has: {', '.join(place.config.warehouses) or 'none'}")
            quantity = sum(parts.values()) if parts else _whole(entry.get("quantity", 0), "quantity")
            offer = book.of(sku)
            if offer is None:
                number, product = int(entry.get("offer_id", 10_001 + len(book.offers))), str(entry.get("product_sku") or f"P-{sku}")
                offer = Offer(number, sku, product, f"Product {sku}", money(entry.get("price", 10)), start=quantity, loose=quantity)
                offer.warehouses = parts
                book.add(offer)
            else:
                for code, units in parts.items():
                    book.change(offer, code, units, "manual", at)
                if not parts and "quantity" in entry:
                    book.change(offer, None, quantity, "manual", at)
                if "price" in entry:
                    offer.price = money(entry["price"])
            rows.append(offer)
        state.save_offers(place.config.key)
        return {"offers": [book.summary(offer) for offer in rows]}


def sale(state: State, given: Json) -> Json:
    """{marketplace, sku, quantity?, warehouse?, order?: {} | false, before?: operation}.

    A customer buys: an order that OR11 shows and less stock; with `order` false only less stock. `before`: not now but right before the
    marketplace's next request of that operation (STO01) is carried out; if there is not enough by then, nothing is sold.
    """
    place = state.marketplace(given["marketplace"])
    key, sku, quantity = place.config.key, str(given["sku"]), _whole(given.get("quantity", 1), "quantity")
    act: Callable[[], Json]
    if given.get("order") is False:
        act = partial(_vanish, state, place, sku, quantity, given.get("warehouse"))
    else:
        act = partial(sell, state, key, sku, quantity, warehouse=given.get("warehouse"), order=given.get("order"))
    operation = given.get("before")
    with state.lock:
        settle(state, place)
        if operation is None:
            return act()
        place.armed.setdefault(str(operation), []).append(partial(_if_possible, act))
        return {"armed": {name: len(acts) for name, acts in place.armed.items()}}


def _if_possible(act: Callable[[], Json]) -> None:
    with suppress(Refusal):
        act()


def _vanish(state: State, place: MarketplaceState, sku: str, quantity: int, warehouse: str | None) -> Json:
    offer = place.offers.of(sku)
    if offer is None:
        raise Refusal(404, f"Offer with sku {sku} not found")
    place.offers.move(offer, -quantity, "sale", wire.iso(state.clock.now()), None, warehouse)
    state.save_offers(place.config.key)
    return {"order_id": None, "quantity": offer.quantity}


def tick_imports(state: State, given: Json) -> Json:
    """{marketplace?, to?: RUNNING | COMPLETE | FAILED}: open stock imports go one step on, or to `to`."""
    to = given.get("to")
    if to not in (None, RUNNING, COMPLETE, FAILED):
        raise ValueError(f"to must be {RUNNING}, {COMPLETE} or {FAILED}, not {to!r}")
    with state.lock:
        keys = [given["marketplace"]] if given.get("marketplace") else list(state.marketplaces)
        return {"moved": sum(tick(state, state.marketplace(key), to) for key in keys)}


def set_carriers(state: State, given: Json) -> Json:
    """{marketplace, withdraw?: code, add?: {code, label?, standard_code?, tracking_url?}}, or lists of them."""
    with state.lock:
        config = state.marketplace(given["marketplace"]).config
        gone = {str(code) for code in listed(given.get("withdraw"))}
        unknown = sorted(gone - {carrier["code"] for carrier in config.carriers})
        if unknown:
            raise ValueError(f"unknown carrier {unknown[0]}; known: {', '.join(carrier['code'] for carrier in config.carriers)}")
        blank: Json = {"standard_code": None, "tracking_url": None}
        added: list[Json] = [{"label": carrier["code"], **blank, **carrier} for carrier in listed(given.get("add"))]
        gone |= {carrier["code"] for carrier in added}
        config.carriers = [carrier for carrier in config.carriers if carrier["code"] not in gone] + added
        state.save_marketplace(config.key)
        return {"carriers": config.carriers}


GETS: dict[str, Callable[[State, Json], Any]] = {
    "/admin/offers": offers,
    "/admin/offers/history": history,
    "/admin/stock-imports": imports,
    "/admin/shipments": shipments,
}
POSTS: dict[str, Callable[[State, Json], Any]] = {
    "/admin/offers": put_offers,
    "/admin/offers/sale": sale,
    "/admin/stock-imports/tick": tick_imports,
    "/admin/carriers": set_carriers,
}
