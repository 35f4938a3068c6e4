"""The world beside the server: orders that live by the clock, deliveries that send everything once, a restart, and the admin routes."""

import json
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from returns_assets.sandbox.clock import Clock
from returns_assets.sandbox.config import default_config
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world import World, world_of
from tests.sandbox_fixture import Sandbox, running_sandbox

NOON = datetime(2025, 3, 2, 12, tzinfo=UTC)
SMALL: dict[str, Any] = {"seed": 3, "days": 3, "orders_per_day": 6, "returns_per_day": 4, "marketplaces": ["nordhaus"], "scenarios": False}


def state_at(now: datetime, path: str | None = None) -> State:
    return State(default_config(), path=path, clock=Clock(now))


def add(state: State, **given: Any) -> dict[str, Any]:
    return world_of(state).add({"kind": "generated", "body": {**SMALL, **given}})


def orders(state: State) -> list[dict[str, Any]]:
    found = [state.get_order("nordhaus", order_id) for order_id in state.order_ids("nordhaus")]
    return [order for order in found if order is not None]


def test_orders_are_as_old_as_the_clock_says() -> None:
    state = state_at(datetime(2025, 2, 26, 12, tzinfo=UTC))
    add(state)
    young = {order["order_state"] for order in orders(state)}
    assert young == {"SHIPPING", "SHIPPED"}
    assert all(order["created_date"] <= "2025-02-26T12:00:00Z" for order in orders(state))
    assert all(line["received_date"] is None for order in orders(state) for line in order["order_lines"])


def test_time_creates_ships_and_receives() -> None:
    state, old = state_at(datetime(2025, 1, 1, tzinfo=UTC)), state_at(datetime(2025, 4, 1, tzinfo=UTC))
    assert add(state)["orders"] == {"nordhaus": 0}
    assert add(old)["orders"] == {"nordhaus": 18}
    for day in range(20, 28):
        state.set_clock(datetime(2025, 2, day, tzinfo=UTC))
    assert {order["order_state"] for order in orders(state)} == {"SHIPPING", "SHIPPED"}
    state.set_clock(datetime(2025, 4, 1, tzinfo=UTC))
    key = "order_id"
    assert sorted(orders(state), key=lambda order: order[key]) == sorted(orders(old), key=lambda order: order[key])


def test_time_leaves_an_order_alone_that_someone_moved() -> None:
    state = state_at(datetime(2025, 2, 28, tzinfo=UTC))
    add(state)
    moved = next(order["order_id"] for order in orders(state) if order["order_state"] == "SHIPPED")
    state.update("nordhaus", moved, lambda order: order.update(order_state="CLOSED"))
    state.set_clock(datetime(2025, 4, 1, tzinfo=UTC))
    assert [order["order_state"] for order in orders(state) if order["order_id"] == moved] == ["CLOSED"]


def test_only_due_documents_are_delivered_and_each_once(tmp_path: Path) -> None:
    state = state_at(NOON)
    total = add(state)["documents"]
    world = world_of(state)
    target = {"mode": "files", "directory": str(tmp_path)}
    first = world.deliver(None, target)
    assert 0 < first["delivered"] < total
    assert max(path.stat().st_mtime for path in tmp_path.rglob("*.json")) <= NOON.timestamp()
    assert world.deliver(None, target)["delivered"] == 0
    rest = world.deliver(datetime(2025, 4, 1, tzinfo=UTC), target)
    assert rest["delivered"] == total - first["delivered"]
    assert rest["remaining"] == 0
    assert len(list(tmp_path.rglob("*.json"))) == total


def test_mishaps_delay_but_lose_nothing(tmp_path: Path) -> None:
    calm, rough = state_at(NOON), state_at(NOON)
    late = datetime(2025, 4, 1, tzinfo=UTC)
    faults = {"duplicate": 0.2, "reserialised": 0.2, "disorder": 0.5, "half_written": 0.2, "half_abandoned": 0.2}
    for name, state, given in (("calm", calm, {}), ("rough", rough, faults)):
        add(state)
        world = world_of(state)
        world.deliver(late, {"mode": "files", "directory": str(tmp_path / name), "faults": given, "seed": 11})
        assert (world.deliver(late, {"mode": "files", "directory": str(tmp_path / name)})["remaining"]) == 0

    def read(name: str) -> set[str]:
        texts: set[str] = set()
        for path in (tmp_path / name).rglob("*.json"):
            try:
                texts.add(json.dumps(json.loads(path.read_bytes()), sort_keys=True))
            except ValueError:
                texts.add("unreadable")
        return texts

    assert read("rough") == read("calm") | {"unreadable"}
    assert len(list((tmp_path / "rough").rglob("*.json"))) > len(list((tmp_path / "calm").rglob("*.json")))


