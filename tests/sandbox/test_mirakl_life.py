"""An order's life on the real server: OR21, OR23, OR24, OR30, what the clock and the operator do, and the platform's lists."""

import http.client
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.shop import Shop, open_shop, read
from tests.sandbox_fixture import Sandbox, order, refund

LINE = {"price": "20.00", "quantity": 2}


def put(shop: Shop, path: str, body: Any = None) -> int:
    answer = shop.client.put(f"/api/orders/{path}", json=body) if body is not None else shop.client.put(f"/api/orders/{path}")
    if answer.status_code == 204:
        assert answer.content == b""
    return answer.status_code


def test_from_acceptance_to_closed(sandbox: Sandbox) -> None:
    sandbox.post("clock", now="2025-03-10T12:00:00Z")
    with open_shop(sandbox, closed_after_days=30) as shop:
        shop.put(order("O1", LINE, LINE, order_state="WAITING_ACCEPTANCE"))
        decisions = [{"id": "O1-1", "accepted": True}, {"id": "O1-2", "accepted": False}]
        assert put(shop, "O1/accept", {"order_lines": decisions}) == 204
        assert [line["order_line_state"] for line in shop.order("O1")["order_lines"]] == ["WAITING_DEBIT", "REFUSED"]
        assert put(shop, "O1/accept", {"order_lines": decisions}) == 400
        assert sandbox.post("debits", marketplace=shop.key) == {"moved": 1}
        assert (shop.order("O1")["order_state"], shop.order("O1")["can_shop_ship"]) == ("SHIPPING", True)
        assert put(shop, "O1/tracking", {"carrier_code": "DHL", "tracking_number": "X1"}) == 204
        assert put(shop, "O1/ship") == 204
        assert put(shop, "O1/ship") == 400
        shipped = shop.order("O1")
        assert (shipped["order_state"], shipped["shipping_company"]) == ("SHIPPED", "DHL")
        assert shipped["shipping_tracking_url"] == "https://tracking.example/dhl?n=X1"
        assert [line["order_line_state"] for line in shipped["order_lines"]] == ["SHIPPED", "REFUSED"]
        assert shipped["order_lines"][0]["shipped_date"] == "2025-03-10T12:00:00Z"
        sandbox.post("clock", advance_seconds=7 * 86400 - 1)
        assert shop.order("O1")["order_state"] == "SHIPPED"
        sandbox.post("clock", advance_seconds=1)
        received = shop.order("O1")
        assert (received["order_state"], received["last_updated_date"]) == ("RECEIVED", "2025-03-17T12:00:00Z")
        assert received["order_lines"][0]["received_date"] == "2025-03-17T12:00:00Z"
        assert shop.refund(refund("O1-1", 1)).status_code == 200
        sandbox.post("clock", now="2025-04-09T12:00:00Z")
        assert shop.order("O1")["order_state"] == "CLOSED"
        assert "in state CLOSED" in shop.refused(refund("O1-1", 1))


def test_a_jump_over_both_delays_closes_at_once(sandbox: Sandbox) -> None:
    sandbox.post("clock", now="2025-03-10T12:00:00Z")
    with open_shop(sandbox, closed_after_days=30) as shop:
        shop.put(order("O1", LINE, order_state="SHIPPED", created_date="2025-03-01T00:00:00Z"))
        sandbox.post("clock", now="2025-06-01T00:00:00Z")
        assert shop.order("O1")["order_state"] == "CLOSED"
        assert shop.order("O1")["order_lines"][0]["order_line_state"] == "CLOSED"


def test_accept_refusals_carry_codes(shop: Shop) -> None:
    shop.put(order("O1", LINE, LINE, order_state="WAITING_ACCEPTANCE"), order("O2", LINE, order_state="SHIPPED"))

    def code(order_id: str, lines: list[dict[str, Any]]) -> str:
        answer = shop.client.put(f"/api/orders/{order_id}/accept", json={"order_lines": lines})
        assert answer.status_code == 400
        return answer.json()["errors"][0]["code"]

    good = {"id": "O1-1", "accepted": True}
    assert code("O1", [good, good]) == "ORDER_LINE_DUPLICATE_ID"
    assert code("O1", [good, {"id": "O1-9", "accepted": True}]) == "ORDER_LINE_NOT_FOUND"
    assert code("O1", [good]) == "VALIDATION_ERROR"
    assert code("O2", [{"id": "O2-1", "accepted": True}]) == "ORDER_INVALID_STATE"
    assert put(shop, "O9/accept", {"order_lines": [good]}) == 404


