"""OR23 and OR24 on the real server: whose carrier codes are taken, what is refused, what is left behind, and answers that get lost."""

from collections.abc import Generator
from typing import Any

import httpx
import pytest

from tests.sandbox.shop import Shop, open_shop
from tests.sandbox_fixture import Sandbox, order

LINE = {"price": "20.00", "quantity": 2, "offer_sku": "SHIRT"}
DHL = {"carrier_code": "DHL", "tracking_number": "X1"}


@pytest.fixture
def shop(shop: Shop) -> Generator[Shop]:
    """With one order to ship, and no fault left behind."""
    shop.put(order("O1", LINE, order_state="SHIPPING"))
    yield shop
    shop.server.delete("faults")


def track(shop: Shop, body: dict[str, Any], order_id: str = "O1") -> httpx.Response:
    return shop.client.put(f"/api/orders/{order_id}/tracking", json=body)


def ship(shop: Shop, order_id: str = "O1") -> httpx.Response:
    return shop.client.put(f"/api/orders/{order_id}/ship")


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400
    return answer.json()["message"]


def shipments(shop: Shop, **filters: str) -> list[dict[str, Any]]:
    return shop.server.get("shipments", marketplace=shop.key, **filters)["shipments"]


def test_one_shipment_of_everything(shop: Shop) -> None:
    assert track(shop, DHL).status_code == 204
    assert ship(shop).status_code == 204
    [made] = shipments(shop)
    assert (made["order_id"], made["source"], made["status"], made["shipped_date"]) == ("O1", "OR24", "SHIPPED", "2025-03-10T12:00:00Z")
    assert [(line["order_line_id"], line["quantity"]) for line in made["shipment_lines"]] == [("O1-1", 2)]
    assert (made["tracking"]["carrier_code"], made["tracking"]["tracking_url"]) == ("DHL", "https://tracking.example/dhl?n=X1")
    assert refused(ship(shop)) == "Order status must be 'SHIPPING' but is 'SHIPPED'"
    assert len(shipments(shop)) == 1
    shop.server.post("line-state", marketplace=shop.key, order_line_id="O1-1", state="RECEIVED", order_state="RECEIVED")
    assert shipments(shop, order_id="O1")[0]["status"] == "RECEIVED"
    assert shipments(shop, order_id="O2") == []


def test_what_or23_refuses(shop: Shop) -> None:
    assert refused(track(shop, {"carrier_code": "DPD", "tracking_number": "1"})) == "The carrier code DPD is unknown"
    assert "tracking_number" in refused(track(shop, {"carrier_code": "DHL"}))
    assert "either" in refused(track(shop, {**DHL, "carrier_name": "DHL"}))
    assert "either" in refused(track(shop, {"tracking_number": "1"}))
    assert refused(track(shop, {"carrier_code": 5})) == "Bad Request"
    assert track(shop, {"carrier_code": "OWN"}).status_code == 204
    assert track(shop, DHL, "O9").status_code == 404
    shop.put(order("O2", LINE, order_state="WAITING_DEBIT"), order("O3", LINE, order_state="SHIPPING", can_shop_ship=False))
    assert "WAITING_DEBIT" in refused(track(shop, DHL, "O2"))
    assert "not shipped by the shop" in refused(track(shop, DHL, "O3"))
    assert "not shipped by the shop" in refused(ship(shop, "O3"))
    assert shop.order("O3")["order_state"] == "SHIPPING"
    assert shipments(shop) == []


def test_a_correction_after_the_dispatch_is_a_switch(shop: Shop) -> None:
    track(shop, DHL)
    ship(shop)
    assert track(shop, {**DHL, "tracking_number": "X2"}).status_code == 204
    assert shop.order("O1")["shipping_tracking"] == "X2"
    shop.set(tracking_after_dispatch=False)
    assert "SHIPPED" in refused(track(shop, {**DHL, "tracking_number": "X3"}))


