"""The admin API's part about ReBound: the account's switches, what was pushed, what became of returns, a consumer in the portal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Json
from returns_assets.sandbox.rebound.account import PATHS
from returns_assets.sandbox.rebound.return_book import ReturnOrder
from returns_assets.sandbox.rebound.return_orders import announced_items
from returns_assets.sandbox.rebound.routes import Rebound
from returns_assets.sandbox.rebound.snapshot import registered
from returns_assets.sandbox.state import State

Act = Callable[[State, Json], Any]


def routes(rebound: Rebound) -> tuple[dict[str, Act], dict[str, Act]]:
    """GET and POST acts by path."""

    def configure(state: State, given: Json) -> Json:
        """Any field of the account; `paths` go over the default ones. revoke_tokens, expire_cursors: true does that, too."""
        values = {name: value for name, value in given.items() if name not in ("revoke_tokens", "expire_cursors")}
        known = [field.name for field in fields(state.config.rebound)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"unknown field {', '.join(unknown)}; allowed: {', '.join(known)}, revoke_tokens, expire_cursors")
        with state.lock:
            state.config.rebound = replace(state.config.rebound, **values)
            if given.get("revoke_tokens"):
                rebound.tokens.revoke()
            if given.get("expire_cursors"):
                rebound.cursors.expire()
        return state.config.rebound.public()

    def account(state: State, given: Json) -> Json:
        """The switches as they stand; `assumed_paths` are the defaults."""
        return state.config.rebound.public() | {"assumed_paths": PATHS}

    def sales_orders(state: State, given: Json) -> Json:
        """What ReBound has: one entry for each sales order, overwritten ones in their last version."""
        with state.lock:
            return {"sales_orders": rebound.orders.standing()}

    def orders(state: State, given: Json) -> Json:
        """?client_order_id=: every push of every order, refused repeats included."""
        with state.lock:
            return {"orders": rebound.orders.versions(given.get("client_order_id"))}

    def returns(state: State, given: Json) -> Json:
        """?client_order_id=: the returns that were made here, by the API or out of a registration, oldest first."""
        with state.lock:
            wanted = given.get("client_order_id")
            found = [order for order in rebound.book.returns.values() if wanted in (None, order.order_id)]
            return {"returns": [_return(rebound, order) for order in found]}

    def registrations(state: State, given: Json) -> Json:
        """?client_order_id=: what consumers registered in the portal, oldest first."""
        with state.lock:
            wanted = given.get("client_order_id")
            found = [each for each in rebound.book.registrations.values() if wanted in (None, each.order_id)]
            return {"registrations": [registered(each) for each in found]}

    def register(state: State, given: Json) -> Json:
        """{clientOrderId, announcedItems: [], clientMetadata?}: a consumer in the portal. Items as in POST /return-orders."""
        with state.lock:
            order_id = given["clientOrderId"]
            items = announced_items({"announcedItems": given["announcedItems"]}, rebound.orders.order(order_id))
            return registered(rebound.book.register(order_id, items, given.get("clientMetadata") or []))

    def step(state: State, given: Json) -> Json:
        """See journey.py."""
        with state.lock:
            return rebound.journey.step(given)

    gets: dict[str, Act] = {
        "/admin/rebound": account,
        "/admin/rebound/sales-orders": sales_orders,
        "/admin/rebound/orders": orders,
        "/admin/rebound/returns": returns,
        "/admin/rebound/registrations": registrations,
    }
    posts: dict[str, Act] = {
        "/admin/rebound": configure,
        "/admin/rebound/registrations": register,
        "/admin/rebound/returns/event": step,
    }
    return gets, posts


def _return(rebound: Rebound, order: ReturnOrder) -> Json:
    """The record, how it stands now, and its history; a label that came later is part of it."""
    history = list(order.history)
    if order.labelled(rebound.book.now()):
        # right after it was made: other things of the same moment came later
        history.insert(1, {"at": order.label_at, "event": "label", "trackingNumber": order.tracking_number})
    history.sort(key=lambda entry: wire.moment(entry["at"]))
    shown = rebound.returns.show(order.return_id, "")
    return {
        "reboundOrderId": order.return_id,
        "clientOrderId": order.order_id,
        "clientReturnId": order.client_return_id,
        "rmaNumber": order.rma,
        "flowKey": order.flow_key,
        "idempotencyKey": order.idempotency_key,
        "source": order.source,
        "status": shown["status"],
        "trackingNumber": order.tracking_number,
        "announcedItems": order.items,
        "pieces": order.pieces,
        "clientMetadata": order.metadata,
        "createdAt": order.created_at,
        "labelAt": order.label_at,
        "history": history,
    }