def test_two_worlds_live_together_and_one_is_not_loaded_twice(tmp_path: Path) -> None:
    state = state_at(NOON)
    first, second = add(state), add(state, seed=4)
    with pytest.raises(ValueError, match="loaded already"):
        add(state)
    sent = world_of(state).deliver(datetime(2025, 4, 1, tzinfo=UTC), {"directory": str(tmp_path)})
    assert sent["delivered"] == first["documents"] + second["documents"]


def test_a_restart_knows_what_was_delivered_and_what_is_to_come(tmp_path: Path) -> None:
    path = str(tmp_path / "state.sqlite")
    state = state_at(datetime(2025, 2, 28, tzinfo=UTC), path)
    total = add(state)["documents"]
    state.set_clock(NOON)
    sent = world_of(state).deliver(None, {"directory": str(tmp_path / "in")})["delivered"]
    state.close()

    again = state_at(NOON, path)
    world = World(again)
    assert world.deliver(None, {"directory": str(tmp_path / "in")})["delivered"] == 0
    assert world.deliver(datetime(2025, 4, 1, tzinfo=UTC), {"directory": str(tmp_path / "in")})["delivered"] == total - sent
    again.set_clock(datetime(2025, 4, 1, tzinfo=UTC))
    assert {order["order_state"] for order in orders(again)} == {"RECEIVED"}
    assert len(orders(again)) == 18
    again.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("world"), clock="2025-04-01T00:00:00Z") as sandbox:
        sandbox.post("world", **{**SMALL, "scenarios": True})
        yield sandbox


def test_the_server_shows_the_worlds_orders_to_the_seller(served: Sandbox) -> None:
    truth = served.get("world/truth", scenario="happy_path")
    (order_id,) = {row["order_id"] for row in truth["pieces"]}
    with served.seller("nordhaus") as seller:
        (order,) = seller.get("/api/orders", params={"order_ids": order_id}).json()["orders"]
    assert order["order_lines"][0]["price"] == 25.99
    assert order["order_lines"][0]["order_line_id"] == truth["pieces"][0]["order_line_id"]


def test_truth_can_be_filtered_and_counts_everything(served: Sandbox) -> None:
    whole = served.get("world/truth")
    held = served.get("world/truth", outcome="hold")
    assert {row["outcome"] for row in held["pieces"]} == {"hold"}
    assert held["counts"] == whole["counts"]
    assert whole["counts"]["nordhaus"]["hold"] == len(held["pieces"])
    assert {row["marketplace"] for row in whole["lines"]} == {"nordhaus"}
    assert {odd["scenario"] for odd in whole["documents"]} == {"half_document", "unknown_status", "unroutable"}
    assert all(row["amount"] is None or isinstance(row["amount"], str) for row in whole["lines"])


def test_the_server_delivers_files_and_refuses_a_wrong_request(served: Sandbox, tmp_path: Path) -> None:
    sent = served.post("world/deliver", until="2025-03-01T23:59:59Z", mode="files", directory=str(tmp_path))
    assert sent["files"] == len(list(tmp_path.rglob("*.json"))) > 0
    assert {path.parent.name for path in tmp_path.rglob("*.json")} <= {"tracking", "refund-instant", "refund-registered", "snapshots"}
    for path, body, complaint in (
        ("world/deliver", {"mode": "pigeon"}, "mode files with a directory"),
        ("world", {"days": 0}, "days must be"),
        ("world/online-retail", {}, "path of the Parquet file"),
        ("world/online-retail", {"path": str(tmp_path / "none.parquet")}, "none.parquet"),
    ):
        answer = served.admin.post(f"/admin/{path}", json=body)
        assert answer.status_code == 400
        assert complaint in answer.json()["message"]


def test_a_document_beside_the_plan_is_delivered_once_and_survives_a_restart(tmp_path: Path) -> None:
    path, target = str(tmp_path / "state.sqlite"), {"mode": "files", "directory": str(tmp_path / "drop")}
    state = state_at(NOON, path)
    world_of(state).tell(NOON, "tracking", {"order": {"reboundOrderId": "(00)1"}})
    add(state)
    world_of(state).tell(datetime(2025, 3, 3, tzinfo=UTC), "tracking", {"order": {"reboundOrderId": "(00)2"}})
    first = world_of(state).deliver(None, target)
    state.close()
    again = state_at(NOON, path)
    assert [document.seq for document in world_of(again).told] == [10**9, 10**9 + 1]
    assert world_of(again).deliver(None, target)["delivered"] == 0
    rest = world_of(again).deliver(datetime(2025, 4, 1, tzinfo=UTC), target)
    assert rest["delivered"] == first["remaining"]
    again.close()
    bodies = [path.read_text() for path in (tmp_path / "drop" / "tracking").iterdir()]
    assert len([body for body in bodies if '"(00)1"' in body or '"(00)2"' in body]) == 2
