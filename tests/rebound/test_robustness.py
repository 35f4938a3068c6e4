"""Whatever a payload holds, reading it gives rows or problems and never an exception; and the same facts are the same events."""

import copy
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returns_assets.rebound.documents import parse
from tests.rebound.payloads import NA, PIECE, causes, item, one, read, received, snapshot, to_bytes, tracking, trigger

KINDS = ("tracking_update", "refund_instant", "refund_registered", "return_snapshot")
WRONG: list[Any] = [None, True, 0, -3, 1.5, "", NA, "x\u0000y", "\ud800", [], ["x"], [[]], {}, {"a": {"b": []}}, [None, 1, "x", {"y": []}]]
WHOLE = {
    "tracking_update": tracking(),
    "refund_registered": trigger(),
    "refund_instant": trigger(),
    "return_snapshot": snapshot(status="COMPLETED"),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *[found for key, entry in inner for found in places(entry, (*path, key))]]


def put(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(payload)
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return changed


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_may_hold_anything(kind: str):
    """Each place of each payload replaced by each wrong value: read like a document, and every row can be stored as text."""
    for path in places(WHOLE[kind])[1:]:
        for wrong in WRONG:
            (payload,) = parse(to_bytes(put(WHOLE[kind], path, wrong)), "f").payloads
            events = read(kind, payload)
            assert events, (path, wrong)
            repr(events).encode()
            for event in events:
                json.dumps(causes(event), ensure_ascii=False).encode()
                assert event.item is None or (event.item.quantity is None) or event.item.quantity >= 0


@pytest.mark.parametrize(
    "field", ["reboundItemId", "clientItemId", "sku", "ean", "quantity", "reasonCode", "verification", "grade", "disposition"]
)
@pytest.mark.parametrize("wrong", [["A"], {"value": "A"}, True])
def test_an_item_with_a_field_of_a_wrong_type_is_for_a_person(field: str, wrong: Any):
    """Left out silently, a grade in a list would be 'ungraded', and ungraded pieces are refunded."""
    found = one("return_snapshot", snapshot(items=[received(**{field: wrong})]))
    assert found.item is not None
    assert found.item.verification == "UNKNOWN"
    assert f"bad_type:{field}" in causes(found)


@pytest.mark.parametrize("entry", ["x", 1, None, True, ["x"]])
def test_an_entry_that_is_no_object_is_a_row_without_a_piece(entry: Any):
    good, bad = read("refund_registered", trigger(items=[item(), entry]))
    assert (good.problems, good.item and good.item.piece_id) == ([], PIECE.removeprefix("(00)"))
    assert bad.item is not None
    assert (bad.item.piece_id, bad.item.quantity, causes(bad)) == (None, None, ["bad_items:an entry is no object"])


@pytest.mark.parametrize("items", ["x", 3, True])
def test_items_that_are_no_list_are_named(items: Any):
    (found,) = read("refund_registered", trigger(items=items))
    assert causes(found) == ["bad_items:order.items", "missing_items"]


def test_a_single_item_that_is_not_in_a_list_is_read():
    assert one("refund_registered", trigger(items=item())).event_key == one("refund_registered", trigger()).event_key


def test_a_long_label_does_not_fill_the_exception():
    (text,) = causes(one("refund_registered", trigger(items=[item(reasonCode="x" * 5000)])))
    assert len(text) < 120


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([NA, "1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["order", "items", "receivedItems", "reboundOrderId", "reboundItemId", "quantity", "timestamp", "grade", "status"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(["order", "items", "receivedItems", "status", "updatedAt"]), json_values))
def test_any_json_object_is_read(kind: str, payload: dict[str, Any]):
    for event in read(kind, payload):
        repr(event).encode()


names = st.sampled_from([NA, "S1", "S2", "Größe", "x y"])
items_of_any_kind = st.lists(
    st.fixed_dictionaries(
        {
            "reboundItemId": st.sampled_from(["(00)900000000000000011", "(00)900000000000000028", "P3", NA]),
            "clientItemId": names,
            "sku": names,
            "quantity": st.sampled_from(["1", "2", "x"]),
            "reasonCode": st.sampled_from(["Too large", "Zu groß", NA]),
            "grade": st.sampled_from(["A", "D", NA]),
        }
    ),
    max_size=5,
)


def rewritten(value: Any, draw: Any) -> Any:
    """The same content otherwise: key order, numbers for numeric strings, `(00)` left out, spaces, null and absence for 'Not available'."""
    if isinstance(value, dict):
        entries = [(key, rewritten(entry, draw)) for key, entry in value.items()]
        return dict(draw(st.permutations([(k, v) for k, v in entries if v != "(absent)"])))
    if isinstance(value, list):
        return draw(st.permutations([rewritten(entry, draw) for entry in value]))
    if value == NA:
        return draw(st.sampled_from([NA, None, "", "n/a", " Not Available ", "(absent)"]))
    if isinstance(value, str) and value.isdecimal() and not value.startswith("0"):
        return draw(st.sampled_from([value, int(value)]))
    if isinstance(value, str):
        bare = value.removeprefix("(00)")
        return draw(st.sampled_from([value, f" {value} ", bare]))
    return value


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KINDS), items_of_any_kind, st.data())
def test_the_same_facts_are_the_same_events_whatever_the_serialisation(kind: str, items: list[dict[str, Any]], data: st.DataObject):
    made = {"tracking_update": tracking, "return_snapshot": snapshot}.get(kind, trigger)
    payload = made(items=items)
    again = rewritten(payload, data.draw)
    indent, escaped = data.draw(st.sampled_from([None, 1])), data.draw(st.booleans())
    content = json.dumps(again, indent=indent, ensure_ascii=escaped).encode()
    (payload_again,) = parse(content, "f").payloads

    def facts(events: list[Any]) -> Counter[Any]:
        about = [(e.item.piece_id, e.item.quantity, e.item.verification) if e.item else None for e in events]
        return Counter((e.event_key, e.event, e.event_time, about_item) for e, about_item in zip(events, about, strict=True))

    assert facts(read(kind, payload_again)) == facts(read(kind, payload))


@settings(max_examples=100)
@given(
    st.sampled_from(
        [
            ("reboundItemId", "(00)900000000000000028"), ("clientItemId", "NOR-1-A-2"), ("sku", "S2"), ("quantity", "2"),
            ("reasonCode", "Too small"), ("grade", "D"), ("disposition", "DONATE"), ("verification", "MISSING"),
            ("inspectedAt", "2025-03-09T09:00:01Z"),
        ]
    )
)  # fmt: skip
def test_another_fact_is_another_event(change: tuple[str, str]):
    """A correction must not pass for a duplicate."""
    before = one("return_snapshot", snapshot())
    after = one("return_snapshot", snapshot(items=[received(**{change[0]: change[1]})]))
    assert after.event_key != before.event_key


@pytest.mark.parametrize(
    ("kind", "a", "b"),
    [
        ("tracking_update", tracking(), tracking(timestamp="2025-03-07T08:30:00.123457Z")),
        ("tracking_update", tracking(), tracking(statusDescription="arrivedAtHub")),
        ("tracking_update", tracking(), tracking(reboundOrderId="(00)300000000000000024")),
        ("tracking_update", tracking(timestamp="soon"), tracking(timestamp="later")),
        ("refund_registered", trigger(), trigger(clientOrderId="NOR-2-A")),
    ],
)
def test_another_document_fact_is_another_event(kind: str, a: Any, b: Any):
    assert one(kind, a).event_key != one(kind, b).event_key


def test_one_unit_however_it_is_written_is_the_same_event():
    keys = {one("refund_registered", trigger(items=[item(quantity=q)])).event_key for q in ("1", 1, "01", "1.0", NA, None, ...)}
    assert len(keys) == 1


def test_the_two_triggers_for_one_piece_are_two_events():
    assert one("refund_instant", trigger()).event_key != one("refund_registered", trigger()).event_key


def test_a_cumulative_trigger_repeats_the_events_that_it_repeats():
    """Whether triggers are cumulative is not published: the piece that is named again is no new event, the added one is."""
    added = item(reboundItemId="(00)900000000000000028")
    first = one("refund_registered", trigger())
    again, new = read("refund_registered", trigger(items=[item(), added]))
    assert again.event_key == first.event_key
    assert new.event_key != first.event_key


def test_a_later_version_repeats_the_pieces_that_did_not_change():
    first = one("return_snapshot", snapshot())
    later = one("return_snapshot", snapshot(version=5, updatedAt="2025-03-10T10:15:00Z"))
    assert later.event_key == first.event_key
    undated = [received(inspectedAt=None)]
    early, late = (one("return_snapshot", snapshot(undated, updatedAt=at)) for at in ("2025-03-09T10:00:00Z", "2025-03-09T11:00:00Z"))
    assert early.event_key != late.event_key
