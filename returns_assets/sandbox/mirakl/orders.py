"""OR11: the seller's filters, offset paging, the tax view; pages are put together from stored JSON, not rendered again."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Refusal
from returns_assets.sandbox.mirakl.offset import link as offset_link
from returns_assets.sandbox.mirakl.shape import ORDER_STATES
from returns_assets.sandbox.mirakl.tax_view import shown_in
from returns_assets.sandbox.records import MODES, OrderRecord

WORKFLOWS = ("PAY_ON_ACCEPTANCE", "PAY_ON_DELIVERY", "PAY_ON_DUE_DATE", "PAY_ON_SHIPMENT", "NO_CUSTOMER_PAYMENT_CONFIRMATION")
Test = Callable[[OrderRecord], bool]


def _code_tests(call: Call) -> list[Test]:
    tests: list[Test] = []
    customer_refs = call.listed("order_references_for_customer")
    if customer_refs is not None:
        tests.append(lambda record, wanted=frozenset(customer_refs): record.ref_customer in wanted)
    seller_refs = call.listed("order_references_for_seller")
    if seller_refs is not None:
        tests.append(lambda record, wanted=frozenset(seller_refs): record.ref_seller in wanted)
    states = call.listed("order_state_codes")
    if states is not None:
        unknown = [state for state in states if state not in ORDER_STATES]
        if unknown:
            raise Refusal(400, f"Parameter 'order_state_codes' has the unknown value {unknown[0]}")
        tests.append(lambda record, wanted=frozenset(states): record.state in wanted)
    channels = call.listed("channel_codes")
    if channels is not None:
        tests.append(lambda record, wanted=frozenset(channels): record.channel in wanted)
    if call.flag("only_null_channel"):
        tests.append(lambda record: record.channel is None)
    centers = [code for text in call.many("fulfillment_center_code") for code in text.split(",")]
    if centers:
        tests.append(lambda record, wanted=frozenset(centers): record.center in wanted)
    workflow = call.choice("payment_workflow", WORKFLOWS)
    if workflow is not None:
        tests.append(lambda record: record.workflow == workflow)
    return tests


def _tests(call: Call) -> list[Test]:
    tests = _code_tests(call)
    start, end = call.moment("start_date"), call.moment("end_date")
    if start is not None:
        tests.append(lambda record: record.created >= start)
    if end is not None:
        tests.append(lambda record: record.created <= end)
    changed_from, changed_to = call.moment("start_update_date"), call.moment("end_update_date")
    if changed_from is not None:
        # The server itself goes back a little further than asked, so the same orders come again (reference, 1.6).
        floor = changed_from - call.place.config.update_delta_seconds * 1000
        tests.append(lambda record: record.updated >= floor)
    if changed_to is not None:
        tests.append(lambda record: record.updated <= changed_to)
    debited, incident = call.flag("customer_debited"), call.flag("has_incident")
    if debited is not None:
        tests.append(lambda record: record.debited == debited)
    if incident is not None:
        tests.append(lambda record: record.incident == incident)
    return tests


def _selected(call: Call) -> list[OrderRecord]:
    """All orders that fit, by creation date."""
    order_ids = call.listed("order_ids")
    tests = _tests(call)
    if order_ids is not None:
        found = [record for order_id in set(order_ids) if (record := call.place.orders.get(order_id)) is not None]
        found.sort(key=lambda record: (record.created, record.order_id))
    else:
        found = call.place.sorted_orders()
    return [record for record in found if all(test(record) for test in tests)] if tests else found


def fragment(record: OrderRecord, mode: str) -> bytes:
    """The order's JSON in `mode`."""
    if not record.early:
        if not record.taxed:
            return record.text_as(mode)
        text = record.text()
        if text.startswith(b'{"order_tax_mode":"' + mode.encode()):
            return text
    if record.other is None or not record.other.startswith(mode.encode()):
        order = shown_in(record.order(), mode)
        if record.early:
            order["customer"] |= {"billing_address": None, "shipping_address": None}
        record.other = mode.encode() + zlib.compress(wire.dumps(order), 1)
    return zlib.decompress(record.other[len(mode) :])


def or11(call: Call) -> Answer:
    """GET /api/orders."""
    size, offset = call.whole("max", 10, 1, 100), call.whole("offset", 0, 0, 10**9)
    mode = call.choice("order_tax_mode", MODES) or call.place.config.order_tax_mode
    call.choice("sort", ("dateCreated",))
    falling = call.choice("order", ("asc", "desc")) == "desc"
    question = tuple(sorted((k, *v) for k, v in call.query.items() if k not in ("offset", "max", "order", "order_tax_mode")))
    found: list[OrderRecord] | None = call.place.cache.get(question)
    if found is None:
        found = _selected(call)
        if "order_ids" not in call.query:  # those are asked once, sweeps page by page
            call.place.cache[question] = found
    page = found[::-1][offset : offset + size] if falling else found[offset : offset + size]
    body = b'{"orders":[' + b",".join(fragment(record, mode) for record in page) + b'],"total_count":%d}' % len(found)
    return Answer(200, body, offset_link(call, offset, size, len(found)))