def test_tracking_rules(shop: Shop) -> None:
    shop.put(order("O1", LINE, order_state="SHIPPING", shipping_type_code="TRK"))
    answer = shop.client.put("/api/orders/O1/ship")
    assert answer.json()["message"] == "Tracking details are mandatory for this shipping method"
    assert put(shop, "O1/tracking", {"carrier_code": "DPD", "tracking_number": "1"}) == 400
    assert put(shop, "O1/tracking", {"carrier_code": "DHL"}) == 400
    assert put(shop, "O1/tracking", {"carrier_code": "DHL", "carrier_name": "DHL", "tracking_number": "1"}) == 400
    assert put(shop, "O1/tracking", {"tracking_number": "1"}) == 400
    assert put(shop, "O1/tracking", {"carrier_name": "Bike", "carrier_url": "https://b.example", "tracking_number": "1"}) == 204
    assert shop.order("O1")["shipping_tracking_url"] == "https://b.example"
    shop.set(features={"disable_seller_alternative_carrier": True})
    assert put(shop, "O1/tracking", {"carrier_name": "Bike"}) == 400
    assert put(shop, "O1/ship") == 204


def test_a_put_without_a_length_is_refused(shop: Shop) -> None:
    """411 for a client that sends neither a length nor chunks; `Content-Length: 0` is right."""
    shop.put(order("O1", LINE, order_state="SHIPPING"))
    url = urlsplit(shop.server.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port)
    path = f"/mirakl/{shop.key}/api/orders/O1/ship"
    connection.putrequest("PUT", path, skip_accept_encoding=True)
    connection.putheader("Authorization", shop.config["api_key"])
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()
    assert shop.order("O1")["order_state"] == "SHIPPING"
    connection.request("PUT", path, headers={"Authorization": shop.config["api_key"], "Content-Length": "0"})
    assert connection.getresponse().status == 204
    connection.close()


def cancelation(line_id: str, amount: Any, **more: Any) -> dict[str, Any]:
    return {"order_line_id": line_id, "amount": amount, "shipping_amount": 0, "quantity": 1, "reason_code": "34", **more}


def test_cancel_before_the_dispatch(shop: Shop) -> None:
    shop.put(order("O1", LINE, {"price": "5.00"}, order_state="SHIPPING"))
    answer = shop.client.put("/api/orders/cancel", json={"cancelations": [cancelation("O1-1", 10)]})
    assert answer.status_code == 200
    [made] = answer.json()["cancelations"]
    line = shop.line("O1-1")
    assert [each["id"] for each in line["cancelations"]] == [made["cancelation_id"]]
    assert (line["price"], line["total_price"], line["quantity"]) == (Decimal("10.00"), Decimal("10.00"), 1)
    assert shop.order("O1")["total_price"] == Decimal("15.00")
    assert "remaining 10.00" in shop.refused(refund("O1-1", "10.01"))
    shop.client.put("/api/orders/cancel", json={"cancelations": [cancelation("O1-1", 10), cancelation("O1-2", 5)]})
    assert shop.order("O1")["order_state"] == "CANCELED"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"reason_code": "17"}, 400),
        ({"amount": 21}, 400),
        ({"quantity": None}, 400),
        ({"order_line_id": "O9-1"}, 404),
        ({"currency_iso_code": "USD"}, 400),
    ],
)
def test_cancel_refusals(shop: Shop, change: dict[str, Any], status: int) -> None:
    shop.put(order("O1", LINE, order_state="SHIPPING"))
    answer = shop.client.put("/api/orders/cancel", json={"cancelations": [{**cancelation("O1-1", 10), **change}]})
    assert answer.status_code == status
    assert shop.line("O1-1")["cancelations"] == []


def test_cancel_after_the_dispatch_is_refused(shop: Shop) -> None:
    shop.put(order("O1", LINE, order_state="SHIPPED"))
    assert shop.client.put("/api/orders/cancel", json={"cancelations": [cancelation("O1-1", 10)]}).status_code == 400


