"""Mode signal: a feed and no write to Mirakl. The nightly drift: expected against actual, the difference named."""

import json
from pathlib import Path
from typing import Any

import pytest

from returns_assets.operations.side_flows import run_drift
from returns_assets.steps import stock_drift
from returns_assets.steps.stock_signals import signal_id
from tests.sandbox_fixture import Sandbox, put_refunds, refund
from tests.steps.act_world import DAY
from tests.stock.world import ORDER, StockWorld, stock_world


def feed(world: StockWorld, day: str = "2025-03-10") -> list[dict[str, Any]]:
    path = world.home / "stock-signals" / world.key / f"{day}.ndjson"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_signal_a_unit_with_a_stable_id_and_nothing_for_mirakl(world: StockWorld) -> None:
    world.configure(mode="signal", warehouses={"DE-01": "EAST"})
    world.order("NOR-2-A", ("SHIRT", 2))
    world.event("ITEM_GRADED", "LOT", order="NOR-2-A", quantity=2)
    world.shelve("LOT", units=2, order="NOR-2-A", warehouse="DE-01")
    world.good("BAD", order="NOR-2-A", sku="SHOE")
    world.checked()
    first = feed(world)
    assert [row["signal_id"] for row in first] == sorted(signal_id(world.key, "LOT", unit) for unit in (1, 2))
    assert {(row["sku"], row["quantity"], row["piece_id"], row["order_id"], row["warehouse"]) for row in first} == {
        ("SHIRT", 1, "LOT", "NOR-2-A", "EAST")
    }
    assert first[0]["triggered_at"] == "2025-03-10T06:00:00Z"
    assert [row[0] for row in world.rows("stock_signals", "signal_id")] == [row["signal_id"] for row in first]
    assert (world.states(), world.quantity(), world.calls("STO01"), world.calls("OF21")) == (["confirmed"], 10, 0, 0)

    (world.home / "stock-signals" / world.key / "2025-03-10.ndjson").unlink()  # as if a run had ended before it
    world.later()
    world.good()
    world.run()
    assert [row for row in feed(world) if row["piece_id"] == "LOT"] == first, "the same ids and times, whenever it is written"
    assert {row["piece_id"] for row in feed(world)} == {"LOT", "P1"}
    assert not list((world.home / "stock-signals").rglob("*.tmp"))

    world.shelve("LOT", units=2, order="NOR-2-A", days=1)  # the piece goes to a day that is not planned yet
    world.run()
    assert "LOT" not in world.outcomes()
    assert [row for row in feed(world) if row["piece_id"] == "LOT"] == first, "a line that was there stays as it was"


def test_a_piece_is_signalled_or_set_but_never_both(world: StockWorld) -> None:
    world.configure(mode="signal")
    world.good()
    world.run()
    world.configure(mode="own")
    world.run()
    assert (world.quantity(), world.calls("STO01"), world.states()) == (10, 0, ["confirmed"])
    assert [row["piece_id"] for row in feed(world)] == ["P1"]


def test_drift_is_nothing_when_all_that_happened_is_known(world: StockWorld) -> None:
    assert world.drift() == {"SHIRT": "first reading", "SHOE": "first reading"}
    world.later(3600)
    world.good()
    world.sell(before="STO01")
    world.run()
    world.sell(quantity=2)
    world.later(24 * 3600)
    assert world.drift() == {"SHIRT": 0, "SHOE": 0}
    [row] = [row for row in world.rows("stock_drift", "sku", "baseline", "added", "sold", "expected", "quantity") if row[2]]
    assert row == ("SHIRT", 10, 1, 3, 8, 8)
    assert world.exceptions() == {}


@pytest.mark.parametrize(("limit", "over"), [(0, True), (3, False)])
def test_drift_is_named_and_above_the_limit_it_is_an_exception(world: StockWorld, limit: int, over: bool) -> None:
    world.configure(drift_limit=limit)
    world.drift()
    world.later(24 * 3600)
    world.sell("SHOE", order=False)  # less, and no order says why
    world.offers({"sku": "SHIRT", "quantity": 13})
    assert world.drift() == {"SHIRT": 3, "SHOE": -1}
    assert world.exceptions() == ({"stock_drift": "logical"} if over else {})
    details = [row.detail for row in world.ledger.exceptions.list() if row.subject == "SHIRT"]
    assert details == (["13 units, 10 expected (+3): 10 at 2025-03-10 12:00:00 UTC, 0 added, 0 sold"] if over else [])
    world.later(24 * 3600)
    assert world.drift() == {"SHIRT": 0, "SHOE": 0}, "the next night starts from what was read"


def test_what_is_under_way_is_not_judged_and_no_baseline(world: StockWorld) -> None:
    world.drift()
    world.shop.set(stock_import_by="tick", stock_import_after=1)
    world.later(24 * 3600)
    world.good()
    world.run()
    assert world.drift() == {"SHIRT": "stock under way", "SHOE": 0}
    world.shop.server.post("stock-imports/tick", marketplace=world.key, to="COMPLETE")
    world.later(24 * 3600)
    world.push()
    world.later(60)
    assert world.drift() == {"SHIRT": 0, "SHOE": 0}
    assert world.rows("stock_drift", "max(baseline)", "max(added)") == [(10, 1)]


def test_a_sku_that_is_listed_no_more_is_named_once_and_widens_no_reading(world: StockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: set[str] = set()
    offers_of = stock_drift.all_offers
    monkeypatch.setattr(stock_drift, "all_offers", lambda client: {k: v for k, v in offers_of(client).items() if k not in gone})
    world.drift()
    gone.add("SHOE")
    found: list[dict[str, Any]] = []
    for _ in range(3):
        world.later(24 * 3600)
        found.append(world.drift())
    assert found == [{"SHIRT": 0, "SHOE": "not listed"}, {"SHIRT": 0}, {"SHIRT": 0}]
    asked = world.shop.server.requests(world.key, "OR11")[-1]["query"]
    assert "start_date=2025-03-12T11%3A45" in str(asked), "since the night before"
    gone.clear()
    world.later(24 * 3600)
    assert world.drift() == {"SHIRT": 0, "SHOE": "first reading"}


def test_an_operator_that_puts_refunded_units_back_itself_is_seen_in_the_drift(world: StockWorld) -> None:
    world.shop.set(stock_back_after=["refund"])
    world.drift()
    world.later(24 * 3600)
    world.good()
    world.run()
    with world.shop.server.seller(world.key) as seller:
        assert put_refunds(seller, [refund(f"{ORDER}-1", "10.00", quantity=1)]).status_code < 300
    world.later(60)
    assert world.drift() == {"SHIRT": 1, "SHOE": 0}
    (told,) = world.ledger.exceptions.list(cause="stock_drift")
    assert "the operator puts them back on sale itself" in str(told.todo)


def test_a_day_that_is_over_is_not_read_again(world: StockWorld) -> None:
    world.drift()
    before = world.rows("stock_drift", "*")
    world.later(24 * 3600)
    world.offers({"sku": "SHIRT", "quantity": 1})
    assert "today" in run_drift(world.ctx, world.key, DAY).says["skipped"]
    assert world.rows("stock_drift", "*") == before


def test_in_signal_mode_the_difference_is_what_the_erp_did(home: Path, server: Sandbox) -> None:
    with stock_world(home, server, mode="signal") as world:
        world.offers({"sku": "SHIRT", "quantity": 10})
        world.drift()
        world.later(24 * 3600)
        world.offers({"sku": "SHIRT", "quantity": 11})
        assert world.drift() == {"SHIRT": 1}
        assert world.exceptions() == {}
