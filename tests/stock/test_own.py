"""Mode own, end to end on the sandbox: each unit once, whatever is repeated, corrected, sold, refused or lost meanwhile."""

from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from returns_assets.steps.act_gate import NotValidated
from returns_assets.translation.restock import RestockRow
from tests.sandbox_fixture import Sandbox
from tests.steps.act_world import DAY, MAPPINGS
from tests.stock.world import ORDER, StockWorld, stock_world

IMPORT_BY_TICK = {"stock_import_by": "tick", "stock_import_after": 1}


def test_a_piece_on_the_shelf_raises_the_quantity_once(world: StockWorld) -> None:
    world.good()
    report = world.checked()
    assert world.outcomes() == {"P1": "restock"}
    assert (world.quantity(), world.raised(), world.states()) == (11, [(10, 11)], ["confirmed"])
    assert report.says["units_restocked"] == 1
    world.push()
    world.later()
    world.checked()
    assert (world.quantity(), world.calls("STO01"), world.calls("OF24")) == (11, 1, 0)
    assert world.exceptions() == {}


def test_many_pieces_are_one_file_and_one_value_an_offer(world: StockWorld) -> None:
    world.order("NOR-2-A", ("SHIRT", 3), ("SHOE", 1))
    for n in range(3):
        world.good(f"S{n}", order="NOR-2-A", line=1)
    world.good("S3", order="NOR-2-A", line=2)
    world.run()
    assert (world.quantity(), world.quantity("SHOE"), world.calls("STO01")) == (13, 6, 1)
    assert sorted(world.raised()) == [(5, 6), (10, 13)]
    world.good()  # a piece more of the day: an effect of its own, the others stay as they are
    world.run()
    assert (world.quantity(), len(world.effects())) == (14, 3)


def test_a_lot_counts_its_units(world: StockWorld) -> None:
    world.order("NOR-2-A", ("SHIRT", 3))
    world.event("ITEM_GRADED", "LOT", order="NOR-2-A", quantity=3)
    world.shelve("LOT", units=2, order="NOR-2-A")
    world.run()
    assert world.outcomes() == {"LOT": "hold the putaway of the other units"}
    world.shelve("LOT", units=1, order="NOR-2-A")
    world.run()
    assert world.quantity() == 13


def test_a_lot_that_lies_on_the_shelf_as_two_articles_waits(world: StockWorld) -> None:
    world.order("NOR-2-A", ("SHIRT", 3))
    world.event("ITEM_GRADED", "LOT", order="NOR-2-A", quantity=3)
    world.shelve("LOT", units=1, order="NOR-2-A", sku="SHOE")
    world.shelve("LOT", units=2, order="NOR-2-A", sku="shirt")
    world.checked()
    assert world.outcomes() == {"LOT": "hold putaway_sku_differs"}
    assert world.rows("stock_actions", "detail") == [("put away as SHOE, the piece is SHIRT",)]
    world.shelve("LOT", units=2, order="NOR-2-A")  # moved to another place: the third is still a shoe
    world.checked()
    assert (world.outcomes(), world.quantity()) == ({"LOT": "hold putaway_sku_differs"}, 10)
    world.shelve("LOT", units=1, order="NOR-2-A", sku="SHOE")
    world.shelve("LOT", units=3, order="NOR-2-A", sku="SHIRT")
    world.checked()
    assert (world.outcomes(), world.quantity()) == ({"LOT": "restock"}, 13)


def test_replays_and_duplicates_on_later_days_change_nothing(world: StockWorld) -> None:
    world.good()
    world.run()
    world.insert("rebound_returns", *[{**row, "day": row["day"].replace(day=11)} for row in _events(world)])  # the same facts again
    world.run(days=1)
    assert world.outcomes(days=1) == {}
    world.shelve(days=1)  # put on another shelf: news, but no unit more
    world.run(days=1)
    assert world.outcomes(days=1) == {"P1": "restock"}
    assert (world.quantity(), world.calls("STO01")) == (11, 1)


