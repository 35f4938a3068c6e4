"""Payloads to canonical events: what each kind of notification may and may not say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from returns_assets.rebound.problems import CAUSES
from returns_assets.rebound.profile import compile_profile
from returns_assets.rebound.vocabulary import EVENT_RANKS
from tests.rebound.payloads import MAPPINGS, NA, PIECE, RECEIVED, causes, item, one, read, received, snapshot, tracking, trigger


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("postalIncoming", "PARCEL_IN_NETWORK"),
        ("returnOrderCreated", "RETURN_REGISTERED"),
        ("arrivedAtHub", "PARCEL_AT_HUB"),
        ("delivered", "PARCEL_DELIVERED"),
    ],
)
def test_a_tracking_update_is_a_parcel_event_for_each_announced_piece(status: str, event: str):
    found = one("tracking_update", tracking(statusDescription=status))
    assert (found.event, found.event_rank) == (event, EVENT_RANKS[event])
    assert found.event_time == datetime(2025, 3, 7, 8, 30, 0, 123456, UTC)
    assert (found.return_id, found.order_id, found.tracking_number, found.location) == (
        "300000000000000017", "NOR-1-A", "ZZ1", "DE_ABC_Site",
    )  # fmt: skip
    assert found.lane is None  # a parcel document does not say it
    assert found.item is not None
    assert (found.item.piece_id, found.item.line_ref, found.item.reason, found.item.reason_raw) == (
        "900000000000000011", "NOR-1-A-1", "SIZE_TOO_LARGE", "Too large",
    )  # fmt: skip
    assert found.problems == []


def test_a_tracking_update_without_items_is_one_event_without_a_piece():
    found = one("tracking_update", tracking(items=[]))
    assert (found.event, found.item, found.problems) == ("PARCEL_IN_NETWORK", None, [])


@pytest.mark.parametrize("event", ["ITEM_REGISTERED", "ITEM_GRADED", "REFUND_ADVICE", "PUTAWAY_COMPLETED"])
def test_a_tracking_update_never_proves_an_item_even_if_the_map_says_so(event: str):
    """Its piece ids are announced ones: an item event read from it would pay for goods that nobody has seen."""
    from returns_assets.rebound.events import read_events

    account = MAPPINGS.rebound.model_copy(update={"status_map": {"postalIncoming": event}})
    (found,) = read_events(compile_profile(account), "tracking_update", tracking(), RECEIVED)
    assert (found.event, causes(found)) == ("UNKNOWN", ["item_event_in_tracking:postalIncoming"])


@pytest.mark.parametrize(("kind", "event"), [("refund_registered", "ITEM_REGISTERED"), ("refund_instant", "REFUND_ADVICE")])
def test_the_kind_of_a_trigger_comes_from_its_channel(kind: str, event: str):
    found = one(kind, trigger())
    assert (found.event, found.event_time) == (event, RECEIVED)  # a trigger has no time of its own
    assert found.item is not None
    assert (found.item.grade, found.item.disposition, found.item.verification) == ("U", "NONE", None)


def test_items_are_found_on_both_levels():
    beside = {"order": {"reboundOrderId": "R"}, "items": [item()]}
    inside = {"order": {"reboundOrderId": "R", "items": [item()]}}
    assert one("refund_registered", beside).event_key == one("refund_registered", inside).event_key
    assert one("tracking_update", {**tracking(items=[]), "order": {**tracking()["order"], "items": [item()]}}).item is not None


def test_the_published_sample_with_an_item_of_which_only_ean_and_piece_are_known():
    unexpected = item(reboundItemId="(00)900000000000000028", clientItemId=NA, sku=NA, reasonCode=NA)
    first, second = read("refund_registered", trigger(items=[item(), unexpected]))
    assert first.item is not None
    assert second.item is not None
    assert first.item.verification is None
    assert (second.item.verification, second.item.line_ref, second.item.sku, second.item.reason) == ("UNEXPECTED_EXTRA", None, None, None)
    assert second.item.ean == "4000000000019"
    assert second.problems == []


def test_an_item_without_line_id_but_with_sku_was_announced():
    found = one("refund_registered", trigger(items=[item(clientItemId=NA)]))
    assert found.item is not None
    assert found.item.verification is None


@pytest.mark.parametrize(
    ("changed", "event"),
    [
        ({}, "ITEM_GRADED"),
        ({"grade": ..., "condition": "B"}, "ITEM_GRADED"),
        ({"grade": ...}, "ITEM_DISPOSITIONED"),
        ({"grade": ..., "disposition": ..., "final_disposition": "DONATE"}, "ITEM_DISPOSITIONED"),
        ({"grade": NA, "disposition": ""}, "ITEM_REGISTERED"),
    ],
)
def test_a_snapshots_item_is_what_is_most_known_of_it(changed: dict[str, Any], event: str):
    found = one("return_snapshot", snapshot(items=[received(**changed)]))
    assert (found.event, found.problems) == (event, [])
    assert found.event_time == datetime(2025, 3, 9, 9, 0, tzinfo=UTC)  # when it was inspected, not when the case changed
    assert (found.lane, found.version) == ("HUB", 4)


def test_a_snapshots_item_that_was_not_dated_has_the_documents_time():
    assert one("return_snapshot", snapshot(items=[received(inspectedAt=None)])).event_time == datetime(2025, 3, 9, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "case"), [("COMPLETED", "RETURN_CLOSED"), ("REJECTED", "RETURN_CANCELLED"), ("CANCELLED", "RETURN_CANCELLED")]
)
def test_a_closed_case_is_one_more_event_without_a_piece(status: str, case: str):
    graded, closed = read("return_snapshot", snapshot(status=status))
    assert (graded.event, closed.event, closed.item) == ("ITEM_GRADED", case, None)


def test_an_open_case_without_items_says_which_way_it_goes():
    case = one("return_snapshot", snapshot(items=[], status="OPEN", flow="DTR"))
    assert (case.event, case.lane, case.item) == ("RETURN_REGISTERED", "DTR", None)
    assert read("return_snapshot", snapshot(items=[], status="OPEN", flow=NA)) == []


@pytest.mark.parametrize(("flow", "lane"), [("STANDARD", "HUB"), ("DTR", "DTR"), ("RLIB", "RLIB"), (NA, None), (None, None)])
def test_lanes(flow: str | None, lane: str | None):
    assert one("return_snapshot", snapshot(flow=flow)).lane == lane


@pytest.mark.parametrize(
    ("kind", "payload", "field", "cause"),
    [
        ("tracking_update", tracking(statusDescription="eingegangen"), "event", "unknown_status:eingegangen"),
        ("refund_registered", trigger(items=[item(reasonCode="Zu groß")]), "reason", "unknown_reason:Zu groß"),
        ("return_snapshot", snapshot(items=[received(grade="A+")]), "grade", "unknown_grade:A+"),
        ("return_snapshot", snapshot(items=[received(disposition="SELL")]), "disposition", "unknown_disposition:SELL"),
        ("return_snapshot", snapshot(items=[received(verification="MAYBE")]), "verification", "unknown_verification:MAYBE"),
        ("return_snapshot", snapshot(items=[received(refundAdvice="PAY")]), "refund_advice", "unknown_refund_advice:PAY"),
        ("return_snapshot", snapshot(flow="DRONE"), "lane", "unknown_lane:DRONE"),
    ],
)
def test_an_unknown_value_is_kept_as_unknown_and_named(kind: str, payload: Any, field: str, cause: str):
    found = one(kind, payload)
    value = getattr(found, field, None) if field in ("event", "lane") else getattr(found.item, field)
    assert value == "UNKNOWN"
    assert causes(found) == [cause]


def test_an_unknown_status_has_the_lowest_rank_and_an_unknown_case_keeps_its_items():
    assert one("tracking_update", tracking(statusDescription="?")).event_rank == 0
    graded, case = read("return_snapshot", snapshot(status="LOST"))
    assert (graded.event, case.event) == ("ITEM_GRADED", "UNKNOWN")
    assert "unknown_status:LOST" in causes(case)


@pytest.mark.parametrize(("written", "quantity"), [("1", 1), ("3", 3), (2, 2), ("2.0", 2), (NA, None), (None, None), ("00012", 12)])
def test_quantities(written: Any, quantity: int | None):
    found = one("refund_registered", trigger(items=[item(quantity=written)]))
    assert found.item is not None
    assert (found.item.quantity, found.problems) == (quantity, [])


@pytest.mark.parametrize("written", ["0", "-1", "1.5", "one", "1e99", "99999999999", "NaN", "Infinity", "1e999999999"])
def test_a_bad_quantity_is_zero_units_which_nothing_refunds(written: str):
    found = one("refund_registered", trigger(items=[item(quantity=written)]))
    assert found.item is not None
    assert (found.item.quantity, causes(found)) == (0, [f"bad_quantity:{written}"])


BAD_TIMES = [
    "yesterday",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-12:00",
    "2025-13-01T00:00:00Z",
    "1741514400",
    "2025-03-07",
    "20250307",
]


@pytest.mark.parametrize("written", BAD_TIMES)
def test_a_time_that_cannot_be_is_replaced_by_the_receipt_and_named(written: str):
    found = one("tracking_update", tracking(timestamp=written))
    assert found.event_time == RECEIVED
    assert causes(found) == [f"bad_time:{written}"]


def test_a_time_far_after_its_receipt_would_win_for_ever_and_is_not_believed():
    found = one("tracking_update", tracking(timestamp="2099-01-01T00:00:00Z"))
    assert (found.event_time, causes(found)) == (RECEIVED, ["future_time:2099-01-01T00:00:00Z"])
    assert one("tracking_update", tracking(timestamp="2025-03-09T20:00:00Z")).problems == []  # clocks differ by hours at most


def test_a_time_without_zone_is_utc_and_others_are_converted():
    assert one("tracking_update", tracking(timestamp="2025-03-07 08:30:00")).event_time == datetime(2025, 3, 7, 8, 30, tzinfo=UTC)
    assert one("tracking_update", tracking(timestamp="2025-03-07T08:30:00+02:00")).event_time == datetime(2025, 3, 7, 6, 30, tzinfo=UTC)


def test_a_bad_time_of_inspection_leaves_the_documents_time():
    found = one("return_snapshot", snapshot(items=[received(inspectedAt="soon")]))
    assert (found.event_time, causes(found)) == (datetime(2025, 3, 9, 10, 15, tzinfo=UTC), ["bad_time:soon"])


def test_one_document_that_contradicts_itself_is_for_a_person():
    events = read("return_snapshot", snapshot(items=[received(grade="A"), received(grade="D")]))
    assert [e.item.verification for e in events if e.item] == ["UNKNOWN", "UNKNOWN"]
    assert all(causes(e) == ["conflicting_item:900000000000000011"] for e in events)
    same = read("return_snapshot", snapshot(items=[received(), received()]))
    assert [e.problems for e in same] == [[], []]
    assert same[0].event_key == same[1].event_key


def test_pieces_without_an_id_are_told_apart_by_return_line_and_ordinal():
    nameless = [item(reboundItemId=NA, reasonCode=r) for r in ("Too small", "Too large", "Too small")]
    other = item(reboundItemId=NA, clientItemId=NA, sku=NA)
    events = read("refund_registered", trigger(items=[*nameless, other]))
    ids = [e.item.piece_id for e in events if e.item]
    assert sorted(map(str, ids)) == [
        "300000000000000017/4000000000019/1",
        "300000000000000017/NOR-1-A-1/1",
        "300000000000000017/NOR-1-A-1/2",
        "300000000000000017/NOR-1-A-1/3",
    ]
    turned = read("refund_registered", trigger(items=[other, *reversed(nameless)]))
    assert {(e.event_key, e.item.piece_id) for e in turned if e.item} == {(e.event_key, e.item.piece_id) for e in events if e.item}


def test_an_id_is_normalised_but_keeps_its_zeros_and_case():
    found = one("refund_registered", trigger(items=[item(reboundItemId=" (00) 012aB ")], reboundOrderId=12))
    assert found.item is not None
    assert (found.item.piece_id, found.return_id) == ("012aB", "12")


def test_nothing_about_the_return_is_named_on_every_row():
    events = read("refund_registered", {"order": {"items": [item(), item(reboundItemId="P2")]}})
    assert [causes(e) for e in events] == [["missing_return_id"], ["missing_return_id"]]
    assert PIECE.endswith(str(events[0].item and events[0].item.piece_id))


def test_what_was_only_announced_is_never_unexpected():
    found = one("tracking_update", tracking(items=[item(clientItemId=NA, sku=NA)]))
    assert found.item is not None
    assert found.item.verification is None


def test_a_quantity_that_is_not_given_does_not_change_which_event_it_is():
    silent, said = (one("refund_registered", trigger(items=[item(quantity=written)])) for written in (NA, "1"))
    assert silent.event_key == said.event_key


@pytest.mark.parametrize("cause", ["conflicting_item", "bad_type"])
def test_what_to_do_about_an_item_that_cannot_be_trusted_is_not_a_mapping(cause: str):
    assert "unknown_verification" in CAUSES[cause].todo
    assert "rebound.yaml needs no change" in CAUSES[cause].todo


def test_a_snapshot_names_the_rma_and_mirakls_return_whatever_else_the_metadata_hold():
    metadata = [7, {"key": "mirakl_shop_id", "value": "2001"}, {"value": "no key"}, {"key": "mirakl_return_id", "value": "0a-1"}]
    for found in read("return_snapshot", snapshot(rmaNumber="RMA-7", clientMetadata=metadata, status="COMPLETED")):
        assert (found.rma, found.mirakl_return_id, found.problems) == ("RMA-7", "0a-1", [])
    for nothing in ([], None, {}, [{"key": "mirakl_return_id", "value": NA}]):
        (found,) = read("return_snapshot", snapshot(rmaNumber=NA, clientMetadata=nothing, status="OPEN"))
        assert (found.rma, found.mirakl_return_id, found.problems) == (None, None, [])
