"""A world whose customers open returns on the marketplace: planned beside everything else, opened by the clock before ReBound tells."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from returns_assets.sandbox import documents, wire
from returns_assets.sandbox.clock import Clock
from returns_assets.sandbox.config import default_config
from returns_assets.sandbox.mirakl.return_life import open_by_customer
from returns_assets.sandbox.order_life import moment
from returns_assets.sandbox.orders import Market
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world import World, world_of
from returns_assets.sandbox.world_generator import generate, market_of, world_request
from returns_assets.sandbox.world_plan import Plan
from returns_assets.sandbox.world_returns import opening_rows
from tests.sandbox_fixture import Sandbox

MARKETS: dict[str, Market] = {config.key: market_of(config) for config in default_config().marketplaces}
SMALL: dict[str, Any] = {"seed": 3, "days": 3, "orders_per_day": 12, "returns_per_day": 10, "scenarios": False, "marketplace_returns": True}


def plan(**given: Any) -> Plan:
    body = {"days": 4, "orders_per_day": 60, "returns_per_day": 50, "scenarios": True, **given}
    return generate(world_request(body, tuple(MARKETS)), MARKETS)


def orders(plan: Plan, key: str) -> list[bytes]:
    return [wire.dumps(order) for order in plan.orders(key)]


def test_they_change_nothing_of_the_world_beside_them() -> None:
    without, with_them = plan(), plan(marketplace_returns=True)
    assert without.openings == []
    assert with_them.documents == without.documents
    assert with_them.truth == without.truth
    for key, late in (("nordhaus", 4), ("albion", 4), ("maplewood", 0)):
        whole = orders(with_them, key)
        assert whole[: len(whole) - late] == orders(without, key)


def test_the_same_seed_opens_the_same_returns() -> None:
    first, again, other = (plan(marketplace_returns=True, seed=seed).openings for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_a_share_of_the_returns_is_opened_where_the_feature_is_on() -> None:
    made = plan(marketplace_returns=True)
    kinds = Counter((each.marketplace, each.kind) for each in made.openings)
    assert {key for key, _ in kinds} == {"nordhaus", "albion"}
    for key in ("nordhaus", "albion"):
        assert kinds[key, "after_window"] == 4
        opened = kinds[key, "usual"] + kinds[key, "before_dispatch"]
        assert 0.3 < opened / 200 < 0.5
        assert kinds[key, "before_dispatch"] >= 0.1 * opened


def test_they_are_opened_before_rebound_tells_and_name_its_lines() -> None:
    made = plan(marketplace_returns=True, scenarios=False, days=9)
    told: dict[str, datetime] = {}
    announced: dict[str, Counter[str]] = {}
    for document in made.documents:
        payload = json.loads(document.body)
        return_id = payload.get("order", payload)["reboundOrderId"].removeprefix("(00)")
        told.setdefault(return_id, document.at)
        if document.channel == documents.TRACKING:
            counts: Counter[str] = Counter()
            for item in payload["items"]:
                counts[item["clientItemId"]] += int(item["quantity"])
            announced[return_id] = counts
    found = {order["order_id"]: order for key in MARKETS for order in made.orders(key)}
    for opening in made.openings:
        order = found[opening.order_id]
        created, shipped = moment(order["created_date"]), moment(order["order_lines"][0]["shipped_date"])
        received = moment(order["order_lines"][0]["received_date"])
        assert created < opening.at
        assert (opening.kind == "before_dispatch") == (opening.at < shipped)
        if opening.kind == "after_window":
            assert opening.rebound_return_id is None
            assert opening.at - received > timedelta(days=MARKETS[opening.marketplace].return_window_days or 0)
        else:
            assert opening.rebound_return_id is not None
            assert opening.at < told[opening.rebound_return_id]
            units: Counter[str] = Counter()
            for line_id, quantity, _ in opening.lines:
                units[line_id] += quantity
            assert units == announced[opening.rebound_return_id]


def state_at(text: str, path: str | None = None) -> State:
    return State(default_config(), path=path, clock=Clock(datetime.fromisoformat(text).replace(tzinfo=UTC)))


def returns(state: State) -> dict[str, tuple[str, str, str]]:
    """By id: its order's state now, its own, and when it was opened."""
    found: dict[str, tuple[str, str, str]] = {}
    for place in state.marketplaces.values():
        for return_id, entry in place.returns.entries.items():
            order_state = place.orders[entry.content["order_id"]].state
            found[return_id] = (order_state, entry.content["state"], entry.content["date_created"])
    return found


