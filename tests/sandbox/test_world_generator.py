"""Made-up worlds: the same request gives the same bytes, the volumes asked for, and documents that agree with the mapping tables."""

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from returns_assets.sandbox import documents, wire
from returns_assets.sandbox.config import default_config
from returns_assets.sandbox.orders import Market
from returns_assets.sandbox.world_generator import generate, market_of, world_request
from returns_assets.sandbox.world_plan import Plan, expected_lines

MARKETS: dict[str, Market] = {config.key: market_of(config) for config in default_config().marketplaces}
PROFILE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "mappings" / "rebound.yaml").read_text(encoding="utf-8"))


def world(**given: Any) -> Plan:
    return generate(
        world_request({"days": 3, "orders_per_day": 30, "returns_per_day": 20, "scenarios": False, **given}, tuple(MARKETS)), MARKETS
    )


def everything(plan: Plan) -> tuple[object, ...]:
    return plan.documents, plan.truth, [wire.dumps(order) for key in MARKETS for order in plan.orders(key)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = (everything(world(seed=seed, scenarios=True)) for seed in (5, 5, 6))
    assert first == again
    assert all(mine != theirs for mine, theirs in zip(first, other, strict=True))


def test_ids_of_worlds_with_different_seeds_never_meet() -> None:
    one, two = world(seed=5), world(seed=6)
    assert not {row.piece_id for row in one.truth} & {row.piece_id for row in two.truth}
    assert not {order["order_id"] for order in one.orders("albion")} & {order["order_id"] for order in two.orders("albion")}


def test_volumes_are_per_marketplace_and_day() -> None:
    plan = world(marketplaces=["albion", "maplewood"], days=4)
    assert {key: len(list(plan.orders(key))) for key in MARKETS} == {"albion": 120, "maplewood": 120, "nordhaus": 0}
    assert Counter(row.marketplace for row in {row.return_id: row for row in plan.truth}.values()) == {"albion": 80, "maplewood": 80}


def test_an_order_was_received_on_a_day_of_the_world_by_its_own_dates() -> None:
    plan = world(days=2)
    days = Counter(order["last_updated_date"][:10] for order in plan.orders("nordhaus"))
    assert days == {"2025-03-01": 30, "2025-03-02": 30}


def test_documents_are_sent_in_order_within_the_worlds_days() -> None:
    plan = world()
    times = [document.at for document in plan.documents]
    assert times == sorted(times)
    assert times[0].date() >= date(2025, 3, 1)
    assert times[-1].date() <= date(2025, 3, 3)


def test_milestones_of_a_return_come_before_its_definitive_document() -> None:
    plan = world(graded_share=0.5)
    steps: dict[str, list[str]] = {}
    for document in plan.documents:
        payload = json.loads(document.body)
        order = payload.get("order", payload)
        steps.setdefault(order["reboundOrderId"], []).append(order.get("statusDescription") or document.channel)
    without_advice = {tuple(step for step in each if step != documents.REFUND_INSTANT) for each in steps.values()}
    way = ("returnOrderCreated", "postalIncoming", "arrivedAtHub")
    assert without_advice == {(*way, "refund-registered"), (*way, "snapshots")}


def test_documents_use_only_words_that_the_mapping_tables_know() -> None:
    for document in world(graded_share=0.5).documents:
        assert document.channel in PROFILE["channels"]
        payload = json.loads(document.body)
        order = payload.get("order", payload)
        if document.channel == documents.TRACKING:
            assert order["statusDescription"] in PROFILE["status_map"]
        items = payload.get("items") or order.get("items") or payload["announcedItems"]
        assert {item["reasonCode"] for item in items} <= set(PROFILE["reason_map"])
        for item in payload.get("receivedItems", []):
            assert item["grade"] in PROFILE["grade_map"]
            assert item["disposition"] in PROFILE["disposition_map"]


def test_no_line_gets_more_units_back_than_it_sold() -> None:
    plan = world(returns_per_day=30)
    lines = {(key, line["order_line_id"]): line for key in MARKETS for order in plan.orders(key) for line in order["order_lines"]}
    back: Counter[tuple[str, str]] = Counter()
    for row in plan.truth:
        assert row.order_line_id is not None
        back[row.marketplace, row.order_line_id] += row.quantity
        assert lines[row.marketplace, row.order_line_id]["offer_sku"] == row.sku
    assert all(lines[key]["quantity"] >= units for key, units in back.items())


def test_orders_show_what_makes_real_ones_hard() -> None:
    plan = world(orders_per_day=200, returns_per_day=0)
    orders = {key: list(plan.orders(key)) for key in MARKETS}
    assert {key: {order["currency_iso_code"] for order in found} for key, found in orders.items()} == {
        "nordhaus": {"EUR"},
        "albion": {"GBP"},
        "maplewood": {"USD"},
    }
    for order in orders["nordhaus"]:
        assert order["price"] == sum(line["price"] for line in order["order_lines"])
        assert order["customer_notification_email"].endswith("@notification.nordhaus.example")
    twins = [
        {line["price"] for line in order["order_lines"] if line["offer_sku"] == order["order_lines"][0]["offer_sku"]}
        for order in orders["nordhaus"]
        if len({line["offer_sku"] for line in order["order_lines"]}) < len(order["order_lines"])
    ]
    assert {len(prices) for prices in twins} >= {1, 2}, "same SKU at equal and at different prices"
    assert any(order["customer"]["shipping_address"] is None for order in orders["nordhaus"]), "an anonymised customer"
    lines = [line for order in orders["maplewood"] for line in order["order_lines"]]
    assert any((line["price"] * 100) % line["quantity"] for line in lines), "a total that does not divide evenly"
    assert any(line["shipping_price"] for line in lines)
    rules = {tuple(tax["tax_calculation_rule"] for tax in line["taxes"]) for line in lines}
    assert rules == {("PROPORTIONAL_TO_AMOUNT",), ("PROPORTIONAL_TO_AMOUNT", "NONE")}


def test_an_excluded_tax_is_on_top_of_the_price_and_an_included_one_in_it() -> None:
    plan = world(orders_per_day=100)
    for key, base in (("maplewood", Decimal(0)), ("nordhaus", Decimal(1))):
        taxed = [line for order in plan.orders(key) for line in order["order_lines"] if line["taxes"]]
        assert taxed
        for line in taxed:
            tax = line["taxes"][0]
            exact = line["price"] * tax["rate"] / (100 + base * tax["rate"])
            assert abs(tax["amount"] - exact) <= Decimal("0.005")


def test_expected_sums_share_a_line_to_the_cent() -> None:
    plan = world()
    rows = expected_lines(plan)
    prices = {(key, line["order_line_id"]): line for key in MARKETS for order in plan.orders(key) for line in order["order_lines"]}
    assert rows
    for row in rows:
        line = prices[row["marketplace"], row["order_line_id"]]
        if row["units"] == line["quantity"]:
            assert Decimal(row["amount"]) == line["price"]
        assert abs(Decimal(row["amount"]) - line["price"] * row["units"] / line["quantity"]) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"returns_per_day": 31}, "must not be above orders_per_day"),
        ({"days": 0}, "days must be a whole number of at least 1"),
        ({"graded_share": 2}, "graded_share must be a number from 0 to 1"),
        ({"marketplaces": ["atlantis"]}, "unknown marketplace atlantis; known: nordhaus"),
        ({"seeds": 1}, "unknown field seeds; allowed: seed"),
        ({"scenarios": ["moon_landing"]}, "unknown scenario moon_landing; allowed: happy_path"),
    ],
)
def test_a_wrong_request_is_told_what_is_allowed(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        world(**given)
