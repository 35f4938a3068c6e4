"""Shipped orders told to ReBound, end to end on the sandbox: whatever is repeated, lost or changed, ReBound has each order once."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from returns_assets.ledger.records import Effect
from returns_assets.operations import side_flows
from returns_assets.operations.cli import returns
from returns_assets.rebound.reading_errors import ReboundDeniedError
from returns_assets.steps.act_gate import NotValidated
from returns_assets.steps.rebound_orders import plan_rebound_orders, push_rebound_orders
from tests.rebound_orders.world import DAY, NOON, REPEATS, OrdersWorld, orders_world
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def world(tmp_path: Path, server: Sandbox) -> Generator[OrdersWorld]:
    with orders_world(tmp_path, server) as opened:
        yield opened


def lines_of(sold: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(item["clientItemId"], item["quantity"], item["commercialValue"]) for item in sold["salesItems"]]


def effect_of(world: OrdersWorld, order_id: str) -> Effect:
    [effect] = world.ledger.effects.search(kind="sales_order", order_id=order_id)
    return effect


def test_a_shipped_order_is_told_once_and_whole(world: OrdersWorld) -> None:
    first = world.put(1, {"price": "40.00", "price_unit": "20.00", "quantity": 2, "product_sku": "4006381333931"}, {"price": "3.5"})
    second = world.put(2, {}, {"order_line_state": "CANCELED"})
    world.run()
    world.run()
    [told] = world.known(first)
    assert lines_of(told) == [(f"{first}-1", "2", "20.00"), (f"{first}-2", "1", "3.50")]
    assert [item.get("ean") for item in told["salesItems"]] == ["4006381333931", None]
    assert told["businessUnit"] == world.key
    metadata = {entry["key"]: entry["value"] for entry in told["clientMetadata"]}
    assert metadata["mirakl_order_id"] == first
    assert metadata["mirakl_shop_id"] == world.mappings.marketplace(world.key).shop_id
    assert metadata["content_hash"] == effect_of(world, first).request["hash"]
    assert told["customerAddress"]["city"] == "Sampleton"
    assert "@" not in str(told)
    [other] = world.known(second)
    assert [item["clientItemId"] for item in other["salesItems"]] == [f"{second}-1"], "a cancelled line did not leave"
    assert (world.posts(first), world.posts(second)) == (1, 1)
    assert world.outcomes() == {first: "done already_pushed", second: "done already_pushed"}
    assert world.pushes() == {first: "confirmed", second: "confirmed"}
    assert all(world.rows("rebound_order_pushes", "sales_order_id LIKE 'SO-%'"))


def test_what_is_not_told_says_why(world: OrdersWorld) -> None:
    long_ago = (NOON - timedelta(days=61)).isoformat()
    orders = {
        world.put(1, order_state="WAITING_ACCEPTANCE"): "wait not_shipped",
        world.put(2, {}, {"order_line_state": "SHIPPING"}): "wait not_shipped",
        world.put(3, order_state="CANCELED"): "skip order_cancelled",
        world.put(4, {"order_line_state": "CANCELED"}, order_state="CLOSED"): "skip order_cancelled",
        world.put(5, fully_refunded=True): "skip fully_refunded",
        world.put(6, {"shipped_date": long_ago}): "skip window_passed",
        world.put(7, customer={"shipping_address": {"country_iso_code": "FRA"}}): "skip country_without_lane",
        world.put(8, customer={"shipping_address": None}): "skip country_unknown",
        world.put(9, {"order_line_state": "EXOTIC"}): "exception order_state_unknown",
    }
    world.run()
    assert world.outcomes() == orders
    assert not any(world.posts(order_id) for order_id in orders)
    details = dict(world.rows("rebound_orders", "order_id", "detail"))
    assert f"line {world.key}-2-A-2 is SHIPPING" in details[f"{world.key}-2-A"]
    assert [cause for cause, _ in world.open()] == ["order_state_unknown"]


def test_an_order_is_told_by_itself_once_it_is_shipped(world: OrdersWorld) -> None:
    order_id = world.put(1, {}, {"order_line_state": "SHIPPING"}, order_state="SHIPPING")
    world.run()
    assert world.known(order_id) == []
    day = world.tomorrow()
    world.put(1, {}, {})
    world.run(day)
    world.run(DAY)
    assert world.outcomes(DAY) == {order_id: "skip moved_to_later_day"}
    assert len(world.known(order_id)) == world.posts(order_id) == 1


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_changed_order(tmp_path: Path, server: Sandbox, repeat: str) -> None:
    with orders_world(tmp_path, server, repeat) as world:
        order_id = world.put(1)
        world.run()
        day = world.tomorrow()
        world.put(1, {"product_title": "Another"})
        world.run(day)
        world.run(day)
        [known] = world.known(order_id)
        if repeat == "overwrite":
            assert known["salesItems"][0]["articleDescription"] == "Another"
            assert world.outcomes(day) == {order_id: "done already_pushed"}
            assert world.posts(order_id) == 2
            world.put(1)  # and back again: the old content is told once more
            world.run(day)
            assert world.known(order_id)[0]["salesItems"][0]["articleDescription"] == "Product SKU-1"
        else:
            assert world.outcomes(day) == {order_id: "exception order_changed"}
            assert [cause for cause, _ in world.open()] == ["order_changed"]
            assert world.posts(order_id) == 1


def test_a_change_that_the_server_refuses_is_never_taken_for_known(world: OrdersWorld) -> None:
    world.configure(repeat_order="overwrite")  # configured so, while the server answers 409
    order_id = world.put(1)
    world.run()
    world.put(1, {"product_title": "Another"})
    world.run()
    assert world.pushes() == {order_id: "held order_changed"}
    [(cause, detail)] = world.open()
    assert cause == "order_changed"
    assert "409" in detail


def test_an_order_that_rebound_had_before_is_known(world: OrdersWorld) -> None:
    order_id = f"{world.key}-1-A"
    world.rebound.post("/sales-orders", {"clientOrderId": order_id}, id_field="salesOrderId")
    world.put(1)
    world.run()
    unknown = "ReBound had the order already, with a content that it does not show"
    assert world.rows("rebound_order_pushes", "state", "cause", "answer") == [("confirmed", "content_unknown", f"HTTP 409: {unknown}")]
    world.run()
    assert (len(world.known(order_id)), world.posts(order_id), world.outcomes()) == (1, 2, {order_id: "done already_pushed"})
    assert world.rows("rebound_orders", "detail") == [unknown], "and never that it has what was sent"


@pytest.mark.parametrize(
    ("repeat", "fault"),
    [
        ("conflict", "cut_after"),
        ("conflict", "cut_before"),
        ("overwrite", "500_after_commit"),
        ("duplicate", "cut_after"),
        ("duplicate", "cut_before"),
    ],
)
def test_a_lost_answer(tmp_path: Path, server: Sandbox, monkeypatch: pytest.MonkeyPatch, repeat: str, fault: str) -> None:
    with orders_world(tmp_path, server, repeat) as world:
        order_id = world.put(1)
        server.fault("SALES-ORDERS", fault, times=1, contains=order_id)
        world.run()
        assert world.pushes() == {order_id: "unknown answer_lost"}
        world.run()
        if repeat != "duplicate":
            refused = (repeat, fault) == ("conflict", "cut_after")  # the repeat is: that it is there is known, and no more
            assert world.pushes() == {order_id: "confirmed content_unknown" if refused else "confirmed"}
            assert (len(world.known(order_id)), world.open()) == (1, [])
            return
        assert world.pushes() == {order_id: "held ambiguous_outcome"}
        assert world.posts(order_id) == 1, "a repeat could be a second order"
        [(cause, detail)] = world.open()
        assert (cause, "a repeat there would be a second one" in detail) == ("ambiguous_outcome", True)
        word = ["--executed", "SO-77"] if fault == "cut_after" else ["--not-executed"]
        monkeypatch.setenv("RETURNS_HOME", str(world.home))
        done = CliRunner().invoke(returns, ["effects", "decide", str(effect_of(world, order_id).id), *word, "--note", "seen there"])
        assert done.exit_code == 0, done.output
        world.run()
        assert (len(world.known(order_id)), world.pushes(), world.open()) == (1, {order_id: "confirmed"}, [])


def test_what_is_refused_keeps_the_answer_and_is_sent_again_once_it_is_corrected(world: OrdersWorld) -> None:
    order_id = world.put(1)
    world.configure(repeat_order="conflict", path="/sales-order")  # mistyped
    world.run()
    world.run()
    assert (world.pushes(), effect_of(world, order_id).attempts) == ({order_id: "held order_refused"}, 2), "once a run"
    assert world.open() == [("order_refused", f"order {order_id}: HTTP 404: Not Found")]
    world.configure(repeat_order="conflict")
    world.run()
    assert (world.pushes(), world.open()) == ({order_id: "confirmed"}, [])


def test_nothing_is_sent_without_a_passed_validation_of_these_rows(world: OrdersWorld) -> None:
    order_id = world.put(1)
    world.run()
    other = world.put(2)
    plan_rebound_orders(world.ctx, world.key, DAY)
    with world.warehouse.transaction() as con:
        con.execute("UPDATE rebound_orders SET outcome = 'ready', cause = NULL WHERE order_id = ?", [order_id])
    with pytest.raises(NotValidated):
        push_rebound_orders(world.ctx, world.key, DAY)
    assert (world.posts(order_id), world.posts(other)) == (1, 0)


def test_an_order_that_changes_between_plan_and_push_is_not_sent_as_it_was(world: OrdersWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, back = world.put(1), world.put(2)
    planned = side_flows.plan_rebound_orders

    def plan_then_change(*arguments: Any) -> Any:
        result = planned(*arguments)
        world.put(1, {"quantity": 2, "price": "20.00"})
        world.put(2, order_state="SHIPPING")
        return result

    monkeypatch.setattr(side_flows, "plan_rebound_orders", plan_then_change)
    world.run()
    assert world.pushes() == {changed: "retry_at content_changed", back: "retry_at not_shipped"}
    monkeypatch.undo()
    world.run()
    assert lines_of(world.known(changed)[0]) == [(f"{changed}-1", "2", "10.00")]
    assert world.pushes() == {changed: "confirmed"}
    assert (world.known(back), world.open()) == ([], [])


def test_nothing_about_the_customer_is_kept_and_no_e_mail_is_told(tmp_path: Path, server: Sandbox) -> None:
    person = {"firstname": "Wilhelmina", "lastname": "Quartz", "street_1": "5 Heron Mews", "zip_code": "SW19 7QQ", "city": "Bexley"}
    with orders_world(tmp_path, server) as world:
        address = {**person, "country": "Germany", "country_iso_code": "DEU", "phone": "0170 5550199"}
        customer = {
            "customer_id": "c1",
            "firstname": "Wilhelmina",
            "lastname": "Quartz",
            "shipping_address": address,
            "billing_address": address,
        }
        told = world.put(1, customer=customer, customer_notification_email="random-1@proxy.example")
        lost = world.put(2, customer=customer, customer_notification_email=None)
        server.fault("SALES-ORDERS", "cut_after", times=1, contains=lost)
        world.run()
        assert world.known(told)[0]["customerAddress"] == {
            "firstName": "Wilhelmina", "lastName": "Quartz", "street": "5 Heron Mews", "postalCode": "SW19 7QQ", "city": "Bexley",
            "countryCode": "DEU",
        }  # fmt: skip
        world.put(1, customer=customer, customer_notification_email="random-2@proxy.example")
        world.run()
        assert (world.posts(told), world.pushes()) == (1, {told: "confirmed", lost: "confirmed content_unknown"}), (
            "another e-mail is no other order"
        )
        assert "@" not in str([world.known(told), world.known(lost)])
        assert "0170" not in str(world.known(told))
        kept = world.everything_kept()
        assert told in kept
        assert [word for word in (*person.values(), "0170", "proxy.example", "Heron", "Mews") if word in kept] == []


def test_without_a_token_nothing_is_claimed(world: OrdersWorld, server: Sandbox) -> None:
    order_id = world.put(1)
    server.post("rebound", revoke_tokens=True, client_secret="rotated")
    with pytest.raises(ReboundDeniedError, match="credentials are refused"):
        world.run()
    assert world.pushes() == {order_id: "planned"}
    server.post("rebound", client_secret=server.env["REBOUND_CLIENT_SECRET"])
    world.run()
    assert world.pushes() == {order_id: "confirmed"}
