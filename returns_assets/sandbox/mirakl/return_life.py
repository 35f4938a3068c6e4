"""The life of a return behind all operations: opened, moved from state to state, lost by the clock; and whether returns are on at all."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.exchange import Json, Refusal
from returns_assets.sandbox.mirakl.platform_data import feature
from returns_assets.sandbox.mirakl.return_request import ItemError
from returns_assets.sandbox.mirakl.return_shape import made
from returns_assets.sandbox.records import Order
from returns_assets.sandbox.return_book import ReturnEntry
from returns_assets.sandbox.returns_config import ASSESSED
from returns_assets.sandbox.state import MarketplaceState, State

_DAY = 86_400_000
INVALID_STATE = "Return is in invalid state"  # the one text that is documented (reference, 7.4)


def enabled(config: MarketplaceConfig) -> bool:
    """All orders of the sandbox are of the platform model `marketplace`."""
    return bool(feature(config, "returns.marketplace"))


def returnable(line: Json, place: MarketplaceState) -> int:
    """Units of an order line that no return holds yet, whatever the line's state."""
    return max(int(line["quantity"]) - place.returns.units(line["order_line_id"], place.config.returns.freed_states), 0)


def window_open(line: Json, config: MarketplaceConfig, now: datetime) -> bool:
    days = config.returns.window_days
    received: str | None = line.get("received_date")
    return days is None or received is None or wire.to_millis(now) <= wire.millis(received) + days * _DAY


def return_codes(config: MarketplaceConfig) -> list[str]:
    """The codes of RE01 that a return may carry."""
    return [reason["code"] for reason in config.reasons if reason["type"] == "RETURN" and reason["is_shop_right"]]


def opening_state(config: MarketplaceConfig, accepted: bool | None) -> str:
    """What is said wins over auto_accept (a guess where the two disagree)."""
    if accepted is None:
        accepted = config.returns.auto_accept
    return "IN_PROGRESS" if accepted else "WAITING_ACCEPTANCE"


def open_return(
    place: MarketplaceState, order: Order, lines: list[Json], at: str, by: str, *, return_id: str | None = None, **more: Any
) -> ReturnEntry:
    """A new return in the book, not stored yet. `more`: state, method_code, and any optional field of the return."""
    number = len(place.returns.entries) + 1
    return_id = return_id or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{place.config.key}/return/{number}"))
    content = made(return_id, order, lines, at=at, **more)
    source = "api" if by == "RT01" else by
    entry = ReturnEntry(content, source, order["customer"].get("customer_id"), [{"state": content["state"], "at": at, "by": by}])
    place.returns.add(entry)
    return entry


def open_by_customer(
    state: State,
    marketplace: str,
    order_id: str,
    lines: list[Json],
    *,
    by: str,
    at: str,
    accepted: bool | None = None,
    return_id: str | None = None,
    **more: Any,
) -> ReturnEntry:
    """A return that was opened in the marketplace's shop: neither window nor state of the order is asked for, only the quantity.

    Without `accepted` the marketplace's auto-accept decides. Refusal for what cannot be.
    """
    with state.lock:
        place = state.marketplace(marketplace)
        if not enabled(place.config):
            raise Refusal(400, f"Returns are off in {marketplace}: set the feature returns.marketplace")
        order = state.get_order(marketplace, order_id)
        if order is None:
            raise Refusal(404, f"Order {order_id} not found")
        known = {line["order_line_id"]: line for line in order["order_lines"]}
        for line in lines:
            if line["order_line_id"] not in known:
                raise Refusal(404, f"Order line {line['order_line_id']} not found")
            asked = sum(each["quantity"] for each in lines if each["order_line_id"] == line["order_line_id"])
            left = returnable(known[line["order_line_id"]], place)
            if asked > left:
                raise Refusal(400, f"Order line {line['order_line_id']}: {asked} asked, {left} can be returned")
        settings = place.config.returns
        first_state = opening_state(place.config, accepted)
        entry = open_return(
            place, order, lines, at, by, return_id=return_id, state=first_state, **{"method_code": settings.methods[0], **more}
        )
        state.save_returns(marketplace, entry)
        return entry


def standing(entry: ReturnEntry) -> str:
    """The state as the tables of sources name it."""
    return ASSESSED if entry.content["state"] == "RECEIVED" and entry.assessed else entry.content["state"]


def entry_for(place: MarketplaceState, return_id: str, operation: str) -> ReturnEntry:
    """The return, if the operation may start from where it is. ItemError otherwise."""
    entry = place.returns.entries.get(return_id)
    if entry is None:
        raise ItemError("Return id is incorrect")
    if standing(entry) not in place.config.returns.sources[operation]:
        raise ItemError(INVALID_STATE)
    return entry


def returns_overdue(state: State, now: datetime) -> int:
    """IN_PROGRESS -> NO_RECEPTION where the goods did not come in time. Gives the number of returns that moved."""
    at, text, count = wire.to_millis(now), wire.iso(now), 0
    with state.lock:
        for key, place in state.marketplaces.items():
            days = place.config.returns.no_reception_after_days
            if days is None:
                continue
            waiting = (entry for entry in place.returns.entries.values() if entry.content["state"] == "IN_PROGRESS")
            late = [entry for entry in waiting if entry.since() + days * _DAY <= at]
            for entry in late:
                entry.changed(text, "clock", state="NO_RECEPTION")
            state.save_returns(key, *late)
            count += len(late)
    return count
