"""ST* on the real server: an order that leaves in parts, entry by entry success and errors, and the lists of what left and what did not."""

from collections.abc import Generator
from typing import Any

import httpx
import pytest

from tests.sandbox.shop import Shop, open_shop, read
from tests.sandbox_fixture import Sandbox, order

THREE = {"price": "30.00", "quantity": 3, "offer_sku": "SHIRT"}
ONE = {"price": "5.00", "offer_sku": "SHOE"}
DHL = {"carrier_code": "DHL", "tracking_number": "X1"}


@pytest.fixture
def shop(server: Sandbox) -> Generator[Shop]:
    """Several shipments to an order, one order of three SHIRTs and a SHOE to ship, and no fault left behind."""
    with open_shop(server, features={"shipment.multi_shipment": True}, warehouses=["EAST", "WEST"]) as opened:
        opened.put(order("O1", THREE, ONE, order_state="SHIPPING"))
        yield opened
        server.delete("faults")


def shipment(order_id: str = "O1", *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
    chosen = lines or ((f"{order_id}-1", 3), (f"{order_id}-2", 1))
    return {"order_id": order_id, "shipment_lines": [{"order_line_id": line, "quantity": count} for line, count in chosen], **more}


def create(shop: Shop, *entries: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    answer = shop.client.post("/api/shipments", json={"shipments": list(entries)})
    assert answer.status_code == 201, answer.text
    return answer.json()["shipment_success"], answer.json()["shipment_errors"]


def put(shop: Shop, path: str, *entries: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    method = "POST" if path == "/tracking" else "PUT"
    answer = shop.client.request(method, f"/api/shipments{path}", json={"shipments": list(entries)})
    assert answer.status_code == 200, answer.text
    return answer.json()["shipment_success"], answer.json()["shipment_errors"]


def message(shop: Shop, *entries: dict[str, Any]) -> str:
    success, [error] = create(shop, *entries)
    assert success == []
    return error["message"]


def states(shop: Shop, order_id: str = "O1") -> list[str]:
    found = shop.order(order_id)
    return [found["order_state"], *(line["order_line_state"] for line in found["order_lines"])]


def test_an_order_leaves_in_parts(shop: Shop) -> None:
    [first], errors = create(shop, shipment("O1", ("O1-1", 2), shipped=True, tracking=DHL, invoice_reference="R-1"))
    assert errors == []
    assert (first["status"], first["shipped_date"], first["invoice_reference"]) == ("SHIPPED", "2025-03-10T12:00:00Z", "R-1")
    assert first["tracking"]["tracking_url"] == "https://tracking.example/dhl?n=X1"
    assert first["shipment_lines"] == [{"offer_sku": "SHIRT", "order_line_id": "O1-1", "package_reference": None, "quantity": 2}]
    assert states(shop) == ["SHIPPING", "SHIPPING", "SHIPPING"]
    create(shop, shipment("O1", ("O1-1", 1), shipped=True, tracking=DHL))
    assert states(shop) == ["SHIPPING", "SHIPPED", "SHIPPING"]
    assert shop.line("O1-1")["shipped_date"] == "2025-03-10T12:00:00Z"
    create(shop, shipment("O1", ("O1-2", 1), shipped=True, tracking={"carrier_name": "Bike", "tracking_url": "https://b.example"}))
    assert states(shop) == ["SHIPPED", "SHIPPED", "SHIPPED"]
    assert shop.order("O1")["can_shop_ship"] is False
    assert message(shop, shipment("O1", ("O1-2", 1))) == "The order status must be 'SHIPPING' but it is 'SHIPPED'."


def test_created_then_tracked_then_shipped(shop: Shop) -> None:
    [made], _ = create(shop, shipment())
    assert (made["status"], made["tracking"], made["shipped_date"]) == ("SHIPPING", None, None)
    known = {"id": made["id"]}
    assert put(shop, "/tracking", {**known, "tracking": DHL}) == ([known], [])
    assert put(shop, "/ship", known, {"id": "nobody"}) == ([known], [{"id": "nobody", "message": "No shipment with id 'nobody'."}])
    assert states(shop) == ["SHIPPED", "SHIPPED", "SHIPPED"]
    success, [error] = put(shop, "/ship", known)
    assert (success, error["id"], "not in SHIPPING status" in error["message"]) == ([], made["id"], True)
    assert put(shop, "/tracking", {**known, "tracking": {**DHL, "tracking_number": "X2"}})[0] == [known]
    [row] = shop.server.get("shipments", marketplace=shop.key)["shipments"]
    assert (row["source"], row["status"], row["tracking"]["tracking_number"]) == ("ST01", "SHIPPED", "X2")
    shop.set(tracking_after_dispatch=False)
    assert put(shop, "/tracking", {**known, "tracking": DHL})[0] == []


def test_units_are_used_up_also_by_what_has_not_left(shop: Shop) -> None:
    create(shop, shipment("O1", ("O1-1", 2)))
    assert message(shop, shipment("O1", ("O1-1", 2))) == "Shipment quantity is invalid."
    assert message(shop, shipment("O1", ("O1-1", 1), ("O1-1", 1))) == "Shipment quantity is invalid."
    assert len(create(shop, shipment("O1", ("O1-1", 1)))[0]) == 1
    assert message(shop, shipment("O1", ("O1-1", 1))) == "Shipment quantity is invalid."


def test_a_deleted_shipment_gives_its_units_back(shop: Shop) -> None:
    [made], _ = create(shop, shipment())
    known = {"id": made["id"]}
    assert put(shop, "/delete", known) == ([known], [])
    assert put(shop, "/delete", known)[1][0]["message"] == f"No shipment with id '{made['id']}'."
    [again], _ = create(shop, shipment(shipped=True))
    assert again["id"] != made["id"]
    assert "cannot be deleted" in put(shop, "/delete", {"id": again["id"]})[1][0]["message"]


def test_entries_succeed_and_fail_by_themselves(shop: Shop) -> None:
    shop.put(order("O2", ONE, order_state="SHIPPING"), order("O3", ONE, order_state="WAITING_DEBIT"))
    success, errors = create(
        shop,
        shipment("O2", ("O2-1", 2)),
        shipment("O3", ("O3-1", 1)),
        shipment("O1", shipped=True, tracking={**DHL, "carrier_name": "DHL"}),
        shipment("O9", ("O9-1", 1)),
        shipment("O2", ("O1-1", 1)),
        shipment("O2", ("O2-1", 1), tracking={"carrier_code": "DPD", "tracking_number": "1"}),
        shipment("O2", ("O2-1", 1), shipping_from={"warehouse": {"code": "NORTH"}}),
        shipment("O2", ("O2-1", 1), shipping_from={"warehouse": {"code": "EAST"}}),
    )
    assert [each["order_id"] for each in success] == ["O1", "O2"]
    assert success[1]["shipping_from"] == {"address": None, "warehouse": {"code": "EAST"}}
    assert errors == [
        {"order_id": "O2", "message": "Shipment quantity is invalid."},
        {"order_id": "O3", "message": "The order status must be 'SHIPPING' but it is 'WAITING_DEBIT'."},
        {"order_id": "O9", "message": "No order with id 'O9'."},
        {"order_id": "O2", "message": "The order has no line 'O1-1'."},
        {"order_id": "O2", "message": "The carrier code DPD is unknown"},
        {"order_id": "O2", "message": "Warehouse with code NORTH does not exist"},
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"shipment_lines": []},
        {"shipment_lines": [{"order_line_id": "O1-1", "quantity": 0}]},
        {"shipment_lines": [{"quantity": 1}]},
        {"shipped": "yes"},
        {"tracking": "DHL"},
        {"order_id": None},
        {"invoice_reference": "R 1"},
        {"shipping_from": {"warehouse": {}}},
    ],
)
def test_a_malformed_entry_refuses_the_whole_call(shop: Shop, wrong: dict[str, Any]) -> None:
    answer = shop.client.post("/api/shipments", json={"shipments": [shipment(), {**shipment(), **wrong}]})
    assert answer.status_code == 400
    assert shop.server.get("shipments", marketplace=shop.key) == {"shipments": []}


def test_a_call_has_one_to_a_thousand_entries(shop: Shop) -> None:
    for body in ({"shipments": []}, {"shipments": [shipment()] * 1001}, {"order_id": "O1"}, {"shipments": ["O1"]}):
        assert shop.client.post("/api/shipments", json=body).status_code == 400
    assert shop.client.put("/api/shipments", json={"shipments": [{"id": "1"}] * 101}).status_code == 400


def test_tracking_is_mandatory_by_shipping_type(shop: Shop) -> None:
    shop.put(order("O2", ONE, order_state="SHIPPING", shipping_type_code="TRK"))
    text = "Tracking details are mandatory for this shipping method"
    assert message(shop, shipment("O2", ("O2-1", 1), shipped=True)) == text
    assert message(shop, shipment("O2", ("O2-1", 1), shipped=True, tracking={"carrier_code": "OWN"})) == text
    [made], _ = create(shop, shipment("O2", ("O2-1", 1)))
    assert put(shop, "/ship", {"id": made["id"]})[1] == [{"id": made["id"], "message": text}]
    put(shop, "/tracking", {"id": made["id"], "tracking": DHL})
    assert put(shop, "/ship", {"id": made["id"]})[1] == []


def test_only_registered_carriers_where_the_platform_says_so(shop: Shop) -> None:
    shop.set(features={"shipment.multi_shipment": True, "disable_seller_alternative_carrier": True})
    assert "registered carriers only" in message(shop, shipment(tracking={"carrier_name": "Bike"}))
    [made], _ = create(shop, shipment())
    assert "registered carriers only" in put(shop, "/tracking", {"id": made["id"], "tracking": {"carrier_name": "Bike"}})[1][0]["message"]
    assert put(shop, "/tracking", {"id": made["id"]})[1][0]["message"] == "tracking is required"


def test_lines_by_sku(shop: Shop) -> None:
    [made], _ = create(shop, {"order_id": "O1", "shipment_lines": [{"offer_sku": "SHOE", "quantity": 1, "package_reference": "P1"}]})
    assert made["shipment_lines"] == [{"offer_sku": "SHOE", "order_line_id": "O1-2", "package_reference": "P1", "quantity": 1}]


def test_another_origin(shop: Shop) -> None:
    [made], _ = create(shop, shipment())
    success, errors = put(
        shop,
        "",
        {"id": made["id"], "shipping_from": {"warehouse": {"code": "WEST"}}},
        {"id": made["id"], "shipping_from": {"warehouse": {"code": "NORTH"}}},
    )
    assert success == [{"id": made["id"], "shipping_from": {"address": None, "warehouse": {"code": "WEST"}}}]
    assert errors == [{"id": made["id"], "message": "Warehouse with code NORTH does not exist"}]


def test_off_it_is_not_there(shop: Shop) -> None:
    shop.set(features={})
    for method, path in (
        ("POST", ""), ("PUT", ""), ("GET", ""), ("PUT", "/delete"), ("GET", "/items_to_ship"), ("POST", "/tracking"), ("PUT", "/ship"),
    ):  # fmt: skip
        body = None if method == "GET" else {"shipments": [shipment()]}
        assert shop.client.request(method, f"/api/shipments{path}", json=body).status_code == 404, (method, path)
    assert shop.server.requests(shop.key)[-1]["operation"] == "ST24"
    assert states(shop) == ["SHIPPING", "SHIPPING", "SHIPPING"]


def test_or24_ships_the_rest(shop: Shop) -> None:
    create(shop, shipment("O1", ("O1-1", 1), shipped=True), shipment("O1", ("O1-1", 1)))
    assert shop.client.put("/api/orders/O1/tracking", json=DHL).status_code == 204
    assert shop.client.put("/api/orders/O1/ship").status_code == 204
    assert states(shop) == ["SHIPPED", "SHIPPED", "SHIPPED"]
    rows = shop.server.get("shipments", marketplace=shop.key)["shipments"]
    assert [(row["source"], row["status"], [line["quantity"] for line in row["shipment_lines"]]) for row in rows] == [
        ("ST01", "SHIPPED", [1]),
        ("ST01", "SHIPPED", [1]),
        ("OR24", "SHIPPED", [1, 1]),
    ]


def test_what_is_cancelled_need_not_leave(shop: Shop) -> None:
    create(shop, shipment("O1", ("O1-1", 2), ("O1-2", 1), shipped=True))
    gone = {"order_line_id": "O1-1", "amount": 10, "shipping_amount": 0, "quantity": 1, "reason_code": "34"}
    assert shop.client.put("/api/orders/cancel", json={"cancelations": [gone]}).status_code == 200
    assert states(shop) == ["SHIPPED", "SHIPPED", "SHIPPED"]


def test_the_list_of_shipments(shop: Shop) -> None:
    for n in range(2, 14):
        shop.put(order(f"O{n}", ONE, order_state="SHIPPING"))
        create(shop, shipment(f"O{n}", (f"O{n}-1", 1), shipped=n % 2 == 0))

    def listed(**params: Any) -> list[str]:
        found: list[str] = []
        while True:
            page = read(shop.client.get("/api/shipments", params=params))
            found += [row["order_id"] for row in page["data"]]
            if page["next_page_token"] is None:
                return found
            params = {"page_token": page["next_page_token"]}

    assert len(shop.client.get("/api/shipments").json()["data"]) == 10
    assert sorted(listed()) == sorted(f"O{n}" for n in range(2, 14))
    assert sorted(listed(limit=4, shipment_state_code="SHIPPED")) == sorted(f"O{n}" for n in range(2, 14, 2))
    assert sorted(listed(order_id=["O2", "O3"])) == ["O2", "O3"]
    assert listed(order_id=["O2", "O3"], shipment_state_code=["SHIPPING", "CLOSED"]) == ["O3"]
    assert listed(shipment_customer_debit_state_code="DEBIT_OK") == []
    assert listed(last_updated_from="2025-03-10T12:00:01Z") == []
    assert len(listed(last_updated_to="2025-03-10T12:00:00Z")) == 12
    shop.server.post("line-state", marketplace=shop.key, order_line_id="O2-1", state="RECEIVED", order_state="RECEIVED")
    assert listed(shipment_state_code="RECEIVED") == ["O2"]
    for wrong in ({"limit": 101}, {"page_token": "?"}, {"sort": "size"}):
        assert shop.client.get("/api/shipments", params=wrong).status_code == 400


def test_what_is_still_to_be_shipped(shop: Shop) -> None:
    shop.put(order("O2", ONE, order_state="SHIPPING", created_date="2025-03-01T00:00:00Z"), order("O3", ONE, order_state="SHIPPED"))
    create(shop, shipment("O1", ("O1-1", 2)))

    def listed(**params: Any) -> list[tuple[str, list[tuple[str, int]]]]:
        rows = read(shop.client.get("/api/shipments/items_to_ship", params=params))["data"]
        return [(row["order_id"], [(line["order_line_id"], line["quantity"]) for line in row["shipment_lines"]]) for row in rows]

    first, second = ("O2", [("O2-1", 1)]), ("O1", [("O1-1", 1), ("O1-2", 1)])
    assert listed() == [first, second]
    assert listed(sort="shippingDate,DESC") == [second, first]
    assert listed(order_id="O1") == [second]
    assert listed(fulfillment_center_code="DEFAULT", shipping_date_to="2025-03-02T00:00:00Z") == [first]
    assert listed(fulfillment_center_code="OTHER") == []
    create(shop, shipment("O1", ("O1-1", 1), ("O1-2", 1)))
    assert listed() == [first]


@pytest.mark.parametrize(("fault", "done"), [("cut_before", False), ("cut_after", True), ("500_after_commit", True), ("429", False)])
def test_faults(shop: Shop, fault: str, done: bool) -> None:
    shop.server.fault("ST01", fault, marketplace=shop.key, times=1)
    try:
        answer = shop.client.post("/api/shipments", json={"shipments": [shipment(shipped=True)]})
        assert answer.status_code >= 400
    except httpx.TransportError:
        assert fault.startswith("cut")
    assert states(shop)[0] == ("SHIPPED" if done else "SHIPPING")
    assert len(shop.server.get("shipments", marketplace=shop.key)["shipments"]) == int(done)
    if not done:
        assert len(create(shop, shipment(shipped=True))[0]) == 1


def test_shipped_and_answered_unreadably(shop: Shop) -> None:
    [made], _ = create(shop, shipment())
    shop.server.fault("ST24", "unreadable_after_commit", marketplace=shop.key, times=1)
    answer = shop.client.put("/api/shipments/ship", json={"shipments": [{"id": made["id"]}]})
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()
    assert states(shop)[0] == "SHIPPED"
