"""The dispatch flow end to end: what leaves the warehouse is shipped in Mirakl exactly once, whatever goes wrong on the way."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from returns_assets.mirakl.errors import MiraklDeniedError
from returns_assets.quality.gate import validate_actions
from returns_assets.steps.act_gate import NotValidated
from returns_assets.steps.dispatch import push_dispatches
from returns_assets.steps.dispatch_ingest import ingest_dispatch_orders
from returns_assets.steps.dispatch_kinds import NOTICES
from returns_assets.steps.dispatch_notices import plan_dispatches
from tests.dispatch.world import DAY, DispatchWorld, dispatch_world, mappings_with
from tests.sandbox_fixture import Sandbox

LATER = date(2025, 3, 11)


def test_the_carrier_is_translated_for_each_operator(single: DispatchWorld, multi: DispatchWorld) -> None:
    for world, code, calls in ((single, "DPD-UK", ["OR23", "OR24"]), (multi, "DPD_CLASSIC", ["ST01"])):
        order = world.order(1)
        world.left(order, carrier=" dpd ")
        report = world.run()
        assert (report.says["outcomes"], report.says["late"], report.blocked_by) == ({"ready": 1}, 0, ())
        assert world.calls() == calls
        [shipment] = world.shipments(order)
        assert (shipment["status"], shipment["tracking"]["carrier_code"]) == ("SHIPPED", code)
        assert shipment["tracking"]["tracking_number"] == f"T{order}"
        assert world.shown(order)["order_state"] == "SHIPPED"
        assert world.exceptions() == set()


def test_a_second_run_and_a_repeated_file_tell_nothing_again(single: DispatchWorld, multi: DispatchWorld) -> None:
    for world in (single, multi):
        order = world.order(1)
        world.left(order)
        world.run()
        calls = world.calls()
        world.advance(7200)
        again = world.run()
        world.left(order, line_number=9, document_id=2)
        world.run()
        assert world.calls() == calls
        assert again.says["outcomes"] == {"done": 1}
        assert len(world.shipments(order)) == 1
        assert {row["state"] for row in world.rows("dispatch_pushes")} == {"confirmed"}


def test_an_unknown_carrier_is_caught_before_the_call_and_sent_after_the_fix(single: DispatchWorld) -> None:
    order = single.order(1, shipping_deadline="2025-03-10T10:00:00Z")
    single.left(order, carrier="GLS")
    report = single.run()
    assert report.says["outcomes"] == {"exception": 1}
    assert single.exceptions() == {"carrier_not_mapped", "check_failed"}  # the second is the warning carriers_mapped
    assert single.calls() == []
    [late] = single.rows("late_dispatches")
    assert (late["cause"], late["age_hours"], late["hours_left"]) == ("carrier_not_mapped", 4.0, -2.0)

    single.mappings = mappings_with(single.home, "albion,GLS,DPD-UK,,,2010-01-01,\n")
    assert single.run().says["late"] == 0
    assert single.calls() == ["OR23", "OR24"]
    assert len(single.shipments(order)) == 1
    assert single.exceptions() == set()
    assert single.rows("late_dispatches") == []


@pytest.mark.parametrize("key", ["albion", "nordhaus"])
def test_a_withdrawn_carrier_is_caught_after_the_call_and_sent_after_the_fix(tmp_path: Path, sandbox: Sandbox, key: str) -> None:
    code, other = {"albion": ("DPD-UK", "RM48"), "nordhaus": ("DPD_CLASSIC", "DPD_NEW")}[key]
    first = "OR23" if key == "albion" else "ST01"
    with dispatch_world(tmp_path / key, sandbox, key) as world:
        world.left(world.order(1))
        world.run()  # the day's lists are read
        order = world.order(2)
        world.left(order)
        replaced = {"add": {"code": other, "label": "DPD", "standard_code": "dpd"}} if key == "nordhaus" else {}
        sandbox.post("carriers", marketplace=key, withdraw=code, **replaced)
        sandbox.delete("requests")
        report = world.run()
        assert world.calls() == [first], "nothing is shipped without its tracking"
        assert world.exceptions() == {"carrier_refused"}, "one exception, in the same run"
        [refused] = [row for row in world.rows("dispatch_pushes") if row["state"] == "rejected"]
        assert code in refused["answer"], "the raw answer is kept"
        assert (report.says["late"], [row["cause"] for row in world.rows("late_dispatches")]) == (1, ["carrier_refused"])
        world.run()
        assert world.calls() == [first], "the same request is not sent again"

        world.advance(600)
        world.mappings = mappings_with(world.home, f"{key},DPD,{other},,,2010-01-01,\n")
        assert world.run().says["late"] == 0
        [shipment] = world.shipments(order)
        assert (shipment["status"], shipment["tracking"]["carrier_code"]) == ("SHIPPED", other)
        assert world.exceptions() == set()
        assert len(world.calls("SH21")) == (1 if key == "nordhaus" else 0), "the day's list is read again only if it lacks the code"


def test_a_carrier_that_the_operator_never_had_is_caught_before_the_call(tmp_path: Path, sandbox: Sandbox) -> None:
    rows = "albion,DPD,DPD,,,2010-01-01,\nalbion,Van,,Own Van,https://van.example,2010-01-01,\nalbion,Old,OLD,,,2010-01-01,2020-01-01\n"
    with dispatch_world(tmp_path / "albion", sandbox, "albion", rows) as world:
        for day in (DAY, LATER, DAY):
            assert world.run(day).blocked_by == ()
        [warning] = world.ledger.exceptions.list()
        assert (warning.cause, warning.day, warning.exception_class) == ("check_failed", LATER, "mapping"), "without a dispatch, and once"
        assert warning.detail.startswith("carriers_live: 1 of 1 rows")
        assert "carriers.csv" in warning.todo
        order = world.order(1)
        world.left(order)
        world.run()
        assert "carrier_not_live" in world.exceptions()
        assert world.calls() == []

        world.advance(600)
        world.run()
        sandbox.post("carriers", marketplace="albion", add={"code": "DPD", "label": "DPD", "standard_code": "dpd"})
        world.run()
        assert ("carrier_not_live" in world.exceptions(), len(world.calls("SH21"))) == (True, 2), "not read by each run"
        world.advance(4 * 3600)
        world.run()
        assert (len(world.calls("SH21")), len(world.shipments(order))) == (3, 1)
        world.run(LATER)
        assert world.exceptions() == set()


@pytest.mark.parametrize(("key", "operation"), [("albion", "OR23"), ("albion", "OR24"), ("nordhaus", "ST01")])
def test_executed_but_not_answered_is_read_back_and_not_sent_again(tmp_path: Path, sandbox: Sandbox, key: str, operation: str) -> None:
    with dispatch_world(tmp_path / key, sandbox, key) as world:
        order = world.order(1)
        world.left(order)
        sandbox.fault(operation, "500_after_commit", times=1)
        world.run()
        assert "unknown" in {row["state"] for row in world.rows("dispatch_pushes")}
        assert "answer_lost" in world.exceptions()
        world.run()  # too early to read back: nothing may be sent
        assert world.calls(operation) == [operation]
        world.advance(120)
        world.run()
        assert world.calls(operation) == [operation]
        assert {row["state"] for row in world.rows("dispatch_pushes")} == {"confirmed"}
        assert [shipment["status"] for shipment in world.shipments(order)] == ["SHIPPED"]
        assert (world.exceptions(), world.rows("late_dispatches")) == (set(), [])


def test_lost_and_not_executed_is_sent_again(multi: DispatchWorld) -> None:
    order = multi.order(1)
    multi.left(order)
    multi.sandbox.fault("ST01", "cut_before", times=1)
    assert multi.run().says["late"] == 1
    multi.advance(120)
    assert multi.run().says["late"] == 0
    assert len(multi.shipments(order)) == 1


def test_an_order_waits_until_all_of_it_left(single: DispatchWorld) -> None:
    order = single.order(1, {"quantity": 2}, {})
    single.left(order, quantity=2)
    assert single.run().says["outcomes"] == {"hold": 1}
    assert single.calls() == []
    assert [row["cause"] for row in single.rows("late_dispatches")] == ["order_incomplete"]
    single.left(order, LATER, order_line_id=None, sku="sku-2", tracking_number="LAST")
    single.advance(86_400)
    assert single.run(LATER).says["outcomes"] == {"ready": 1}
    assert single.shown(order)["shipping_tracking"] == "LAST"
    assert len(single.shipments(order)) == 1
    assert single.rows("late_dispatches") == [], "its first day is not late any more either"
    assert single.run().says["outcomes"] == {}, "the notice is the later day's now"
    assert single.calls() == ["OR23", "OR24"]


def test_parcels_are_told_one_by_one(multi: DispatchWorld) -> None:
    order = multi.order(1, {"quantity": 2}, {})
    multi.left(order, tracking_number="A")
    multi.left(order, tracking_number="B")
    multi.left(order, tracking_number="B", order_line_id=f"{order}-2")
    multi.run()
    found = {s["tracking"]["tracking_number"]: sum(line["quantity"] for line in s["shipment_lines"]) for s in multi.shipments(order)}
    assert found == {"A": 1, "B": 2}
    assert multi.shown(order)["order_state"] == "SHIPPED"


@pytest.mark.parametrize("prepared", [False, True])
def test_a_parcel_that_grew_after_it_was_told_is_shown(multi: DispatchWorld, *, prepared: bool) -> None:
    order = multi.order(1, {}, {})
    if prepared:
        with multi.sandbox.seller("nordhaus") as client:
            lines = [{"order_line_id": f"{order}-1", "quantity": 1}]
            client.post("/api/shipments", json={"shipments": [{"order_id": order, "shipment_lines": lines}]})
    multi.left(order)
    assert multi.run().says["outcomes"] == {"ready": 1}
    calls = multi.calls()
    multi.left(order, order_line_id=f"{order}-2", document_id=2)
    assert multi.run().says["outcomes"] == {"exception": 1}
    assert multi.exceptions() == {"parcel_changed_after_telling"}
    assert [row["cause"] for row in multi.rows("late_dispatches")] == ["parcel_changed_after_telling"]
    with multi.warehouse.transaction() as con:
        con.execute("DELETE FROM dispatch_shipments")  # a late read: only the ledger knows what was told
    assert plan_dispatches(multi.ctx, "nordhaus", DAY).metadata["outcomes"] == {"exception": 1}
    assert multi.exceptions() == {"parcel_changed_after_telling"}
    assert multi.calls() == calls

    with multi.sandbox.seller("nordhaus") as client:  # by hand, as the exception asks
        rest = {"order_id": order, "shipment_lines": [{"order_line_id": f"{order}-2", "quantity": 1}], "shipped": True}
        tracking = {"carrier_code": "DPD_CLASSIC", "tracking_number": f"T{order}"}
        client.post("/api/shipments", json={"shipments": [{**rest, "tracking": tracking}]})
    assert multi.run().says["outcomes"] == {"done": 1}
    assert (multi.exceptions(), multi.rows("late_dispatches")) == (set(), [])


def test_a_corrected_row_takes_the_place_of_the_first(single: DispatchWorld) -> None:
    wrong: list[dict[str, Any]] = [
        {"carrier": None},
        {"order_line_id": "no-such-line"},
        {"order_line_id": None, "sku": "NO-SUCH-SKU", "quantity": 3},
        {"quantity": 5},
        {"tracking_number": "TYPO", "carrier": None, "order_line_id": None, "sku": "SKU-1"},
        {"tracking_number": None},
    ]
    orders = [single.order(number, shipping_type_code="TRK") for number in range(1, len(wrong) + 1)]
    for order, fields in zip(orders, wrong, strict=True):
        single.left(order, **fields, event_key=f"{order} wrong")
    assert single.run().says["outcomes"] == {"exception": len(orders)}
    left_at = datetime.combine(DAY, time(8))
    for order in orders:
        single.left(order, LATER, event_time=left_at, document_id=2)
        single.left(order, LATER, event_time=left_at, document_id=3, event_key=f"{order} wrong")  # an old file again corrects nothing
    single.advance(86_400)
    assert single.run(LATER).says["outcomes"] == {"ready": len(orders)}
    shown = [single.shown(order) for order in orders]
    assert [(each["order_state"], each["shipping_tracking"]) for each in shown] == [("SHIPPED", f"T{order}") for order in orders]


def test_a_number_that_was_told_is_not_taken_back(multi: DispatchWorld) -> None:
    order = multi.order(1, {}, {})
    multi.left(order, tracking_number="TOLD")
    multi.run()
    multi.left(order, document_id=2, tracking_number="OTHER")
    report = multi.run()
    assert (report.says["outcomes"], report.blocked_by) == ({"done": 1, "exception": 1}, ())
    assert multi.exceptions() == {"quantity_beyond_order"}
    assert len(multi.shipments(order)) == 1


def test_a_second_parcel_at_the_same_time_is_no_correction(multi: DispatchWorld) -> None:
    order = multi.order(1, {"quantity": 3})
    multi.left(order, tracking_number="A", carrier=None)
    multi.left(order, tracking_number="B")
    multi.left(order, tracking_number="C", document_id=2)
    multi.left(order, tracking_number="A", document_id=2, event_key="A corrected")
    multi.left(order, tracking_number="B", document_id=2)
    assert multi.run().says["outcomes"] == {"ready": 3}
    assert sorted(each["tracking"]["tracking_number"] for each in multi.shipments(order)) == ["A", "B", "C"]
    # a file that has a wrong number anew, and the other rows as they were: only the wrong one is replaced
    order = multi.order(2, {"quantity": 2})
    multi.left(order, tracking_number="A2")
    multi.left(order, tracking_number="TYPO", carrier="NOBODY")
    multi.left(order, tracking_number="A2", document_id=2)
    multi.left(order, tracking_number="B2", document_id=2)
    multi.run()
    assert sorted(each["tracking"]["tracking_number"] for each in multi.shipments(order)) == ["A2", "B2"]


def test_a_shipment_that_waits_in_mirakl_is_completed(multi: DispatchWorld) -> None:
    order = multi.order(1)
    with multi.sandbox.seller("nordhaus") as client:
        lines = [{"order_line_id": f"{order}-1", "quantity": 1}]
        assert client.post("/api/shipments", json={"shipments": [{"order_id": order, "shipment_lines": lines}]}).status_code == 201
    multi.sandbox.delete("requests")
    multi.left(order)
    multi.run()
    assert multi.calls() == ["ST23", "ST24"]
    [shipment] = multi.shipments(order)
    assert (shipment["status"], shipment["tracking"]["carrier_code"]) == ("SHIPPED", "DPD_CLASSIC")


def test_multi_shipment_switched_off_falls_back(multi: DispatchWorld) -> None:
    order = multi.order(1)
    multi.left(order)
    multi.run()  # PC01 is read: it says multi-shipment, and is not read again within the hour
    multi.sandbox.post("marketplaces", key="nordhaus", features={"shipment.multi_shipment": False})
    multi.sandbox.delete("requests")
    second = multi.order(2)
    multi.left(second)
    multi.run()
    assert multi.calls() == ["OR23", "OR24"]
    assert len(multi.shipments(second)) == 1


def test_an_order_whose_st01_is_answered_with_404_is_told_as_a_whole(multi: DispatchWorld) -> None:
    order, begun = multi.order(1), multi.order(2, {"quantity": 2})
    multi.left(begun, tracking_number="A")
    multi.run()
    multi.sandbox.delete("requests")
    multi.sandbox.fault("ST01", "404")  # PC01 and ST11 know nothing of it
    multi.sandbox.fault("OR24", "cut_before", times=1)
    multi.left(order)
    multi.left(begun, tracking_number="B")
    assert multi.run().says["late"] == 2
    assert (multi.calls(), multi.exceptions()) == (["ST01"] * 2, {"multi_shipment_off"})
    multi.run()
    assert multi.calls() == ["ST01", "ST01", "OR23", "OR24"]
    multi.sandbox.delete("faults")
    multi.advance(120)
    for _ in range(2):
        multi.run()
        assert multi.calls() == ["ST01", "ST01", "OR23", "OR24", "OR24"], "it stays with the way that was begun"
    [shipment] = multi.shipments(order)
    assert (shipment["status"], shipment["tracking"]["tracking_number"]) == ("SHIPPED", f"T{order}")
    assert len(multi.shipments(begun)) == 1, "no second way for an order of which ST01 told a parcel"
    assert [row["cause"] for row in multi.rows("late_dispatches")] == ["multi_shipment_off"]


def test_a_tracking_that_somebody_changed_is_left_to_a_person(single: DispatchWorld) -> None:
    order = single.order(1)
    single.left(order)
    single.sandbox.fault("OR24", "cut_before", times=1)
    single.run()

    def by_hand(carrier: str, number: str) -> None:
        with single.sandbox.seller("albion") as client:
            body = {"carrier_code": carrier, "tracking_number": number}
            assert client.put(f"/api/orders/{order}/tracking", json=body).status_code == 204
        single.sandbox.delete("requests")

    by_hand("RM48", "BY-HAND")
    single.advance(120)
    for _ in range(2):
        single.run()
        assert (single.exceptions(), single.calls()) == ({"tracking_changed"}, [])
        assert [row["cause"] for row in single.rows("late_dispatches")] == ["tracking_changed"]
        single.advance(7200)
    by_hand("DPD-UK", f"T{order}")
    assert single.run().says["late"] == 0
    assert (single.exceptions(), single.calls()) == (set(), ["OR24"])


def test_more_than_was_sold_and_foreign_ids_are_exceptions_and_stop_nothing(multi: DispatchWorld) -> None:
    order, good = multi.order(1), multi.order(2)
    multi.left(order, tracking_number="A", hour=7)
    multi.left(order, tracking_number="B")
    multi.left("NOR-404-A")
    multi.left(good, order_line_id="no-such-line", tracking_number="C")
    multi.left(good)
    report = multi.run()
    assert report.says["outcomes"] == {"ready": 2, "exception": 3}
    assert multi.exceptions() == {"quantity_beyond_order", "order_unknown", "line_unknown"}
    assert [len(multi.shipments(each)) for each in (order, good)] == [1, 1]


def test_a_state_that_takes_no_dispatch(single: DispatchWorld) -> None:
    for number, state in enumerate(["WAITING_DEBIT", "CANCELED", "SHIPPED"], start=1):
        single.left(single.order(number, order_state=state))
    single.left(single.order(4, can_shop_ship=False))
    assert single.run().says["outcomes"] == {"hold": 1, "exception": 2, "done": 1}
    assert single.exceptions() == {"order_cancelled", "not_shipped_by_shop"}
    single.sandbox.post("debits", marketplace="albion")
    assert single.run().says["outcomes"] == {"ready": 1, "exception": 2, "done": 1}
    assert single.calls() == ["OR23", "OR24"]
    with single.warehouse.transaction() as con:
        con.execute("UPDATE dispatch_orders SET order_state = 'A_NEW_STATE' WHERE order_state = 'CANCELED'")
    plan_dispatches(single.ctx, "albion", DAY)
    assert single.exceptions() == {"order_state_unknown", "not_shipped_by_shop"}


def test_tracking_is_asked_for_where_the_shipping_type_or_the_carrier_does(tmp_path: Path, sandbox: Sandbox) -> None:
    rows = "maplewood,Own,,Own Van,https://van.example,2010-01-01,\nmaplewood,UPS,UPS,,,2010-01-01,\n"
    with dispatch_world(tmp_path / "maplewood", sandbox, "maplewood", rows) as world:
        tracked, free = world.order(1, shipping_type_code="TRK"), world.order(2)
        world.left(tracked, carrier="Own", tracking_number=None)
        world.left(free, carrier="Own", tracking_number=None)
        world.left(world.order(3), carrier="UPS", tracking_number=" ")
        assert world.run().says["outcomes"] == {"ready": 1, "exception": 2}
        assert world.exceptions() == {"tracking_missing"}
        assert world.shown(free)["order_state"] == "SHIPPED"


def test_free_names_go_only_where_the_operator_takes_them(tmp_path: Path, sandbox: Sandbox) -> None:
    for key, outcome in (("maplewood", "ready"), ("albion", "exception")):
        row = f"{key},Roadrunner,,Roadrunner Freight,https://road.example,2010-01-01,\n"
        with dispatch_world(tmp_path / key, sandbox, key, row) as world:
            order = world.order(1)
            world.left(order, carrier="ROADRUNNER")
            assert world.run().says["outcomes"] == {outcome: 1}
            if outcome == "ready":
                shown = world.shown(order)
                assert (shown["shipping_company"], shown["shipping_tracking_url"]) == ("Roadrunner Freight", "https://road.example")
            else:
                assert world.calls() == []
                assert "free_carrier_not_allowed" in world.exceptions()


def test_nothing_is_told_that_was_not_validated_as_it_is(single: DispatchWorld) -> None:
    single.left(single.order(1), carrier="GLS")
    single.run()
    with single.warehouse.transaction() as con:
        con.execute("UPDATE dispatch_notices SET outcome = 'ready', carrier_code = 'GLS', cause = NULL, exception_class = NULL")
    with pytest.raises(NotValidated, match="materialise dispatch_notices"):
        push_dispatches(single.ctx, "albion", DAY)
    assert single.calls() == []


def planned(world: DispatchWorld, day: date = DAY) -> tuple[str, ...]:
    """The day's orders read, planned and checked, nothing told; the checks that block."""
    ingest_dispatch_orders(world.ctx, world.key, day)
    plan_dispatches(world.ctx, world.key, day)
    return tuple(finding.name for finding in validate_actions(world.ctx, NOTICES, world.key, day) if finding.stops)


