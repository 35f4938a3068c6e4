"""Planted scenarios: each once per marketplace, and its documents really show what its expectation claims."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from returns_assets.sandbox import documents
from returns_assets.sandbox.config import default_config
from returns_assets.sandbox.scenarios import NAMES, SCENARIOS
from returns_assets.sandbox.world_generator import generate, market_of, world_request
from returns_assets.sandbox.world_plan import Plan, expected_lines

MARKETS = {config.key: market_of(config) for config in default_config().marketplaces}
PROFILE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "mappings" / "rebound.yaml").read_text(encoding="utf-8"))


def planted(scenarios: object = True, days: int = 7, marketplace: str = "nordhaus") -> Plan:
    body = {"days": days, "orders_per_day": 0, "returns_per_day": 0, "marketplaces": [marketplace], "scenarios": scenarios}
    return generate(world_request(body, tuple(MARKETS)), MARKETS)


def payloads(plan: Plan, channel: str) -> list[dict[str, Any]]:
    return [json.loads(document.body) for document in plan.documents if document.channel == channel]


def items(plan: Plan, channel: str) -> list[str]:
    """Piece ids, one entry for each time that a document of the channel names one."""
    found: list[str] = []
    for payload in payloads(plan, channel):
        listed = payload["receivedItems"] if channel == documents.SNAPSHOTS else payload.get("items") or payload["order"]["items"]
        found += [item["reboundItemId"].removeprefix("(00)") for item in listed]
    return found


@pytest.mark.parametrize("marketplace", MARKETS)
def test_every_scenario_is_planted_once_in_each_marketplace(marketplace: str) -> None:
    plan = planted(marketplace=marketplace)
    assert {row.scenario for row in plan.truth} == set(NAMES)
    again = {(row.scenario, row.return_id) for row in plan.truth}
    assert Counter(scenario for scenario, _ in again) == {name: 2 if name == "two_returns" else 1 for name in NAMES}


def test_the_reference_lists_refund_scenarios_are_all_there() -> None:
    assert {scenario.reference for scenario in SCENARIOS} >= {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20, 23}


@pytest.mark.parametrize("name", NAMES)
def test_money_moves_only_for_pieces_with_a_definitive_document(name: str) -> None:
    plan = planted([name])
    definitive: set[str] = set()
    for document in plan.documents:
        if document.channel in (documents.REFUND_REGISTERED, documents.SNAPSHOTS) and name != "half_document":
            definitive |= set(items(Plan(0, plan.first_day, 1, documents=[document]), document.channel))
    for row in plan.truth:
        if name == "half_document":
            continue
        assert (row.outcome == "none") == (row.piece_id not in definitive), "none: nothing definitive, anything else: something definitive"
        assert row.paid <= (row.piece_id in definitive)


def test_orders_that_scenarios_name_exist_but_for_the_two_that_must_not() -> None:
    plan = planted()
    orders = {order["order_id"] for order in plan.orders("nordhaus")}
    assert {row.scenario for row in plan.truth if row.order_id not in orders} == {"unknown_order", "unroutable"}


def test_lines_that_are_expected_to_be_paid_exist_with_enough_units_left() -> None:
    plan = planted()
    lines = {line["order_line_id"]: line for order in plan.orders("nordhaus") for line in order["order_lines"]}
    for row in expected_lines(plan):
        line = lines[row["order_line_id"]]
        assert line["quantity"] >= row["units"]
        assert line["order_line_state"] in ("SHIPPED", "RECEIVED", "INCIDENT_OPEN")
        assert (row["amount"] is None) == bool(line["refunds"])


def test_unknown_words_stand_only_where_they_are_planted() -> None:
    strange: set[tuple[str, str]] = set()
    for name in NAMES:
        if name == "half_document":
            continue
        plan = planted([name])
        for channel in documents.CHANNELS:
            for payload in payloads(plan, channel):
                order = payload.get("order", payload)
                status_map = PROFILE["snapshot_status_map" if channel == documents.SNAPSHOTS else "status_map"]
                status = order.get("status") or order.get("statusDescription")
                if status is not None and status not in status_map:
                    strange.add((name, status))
                for item in [*payload.get("items", []), *order.get("items", []), *payload.get("receivedItems", [])]:
                    for field, table in (
                        ("reasonCode", "reason_map"),
                        ("grade", "grade_map"),
                        ("disposition", "disposition_map"),
                        ("verification", "verification_map"),
                    ):
                        if field in item and item[field] not in PROFILE[table] and item[field] != "Not available":
                            strange.add((name, item[field]))
    assert strange == {
        ("unknown_reason", "Zu groß"),
        ("unknown_status", "customsHold"),
        ("unknown_grade", "mouldy"),
        ("unknown_disposition", "VINTAGE_SHELF"),
        ("unknown_verification", "PROBABLY"),
    }


def test_duplicates_are_byte_identical_and_reserialised() -> None:
    plan = planted(["duplicates"])
    bodies = [document.body for document in plan.documents if document.channel == documents.REFUND_REGISTERED]
    assert len(bodies) == 4
    assert len(set(bodies)) == 2
    assert len({json.dumps(json.loads(body), sort_keys=True) for body in bodies}) == 1


def test_hub_arrival_is_sent_before_the_scan_that_happened_earlier() -> None:
    sent = [payload["order"] for payload in payloads(planted(["hub_before_scan"]), documents.TRACKING)]
    places = {order["statusDescription"]: (place, order["timestamp"]) for place, order in enumerate(sent)}
    assert places["arrivedAtHub"][0] < places["postalIncoming"][0]
    assert places["arrivedAtHub"][1] > places["postalIncoming"][1]


def test_label_in_box_starts_with_the_scan_and_direct_to_retailer_never_meets_a_hub() -> None:
    boxed = [payload["order"]["statusDescription"] for payload in payloads(planted(["label_in_box"]), documents.TRACKING)]
    assert boxed == ["postalIncoming", "arrivedAtHub"]
    plan = planted(["direct_to_retailer"])
    assert [payload["order"]["statusDescription"] for payload in payloads(plan, documents.TRACKING)] == [
        "returnOrderCreated",
        "postalIncoming",
        "delivered",
    ]
    assert payloads(plan, documents.REFUND_REGISTERED) == []
    assert [payload["flow"] for payload in payloads(plan, documents.SNAPSHOTS)] == ["DTR"]


def test_two_parcels_arrive_five_days_apart_and_faster_in_a_short_world() -> None:
    def days(plan: Plan) -> list[int]:
        arrived = [document.at for document in plan.documents if document.channel == documents.REFUND_REGISTERED]
        return [(at - arrived[0]).days for at in arrived]

    assert days(planted(["two_parcels"], days=7)) == [0, 5]
    assert days(planted(["two_parcels"], days=1)) == [0, 0]


def test_in_a_world_of_one_day_corrections_still_come_after_what_they_correct() -> None:
    for name in ("correction_down", "missing_then_found", "quarantine_released"):
        snapshots = payloads(planted([name], days=1), documents.SNAPSHOTS)
        assert [payload["version"] for payload in snapshots] == [1, 2]
        assert snapshots[0]["updatedAt"] < snapshots[1]["updatedAt"]


def test_an_unexpected_item_shows_nothing_but_its_ean() -> None:
    extra = payloads(planted(["unexpected_item"]), documents.REFUND_REGISTERED)[0]["order"]["items"][1]
    assert {name for name, value in extra.items() if value == "Not available"} == {"clientItemId", "sku", "reasonCode"}
    assert documents.check_digit(extra["ean"][:12]) == extra["ean"][12]


@pytest.mark.parametrize(("name", "prices"), [("same_sku_ambiguous", {"40.00", "29.00"}), ("same_sku_equal_price", {"40.00"})])
def test_same_sku_without_line_id(name: str, prices: set[str]) -> None:
    plan = planted([name])
    (order,) = plan.orders("nordhaus")
    assert len({line["offer_sku"] for line in order["order_lines"]}) == 1
    assert {str(line["price"]) for line in order["order_lines"]} == prices
    assert payloads(plan, documents.REFUND_REGISTERED)[0]["order"]["items"][0]["clientItemId"] == "Not available"


def test_refunds_by_hand_are_in_the_order_before_the_return() -> None:
    (order,) = planted(["partly_refunded_by_hand"]).orders("nordhaus")
    (refund,) = order["order_lines"][0]["refunds"]
    assert (str(refund["amount"]), refund["refund_state"], refund["reason_code"]) == ("25.00", "REFUNDED", "17")
    assert not order["fully_refunded"]
    (order,) = planted(["refunded_by_hand"], marketplace="albion").orders("albion")
    assert order["fully_refunded"]
    assert order["order_lines"][0]["refunds"][0]["reason_code"] == "ITEM_RETURNED"


def test_a_cancelled_unit_leaves_price_quantity_and_totals() -> None:
    plan = planted(["partly_cancelled"])
    (order,) = plan.orders("nordhaus")
    line = order["order_lines"][0]
    assert (line["quantity"], str(line["price"]), str(order["total_price"])) == (2, "20.00", "20.00")
    assert str(line["cancelations"][0]["amount"]) == "10.00"
    assert expected_lines(plan)[0]["amount"] == "20.00"


def test_half_a_document_is_followed_by_the_whole() -> None:
    half, whole = (document.body for document in planted(["half_document"]).documents)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(half)
    assert whole.startswith(half)
    assert json.loads(whole)


def test_scenarios_can_be_chosen_per_marketplace() -> None:
    body = {"orders_per_day": 0, "returns_per_day": 0, "scenarios": {"nordhaus": ["used"], "maplewood": True}}
    plan = generate(world_request(body, tuple(MARKETS)), MARKETS)
    found = {(row.marketplace, row.scenario) for row in plan.truth}
    assert ("nordhaus", "used") in found
    assert {marketplace for marketplace, _ in found} - {""} == {"nordhaus", "maplewood"}