def test_free_names_where_the_platform_allows_them(shop: Shop) -> None:
    named = {"carrier_name": "Bike", "carrier_url": "https://b.example/7", "tracking_number": "7"}
    assert track(shop, named).status_code == 204
    shown = shop.order("O1")
    assert (shown["shipping_company"], shown["shipping_tracking_url"], shown["shipping_carrier_code"]) == (
        "Bike",
        "https://b.example/7",
        None,
    )
    shop.set(features={"disable_seller_alternative_carrier": True})
    assert refused(track(shop, named)) == "This platform accepts registered carriers only"


def test_a_carrier_is_withdrawn_and_comes_back(shop: Shop) -> None:
    def codes() -> list[str]:
        return [carrier["code"] for carrier in shop.client.get("/api/shipping/carriers").json()["carriers"]]

    shop.server.post("carriers", marketplace=shop.key, withdraw="DHL")
    assert "DHL" not in codes()
    assert "unknown" in refused(track(shop, DHL))
    url = "https://new.example/{trackingId}"
    shop.server.post("carriers", marketplace=shop.key, add={"code": "DHL", "standard_code": "dhl", "tracking_url": url}, withdraw=["UPS"])
    assert codes() == ["DPD-UK", "OWN", "DHL"]
    assert track(shop, DHL).status_code == 204
    assert shop.order("O1")["shipping_tracking_url"] == "https://new.example/X1"
    answer = shop.server.admin.post("/admin/carriers", json={"marketplace": shop.key, "withdraw": "PIGEON"})
    assert (answer.status_code, "known: DPD-UK" in answer.json()["message"]) == (400, True)


def test_the_default_operators_name_the_same_carrier_differently(server: Sandbox) -> None:
    found: dict[str, tuple[str | None, bool, bool]] = {}
    for key in ("nordhaus", "albion", "maplewood"):
        with server.seller(key) as seller:
            carriers = seller.get("/api/shipping/carriers").json()["carriers"]
            features = seller.get("/api/platform/configuration").json()["features"]
            code = next((carrier["code"] for carrier in carriers if carrier["standard_code"] == "dpd"), None)
            free = not features["disable_seller_alternative_carrier"]
            found[key] = (code, features["shipment"]["multi_shipment"], free)
            templates = {carrier["tracking_url"] for carrier in carriers if carrier["tracking_url"]}
            assert all(key in template and "{trackingId}" in template for template in templates)
    assert found == {
        "nordhaus": ("DPD_CLASSIC", True, False),
        "albion": ("DPD-UK", False, False),
        "maplewood": (None, False, True),
    }
    with server.seller("albion") as seller:
        assert seller.get("/api/shipping/zones").json()["shipping_zones"][0]["code"] == "HOME"
        types = {kind["code"]: kind["mandatory_tracking"] for kind in seller.get("/api/shipping/types").json()["shipping_types"]}
        assert types == {"STD": False, "TRK": True}


@pytest.mark.parametrize("operation", ["OR23", "OR24"])
@pytest.mark.parametrize(("fault", "done"), [("cut_before", False), ("cut_after", True), ("500_after_commit", True), ("429", False)])
def test_faults(shop: Shop, operation: str, fault: str, done: bool) -> None:
    if operation == "OR24":
        track(shop, DHL)
    shop.server.fault(operation, fault, marketplace=shop.key, times=1)
    try:
        assert (track(shop, DHL) if operation == "OR23" else ship(shop)).status_code >= 400
    except httpx.TransportError:
        assert fault.startswith("cut")
    shown = shop.order("O1")
    assert (shown["shipping_tracking"] if operation == "OR23" else shown["order_state"]) == (
        ("X1" if done else None) if operation == "OR23" else ("SHIPPED" if done else "SHIPPING")
    )
    assert len(shipments(shop)) == int(done and operation == "OR24")


def test_shipped_and_not_answered(server: Sandbox) -> None:
    with open_shop(server) as shop:
        shop.put(order("O1", LINE, order_state="SHIPPING"))
        server.fault("OR24", "no_answer_after_commit", marketplace=shop.key, times=1, seconds=0.05)
        with pytest.raises(httpx.RemoteProtocolError):
            ship(shop)
        assert len(shipments(shop)) == 1
        assert "SHIPPED" in refused(ship(shop))