def test_a_push_of_an_old_day_tells_nothing_that_a_later_day_has(single: DispatchWorld, multi: DispatchWorld) -> None:
    for world in (single, multi):
        corrected, other = world.order(1), world.order(2, {"quantity": 2})
        world.left(corrected, carrier="DPD", tracking_number="WRONG")
        if world is multi:
            world.left(other, tracking_number="A")
        assert planned(world) == ()
        at = datetime.combine(DAY, time(8))
        world.left(corrected, LATER, event_time=at, document_id=2, tracking_number="RIGHT")
        push_dispatches(world.ctx, world.key, DAY)  # once more, as it was planned before
        assert world.shipments(corrected) == []
        world.advance(86_400)
        world.left(other, LATER, document_id=2, quantity=1 if world is multi else 2, tracking_number="B")
        assert world.run(LATER).says["outcomes"] == {"ready": 2}
        world.run()
        assert [each["tracking"]["tracking_number"] for each in world.shipments(corrected)] == ["RIGHT"]
        numbers = sorted(each["tracking"]["tracking_number"] for each in world.shipments(other))
        assert numbers == (["A", "B"] if world is multi else ["B"]), "a parcel of a later day stops none of an earlier one"


def test_a_notice_that_a_later_day_has_is_blocked(single: DispatchWorld) -> None:
    single.left(single.order(1))
    assert planned(single) == ()
    with single.warehouse.transaction() as con:
        con.execute("INSERT INTO dispatch_notices SELECT * REPLACE (day + 1 AS day) FROM dispatch_notices")
        con.execute("DELETE FROM late_dispatches")
    assert planned(single) == ("notice_not_in_later_day",)
    assert [row["day"] for row in single.rows("late_dispatches")] == [DAY], "blocked, and seen to be late"


def test_a_tracking_that_was_there_before_is_sent_again(single: DispatchWorld) -> None:
    order = single.order(1)
    single.left(order)
    single.sandbox.fault("OR24", "429", times=50)
    for code in ("DPD-UK", "RM48", "DPD-UK", "DPD-UK"):
        single.mappings = mappings_with(single.home, f"albion,DPD,{code},,,2010-01-01,\n")
        single.run()
        assert single.shown(order)["shipping_carrier_code"] == code
        single.advance(7200)
    assert single.calls("OR23") == ["OR23"] * 3


def test_mirakl_failing_leaves_everything_to_be_sent_later(multi: DispatchWorld) -> None:
    order = multi.order(1)
    multi.left(order)
    multi.sandbox.fault("OR11", script=["ok", "401"])  # the push cannot read the order again
    with pytest.raises(MiraklDeniedError):
        multi.run()
    assert [row["order_id"] for row in multi.rows("late_dispatches")] == [order], "what is late is seen all the same"
    multi.sandbox.fault("ST01", "429", times=1)
    multi.run()
    assert len(multi.shipments(order)) == 1, "a 429 is waited for"
    assert multi.run().says["outcomes"] == {"done": 1}