def test_the_operator_pays_refunds_step_by_step(shop: Shop) -> None:
    shop.set(close_when_refunded=True)
    shop.put(order("O1", LINE))
    refund_id = read(shop.refund(refund("O1-1", 20)))["refunds"][0]["refund_id"]

    def states() -> tuple[str, str, str]:
        [shown] = shop.line("O1-1")["refunds"]
        assert shown["id"] == refund_id
        return shown["refund_state"], shop.line("O1-1")["order_line_state"], shop.order("O1")["order_state"]

    assert shop.order("O1")["fully_refunded"] is True
    assert states() == ("WAITING_REFUND", "RECEIVED", "RECEIVED")
    shop.server.post("tick", marketplace=shop.key)
    assert states() == ("WAITING_REFUND_PAYMENT", "RECEIVED", "RECEIVED")
    shop.server.post("tick", marketplace=shop.key)
    assert states() == ("REFUNDED", "REFUNDED", "CLOSED")
    assert shop.server.post("tick", marketplace=shop.key) == {"moved": 0}
    assert shop.server.refunds(shop.key)[0]["state"] == "REFUNDED"


def test_tick_can_go_all_the_way_for_some(shop: Shop) -> None:
    shop.put(order("O1", LINE))
    first, second = (read(shop.refund(refund("O1-1", 1)))["refunds"][0]["refund_id"] for _ in range(2))
    assert shop.server.post("tick", marketplace=shop.key, to="REFUNDED", refund_ids=[second]) == {"moved": 1}
    assert {row["refund_id"]: row["state"] for row in shop.server.refunds(shop.key)} == {first: "WAITING_REFUND", second: "REFUNDED"}
    assert shop.line("O1-1")["order_line_state"] == "RECEIVED"


def test_platform_lists(shop: Shop, net_shop: Shop) -> None:
    get = shop.client.get
    reasons = get("/api/reasons").json()["reasons"]
    assert {"code", "label", "type", "is_shop_right"} <= set(reasons[0])
    assert [each["is_shop_right"] for each in reasons if (each["type"], each["code"]) == ("REFUND", "14")] == [False]
    assert get("/api/shipping/carriers").json()["carriers"][0]["tracking_url"].endswith("{trackingId}")
    assert "mandatory_tracking" in get("/api/shipping/types").json()["shipping_types"][0]
    assert get("/api/version").json()["version"]
    assert get("/api/currencies").json()["currencies"] == [{"code": "EUR", "label": "Euro", "platform_default": True}]
    account = read(get("/api/account"))
    assert (account["shop_id"], account["shop_state"], account["currency_iso_code"]) == (2000, "OPEN", "EUR")
    features = net_shop.client.get("/api/platform/configuration").json()["features"]
    assert (features["order_tax_mode"], features["shipment"]["multi_shipment"]) == ("TAX_EXCLUDED", False)
    net_shop.set(features={"shipment.multi_shipment": True}, platform_currency="EUR")
    assert net_shop.client.get("/api/platform/configuration").json()["features"]["shipment"]["multi_shipment"] is True
    listed = {each["code"]: each["platform_default"] for each in net_shop.client.get("/api/currencies").json()["currencies"]}
    assert listed == {"EUR": True, "USD": False}
    assert [tax["code"] for tax in net_shop.client.get("/api/orders/taxes").json()["taxes"]] == ["STATE", "COUNTY"]


def test_default_marketplaces_differ_as_operators_do(server: Sandbox) -> None:
    found = {each["key"]: each for each in server.get("marketplaces")["marketplaces"]}
    assert {
        key: (found[key]["currency"], found[key]["shop_id"], found[key]["order_tax_mode"]) for key in ("nordhaus", "albion", "maplewood")
    } == {
        "nordhaus": ("EUR", "2001", "TAX_INCLUDED"),
        "albion": ("GBP", "2002", "TAX_INCLUDED"),
        "maplewood": ("USD", "2003", "TAX_EXCLUDED"),
    }
    refunds = {key: {r["code"] for r in found[key]["reasons"] if r["type"] == "REFUND"} for key in found}
    assert {"15", "16", "17", "18", "19"} <= refunds["nordhaus"]
    assert {"ITEM_RETURNED", "NOT_AS_DESCRIBED", "FAULTY_ITEM", "OUT_OF_STOCK"} <= refunds["albion"]
    assert "17" not in refunds["albion"]