def test_time_opens_them_some_for_orders_that_ship_later() -> None:
    state = state_at("2025-02-24")
    world_of(state).add({"kind": "generated", "body": SMALL})
    world = world_of(state)
    rows = [row for made in world.plans for row in opening_rows(made)]
    unshipped: set[str] = set()
    for hour in range(0, 9 * 24, 3):
        now = datetime(2025, 2, 24, tzinfo=UTC) + timedelta(hours=hour)
        state.set_clock(now)
        found = returns(state)
        assert set(found) == {row["return_id"] for row in rows if moment(row["opened_at"]) <= now}
        unshipped |= {return_id for return_id, (order_state, _, _) in found.items() if order_state == "SHIPPING"}
    assert unshipped
    assert unshipped <= {row["return_id"] for row in rows if row["kind"] == "before_dispatch"}
    assert {return_id: opened for return_id, (_, _, opened) in returns(state).items()} == {
        row["return_id"]: row["opened_at"] for row in rows
    }
    state.set_clock(datetime(2025, 4, 1, tzinfo=UTC))
    assert {order_state for order_state, _, _ in returns(state).values()} == {"RECEIVED"}
    by_market = {place.config.key: {e.content["state"] for e in place.returns.entries.values()} for place in state.marketplaces.values()}
    assert by_market == {"nordhaus": {"WAITING_ACCEPTANCE"}, "albion": {"IN_PROGRESS"}, "maplewood": set()}
    for place in state.marketplaces.values():
        codes = {reason["code"] for reason in place.config.reasons if reason["type"] == "RETURN"}
        used = {line["reason_code"] for entry in place.returns.entries.values() for line in entry.content["return_lines"]}
        assert used <= codes


def test_a_jump_of_the_clock_opens_the_same_returns() -> None:
    slow, quick, late = state_at("2025-02-24"), state_at("2025-02-24"), state_at("2025-04-01")
    for state in (slow, quick, late):
        world_of(state).add({"kind": "generated", "body": SMALL})
    for day in range(1, 8):
        slow.set_clock(datetime(2025, 3, day, tzinfo=UTC))
    for state in (slow, quick):
        state.set_clock(datetime(2025, 4, 1, tzinfo=UTC))
    assert returns(slow) == returns(quick) == returns(late)


def test_a_restart_opens_none_twice(tmp_path: Path) -> None:
    path = str(tmp_path / "state.sqlite")
    state = state_at("2025-02-24", path)
    world_of(state).add({"kind": "generated", "body": SMALL})
    state.set_clock(datetime(2025, 3, 1, tzinfo=UTC))
    [gone, *_] = [entry for place in state.marketplaces.values() for entry in place.returns.entries.values()]
    gone.changed("2025-03-01T00:00:00Z", "RT29", state="CANCELED")  # its units are free again, and yet it is not opened again
    state.save_returns("nordhaus", gone)
    before = returns(state)
    state.close()
    again = state_at("2025-03-01", path)
    World(again)
    assert returns(again) == before
    assert returns(again)[gone.content["id"]][1] == "CANCELED"
    again.set_clock(datetime(2025, 4, 1, tzinfo=UTC))
    assert len(returns(again)) > len(before) > 0
    again.close()


def test_what_another_return_holds_is_not_opened_again() -> None:
    state = state_at("2025-02-24")
    world_of(state).add({"kind": "generated", "body": {**SMALL, "marketplaces": ["nordhaus"]}})
    state.set_clock(datetime(2025, 2, 25, 12, tzinfo=UTC))
    there = set(state.order_ids("nordhaus"))
    [first, *_] = [row for row in opening_rows(world_of(state).plans[0]) if row["order_id"] in there and row["opened_at"] > "2025-02-25T12"]
    [order] = [order for order in [state.get_order("nordhaus", first["order_id"])] if order is not None]
    wanted = {line["order_line_id"] for line in first["lines"]}
    lines = [
        {"order_line_id": line["order_line_id"], "quantity": line["quantity"], "reason_code": "RETURN_OTHER"}
        for line in order["order_lines"]
        if line["order_line_id"] in wanted
    ]
    mine = open_by_customer(state, "nordhaus", first["order_id"], lines, by="customer", at="2025-02-25T12:00:00Z").content["id"]
    state.set_clock(datetime(2025, 4, 1, tzinfo=UTC))
    opened = {entry.content["id"] for entry in state.marketplace("nordhaus").returns.entries.values()}
    assert opened == {mine, *(row["return_id"] for row in opening_rows(world_of(state).plans[0]))} - {first["return_id"]}


def test_a_marketplace_that_turns_returns_off_gets_none() -> None:
    state = state_at("2025-02-24")
    world_of(state).add({"kind": "generated", "body": {**SMALL, "marketplaces": ["nordhaus"]}})
    state.marketplace("nordhaus").config.features.clear()
    state.set_clock(datetime(2025, 4, 1, tzinfo=UTC))
    assert returns(state) == {}


def test_the_server_tells_what_was_planted(sandbox: Sandbox) -> None:
    sandbox.post("clock", now="2025-04-01T00:00:00Z")
    sandbox.post("world", **SMALL)
    planted = sandbox.get("world/truth", marketplace="albion")["marketplace_returns"]
    assert {row["marketplace"] for row in planted} == {"albion"}
    found = {each["id"]: each for each in sandbox.get("returns", marketplace="albion", source="world")["returns"]}
    assert {row["return_id"] for row in planted} == set(found)
    for row in planted:
        each = found[row["return_id"]]
        assert (each["order_id"], each["date_created"]) == (row["order_id"], row["opened_at"])
        assert each["history"] == [{"state": "IN_PROGRESS", "at": row["opened_at"], "by": "world"}]
    # nobody accepted or received anything: by the next jump they count as lost
    sandbox.post("clock", now="2025-06-01T00:00:00Z")
    assert {each["state"] for each in sandbox.get("returns", marketplace="albion")["returns"]} == {"NO_RECEPTION"}


def test_a_wrong_value_is_refused() -> None:
    with pytest.raises(ValueError, match="marketplace_returns must be true or false"):
        plan(marketplace_returns=0.5)
