"""Whatever ReBound answers to a sales order: a refusal is no end, its words are not kept, and a success needs no id."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.rebound_orders.answering import OneAnswer, answering
from tests.rebound_orders.world import OrdersWorld, orders_world
from tests.sandbox_fixture import Sandbox

ADDRESS = {"firstname": "Wü", "lastname": "Quärtz", "street_1": "5 Heron Mews", "zip_code": "SW19 7QQ", "city": "Bexley"}
PARTS = ("Wü", "Quärtz", "W\\u00fc", "Qu\\u00e4rtz", "Quär", "Heron", "Mews", "SW19", "7QQ", "Bexley")
CUSTOMER = {"customer_id": "c1", "shipping_address": {**ADDRESS, "country_iso_code": "DEU"}}


def quoted(order: dict[str, Any]) -> str:
    return " ".join(order["customerAddress"].values())


def problem(order: dict[str, Any]) -> bytes:
    """RFC 7807 with \\u escapes."""
    return json.dumps({"title": f"Cannot deliver to {quoted(order)}", "detail": quoted(order), "instance": quoted(order)}).encode()


def long_list(order: dict[str, Any]) -> bytes:
    """Any cut goes through a word; texts in every field."""
    entries = [{"code": f"invalid {quoted(order)}", "field": "customerAddress.street", "message": quoted(order)} for _ in range(40)]
    return json.dumps({"message": f"no: {quoted(order)}", "code": quoted(order), "errors": [quoted(order), *entries]}).encode()


def page(order: dict[str, Any]) -> bytes:
    return f"<html>{quoted(order)}</html>".encode()


@pytest.fixture
def world(tmp_path: Path, server: Sandbox) -> Generator[OrdersWorld]:
    with orders_world(tmp_path, server) as opened:
        yield opened


@pytest.fixture
def rebound(world: OrdersWorld) -> Generator[OneAnswer]:
    with answering(lambda _: (201, b"")) as (server, client):
        world.rebound.close()
        world.rebound = client
        yield server


@pytest.mark.parametrize("body", [problem, long_list, page])
@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_no_answer_can_quote_the_customer_into_what_is_kept(world: OrdersWorld, rebound: OneAnswer, status: int, body: Any) -> None:
    order_id = world.put(1, customer=CUSTOMER)
    rebound.answer = lambda order: (status, body(order))
    world.run()
    assert quoted(rebound.told[0][1]).startswith("Wü Quärtz 5 Heron Mews"), "it was sent, so it could be quoted"
    kept = world.everything_kept()
    assert order_id in kept
    assert [part for part in PARTS if part in kept] == []


def test_a_refusal_keeps_status_codes_and_names_of_fields(world: OrdersWorld, rebound: OneAnswer) -> None:
    order_id = world.put(1, customer=CUSTOMER)
    errors = [{"code": "INVALID", "field": "customerAddress.zip", "path": "/customerAddress/0", "message": "SW19"}, {"code": 17}, "Heron"]
    rebound.answer = lambda _: (422, json.dumps({"code": "E-1", "message": "no", "errors": errors}).encode())
    world.run()
    words = "code E-1; code INVALID field customerAddress.zip path /customerAddress/0; code 17"
    assert world.open() == [("order_refused", f"order {order_id}: HTTP 422: Unprocessable Entity; {words}")]
    assert world.pushes() == {order_id: "held order_refused"}


def test_what_was_refused_is_sent_again_by_the_next_run(world: OrdersWorld, rebound: OneAnswer) -> None:
    order_id = world.put(1, customer=CUSTOMER)
    rebound.answer = lambda order: (201, b"") if order["customerAddress"]["postalCode"] == "12345" else (400, b"{}")
    world.run()
    assert (world.pushes(), len(rebound.told)) == ({order_id: "held order_refused"}, 1), "once a run"
    day = world.tomorrow()  # the address is corrected in Mirakl: neither the document nor the settings change
    world.put(1, customer={"shipping_address": {**ADDRESS, "zip_code": "12345", "country_iso_code": "DEU"}})
    world.run(day)
    world.run()  # the first day's exception closes with its day
    assert (world.pushes(), world.open(), len(rebound.told)) == ({order_id: "confirmed"}, [], 2)


def test_another_flow_key_is_another_request(world: OrdersWorld, rebound: OneAnswer) -> None:
    api = world.mappings.rebound.api
    assert api is not None

    def use(flow_key: str) -> None:
        keyed = world.mappings.rebound.model_copy(update={"api": api.model_copy(update={"flow_keys": {world.key: flow_key}})})
        refusals = [row.model_copy(update={"action": "reject"}) if row.kinds == "sales_order" else row for row in world.mappings.refusals]
        world.mappings = world.mappings.model_copy(update={"rebound": keyed, "refusals": refusals})

    order_id = world.put(1)
    rebound.answer = lambda _: (400, b"")
    use("wrong")
    world.run()
    world.run()
    assert world.pushes() == {order_id: "rejected order_refused"}, "as a row of their own may have it"
    rebound.answer = lambda _: (201, b"")
    use("right")
    world.run()
    assert world.pushes() == {order_id: "confirmed"}
    assert [flow_key for flow_key, _ in rebound.told] == ["wrong", "right"]


@pytest.mark.parametrize("answer", [(201, b""), (201, b"created"), (201, b'{"id": 7}'), (200, b""), (200, b"{}"), (204, b"")])
def test_a_success_needs_no_id(world: OrdersWorld, rebound: OneAnswer, answer: tuple[int, bytes]) -> None:
    order_id = world.put(1)
    rebound.answer = lambda _: answer
    world.run()
    world.run()
    assert (world.pushes(), world.open(), len(rebound.told)) == ({order_id: "confirmed"}, [], 1)
    assert world.rows("rebound_order_pushes", "sales_order_id", "answer") == [
        (None, "ReBound has the order and does not say under which id")
    ]


@pytest.mark.parametrize("answer", [(200, b"<html>We are back soon</html>"), (202, b"{}")])
def test_what_says_something_else_than_done_is_a_lost_answer(world: OrdersWorld, rebound: OneAnswer, answer: tuple[int, bytes]) -> None:
    order_id = world.put(1)
    rebound.answer = lambda _: answer
    world.run()
    assert world.pushes() == {order_id: "unknown answer_lost"}
