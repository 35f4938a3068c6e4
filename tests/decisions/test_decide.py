"""Outcomes: the policy table, translation to the operator's code, readiness of the line, units, refunds made by others."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from returns_assets.decisions.tables import causes_of
from returns_assets.translation.model import Mappings, ReasonRow
from tests.decisions.world import MAPPINGS, World, new_world


@pytest.mark.parametrize(
    ("values", "outcome", "rule"),
    [
        ({"grade": "A", "disposition": "RESTOCK"}, "refund", "good"),
        ({"grade": "U"}, "refund", "registration_is_final_buyer"),
        ({"grade": "U", "reason": "DEFECTIVE"}, "refund", "registration_is_final"),
        ({"grade": "D", "disposition": "DESTROY", "reason": "DEFECTIVE"}, "refund", "defect_confirmed"),
        ({"grade": "D", "disposition": "DESTROY"}, "hold", "damaged_by_customer"),
        ({"grade": "C", "disposition": "RESTOCK"}, "hold", "used"),
        ({"grade": "A", "disposition": "QUARANTINE"}, "hold", "quarantine"),
        ({"verification": "MISSING"}, "no_refund", "missing"),
        ({"verification": "WRONG_ITEM"}, "exception", "wrong_item"),
        ({"verification": "EMPTY_PARCEL"}, "exception", "empty_parcel"),
        ({"verification": "UNEXPECTED_EXTRA", "line_ref": None, "sku": None}, "hold", "unexpected_extra"),
    ],
)
def test_policy_table(values: dict[str, object], outcome: str, rule: str) -> None:
    with new_world() as world:
        world.order()
        world.event("p1", **values)
        row = world.rows()["p1"]
        assert (row["outcome"], row["rule"]) == (outcome, rule)
        assert (row["amount"] is not None) == (outcome == "refund")
        assert (row["waits_for"] is not None) == (outcome == "hold")
        assert (row["exception_class"] is not None) == (outcome == "exception")


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"reason": "UNKNOWN", "reason_raw": "Zu groß"}, "unknown_reason"),
        ({"grade": "UNKNOWN"}, "unknown_grade"),
        ({"disposition": "UNKNOWN"}, "unknown_disposition"),
        ({"verification": "UNKNOWN"}, "unknown_verification"),
        ({"lane": "UNKNOWN"}, "unknown_lane"),
        ({"reason": None, "reason_raw": None}, "reason_not_mapped"),
        ({"reason": "NEVER_HEARD_OF"}, "reason_not_mapped"),
    ],
)
def test_unknown_codes_are_mapping_exceptions_of_their_own(values: dict[str, object], cause: str) -> None:
    with new_world() as world:
        world.order()
        world.event("p1", **values)
        row = world.rows()["p1"]
        assert (row["outcome"], row["exception_class"], row["cause"]) == ("exception", "mapping", cause)


def with_reasons(*rows: ReasonRow) -> Mappings:
    return MAPPINGS.model_copy(update={"reasons": list(rows)})


def reason(code: str, marketplace: str = "*", start: str = "2010-01-01", end: str | None = None) -> ReasonRow:
    return ReasonRow.model_validate(
        {"marketplace": marketplace, "canonical_reason": "SIZE_TOO_LARGE", "refund_reason_code": code, "valid_from": start, "valid_to": end}
    )


@pytest.mark.parametrize(
    ("mappings", "cause", "code"),
    [
        (with_reasons(reason("99")), "reason_not_live", "99"),
        (with_reasons(reason("14")), "reason_not_for_shops", "14"),
        (with_reasons(reason("99"), reason("17", "nordhaus")), None, "17"),
        (with_reasons(reason("17"), reason("99", "albion")), None, "17"),
        (with_reasons(reason("99", end="2025-03-04"), reason("17", start="2025-03-05")), None, "17"),
        (with_reasons(reason("17", start="2025-03-06")), "reason_not_mapped", None),
        (with_reasons(reason("17", end="2025-03-04")), "reason_not_mapped", None),
    ],
)
def test_translation_by_marketplace_and_date_against_the_live_list(mappings: Mappings, cause: str | None, code: str | None) -> None:
    with new_world(mappings=mappings) as world:
        world.order()
        world.event("p1")
        row = world.rows()["p1"]
        assert (row["cause"], row["refund_reason_code"]) == (cause, code)


@pytest.mark.parametrize("state", ["SHIPPED", "RECEIVED", "INCIDENT_OPEN"])
def test_refundable_states(state: str) -> None:
    with new_world() as world:
        world.order({"line_state": state})
        world.event("p1")
        assert world.rows()["p1"]["outcome"] == "refund"


@pytest.mark.parametrize("state", ["WAITING_DEBIT", "SHIPPING", "TO_COLLECT"])
def test_a_line_that_is_not_ready_waits(state: str) -> None:
    with new_world() as world:
        world.order({"line_state": state})
        world.event("p1")
        assert (world.rows()["p1"]["outcome"], world.rows()["p1"]["waits_for"]) == ("hold", f"the order line to be refundable; now {state}")


@pytest.mark.parametrize("state", ["CLOSED", "CANCELED", "REFUSED", "A_NEW_STATE", None])
def test_any_other_state_needs_a_person(state: str | None) -> None:
    with new_world() as world:
        world.order({"line_state": state})
        world.event("p1")
        assert world.rows()["p1"]["cause"] == "line_not_refundable"


def test_more_units_than_sold() -> None:
    with new_world() as world:
        world.order({"quantity": 2})
        for minute, piece in enumerate(["p1", "p2", "p3"]):
            world.event(piece, minute=minute)
        rows = world.rows()
        assert [rows[piece]["outcome"] for piece in ("p1", "p2", "p3")] == ["refund", "refund", "exception"]
        assert rows["p3"]["cause"] == "over_quantity"


def test_a_lot_is_one_piece_of_several_units() -> None:
    with new_world() as world:
        world.order({"quantity": 12, "price": Decimal("10.00")})
        world.event("lot", quantity=5)
        world.event("rest", quantity=8, minute=1)
        rows = world.rows()
        assert rows["lot"]["amount"] == Decimal("4.1700")
        assert rows["rest"]["cause"] == "over_quantity"


def test_a_lot_that_does_not_fit_takes_no_units_from_those_behind_it() -> None:
    with new_world() as world:
        world.order({"quantity": 10, "price": Decimal("10.00")})
        for minute, (piece, units) in enumerate([("a", 3), ("b", 20), ("c", 5), ("d", 3), ("e", 2)]):
            world.event(piece, quantity=units, minute=minute)
        rows = world.rows()
        assert {piece: row["cause"] for piece, row in rows.items()} == dict.fromkeys("ace") | {"b": "over_quantity", "d": "over_quantity"}
        assert [rows[piece]["unit_from"] for piece in "ace"] == [0, 3, 8]


def test_wrong_pieces_do_not_use_up_units() -> None:
    with new_world() as world:
        world.order({"quantity": 1})
        world.event("wrong", verification="WRONG_ITEM")
        world.event("right", minute=1)
        assert world.rows()["right"]["outcome"] == "refund"


def foreign(world: World, amount: str, quantity: int = 3, pieces: int = 1) -> list[tuple[str, str | None, Decimal | None]]:
    world.order({"quantity": quantity, "price": Decimal("10.00")})
    world.refund(amount)
    for number in range(pieces):
        world.event(f"p{number}", minute=number)
    rows = world.rows()
    return [(rows[f"p{n}"]["outcome"], rows[f"p{n}"]["cause"] or rows[f"p{n}"]["rule"], rows[f"p{n}"]["amount"]) for n in range(pieces)]


def test_a_refund_made_by_hand_stands_for_the_first_piece() -> None:
    with new_world() as world:
        first, second = foreign(world, "3.33", pieces=2)
        assert first == ("no_refund", "refunded_elsewhere", None)
        assert second[0] == "refund"


def test_a_whole_refund_by_hand_leaves_nothing_to_pay() -> None:
    with new_world() as world:
        assert [row[1] for row in foreign(world, "10.00", pieces=3)] == ["refunded_elsewhere"] * 3


def test_a_goodwill_refund_is_no_unit_but_lowers_what_is_left() -> None:
    with new_world() as world:
        assert foreign(world, "6.00", quantity=1) == [("exception", "over_remainder", None)]
    with new_world() as world:
        assert foreign(world, "2.00", quantity=3, pieces=2)[0][0] == "refund"


def test_cents_left_by_another_rounding_go_to_the_completing_piece() -> None:
    with new_world() as world:
        rows = foreign(world, "3.34", pieces=3)
        assert [row[2] for row in rows] == [None, Decimal("3.3400"), Decimal("3.3200")]


def test_one_cent_units_are_counted_right() -> None:
    with new_world() as world:
        rows = foreign(world, "0.01", quantity=1000, pieces=2)
        assert [row[0] for row in rows] == ["no_refund", "refund"]


def test_a_paid_piece_stays_a_refund_and_its_own_refund_is_not_foreign() -> None:
    with new_world() as world:
        world.order({"quantity": 2, "line_state": "RECEIVED"})
        world.event("p1")
        world.event("p2", minute=1)
        world.paid("p1")
        world.refund("5.00", ours=True)
        rows = world.rows()
        assert [(rows[p]["outcome"], rows[p]["paid"], rows[p]["amount"]) for p in ("p1", "p2")] == [
            ("refund", True, Decimal("5.0000")),
            ("refund", False, Decimal("5.0000")),
        ]


def test_a_paid_piece_that_is_judged_otherwise_later_is_shown_and_not_clawed_back() -> None:
    with new_world() as world:
        world.order()
        world.event("p1", "ITEM_GRADED", grade="D", disposition="DESTROY")
        world.paid("p1")
        assert (world.rows()["p1"]["outcome"], world.rows()["p1"]["cause"]) == ("exception", "refunded_then_changed")


def test_a_refund_by_hand_on_a_line_with_a_held_piece_is_nobodys_guess() -> None:
    with new_world() as world:
        world.order({"quantity": 2, "price": Decimal("20.00")})
        world.event("held", "ITEM_GRADED", grade="C", disposition="RESTOCK")
        world.event("good", minute=1)
        world.refund("10.00")
        rows = world.rows()
        assert (rows["held"]["outcome"], rows["good"]["cause"]) == ("hold", "foreign_refund_unclear")
        world.refund("10.00", refund_id="F2")
        assert {row["rule"] for row in world.rows().values()} == {"refunded_elsewhere"}, "both refunded by hand: both close"


def test_a_held_piece_alone_closes_when_it_is_refunded_by_hand() -> None:
    with new_world() as world:
        world.order()
        world.event("p1", "ITEM_GRADED", grade="C", disposition="RESTOCK")
        world.refund("10.00")
        assert (world.rows()["p1"]["outcome"], world.rows()["p1"]["rule"]) == ("no_refund", "refunded_elsewhere")


def test_a_line_whose_refund_is_unanswered_waits_for_the_answer() -> None:
    with new_world() as world:
        world.order({"quantity": 2, "price": Decimal("20.00")})
        world.event("sent")
        world.event("next", minute=1)
        world.paid("sent", in_flight=True)
        world.refund("10.00")
        row = world.rows()["next"]
        assert (row["outcome"], row["waits_for"]) == ("hold", "the answer to another refund of this order line")


@pytest.mark.parametrize("change", [{"quantity": 3}, {"line_ref": "NOR-1-A-2", "sku": None}, {"order": "NOR-2-A"}])
def test_a_correction_of_what_was_paid_for_is_shown(change: dict[str, Any]) -> None:
    with new_world() as world:
        world.order({"quantity": 3, "price": Decimal("30.00")}, {"offer_sku": "S2"})
        world.order(order="NOR-2-A")
        world.event("p1", minute=0)
        world.event("p1", minute=5, **change)
        world.paid("p1")
        assert world.rows()["p1"]["cause"] == "refunded_then_changed"


def test_a_piece_that_may_be_another_one_is_not_paid() -> None:
    with new_world() as world:
        world.order({"quantity": 2, "price": Decimal("20.00")})
        world.event("R1/L/1", problem="piece_id_unclear")
        world.event("P1", problem="piece_id_unclear", minute=1)
        assert {row["cause"] for row in world.rows().values()} == {"piece_id_unclear"}


@pytest.mark.parametrize("paid", [None, "R1/S1/1", "P1"])
@pytest.mark.parametrize("same_return", [True, False])
def test_a_line_that_both_apis_told_pieces_of_is_not_paid_twice(paid: str | None, same_return: bool) -> None:
    """The legacy API names no items: its unit and the one that push names may be one, also when it goes by another return id."""
    with new_world() as world:
        world.order({"quantity": 3, "price": Decimal("30.00")}, {"quantity": 2, "price": Decimal("20.00"), "offer_sku": "S2"})
        world.event("R1/S1/1", kind="legacy_return", line_ref=None)
        world.event("P1", kind="refund_registered", minute=1, return_id="R1" if same_return else "R9")
        world.event("P2", kind="refund_registered", minute=2, line_ref="NOR-1-A-2", sku="S2")
        if paid:
            world.paid(paid)
        rows = world.rows()
        told = {piece: (row["outcome"], row["cause"]) for piece, row in rows.items()}
        unclear, fine = ("exception", "piece_id_unclear"), ("refund", None)
        assert told == {"R1/S1/1": unclear, "P1": unclear, "P2": fine} | ({paid: fine} if paid else {})


@pytest.mark.parametrize("event", ["PARCEL_AT_HUB", "RETURN_REGISTERED"])
def test_what_the_legacy_api_only_announced_is_in_nobodys_way(event: str) -> None:
    with new_world() as world:
        world.order({"quantity": 2, "price": Decimal("20.00")})
        world.event("R1/S1/1", event, kind="legacy_return", line_ref=None)
        world.event("P1", kind="refund_registered", minute=1)
        assert {piece: row["outcome"] for piece, row in world.rows().items()} == {"P1": "refund"}


def test_an_unknown_lane_does_not_hide_the_known_one() -> None:
    with new_world() as world:
        world.order()
        world.event("p1", lane="HUB")
        world.event("p1", "PARCEL_DELIVERED", lane="UNKNOWN", minute=9)
        assert world.rows()["p1"]["outcome"] == "refund"


@pytest.mark.parametrize(
    "line",
    [
        {"price": None, "price_unit": None},
        {"quantity": None, "price_unit": None},
        {"price": Decimal("10.001")},
        {"taxes": '[{"code": "VAT"}]'},
        {"shipping_taxes": '[{"code": "VAT", "amount": "a lot"}]'},
        {"quantity": 2, "price": Decimal("10.00"), "price_unit": Decimal("10.00"), "cancelled_amount": Decimal("10.00")},
    ],
)
def test_a_line_that_cannot_be_shared_out_is_an_exception_of_its_own(line: dict[str, object]) -> None:
    with new_world() as world:
        world.order(line)
        world.event("p1")
        assert (world.rows()["p1"]["cause"], world.rows()["p1"]["amount"]) == ("amount_unreadable", None)


def test_units_that_could_not_be_read_are_not_blamed_on_the_order_line() -> None:
    with new_world() as world:
        world.order({"quantity": 2})
        world.event("p1", quantity=0, problem="bad_quantity:two")
        row = world.rows()["p1"]
        assert (row["outcome"], row["exception_class"], row["cause"], row["amount"]) == ("exception", "technical", "bad_quantity", None)
        assert "ask the sender" in row["todo"]


def test_the_same_order_under_its_own_and_the_customers_id() -> None:
    with new_world() as world:
        world.order({"quantity": 2, "price": Decimal("5.01")}, commercial="NOR-1")
        world.event("p1", day=date(2025, 3, 2))
        world.event("p2", order="NOR-1", line_ref="NOR-1-A-1")
        world.paid("p1")
        world.refund("2.51", ours=True)
        row = world.rows()["p2"]
        assert (row["outcome"], row["unit_from"], row["amount"]) == ("refund", 1, Decimal("2.5000"))


def test_a_free_line_pays_nothing() -> None:
    with new_world() as world:
        world.order({"price": Decimal(0)})
        world.event("p1")
        assert (world.rows()["p1"]["outcome"], world.rows()["p1"]["rule"]) == ("no_refund", "nothing_paid")


def test_deadline_counts_from_the_definitive_event() -> None:
    with new_world() as world:
        world.order()
        world.event("p1")
        assert world.rows()["p1"]["due_at"].date() == date(2025, 3, 19)


def test_every_cause_says_what_to_do() -> None:
    assert all(
        cause.todo and cause.exception_class in ("technical", "mapping", "logical", "policy") for cause in causes_of(MAPPINGS).values()
    )