def _events(world: StockWorld) -> list[dict[str, object]]:
    with world.warehouse.read() as con:
        cursor = con.execute("SELECT * FROM rebound_returns")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_a_correction_before_the_file_withdraws_and_one_after_it_is_for_a_person(world: StockWorld) -> None:
    world.good()
    world.shop.server.fault("STO01", "429", marketplace=world.key, times=9, retry_after=3600)
    world.run()
    assert world.states() == ["retry_at (rate_limited)"]
    world.shop.server.delete("faults")
    world.event("ITEM_GRADED", days=1, grade="D", disposition="DESTROY")
    world.write()
    world.later()
    world.push()  # the old day as it was released, before the new one is planned: it must not send what a correction took away
    assert (world.quantity(), world.calls("STO01")) == (10, 1)
    world.run(days=1)
    assert (world.outcomes(days=1), world.quantity()) == ({"P1": "not_sellable"}, 10)
    assert (world.rows("stock_pushes", "sku"), world.exceptions()) == ([], {})
    assert world.ledger.effects.piece_effects("stock", ["P1"]) == {}

    world.order("NOR-2-A", ("SHIRT", 1))
    world.good("P2", order="NOR-2-A", days=1)
    world.run(days=1)
    assert world.quantity() == 11
    world.event("ITEM_GRADED", "P2", order="NOR-2-A", days=2, grade="D", disposition="DESTROY", line_ref="NOR-2-A-1")
    world.run(days=2)
    assert world.outcomes(days=2) == {"P2": "exception restocked_then_changed"}
    assert (world.quantity(), world.exceptions()) == (11, {"restocked_then_changed": "logical"})


@pytest.mark.parametrize("sold", [1, 4])
def test_a_sale_between_reading_and_writing_is_not_lost(world: StockWorld, sold: int) -> None:
    world.good()
    world.sell(quantity=sold, before="STO01")
    world.run()
    assert world.quantity() == 10 + 1 - sold
    assert world.raised() == [(10 - sold, 11), (11, 11 - sold)]  # the file overwrote the sale, and a second one put it right
    assert (world.states(), world.calls("STO01")) == (["confirmed"], 2)
    assert world.exceptions() == {}


