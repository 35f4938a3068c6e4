"""Requests that customers open on the marketplace, end to end: nothing is authorised for an order that may not be returned, each step is
made once."""

from dataclasses import replace
from datetime import date

import pytest

from returns_assets.rebound.reading_errors import ReboundReadError
from returns_assets.steps.context import rebound_client
from returns_assets.translation.model import CarrierRow
from tests.authorise.world import AuthoriseWorld

DONE = {"accept": "confirmed", "order": "confirmed", "update": "confirmed"}


def test_one_run_accepts_authorises_and_writes_back_and_the_next_sends_nothing(world: AuthoriseWorld) -> None:
    world.order(customer_notification_email="k3v9q1@proxy.example")
    asked = world.ask()
    world.run()
    [made] = world.authorised()
    shown = world.shown(asked)
    assert world.history(asked) == ["RT21", "RT04"]
    assert shown["state"] == "IN_PROGRESS"
    assert shown["rma"] == made["rmaNumber"]
    assert shown["tracking"]["tracking_number"] == made["trackingNumber"]
    assert shown["label_url"].startswith("http")
    assert world.steps() == DONE
    assert world.exceptions() == {}
    assert made["clientReturnId"] == asked
    assert made["announcedItems"] == [
        {"clientItemId": world.line, "sku": "S1", "ean": "4000000000001", "reasonCode": "Too large", "quantity": "1"}
    ]
    pushed = world.rows("return_request_pushes", "mirakl_return_id", "return_id", "rma", "tracking_number", "order_id", "state")
    return_id = made["reboundOrderId"].removeprefix("(00)")
    assert set(pushed) == {(asked, return_id, made["rmaNumber"], made["trackingNumber"], world.order_id, "confirmed")}
    world.advance(60)
    world.run()
    assert world.outcomes() == ["done"]
    assert world.history(asked) == ["RT21", "RT04"]
    assert len(world.authorised()) == 1
    # whatever the e-mail address was: nothing of the customer is kept or told to ReBound
    tables = ("return_requests", "return_request_lines", "return_request_pushes", "marketplace_returns")
    kept = [str(world.rows(table, "*")) for table in tables]
    kept += [str(effect) for effect in world.ledger.effects.search(marketplace=world.key)]
    kept += [seen for seen in map(str, world.server.requests(operation="RETURN-CREATE")) if world.order_id in seen]
    for text in kept:
        assert not any(personal in text for personal in ("@", "Sample Street", "Sampleton", "Returns Yard"))


def test_an_unshipped_orders_return_waits_and_goes_through_by_itself_once_it_is_shipped(world: AuthoriseWorld) -> None:
    world.order("SHIPPING")
    asked = world.ask()
    world.run()
    assert world.outcomes() == ["hold SHIPPING"]
    assert (world.posts(), world.history(asked)) == (0, [])
    assert (world.calls("RT21"), world.exceptions()) == (0, {})
    world.advance(60 * 3600)
    world.run()
    assert world.exceptions() == {"request_late": "logical"}
    world.state("SHIPPED")
    world.run()
    assert world.history(asked) == ["RT21", "RT04"]
    assert (len(world.authorised()), world.posts(), world.exceptions()) == (1, 1, {})


ELIGIBLE = ("SHIPPED", "RECEIVED", "INCIDENT_OPEN")
WAITING = ("STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING", "TO_COLLECT")
CODES = {
    "CANCELED": "RETURN_REJECTION_NOT_ELIGIBLE", "REFUSED": "RETURN_REJECTION_NOT_ELIGIBLE", "REFUNDED": "RETURN_REJECTION_NOT_ELIGIBLE",
    "CLOSED": "RETURN_REJECTION_WINDOW_CLOSED",
}  # fmt: skip


def test_every_line_state_with_and_without_acceptance(world: AuthoriseWorld) -> None:
    orders: dict[str, tuple[str, str, str]] = {}
    for state in (*ELIGIBLE, *WAITING, *CODES):
        world.next_order()
        world.order("SHIPPED", 1, 1)
        orders[state] = (world.order_id, world.ask(), world.ask((f"{world.order_id}-2", 1), accepted=True))
        for line in (1, 2):
            world.state(state, f"{world.order_id}-{line}")
    world.run()
    said = dict(world.rows("return_requests", "mirakl_return_id", "concat_ws(' ', outcome, cause, waits_for, rejection_code)"))
    for state, (order_id, waits, accepted) in orders.items():
        world.order_id = order_id
        if state in ELIGIBLE:
            assert {made["clientReturnId"] for made in world.authorised()} == {waits, accepted}
            assert (world.history(waits), world.history(accepted)) == (["RT21", "RT04"], ["RT04"])
            continue
        assert (world.authorised(), world.posts(), world.history(accepted)) == ([], 0, []), state
        if state in WAITING:
            assert (said[waits], said[accepted], world.history(waits)) == (f"hold {state}", f"hold {state}", [])
        else:
            assert (said[waits], said[accepted]) == (f"refuse {CODES[state]}", "exception accepted_not_eligible")
            assert (world.shown(waits)["state"], world.shown(waits)["rejection_reason_code"]) == ("REFUSED", CODES[state])
    assert world.exceptions() == {"accepted_not_eligible": "logical"}


