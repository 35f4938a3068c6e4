"""ReBound and the warehouse about one piece (R13): both feeds give the same outcome, and where they contradict each other nobody wins."""

from typing import Any

import pytest

from tests.decisions.world import World, new_world

GOOD = {"verification": "MATCH", "grade": "A", "disposition": "RESTOCK"}
BAD = {"verification": "MATCH", "grade": "D", "disposition": "DESTROY"}
SILENT: dict[str, Any] = {"verification": None, "grade": "U", "disposition": "NONE"}


def hub(world: World, minute: int = 0, event: str = "ITEM_GRADED", **said: Any) -> None:
    world.event("p1", event, minute=minute, kind="return_snapshot", **{"lane": "HUB", **said})


def own(world: World, minute: int = 30, event: str = "ITEM_INSPECTED", **said: Any) -> None:
    world.event("p1", event, minute=minute, kind="warehouse_file", reason=None, reason_raw=None, **said)


@pytest.mark.parametrize(
    ("rebound", "warehouse"),
    [
        (BAD, GOOD),
        (GOOD, BAD),
        (GOOD, {**GOOD, "verification": "WRONG_ITEM"}),
        (GOOD, {**GOOD, "disposition": "REFURBISH"}),
        (GOOD, {**GOOD, "grade": "C"}),
        ({**GOOD, "verification": "MISSING"}, GOOD),
    ],
    ids=["bad then good", "good then bad", "verification", "disposition", "grade", "missing and there"],
)
@pytest.mark.parametrize("first", ["rebound", "warehouse"])
@pytest.mark.parametrize("event", ["ITEM_INSPECTED", "PUTAWAY_COMPLETED"])
def test_two_final_words_that_differ_hold_the_piece_whoever_spoke_last(
    rebound: dict[str, Any], warehouse: dict[str, Any], first: str, event: str
) -> None:
    with new_world() as world:
        world.order()
        hub(world, 0 if first == "rebound" else 60, **rebound)
        own(world, 30, event, **warehouse)
        (piece,) = world.rows().values()
        assert (piece["outcome"], piece["cause"], piece["rule"], piece["amount"]) == ("hold", "verdicts_differ", "verdicts_differ", None)
        assert piece["waits_for"] == "ReBound and the warehouse to agree"
        assert "let whoever is wrong send a correction" in piece["todo"]


@pytest.mark.parametrize(
    ("rebound", "warehouse", "outcome"),
    [
        (GOOD, GOOD, "refund"),
        (GOOD, {**GOOD, "grade": "B"}, "refund"),  # one class
        (GOOD, SILENT, "refund"),
        (SILENT, GOOD, "refund"),
        (SILENT, BAD, "hold"),  # damaged and the reason does not say so: the policy, not a dispute
        ({**GOOD, "disposition": "QUARANTINE"}, GOOD, "refund"),  # the hub's word was not final
        (GOOD, {**BAD, "disposition": "QUARANTINE"}, "hold"),  # nor is the warehouse's: wait
    ],
)
def test_words_that_do_not_contradict_are_one_verdict(rebound: dict[str, Any], warehouse: dict[str, Any], outcome: str) -> None:
    with new_world() as world:
        world.order()
        hub(world, event="ITEM_REGISTERED" if rebound is SILENT else "ITEM_GRADED", **rebound)
        own(world, **warehouse)
        (piece,) = world.rows().values()
        assert (piece["outcome"], piece["cause"]) == (outcome, None)
        assert piece["rule"] != "verdicts_differ"


UNLINED: dict[str, Any] = {**GOOD, "line_ref": None}
OF_TWO: list[dict[str, Any]] = [{"offer_sku": "S1", "quantity": 3, "product_sku": "P1"}, {"offer_sku": "S2", "quantity": 3}]


@pytest.mark.parametrize(
    ("rebound", "warehouse"),
    [
        ({"sku": "S1"}, {"sku": "S2"}),
        ({"sku": "S1", "line_ref": "NOR-1-A-1"}, {"sku": "S2", "line_ref": "NOR-1-A-2"}),
        ({"sku": None, "line_ref": "NOR-1-A-1"}, {"sku": None, "line_ref": "NOR-1-A-2"}),
        ({"sku": None, "ean": "P1"}, {"sku": "S2"}),
        ({"sku": "S1", "quantity": 3}, {"sku": "S1", "quantity": 2}),
    ],
    ids=["sku", "sku and line", "line", "ean and sku", "units"],
)
@pytest.mark.parametrize("first", ["rebound", "warehouse"])
def test_another_article_or_other_units_are_a_dispute(rebound: dict[str, Any], warehouse: dict[str, Any], first: str) -> None:
    with new_world() as world:
        world.order(*OF_TWO)
        hub(world, 0 if first == "rebound" else 60, **UNLINED | rebound)
        own(world, 30, **UNLINED | warehouse)
        (piece,) = world.rows().values()
        assert (piece["outcome"], piece["cause"]) == ("hold", "verdicts_differ")


@pytest.mark.parametrize(
    "warehouse",
    [
        {"sku": " s1 "},
        {"sku": "P1", "line_ref": "NOR-1-A-1"},
        {"sku": None, "ean": "P1"},
        {"sku": None},
        {"sku": None, "line_ref": "NOR-1-A-1"},
        {"quantity": None},
    ],
    ids=["case", "another name", "its EAN", "nothing", "its line", "no units"],
)
def test_the_same_article_by_another_name_is_no_dispute(warehouse: dict[str, Any]) -> None:
    with new_world() as world:
        world.order(*OF_TWO)
        hub(world, **UNLINED)
        own(world, **UNLINED | {"sku": "S1"} | warehouse)
        assert world.rows()["p1"]["outcome"] == "refund"


def test_a_corrected_word_clears_the_dispute() -> None:
    with new_world() as world:
        world.order()
        hub(world, **BAD)
        own(world, **GOOD)
        assert world.rows()["p1"]["outcome"] == "hold"
        hub(world, 45, version=2, **GOOD)
        assert world.rows()["p1"]["outcome"] == "refund"


def test_refunded_and_then_disputed_is_for_finance() -> None:
    with new_world() as world:
        world.order()
        hub(world, **GOOD)
        own(world, **BAD)
        world.paid("p1")
        (piece,) = world.rows().values()
        assert (piece["outcome"], piece["cause"]) == ("exception", "refunded_then_changed")


def test_a_putaway_alone_moves_no_money() -> None:
    for lane in ("DTR", "HUB", "RLIB"):
        with new_world() as world:
            world.order()
            world.event("p1", "RETURN_REGISTERED", lane=lane)
            own(world, event="PUTAWAY_COMPLETED", **GOOD)
            assert world.rows() == {}, lane


def test_two_versions_of_rebound_are_no_dispute() -> None:
    with new_world() as world:
        world.order()
        hub(world, **BAD)
        hub(world, 5, version=2, **GOOD)
        own(world, event="PUTAWAY_COMPLETED", **SILENT)
        assert world.rows()["p1"]["outcome"] == "refund"