def test_a_sale_while_the_second_file_waits_for_its_turn_is_seen(world: StockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.good()
    world.sell(before="STO01")
    slot, turns = world.client.slot, [0]

    def waited(operation: str) -> None:
        slot(operation)
        turns[0] += operation == "STO01-turn"
        if (operation, turns[0]) == ("STO01-turn", 2):
            world.sell()

    monkeypatch.setattr(world.client, "slot", waited)
    world.run()
    assert (world.quantity(), world.states(), world.raised()) == (9, ["confirmed"], [(9, 11), (10, 9)])


def test_what_is_sold_and_not_there_ends_and_is_for_a_person(world: StockWorld) -> None:
    world.offers({"sku": "SHIRT", "quantity": 2})
    world.shop.set(**IMPORT_BY_TICK)
    world.good()
    world.sell(quantity=2, before="STO01")
    world.run()
    world.shop.server.post("stock-imports/tick", marketplace=world.key, to="COMPLETE")  # sets 3, which nobody has
    world.sell(quantity=2)
    world.shop.set(stock_import_by="polls", stock_import_after=0)
    world.later(60)
    world.push()
    assert (world.quantity(), world.states()) == (0, ["confirmed (oversold)"])
    assert world.exceptions() == {"oversold": "logical"}
    (told,) = world.ledger.exceptions.list(cause="oversold")
    assert told.detail == "SHIRT: units sold that are not there: 1"
    written = world.calls("STO01")
    world.later()
    world.push()
    assert (world.calls("STO01"), world.exceptions()) == (written, {"oversold": "logical"})
    world.ledger.exceptions.resolve(told.id, "ann", "found one more")
    world.push()
    assert world.exceptions() == {}


def test_sales_before_and_after_the_file_are_left_alone(world: StockWorld) -> None:
    world.sell(quantity=2)
    world.good()
    world.shop.set(**IMPORT_BY_TICK)
    world.run()
    world.shop.server.post("stock-imports/tick", marketplace=world.key, to="COMPLETE")
    world.sell(quantity=3)
    world.later(60)
    world.push()
    assert (world.quantity(), world.states(), world.calls("STO01")) == (6, ["confirmed"], 1)


def release_two_days(world: StockWorld, sku: str) -> None:
    """A piece of the usual order on the day, one of another order with this SKU on the next."""
    world.order("NOR-2-A", (sku, 1))
    world.good("P2", order="NOR-2-A", days=1)
    world.release(days=1)
    world.good()
    world.release()


def test_another_push_that_writes_the_sku_while_it_is_read(world: StockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    release_two_days(world, "SHIRT")
    read, others = world.client.get, [1]

    def get(operation: str, *args: Any, **kwargs: Any) -> Any:
        answer = read(operation, *args, **kwargs)
        if operation == "OF21" and others:
            world.push(days=others.pop())  # after the quantity was read, another partition's file is sent and worked off
        return answer

    monkeypatch.setattr(world.client, "get", get)
    world.push()
    assert (world.quantity(), world.states()) == (12, ["confirmed", "confirmed"])


def test_an_import_is_followed_until_it_ends_and_blocks_its_sku_meanwhile(world: StockWorld) -> None:
    world.shop.set(**IMPORT_BY_TICK)
    world.good()
    assert world.run()["push"]["accepted"] == 1
    assert world.states() == ["unknown (under_way)"]
    assert world.calls("STO02") > 10  # a quarter of a minute apart, for ten minutes
    world.order("NOR-2-A", ("SHIRT", 1))
    world.good("P2", order="NOR-2-A", days=1)
    world.run(days=1)
    assert world.states() == ["unknown (under_way)", "planned"]
    world.shop.server.post("stock-imports/tick", marketplace=world.key, to="COMPLETE")
    world.shop.set(stock_import_by="polls", stock_import_after=0)
    world.push()
    world.push(days=1)
    assert (world.quantity(), world.states()) == (12, ["confirmed", "confirmed"])


def test_an_import_is_followed_though_the_checks_block_the_partition(world: StockWorld) -> None:
    world.shop.set(**IMPORT_BY_TICK)
    world.good()
    world.run()
    world.shop.server.post("stock-imports/tick", marketplace=world.key, to="COMPLETE")
    wrong = [RestockRow(rule="all", marketplace="*", verification="*", grade="*", disposition="*", lane="*", sellable=True)]
    world.configure(mappings=MAPPINGS.model_copy(update={"restock": wrong, "version": "wrong"}))
    world.order("NOR-2-A", ("SHIRT", 1))
    world.event("ITEM_GRADED", "P2", order="NOR-2-A", grade="D", disposition="DESTROY")
    world.shelve("P2", order="NOR-2-A")
    world.later(60)
    world.checked(blocked=("stock_only_sellable",))
    assert (world.quantity(), world.states(), world.exceptions().get("under_way")) == (11, ["confirmed"], None)
    assert world.rows("stock_pushes", "state") == [("confirmed",)]


def test_an_import_of_a_day_that_is_run_no_more_is_followed_by_the_others(world: StockWorld) -> None:
    world.shop.set(**IMPORT_BY_TICK)
    world.good()
    world.run()
    assert (world.states(), world.exceptions()) == (["unknown (under_way)"], {"under_way": "technical"})
    world.shop.server.post("stock-imports/tick", marketplace=world.key, to="COMPLETE")
    world.later(60)
    world.run(days=40)
    assert (world.states(), world.exceptions()) == (["confirmed"], {})
    assert world.rows("stock_pushes", "state", "day") == [("confirmed", DAY)]


@pytest.mark.parametrize(("fault", "sale"), [("cut_before", False), ("cut_before", True), ("cut_after", False), ("500_after_commit", True)])
def test_a_lost_answer_is_read_back_and_never_added_again(world: StockWorld, fault: str, sale: bool) -> None:
    world.good()
    if sale:
        world.sell(before="STO01")
    world.shop.server.fault("STO01", fault, marketplace=world.key, times=1)
    world.run()
    assert world.states() == ["unknown (answer_lost)"]
    for _ in range(2):
        world.later(100)
        world.push()
    assert (world.quantity(), world.states()) == (11 - sale, ["confirmed"])
    assert all(after - before <= 1 + sale for before, after in world.raised())
    assert world.exceptions() == {}


def test_a_lost_answer_and_somebody_else_s_change_are_for_a_person(world: StockWorld) -> None:
    world.good()
    world.shop.server.fault("STO01", "cut_after", marketplace=world.key, times=1)
    world.run()
    world.offers({"sku": "SHIRT", "quantity": 40})
    world.later(100)
    world.push()
    world.later(100)
    world.push()
    assert (world.quantity(), world.states()) == (40, ["held (ambiguous_outcome)"])
    assert world.exceptions() == {"ambiguous_outcome": "logical"}


def test_a_line_error_is_that_offer_s_alone_and_an_offer_that_is_gone_is_named(world: StockWorld) -> None:
    world.order("NOR-2-A", ("SHOE", 1), ("GONE", 1))
    world.good()
    world.good("P2", order="NOR-2-A")
    world.good("P3", order="NOR-2-A", line=2)
    world.shop.set(warehouses=["EAST"], warehouse_line_required=True)
    world.offers({"sku": "SHOE", "warehouses": {"EAST": 5}})
    world.shop.server.post("offers/sale", marketplace=world.key, sku="SHOE", quantity=1, warehouse="EAST", order=False, before="STO01")
    world.run()
    assert world.outcomes()["P2"] == "exception warehouse_not_mapped"
    assert world.outcomes()["P3"] == "restock"  # the order made its offer
    world.configure(warehouses={"*": "WEST"})
    world.later(70)
    world.run()
    assert [state for state in world.states() if "confirmed" not in state] == ["held (warehouse_refused)"]
    assert (world.quantity(), world.exceptions()) == (11, {"warehouse_refused": "mapping"})
    world.configure(warehouses={"*": "EAST"})
    world.later(70)
    world.run()
    assert (world.quantity("SHOE"), world.exceptions()) == ({"EAST": 5}, {})  # one was sold


def test_a_failed_import_is_tried_again_later(world: StockWorld) -> None:
    world.shop.set(**IMPORT_BY_TICK)
    world.good()
    world.run()
    world.shop.server.post("stock-imports/tick", marketplace=world.key, to="FAILED")
    world.later(60)
    world.push()
    assert world.states() == ["retry_at (stock_import_failed)"]
    world.shop.set(stock_import_by="polls", stock_import_after=0)
    world.later()
    world.push()
    assert (world.quantity(), world.states()) == (11, ["confirmed"])


def test_a_complete_import_that_does_not_account_for_our_lines_is_no_success(world: StockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.shop.set(**IMPORT_BY_TICK)
    world.good()
    get = world.client.get

    def lying(operation: str, *args: Any, **kwargs: Any) -> httpx.Response:
        nothing = {"status": "COMPLETE", "has_error_report": False, "lines_in_error": 0, "lines_in_success": 0}
        return httpx.Response(200, json=nothing) if operation == "STO02" else get(operation, *args, **kwargs)

    monkeypatch.setattr(world.client, "get", lying)
    world.run()
    asked = (10, ["held (ambiguous_outcome)"], 3)
    assert (world.quantity(), world.states(), world.calls("STO01")) == asked
    assert world.exceptions() == {"ambiguous_outcome": "logical"}
    world.later()
    world.run()
    assert (world.quantity(), world.states(), world.calls("STO01")) == asked, (
        "what was read may be old: it is a person's, and never sent again"
    )


def test_two_files_are_a_minute_apart_though_their_readings_differ_in_length(world: StockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    release_two_days(world, "SHOE")
    read, post, others, sent = world.client.get, world.client.post_file, [1], list[datetime]()

    def get(operation: str, *args: Any, **kwargs: Any) -> httpx.Response:
        answer = read(operation, *args, **kwargs)
        if operation == "OF21" and others:
            world.clock.advance(58)  # the first pusher reads for long; the second has its turn meanwhile, and is quick
            world.push(days=others.pop())
        return answer

    def post_file(*args: Any) -> httpx.Response:
        sent.append(world.clock())
        return post(*args)

    monkeypatch.setattr(world.client, "get", get)
    monkeypatch.setattr(world.client, "post_file", post_file)
    world.push()
    assert (world.quantity(), world.quantity("SHOE"), len(sent)) == (11, 6, 2)
    assert (sent[1] - sent[0]).total_seconds() >= 60


def test_an_operator_that_answers_an_equal_file_with_its_old_import(world: StockWorld) -> None:
    world.shop.set(duplicate_stock_import="existing")
    world.good()
    world.run()
    world.sell()
    world.order("NOR-2-A", ("SHIRT", 1))
    world.good("P2", order="NOR-2-A", days=1)
    world.run(days=1)  # 10 + 1 once more: the same file as the day before
    for _ in range(2):
        world.later(100)
        world.push(days=1)
    assert (world.quantity(), world.states()) == (11, ["confirmed", "confirmed"])


def test_each_warehouse_has_its_line_and_the_others_stay(home: Path, server: Sandbox) -> None:
    config = {"warehouses": ["EAST", "WEST"], "warehouse_line_required": True}
    with stock_world(home, server, config, warehouses={"Hall 1": "EAST", "Hall 2": "WEST"}) as world:
        world.offers({"sku": "SHIRT", "warehouses": {"EAST": 4, "WEST": 6}})
        world.order(ORDER, ("SHIRT", 2))
        world.good("P1", warehouse="Hall 1")
        world.good("P2", warehouse="Hall 2")
        world.sell(warehouse="WEST", before="STO01")
        world.run()
        assert (world.quantity(), world.states()) == ({"EAST": 5, "WEST": 6}, ["confirmed", "confirmed"])
        world.sell(quantity=3, warehouse="EAST", before="STO01")
        world.order("NOR-2-A", ("SHIRT", 1))
        world.good("P3", order="NOR-2-A", warehouse="Hall 1")
        world.run()
        assert world.quantity() == {"EAST": 3, "WEST": 6}
        assert world.exceptions() == {}


def test_nothing_is_sent_that_its_checks_did_not_release(world: StockWorld) -> None:
    world.good()
    world.run()
    with world.warehouse.transaction() as con:
        con.execute("UPDATE stock_actions SET quantity = 100")
    with pytest.raises(NotValidated, match="its rows changed since their validation"):
        world.push()
    assert world.quantity() == 11