def test_an_order_that_changes_between_plan_and_push_is_not_authorised(world: AuthoriseWorld) -> None:
    world.order()
    asked = world.ask(accepted=True)
    world.plan()
    world.state("CANCELED")
    world.push()
    assert (world.posts(), world.history(asked)) == (0, [])
    assert world.steps() == {"order": "held (not_eligible_now)"}
    world.state("SHIPPED")
    world.run()
    assert len(world.authorised()) == 1


def test_more_units_than_are_left_are_refused(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 3)
    asked = world.ask((world.line, 2))
    world.server.post("ghost-refund", marketplace=world.key, order_line_id=world.line, amount="6.66", quantity=2)
    world.run()
    assert world.outcomes() == ["refuse RETURN_REJECTION_NOT_ELIGIBLE"]
    assert (world.shown(asked)["state"], world.posts()) == ("REFUSED", 0)
    second = world.ask((world.line, 1))
    world.run()
    assert world.shown(second)["state"] == "IN_PROGRESS"


def test_what_is_open_about_the_quantity_is_a_persons(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 3)
    world.ask((world.line, 1), accepted=True, rma="BY-HAND")
    world.server.post("ghost-refund", marketplace=world.key, order_line_id=world.line, amount="3.00", quantity=1)
    world.ask((world.line, 2))
    world.run()
    assert world.outcomes() == ["done", "exception quantity_unclear"]
    assert world.posts() == 0


def test_a_rejection_code_that_the_operator_dropped_is_not_sent_until_it_is_there_again(world: AuthoriseWorld) -> None:
    world.order("SHIPPED")
    asked = world.ask()
    world.state("CANCELED")
    code = "RETURN_REJECTION_NOT_ELIGIBLE"
    world.server.post("reasons", marketplace=world.key, type="RETURN_REJECTION", withdraw=code)
    world.run()
    assert world.exceptions() == {"rejection_code_not_live": "mapping"}
    assert world.history(asked) == []
    entry = {"code": code, "label": "Not eligible", "type": "RETURN_REJECTION"}
    world.server.post("reasons", marketplace=world.key, type="RETURN_REJECTION", add=entry)
    world.run()
    assert (world.history(asked), world.exceptions()) == (["RT21"], {})


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
def test_lost_answers_at_every_step_are_read_back_and_nothing_is_made_twice(world: AuthoriseWorld, fault: str) -> None:
    world.order()
    asked = world.ask()
    steps = {"RT21": "accept", "RETURN-CREATE": "order", "RT04": "update"}
    for operation in steps:
        scope = {} if operation == "RETURN-CREATE" else {"marketplace": world.key}
        world.server.fault(operation, fault, times=1, **scope)
    for step in steps.values():
        world.run()
        assert world.steps()[step] == "unknown (answer_lost)", "what comes after waits until it is known"
        world.advance(100)
    world.run()
    assert world.history(asked) == ["RT21", "RT04"]
    assert len(world.authorised()) == 1
    assert world.steps() == DONE
    assert [world.calls("RT21"), world.posts(), world.calls("RT04")] == [2 if fault == "cut_before" else 1] * 3
    assert world.exceptions() == {}


def test_the_return_status_follows_what_was_authorised_where_lines_alone_would_not_tell(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 2)
    first, second = world.ask(), world.ask()
    world.run()
    made = next(each for each in world.authorised() if each["clientReturnId"] == first)
    world.registered(made["reboundOrderId"].removeprefix("(00)"), "PARCEL_AT_HUB", event_rank=40)
    world.follow()
    assert (world.shown(first)["state"], world.shown(second)["state"]) == ("RECEIVED", "IN_PROGRESS")


def test_a_label_that_comes_late_is_written_back_when_it_is_there(world: AuthoriseWorld) -> None:
    world.server.post("rebound", label_seconds=7200)
    world.order()
    asked = world.ask()
    world.run()
    assert (world.history(asked), world.exceptions()) == (["RT21"], {"label_late": "technical"})
    world.advance(7201)
    world.run()
    assert (world.history(asked), world.exceptions(), world.posts()) == (["RT21", "RT04"], {}, 1)


