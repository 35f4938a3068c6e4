"""What goes back on sale and what does not (7.2): every verification x grade x disposition x lane x trigger, and what stands in the way."""

from collections.abc import Generator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from returns_assets.translation.model import Mappings
from returns_assets.translation.restock import RestockRow
from returns_assets.translation.vocabulary import Disposition, Grade, Lane, Verification
from tests.sandbox_fixture import Sandbox
from tests.steps.act_world import MAPPINGS
from tests.stock.world import ORDER, StockWorld, stock_world

UNKNOWN = "UNKNOWN"
LANES = (*get_args(Lane), UNKNOWN)
CASES = list(product((*get_args(Verification), UNKNOWN), (*get_args(Grade), UNKNOWN), (*get_args(Disposition), UNKNOWN), LANES))
SELLABLE = {("MATCH", grade, "RESTOCK", lane) for grade in ("A", "B") for lane in get_args(Lane)}
EVENTS = {"putaway": "PUTAWAY_COMPLETED", "disposition": "ITEM_GRADED", "delivered": "PARCEL_DELIVERED"}


@pytest.fixture(scope="module")
def matrix(stores: Path, server: Sandbox) -> Generator[StockWorld]:
    """A piece for every case, of which everything has been told: delivered, graded and put away; in a mode that reads no offers."""
    home = stores / "matrix"
    home.mkdir()
    with stock_world(home, server, mode="signal") as world:
        world.order(ORDER, ("SHIRT", len(CASES)))
        for n, (verification, grade, disposition, lane) in enumerate(CASES):
            about: dict[str, Any] = {"verification": verification, "grade": grade, "disposition": disposition}
            world.event("PARCEL_DELIVERED", f"P{n}", lane=lane, verification=None, grade="U", disposition="NONE", return_id=f"R{n}")
            # what goes direct to the retailer is inspected by its warehouse, in a file
            inspected = ("ITEM_INSPECTED", "warehouse_file") if lane == "DTR" else ("ITEM_GRADED", "return_snapshot")
            world.event(inspected[0], f"P{n}", hours=1, lane=lane, kind=inspected[1], **about, return_id=f"R{n}")
            world.event("PUTAWAY_COMPLETED", f"P{n}", hours=2, lane=lane, return_id=f"R{n}")
        yield world


def restocked(world: StockWorld) -> set[tuple[str, ...]]:
    return {CASES[int(piece[1:])] for piece, outcome in world.outcomes().items() if outcome == "restock"}


@pytest.mark.parametrize("trigger", ["putaway", "disposition", "delivered"])
def test_exactly_the_sellable_set_goes_back_on_sale(matrix: StockWorld, trigger: str) -> None:
    matrix.configure(mode="signal", trigger=trigger)
    matrix.plan()
    # what goes direct to the retailer never meets the hub, whose word the disposition is; and a word that says nothing is none
    lanes = set(LANES) - {"DTR"} if trigger == "disposition" else set(LANES)
    assert restocked(matrix) == {case for case in SELLABLE if case[3] in lanes}
    told = {case for case in CASES if case[3] in lanes and (trigger != "disposition" or case[2] != "NONE")}
    assert {CASES[int(piece[1:])] for piece in matrix.outcomes()} == told
    never = {piece for piece, outcome in matrix.outcomes().items() if UNKNOWN in CASES[int(piece[1:])] and "unknown_" not in outcome}
    assert never == set()


def test_more_rows_make_more_sellable_and_never_what_is_damaged_or_not_as_announced(matrix: StockWorld) -> None:
    rows = [RestockRow(rule="no_dtr", marketplace="*", verification="*", grade="C", disposition="*", lane="DTR", sellable=False),
            RestockRow(rule="used", marketplace="*", verification="MATCH", grade="A|B|C", disposition="RESTOCK", lane="*", sellable=True),
            RestockRow(rule="other", marketplace="elsewhere", verification="MATCH", grade="U", disposition="RESTOCK", lane="*",
                       sellable=True)]  # fmt: skip
    matrix.configure(mode="signal", mappings=with_rows(rows))
    matrix.plan()
    assert restocked(matrix) == SELLABLE | {("MATCH", "C", "RESTOCK", "HUB"), ("MATCH", "C", "RESTOCK", "RLIB")}


