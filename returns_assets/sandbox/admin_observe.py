"""Admin questions: what the sandbox holds and what it was asked. Money as decimal strings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Json, Refusal
from returns_assets.sandbox.state import State


def _keys(state: State, given: Json) -> list[str]:
    """The marketplace asked for, or all. KeyError when there is no such one."""
    key = given.get("marketplace")
    return list(state.marketplaces) if key is None else [state.marketplace(key).config.key]


def clock(state: State, given: Json) -> Json:
    """GET /admin/clock."""
    return {"now": wire.iso(state.clock.now()), "fixed": state.clock.fixed}


def health(state: State, given: Json) -> Json:
    """GET /admin/health."""
    return {"status": "ok", "marketplaces": list(state.marketplaces)}


def marketplaces(state: State, given: Json) -> Json:
    """GET /admin/marketplaces: their configuration, keys included (they open nothing but this sandbox)."""
    return {"marketplaces": [place.config.as_dict() for place in state.marketplaces.values()]}


def order(state: State, given: Json) -> Json:
    """GET /admin/orders?marketplace=&order_id=: one order as it is stored; without order_id the ids."""
    key = state.marketplace(given["marketplace"]).config.key
    if "order_id" not in given:
        return {"order_ids": state.order_ids(key)}
    found = state.get_order(key, given["order_id"])
    if found is None:
        raise Refusal(404, f"Order {given['order_id']} not found")
    return found


def refunds(state: State, given: Json) -> Json:
    """GET /admin/refunds?marketplace=&order_id=&order_line_id=, oldest first."""
    with state.lock:
        rows: list[Json] = []
        for key in _keys(state, given):
            for entry in state.marketplaces[key].refunds.entries.values():
                if given.get("order_id") in (None, entry.order_id) and given.get("order_line_id") in (None, entry.order_line_id):
                    rows.append({"marketplace": key, **entry.summary()})
        return {"refunds": rows}


def totals(state: State, given: Json) -> Json:
    """GET /admin/totals: by marketplace."""
    with state.lock:
        result: Json = {}
        for key in _keys(state, given):
            place = state.marketplaces[key]
            amount, shipping = place.refunds.totals()
            result[key] = {
                "orders": len(place.orders),
                "lines": sum(record.lines for record in place.orders.values()),
                "refunds": len(place.refunds.entries),
                "refunded_amount": str(amount),
                "refunded_shipping": str(shipping),
            }
        return result


def requests(state: State, given: Json) -> Json:
    """GET /admin/requests?marketplace=&operation=&since=: those with an id above `since`, oldest first."""
    chosen = state.journal.select(given.get("marketplace"), given.get("operation"), int(given.get("since", 0)))
    return {"requests": [{**asdict(entry), "seconds": round(entry.seconds, 6)} for entry in chosen]}


def request_counts(state: State, given: Json) -> Json:
    """GET /admin/requests/counts: by <marketplace>/<operation>."""
    return {"counts": state.journal.counts()}


def faults(state: State, given: Json) -> Json:
    """GET /admin/faults: those in force."""
    return {"faults": [fault.as_dict() for fault in state.faults.faults]}


GETS: dict[str, Callable[[State, Json], Any]] = {
    "/admin/health": health,
    "/admin/clock": clock,
    "/admin/marketplaces": marketplaces,
    "/admin/orders": order,
    "/admin/refunds": refunds,
    "/admin/totals": totals,
    "/admin/requests": requests,
    "/admin/requests/counts": request_counts,
    "/admin/faults": faults,
}