def test_a_carrier_that_mirakl_refused_is_told_anew_once_its_row_is_corrected(world: AuthoriseWorld) -> None:
    def named(code: str) -> None:
        row = CarrierRow(marketplace=world.key, carrier="PostLink", carrier_code=code, valid_from=date(2010, 1, 1))
        world.ctx = replace(world.ctx, mappings=world.mappings.model_copy(update={"carriers": [row]}))

    named("WITHDRAWN")
    world.order()
    asked = world.ask(accepted=True)
    for _ in range(2):
        world.run()
        assert (world.history(asked), world.exceptions()) == ([], {"carrier_refused": "mapping"})
    named("DHL")
    world.run()
    assert (world.history(asked), world.exceptions(), world.posts()) == (["RT04"], {}, 1)
    assert world.shown(asked)["tracking"]["carrier_code"] == "DHL"


def test_an_order_that_rebound_does_not_know_yet_is_tried_again(world: AuthoriseWorld) -> None:
    world.order(pushed=False)
    asked = world.ask()
    world.run()
    assert world.exceptions() == {"order_not_at_rebound": "logical"}
    world.order()
    world.run()
    assert world.posts() == 1, "not before its time"
    world.advance(3601)
    world.run()
    assert (world.history(asked), world.exceptions(), len(world.authorised())) == (["RT21", "RT04"], {}, 1)


def test_an_error_of_one_return_in_a_200_is_its_own(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 1, 1)
    good, bad = world.ask(), world.ask((f"{world.order_id}-2", 1))
    world.plan()
    world.shop.client.put("/api/returns/cancel", json={"returns": [{"id": bad}]}).raise_for_status()
    world.push()
    assert world.history(good) == ["RT21", "RT04"]
    assert {made["clientReturnId"] for made in world.authorised()} == {good}
    world.run()
    assert sorted(world.outcomes()) == ["done", "done"]
    assert world.exceptions() == {}


def test_what_mirakl_can_be_told_does_not_wait_for_rebound(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 1, 1)
    world.state("CANCELED", f"{world.order_id}-2")
    granted, never = world.ask(), world.ask((f"{world.order_id}-2", 1))
    world.server.post("rebound", revoke_tokens=True)
    world.server.fault("TOKEN", "503")
    with pytest.raises(ReboundReadError):
        world.run()
    assert (world.history(granted), world.shown(never)["state"]) == (["RT21"], "REFUSED")
    assert world.exceptions() == {"portal_unreadable": "technical"}
    world.server.delete("faults")
    world.run()
    assert (world.history(granted), world.exceptions()) == (["RT21", "RT04"], {})


def test_an_unset_variable_of_rebounds_stops_what_rebound_is_asked_for_and_nothing_else(
    world: AuthoriseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.order("SHIPPED", 1, 1)
    world.state("CANCELED", f"{world.order_id}-2")
    granted, never = world.ask(), world.ask((f"{world.order_id}-2", 1))
    monkeypatch.delenv("REBOUND_CLIENT_ID", raising=False)
    whole, world.ctx = world.ctx, replace(world.ctx, rebound=lambda: rebound_client(world.mappings))
    with pytest.raises(ReboundReadError, match="REBOUND_CLIENT_ID is not set"):
        world.run()
    assert (world.history(granted), world.shown(never)["state"]) == (["RT21"], "REFUSED")
    assert world.exceptions() == {"portal_unreadable": "technical"}
    world.ctx = whole
    world.run()
    assert (world.history(granted), world.exceptions()) == (["RT21", "RT04"], {})


def test_neither_rebounds_words_nor_the_labels_address_are_shown_to_anyone(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 1, 1)
    told = world.ask()
    world.run()
    assert world.rows("return_request_pushes", "DISTINCT mirakl_return_id, label, tracking_number IS NOT NULL") == [(told, True, True)]
    label = world.shown(told)["label_url"]
    world.server.post("rebound", not_returnable=[world.order_id])
    world.ask((f"{world.order_id}-2", 1))
    world.run()
    assert world.exceptions() == {"not_returnable_at_rebound": "logical"}, "found by the words that are not kept"
    with world.warehouse.read() as con:
        kept = [
            str(con.execute(f"SELECT * FROM {name}").fetchall())
            for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        ]
    effects = world.ledger.effects.search(marketplace=world.key)
    kept += [str((effect.last_error, world.ledger.effects.transitions(effect.id))) for effect in effects]
    shown = "\n".join([*kept, str(world.ledger.exceptions.list())])
    assert (world.order_id in shown, "HTTP 422: Unprocessable" in shown) == (True, True)
    assert [each for each in ("is not returnable", label) if each in shown] == []