def with_rows(rows: list[RestockRow]) -> Mappings:
    return MAPPINGS.model_copy(update={"restock": rows, "version": f"{len(rows)}{MAPPINGS.version}"[:64]})


def test_the_checks_read_the_table_for_themselves(matrix: StockWorld) -> None:
    """A planning that goes wrong is stopped: here it was done by a table that makes damaged pieces sellable, past its validation."""
    wrong = [RestockRow(rule="all", marketplace="*", verification="*", grade="*", disposition="*", lane="*", sellable=True)]
    matrix.configure(mode="signal", mappings=with_rows(wrong))
    report = matrix.checked(blocked=("stock_only_sellable",))
    assert report.rows == len(CASES)
    assert matrix.effects() == []


@pytest.mark.parametrize("trigger", list(EVENTS))
def test_without_its_trigger_a_piece_is_not_looked_at(world: StockWorld, trigger: str) -> None:
    world.configure(trigger=trigger)
    for event in EVENTS.values():
        if event != EVENTS[trigger]:
            world.event(event, disposition="NONE" if trigger == "disposition" else "RESTOCK")
    world.plan()
    assert world.outcomes() == {}
    world.event(EVENTS[trigger], **({} if trigger == "disposition" else {"disposition": "NONE", "grade": "U", "verification": None}))
    world.plan()
    assert set(world.outcomes()) == {"P1"}


def test_a_parcel_as_a_whole_is_delivered_for_all_its_pieces(world: StockWorld) -> None:
    world.configure(trigger="delivered")
    world.event("ITEM_GRADED")
    world.event("PARCEL_DELIVERED", None, days=1)
    world.plan(days=1)
    assert world.outcomes(days=1) == {"P1": "restock"}


def test_what_stands_in_the_way(world: StockWorld) -> None:
    world.order("NOR-2-A", ("SHIRT", 1), ("SHOE", 2))
    world.good("OTHER-SHELF", sku="SHOE")
    world.good("SAME-SHELF", order="NOR-2-A", line=2, sku=" shoe ")
    world.good("DISPUTED", order="NOR-2-A", line=2)
    world.event("ITEM_INSPECTED", "DISPUTED", order="NOR-2-A", kind="warehouse_file", grade="D", disposition="DESTROY", hours=3)
    world.good("MANY", order="NOR-2-A")
    world.good("TOO-MANY", order="NOR-2-A")
    world.event("ITEM_GRADED", "WRONG", order="NOR-2-A", sku="SHOE", line_ref="NOR-2-A-1")
    world.shelve("WRONG", order="NOR-2-A")
    world.good("STRANGER", order="NOR-9-A")
    world.event("ITEM_GRADED", "NO-LINE", line_ref="NOR-1-A-7", sku="HAT")
    world.shelve("NO-LINE")
    world.event("ITEM_GRADED", "QUARANTINED", disposition="QUARANTINE")
    world.shelve("QUARANTINED")
    world.event("ITEM_GRADED", "NO-UNIT", quantity=0)
    world.shelve("NO-UNIT")
    world.event("ITEM_GRADED", "UNCLEAR", problem="piece_id_unclear: X")
    world.shelve("UNCLEAR")
    world.plan()
    assert world.outcomes() == {
        "OTHER-SHELF": "hold putaway_sku_differs",
        "SAME-SHELF": "restock",
        "DISPUTED": "hold verdicts_differ",
        "MANY": "restock",
        "TOO-MANY": "exception over_quantity",
        "WRONG": "exception wrong_item",
        "STRANGER": "exception unknown_order",
        "NO-LINE": "exception line_not_found",
        "QUARANTINED": "hold the next inspection",
        "NO-UNIT": "exception bad_quantity",
        "UNCLEAR": "exception piece_id_unclear",
    }
    assert world.exceptions() == {
        "putaway_sku_differs": "logical", "verdicts_differ": "logical", "over_quantity": "logical", "wrong_item": "logical",
        "unknown_order": "logical", "line_not_found": "logical", "bad_quantity": "technical", "piece_id_unclear": "logical",
    }  # fmt: skip


