"""RT11 lists returns, RT12 the order lines that can still be returned; both with seek paging and repeated parameters."""

from __future__ import annotations

from collections.abc import Callable

from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal
from returns_assets.sandbox.mirakl import seek
from returns_assets.sandbox.mirakl.return_life import enabled, return_codes, returnable, window_open
from returns_assets.sandbox.mirakl.return_shape import shown, without_nulls
from returns_assets.sandbox.mirakl.shape import drops_nulls
from returns_assets.sandbox.return_book import Key, ReturnBook, ReturnEntry
from returns_assets.sandbox.returns_config import STATES

Test = Callable[[ReturnEntry], bool]


def _tests(call: Call) -> list[Test]:
    tests: list[Test] = []
    states = call.many("return_state")
    unknown = [state for state in states if state not in STATES]
    if unknown:
        raise Refusal(400, f"Parameter 'return_state' has the unknown value {unknown[0]}")
    for name, field in (("return_state", "state"), ("return_rma", "rma")):
        wanted = frozenset(call.many(name))
        if wanted:
            tests.append(lambda entry, wanted=wanted, field=field: entry.content[field] in wanted)
    customers = frozenset(call.many("customer_id"))
    if customers:
        tests.append(lambda entry: entry.customer_id in customers)
    created_from, created_to = call.moment("return_creation_date_from"), call.moment("return_creation_date_to")
    updated_from, updated_to = call.moment("return_last_updated_from"), call.moment("return_last_updated_to")
    if created_from is not None:
        tests.append(lambda entry: entry.created >= created_from)
    if created_to is not None:
        tests.append(lambda entry: entry.created <= created_to)
    if updated_from is not None:
        tests.append(lambda entry: entry.updated >= updated_from)
    if updated_to is not None:
        tests.append(lambda entry: entry.updated <= updated_to)
    return tests


def _keys(call: Call, book: ReturnBook) -> list[Key]:
    """Of all returns those that the parameters with an index leave, by creation."""
    ids: set[str] | None = None
    for name, index in (("return_id", None), ("order_line_id", book.by_line), ("order_commercial_id", book.by_commercial)):
        wanted = call.many(name)
        if wanted:
            found = {each for value in wanted for each in ([value] if index is None else index.get(value, ()))}
            ids = found if ids is None else ids & found
    if ids is None:
        return book.keys
    return sorted(book.entries[return_id].key for return_id in ids if return_id in book.entries)


def rt11(call: Call) -> Answer:
    """GET /api/returns."""
    begin = seek.start(call, "RT11")
    book, config = call.place.returns, call.place.config
    falling = call.choice("sort", ("date_created", "date_created,ASC", "date_created,DESC")) == "date_created,DESC"
    tests = _tests(call)
    found, tokens = seek.page(begin, _keys(call, book), lambda key: all(test(book.entries[key[1]]) for test in tests), falling)
    rows = [shown(book.entries[return_id].content, config, "RT11") for _, return_id in found]
    return Answer.json({"data": rows, **_ends(call, tokens)})


def _ends(call: Call, tokens: Json) -> Json:
    """At the ends a token is null or absent (reference, 1.5)."""
    return tokens if call.place.config.nulls == "null" else without_nulls(tokens)


def _item(call: Call, order: Json, line: Json) -> Json:
    """return_window is shown in days, reasons and methods as codes: the reference names the fields but not their content."""
    config, on = call.place.config, enabled(call.place.config)
    fits = (
        on
        and line["order_line_state"] in config.returns.returnable_states
        and window_open(line, config, call.state.clock.now())
    )  # fmt: skip
    item: Json = {
        "order_commercial_id": order["commercial_id"],
        "order_line_id": line["order_line_id"],
        "returnable_quantity": returnable(line, call.place) if fits else 0,
        "return_window": config.returns.window_days if on else None,
        "available_return_methods": config.returns.methods if on else None,
        "available_return_reasons": return_codes(config) if on else None,
    }
    return without_nulls(item) if drops_nulls(line["order_line_id"], config) else item


def rt12(call: Call) -> Answer:
    """GET /api/returns/items_to_return?order_commercial_id= or order_line_id=, repeated; one of them is required."""
    begin = seek.start(call, "RT12")
    place, commercial, lines = call.place, call.many("order_commercial_id"), frozenset(call.many("order_line_id"))
    if not commercial and not lines:
        raise Refusal(400, "Parameter 'order_commercial_id' or 'order_line_id' is required")
    order_ids = {place.order_of_line(line_id) for line_id in lines} if lines else set[str | None]()
    order_ids |= {order_id for each in commercial for order_id in place.orders_of(each)} if not lines else set()
    items: dict[seek.Key, tuple[Json, Json]] = {}
    for order in (place.orders[order_id].order() for order_id in order_ids if order_id is not None):
        for line in order["order_lines"]:
            if (not lines or line["order_line_id"] in lines) and (not commercial or order["commercial_id"] in commercial):
                items[order["order_id"], line["order_line_index"], line["order_line_id"]] = order, line
    found, tokens = seek.page(begin, sorted(items), lambda key: True)
    return Answer.json({"data": [_item(call, *items[key]) for key in found], **_ends(call, tokens)})
