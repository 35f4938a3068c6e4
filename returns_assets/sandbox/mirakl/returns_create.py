"""RT01: a seller's return. An input of several orders becomes one return per order; one that is refused becomes none at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal
from returns_assets.sandbox.mirakl import return_request as request
from returns_assets.sandbox.mirakl.return_life import enabled, open_return, opening_state, returnable, window_open
from returns_assets.sandbox.mirakl.return_request import ItemError
from returns_assets.sandbox.mirakl.return_shape import shown
from returns_assets.sandbox.records import Order
from returns_assets.sandbox.return_book import ReturnEntry
from returns_assets.sandbox.returns_config import METHODS

_LONG = 2000


@dataclass(slots=True)
class Input:
    """One entry of returns[]; `more` goes into the return as it is."""

    order_commercial_id: str
    lines: list[Json]
    rma: str | None
    accepted: bool | None
    more: Json


def _input(entry: Json, where: str) -> Input:
    accepted: Any = entry.get("accepted")
    method = request.text(entry, "method_code", where)
    if method not in METHODS:
        raise Refusal(400, f"{where}.method_code must be one of {', '.join(METHODS)}")
    lines: list[Json] = []
    for n, line in enumerate(request.entries(entry.get("return_lines"), f"{where}.return_lines", 200)):
        at = f"{where}.return_lines[{n}]"
        line_id, reason = request.text(line, "order_line_id", at), request.text(line, "reason_code", at)
        lines.append({"order_line_id": line_id, "quantity": request.quantity(line, at), "reason_code": reason})
    return Input(
        order_commercial_id=request.text(entry, "order_commercial_id", where),
        lines=lines,
        rma=request.rma(entry, where),
        accepted=None if accepted is None else request.flag(entry, "accepted", where),
        more={
            "method_code": method,
            "reason_code": request.optional_text(entry, "reason_code", where),
            "label_url": request.optional_text(entry, "label_url", where, most=_LONG),
            "description": request.optional_text(entry, "description", where, most=_LONG),
        },
    )


def _judged(call: Call, given: Input) -> dict[str, Order]:
    """The orders that the lines belong to, in order of appearance; ItemError says why the input is refused."""
    place, config = call.place, call.place.config
    if not enabled(config):
        named = ", ".join(line["order_line_id"] for line in given.lines)
        raise ItemError(f"Returns are not enabled for the platform model of the order line {named}")
    if given.more["method_code"] not in config.returns.methods:
        raise ItemError(f"The return method {given.more['method_code']} is not available")
    if given.more["reason_code"] is not None:
        request.known_reason(given.more["reason_code"], "RETURN", config)
    orders: dict[str, Order] = {}
    asked: dict[str, int] = {}
    for line in given.lines:
        line_id: str = line["order_line_id"]
        order_id = place.order_of_line(line_id)
        if order_id is not None and order_id not in orders:
            orders[order_id] = place.orders[order_id].order()
        order = orders[order_id] if order_id is not None else None
        known = next((each for each in order["order_lines"] if each["order_line_id"] == line_id), None) if order else None
        if order is None or known is None or order["commercial_id"] != given.order_commercial_id:
            raise ItemError(f"The order line {line_id} does not exist in the order {given.order_commercial_id}")
        if known["order_line_state"] not in config.returns.returnable_states:
            raise ItemError(f"The order line {line_id} cannot be returned in state {known['order_line_state']}")
        if not window_open(known, config, call.state.clock.now()):
            raise ItemError(f"The return window of the order line {line_id} is closed")
        request.known_reason(line["reason_code"], "RETURN", config)
        asked[line_id] = asked.get(line_id, 0) + line["quantity"]
        left = returnable(known, place)
        if asked[line_id] > left:
            raise ItemError(f"The quantity of the order line {line_id} is invalid: {left} can be returned")
    return orders


def _create(call: Call, given: Input) -> list[ReturnEntry]:
    place = call.place
    at, created = wire.iso(call.state.clock.now()), list[ReturnEntry]()
    for order_id, order in _judged(call, given).items():
        lines = [line for line in given.lines if place.order_of_line(line["order_line_id"]) == order_id]
        # in the official example only the first of several returns keeps the rma
        own = {**given.more, "rma": None if created else given.rma, "state": opening_state(place.config, given.accepted)}
        created.append(open_return(place, order, lines, at, "RT01", **own))
    return created


def rt01(call: Call) -> Answer:
    """POST /api/returns."""
    entries = request.entries(call.json().get("returns"), "returns", 200)
    inputs = [_input(entry, f"returns[{n}]") for n, entry in enumerate(entries)]
    created: list[ReturnEntry] = []
    errors: list[Json] = []
    for given in inputs:
        try:
            created += _create(call, given)
        except ItemError as error:
            errors.append({"order_commercial_id": given.order_commercial_id, "message": str(error)})
    call.state.save_returns(call.place.config.key, *created)
    answers = [shown(entry.content, call.place.config, "RT01") for entry in created]
    return Answer.json({"return_errors": errors, "return_success": answers})
