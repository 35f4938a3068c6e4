"""Admin side of returns: a customer opens one in the marketplace's shop, and every return with what happened to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Json, Refusal
from returns_assets.sandbox.mirakl.return_life import open_by_customer, return_codes
from returns_assets.sandbox.return_book import ReturnEntry
from returns_assets.sandbox.state import State

_OPTIONAL = ("rma", "reason_code", "method_code", "description")


def _row(marketplace: str, entry: ReturnEntry) -> Json:
    return {"marketplace": marketplace, **entry.content, "source": entry.source, "history": entry.history}


def open_return(state: State, given: Json) -> Json:
    """{marketplace, order_id, lines: [{order_line_id, quantity?, reason_code?}], accepted?, rma?, reason_code?, method_code?,
    description?}.

    `accepted` true or false overrules the marketplace's auto-accept. Without a reason the first RETURN reason of RE01 is taken.
    """
    place = state.marketplace(given["marketplace"])
    codes = return_codes(place.config)
    lines: list[Json] = []
    for line in given["lines"]:
        quantity = line.get("quantity", 1)
        if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
            raise ValueError(f"quantity must be a whole number of at least 1, not {quantity!r}")
        code = line.get("reason_code") or next(iter(codes), "RETURN_OTHER")
        if code not in codes:
            raise ValueError(f"{code} is no RETURN reason here; known: {', '.join(codes)}")
        lines.append({"order_line_id": line["order_line_id"], "quantity": quantity, "reason_code": code})
    if not lines:
        raise ValueError("a return needs lines")
    more: Json = {name: given[name] for name in _OPTIONAL if given.get(name) is not None}
    accepted = given.get("accepted")
    if accepted is not None and not isinstance(accepted, bool):
        raise ValueError(f"accepted must be true or false, not {accepted!r}")
    at = wire.iso(state.clock.now())
    entry = open_by_customer(state, place.config.key, given["order_id"], lines, by="customer", at=at, accepted=accepted, **more)
    return _row(place.config.key, entry)


def returns(state: State, given: Json) -> Json:
    """GET /admin/returns?marketplace=&order_id=&return_id=&state=&source=, by creation: RT11's fields with source and history."""
    names = {"order_id": "order_id", "return_id": "id", "state": "state", "source": "source"}
    unknown = sorted(set(given) - {*names, "marketplace"})
    if unknown:
        raise Refusal(400, f"unknown parameter {', '.join(unknown)}; allowed: marketplace, {', '.join(names)}")
    with state.lock:
        keys = [state.marketplace(given["marketplace"]).config.key] if "marketplace" in given else list(state.marketplaces)
        books = [(key, state.marketplaces[key].returns) for key in keys]
        rows = [_row(key, book.entries[return_id]) for key, book in books for _, return_id in book.keys]
    wanted = {field: given[name] for name, field in names.items() if name in given}
    return {"returns": [row for row in rows if all(row[field] == value for field, value in wanted.items())]}


GETS: dict[str, Callable[[State, Json], Any]] = {"/admin/returns": returns}
POSTS: dict[str, Callable[[State, Json], Any]] = {"/admin/returns": open_return}
