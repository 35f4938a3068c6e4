"""Matching to the order line: by ids only, and refused rather than guessed."""

from decimal import Decimal

from tests.decisions.world import new_world


def test_by_line_id() -> None:
    with new_world() as world:
        world.order({"offer_sku": "S1"}, {"offer_sku": "S1", "price": Decimal("7.00")})
        world.event("p1", line_ref="NOR-1-A-2")
        assert (world.rows()["p1"]["matched_by"], world.rows()["p1"]["amount"]) == ("line_id", Decimal("7.0000"))


def test_by_sku_ignoring_case_and_blanks() -> None:
    with new_world() as world:
        world.order({"offer_sku": " abC-1 "}, {"offer_sku": "other"})
        world.event("p1", line_ref=None, sku="ABC-1")
        assert (world.rows()["p1"]["matched_by"], world.rows()["p1"]["order_line_id"]) == ("sku", "NOR-1-A-1")


def test_by_ean_where_exactly_one_fits() -> None:
    with new_world() as world:
        world.order({"product_sku": "4001"}, {"product_sku": "4002"})
        world.event("p1", line_ref=None, sku=None, ean="4002")
        assert (world.rows()["p1"]["matched_by"], world.rows()["p1"]["order_line_id"]) == ("ean", "NOR-1-A-2")
        world.event("p2", line_ref=None, sku=None, ean="4009")
        assert world.rows()["p2"]["cause"] == "line_not_found"


def test_same_sku_at_different_prices_is_ambiguous() -> None:
    with new_world() as world:
        world.order({"offer_sku": "S1"}, {"offer_sku": "S1", "price": Decimal("7.00")})
        world.event("p1", line_ref=None)
        row = world.rows()["p1"]
        assert (row["outcome"], row["cause"], row["order_line_id"]) == ("exception", "ambiguous_line", None)


def test_same_sku_at_the_same_price_fills_the_lines_oldest_first_around_pieces_that_name_theirs() -> None:
    with new_world() as world:
        world.order({"offer_sku": "S1"}, {"offer_sku": "S1"}, {"offer_sku": "S1"})
        world.event("named", line_ref="NOR-1-A-1")
        world.event("p1", line_ref=None, minute=1)
        world.event("p2", line_ref=None, minute=2)
        world.event("p3", line_ref=None, minute=3)
        rows = world.rows()
        assert [rows[name]["order_line_id"] for name in ("named", "p1", "p2", "p3")] == ["NOR-1-A-1", "NOR-1-A-2", "NOR-1-A-3", None]
        assert rows["p3"]["cause"] == "ambiguous_line"


def test_a_line_of_another_order_is_never_taken() -> None:
    with new_world() as world:
        world.order(order="NOR-1-A")
        world.order(order="NOR-2-A")
        world.event("p1", order="NOR-1-A", line_ref="NOR-2-A-1", sku="nothing")
        assert world.rows()["p1"]["cause"] == "line_not_found"


def test_unknown_order() -> None:
    with new_world() as world:
        world.event("p1")
        row = world.rows()["p1"]
        assert (row["cause"], row["exception_class"], row["detail"]) == ("unknown_order", "logical", "order NOR-1-A")


def test_commercial_id_stands_for_its_only_order() -> None:
    with new_world() as world:
        world.order(order="NOR-1-A", commercial="NOR-1")
        world.event("p1", order="NOR-1", line_ref=None)
        assert world.rows()["p1"]["order_id"] == "NOR-1-A"
    with new_world() as world:
        world.order(order="NOR-1-A", commercial="NOR-1")
        world.order(order="NOR-1-B", commercial="NOR-1")
        world.event("p1", order="NOR-1", line_ref=None)
        assert world.rows()["p1"]["cause"] == "unknown_order"


def test_another_sku_than_was_sold_is_held_back() -> None:
    with new_world() as world:
        world.order({"offer_sku": "S1"})
        world.event("p1", sku="S9")
        row = world.rows()["p1"]
        assert (row["outcome"], row["cause"], row["detail"]) == ("exception", "wrong_item", "came back S9, sold S1")


def test_the_line_that_money_moved_on_stays_the_line() -> None:
    with new_world() as world:
        world.order({"offer_sku": "S1"}, {"offer_sku": "S1", "price": Decimal("7.00")})
        world.event("p1", line_ref="NOR-1-A-2")
        world.paid("p1", line="NOR-1-A-1")
        assert world.rows()["p1"]["matched_by"] == "ledger"
        assert world.rows()["p1"]["paid"] is True