def test_the_hub_saw_one_article_and_the_warehouse_another(world: StockWorld) -> None:
    world.order("NOR-2-A", ("SHIRT", 3), ("SHOE", 3))
    for piece, seen in (
        ("P1", {"sku": "SHOE", "line_ref": "NOR-2-A-2"}),
        ("P2", {"sku": "SHOE", "line_ref": None}),
        ("P3", {"quantity": 2}),
    ):
        world.event("ITEM_GRADED", piece, order="NOR-2-A", sku="SHIRT", line_ref="NOR-2-A-1")
        world.event("ITEM_INSPECTED", piece, order="NOR-2-A", hours=3, kind="warehouse_file", **{"line_ref": None, **seen})
        world.shelve(piece, order="NOR-2-A", **({"sku": seen["sku"]} if "sku" in seen else {}))
    world.checked()
    assert world.outcomes() == dict.fromkeys(("P1", "P2", "P3"), "hold verdicts_differ")
    assert (world.quantity(), world.quantity("SHOE"), world.exceptions()) == (10, 5, {"verdicts_differ": "logical"})


def test_a_row_of_the_warehouse_that_does_not_count_is_no_putaway(world: StockWorld) -> None:
    world.event("ITEM_GRADED")
    world.insert(
        "warehouse_events",
        {"day": (world.clock() + timedelta()).date(), "event_key": "w", "event": "PUTAWAY", "marketplace": world.key, "piece_id": "P1",
         "quantity": 1, "problem": "order_differs: P1"},
    )  # fmt: skip
    world.plan()
    assert world.outcomes() == {}


def test_a_putaway_counts_for_its_piece_whatever_return_it_names(world: StockWorld) -> None:
    world.event("ITEM_GRADED", hours=6)  # the last word, so that the piece has its return
    world.event("PUTAWAY_COMPLETED", return_id="R-ELSEWHERE", hours=5)
    world.checked()
    assert (world.outcomes(), world.quantity()) == ({"P1": "restock"}, 11)


def test_of_two_putaways_of_one_time_the_later_document_counts(world: StockWorld) -> None:
    world.event("ITEM_GRADED")
    world.shelve(sku="SHOE")
    world.shelve(sku="SHIRT")
    world.checked()
    assert (world.outcomes(), world.quantity()) == ({"P1": "restock"}, 11)


def test_a_unit_on_sale_keeps_its_place_when_its_piece_is_graded_anew(world: StockWorld) -> None:
    world.good()
    world.checked()
    world.event("ITEM_GRADED", days=1, grade="D", disposition="DESTROY")
    world.good("P2", days=1)  # the order sold one
    world.checked(days=1)
    assert world.outcomes(days=1) == {"P1": "exception restocked_then_changed", "P2": "exception over_quantity"}
    assert world.quantity() == 11


def test_a_piece_that_another_marketplace_has_on_sale_is_named(world: StockWorld) -> None:
    world.good()
    world.run()
    elsewhere = world.mappings_for("other")
    world.use(elsewhere)
    with world.warehouse.transaction() as con:
        for table in ("rebound_returns", "warehouse_events", "mirakl_orders", "mirakl_order_lines", "stock_offers"):
            con.execute(f"UPDATE {table} SET marketplace = 'other'")
    world.key = "other"
    world.plan_only()
    assert world.outcomes() == {"P1": "exception held_in_other_marketplace"}


def test_off_is_off(world: StockWorld) -> None:
    world.configure(mode="off")
    world.good()
    world.checked()
    assert (world.rows("stock_actions", "piece_id"), world.calls("OF21"), world.quantity()) == ([], 0, 10)
