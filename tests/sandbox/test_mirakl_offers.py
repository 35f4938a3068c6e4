"""Offers on the real server: OF21, OF22, what sales take, what OF24 destroys, and the history that tests count raises by."""

from typing import Any

import pytest

from returns_assets.sandbox.config import default_config
from returns_assets.sandbox.state import State
from tests.sandbox.shop import Shop, open_shop, read
from tests.sandbox_fixture import Sandbox, order


def line(sku: str = "SHIRT", quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"price": "20.00", "offer_sku": sku, "quantity": quantity, **more}


def stock(shop: Shop, sku: str = "SHIRT", **more: Any) -> None:
    shop.server.post("offers", marketplace=shop.key, offers=[{"sku": sku, **more}])


def offer(shop: Shop, sku: str = "SHIRT") -> dict[str, Any]:
    [found] = read(shop.client.get("/api/offers", params={"sku": sku}))["offers"]
    return found


def changes(shop: Shop, **filters: Any) -> list[dict[str, Any]]:
    return shop.server.get("offers/history", marketplace=shop.key, **filters)["changes"]


def test_an_offer_has_the_documented_fields(shop: Shop) -> None:
    stock(shop, quantity=7, price="12.50", product_sku="EAN-1", offer_id=42)
    shown = offer(shop)
    assert (shown["offer_id"], shown["shop_sku"], shown["product_sku"], shown["quantity"]) == (42, "SHIRT", "EAN-1", 7)
    assert (shown["active"], shown["inactivity_reasons"], shown["state_code"], shown["warehouses"]) == (True, [], "11", None)
    assert shown["logistic_class"] == {"code": "M", "label": "Medium"}
    assert shown["fulfillment"] == {"center": {"code": "DEFAULT"}}
    assert read(shop.client.get("/api/offers/42")) == {**shown, "shop_id": 2000, "shop_name": f"{shop.key} shop"}
    assert shop.client.get("/api/offers/43").status_code == 404
    stock(shop, quantity=0)
    assert (offer(shop)["active"], offer(shop)["inactivity_reasons"]) == (False, ["ZERO_QUANTITY"])


def test_every_sku_that_was_ordered_has_an_offer_and_sales_lower_it(shop: Shop) -> None:
    stock(shop, quantity=10)
    shop.put(order("O1", line(quantity=3), line("SHOE", 2), created_date="2025-03-09T08:00:00Z"))
    assert offer(shop)["quantity"] == 7
    [seen] = shop.server.get("offers", marketplace=shop.key, sku="SHOE")["offers"]
    assert 20 <= seen["start_quantity"] <= 120
    assert seen["quantity"] == seen["start_quantity"] - 2
    assert seen["offer_id"] == shop.line("O1-2")["offer_id"]
    [sale] = changes(shop, sku="SHIRT")
    assert {name: sale[name] for name in ("cause", "before", "after", "total", "reference", "at")} == {
        "cause": "sale",
        "before": 10,
        "after": 7,
        "total": 7,
        "reference": "O1",
        "at": "2025-03-09T08:00:00Z",
    }


def test_an_order_is_sold_once_and_never_below_zero(shop: Shop) -> None:
    stock(shop, quantity=2)
    shop.put(order("O1", line(quantity=1)))
    shop.put(order("O1", line(quantity=1), order_state="SHIPPED"))
    assert offer(shop)["quantity"] == 1
    shop.put(order("O2", line(quantity=5)))
    assert offer(shop)["quantity"] == 0
    shop.put(order("O3", line(quantity=1, order_line_state="CANCELED")))
    assert len(changes(shop)) == 2


def test_what_was_sold_before_leaves_the_stock_alone(shop: Shop) -> None:
    stock(shop, quantity=10)
    shop.server.post("orders", marketplace=shop.key, orders=[order("O1", line(quantity=3))], sale=False)
    shop.set(sales_lower_stock=False)
    shop.put(order("O2", line(quantity=3)))
    assert offer(shop)["quantity"] == 10
    assert changes(shop) == []


def test_start_quantities_depend_on_seed_and_sku_only() -> None:
    def starts(seed: int, *skus: str) -> dict[str, int]:
        state = State(default_config(seed))
        for n, sku in enumerate(skus):
            state.put_order("nordhaus", order(f"O{n}", line(sku)))
        return {each.sku: each.start for each in state.marketplaces["nordhaus"].offers.offers.values()}

    assert starts(1, "A", "B", "A", "C") == starts(1, "C", "B", "A")
    assert starts(1, "A", "B", "C") != starts(2, "A", "B", "C")


def test_pages_and_filters(shop: Shop) -> None:
    shop.server.post("offers", marketplace=shop.key, offers=[{"sku": f"S{n:02}", "price": 30 - n, "quantity": n} for n in range(23)])
    get = shop.client.get
    first = get("/api/offers")
    assert (first.json()["total_count"], [each["shop_sku"] for each in first.json()["offers"]]) == (23, [f"S{n:02}" for n in range(10)])
    assert [each["shop_sku"] for each in get(first.links["next"]["url"]).json()["offers"]] == [f"S{n:02}" for n in range(10, 20)]
    assert "next" not in get("/api/offers", params={"offset": 20}).links
    assert len(get("/api/offers", params={"max": 100}).json()["offers"]) == 23
    assert get("/api/offers", params={"max": 101}).status_code == 400
    cheapest = get("/api/offers", params={"sort": "price", "max": 1}).json()["offers"]
    assert [each["shop_sku"] for each in cheapest] == ["S22"]
    for params, count in (
        ({"sku": "S03"}, 1),
        ({"sku": "s03"}, 0),
        ({"product_id": "P-S04"}, 1),
        ({"offer_state_codes": "11,10"}, 23),
        ({"offer_state_codes": "10"}, 0),
        ({"favorite": "true"}, 0),
        ({"pricing_channel_code": "US"}, 23),
    ):
        assert get("/api/offers", params=params).json()["total_count"] == count, params


def test_absent_instead_of_null(server: Sandbox) -> None:
    with open_shop(server, nulls="absent") as shop:
        stock(shop, quantity=1)
        assert not {"warehouses", "available_start_date", "discount"} & set(offer(shop))
        assert {"offer_id", "quantity", "shop_sku"} <= set(offer(shop))


@pytest.fixture
def stores(server: Sandbox) -> Any:
    with open_shop(server, warehouses=["EAST", "WEST"]) as opened:
        yield opened


def test_quantities_per_warehouse_and_sales_from_them(stores: Shop) -> None:
    stock(stores, warehouses={"EAST": 2, "WEST": 5})
    assert offer(stores)["warehouses"] == [{"code": "EAST", "quantity": 2}, {"code": "WEST", "quantity": 5}]
    assert offer(stores)["quantity"] == 7
    stores.put(order("O1", line(quantity=3)))
    assert offer(stores)["warehouses"] == [{"code": "EAST", "quantity": 0}, {"code": "WEST", "quantity": 4}]
    stores.put(order("O2", line(quantity=1, shipping_from={"warehouse": {"code": "WEST"}})))
    assert [(each["warehouse"], each["before"], each["after"], each["total"]) for each in changes(stores)] == [
        ("EAST", 2, 0, 5),
        ("WEST", 5, 4, 4),
        ("WEST", 4, 3, 3),
    ]
    stores.put(order("O3", line("SHOE")))
    made = stores.server.get("offers", marketplace=stores.key, sku="SHOE")["offers"][0]
    assert set(made["warehouses"]) == {"EAST", "WEST"}
    assert sum(made["warehouses"].values()) == made["start_quantity"] - 1


def test_by_hand_and_how_often_it_was_raised(shop: Shop) -> None:
    stock(shop, quantity=3)
    stock(shop, quantity=5)
    stock(shop, quantity=4)
    [row] = shop.server.get("offers", marketplace=shop.key)["offers"]
    assert (row["quantity"], row["start_quantity"], row["raised"]) == (4, 3, {"manual": 1})
    assert [(each["cause"], each["before"], each["after"]) for each in changes(shop)] == [("manual", 3, 5), ("manual", 5, 4)]
    assert changes(shop, since=changes(shop)[0]["id"])[0]["after"] == 4
    assert changes(shop, cause="import") == []
    for wrong in ({"quantity": -1}, {"quantity": "5"}, {"warehouses": {"EAST": 1}}):
        answer = shop.server.admin.post("/admin/offers", json={"marketplace": shop.key, "offers": [{"sku": "SHIRT", **wrong}]})
        assert answer.status_code == 400, wrong
    assert offer(shop)["quantity"] == 4


def test_a_sale_by_admin_is_an_order_and_less_stock(shop: Shop) -> None:
    stock(shop, quantity=3)
    sold = shop.server.post("offers/sale", marketplace=shop.key, sku="SHIRT", quantity=2, order={"shipping_type_code": "TRK"})
    assert sold["quantity"] == offer(shop)["quantity"] == 1
    made = shop.order(sold["order_id"])
    assert (made["order_state"], made["shipping_type_code"]) == ("SHIPPING", "TRK")
    assert (made["order_lines"][0]["offer_sku"], made["order_lines"][0]["quantity"]) == ("SHIRT", 2)
    assert made["created_date"] == "2025-03-10T12:00:00Z"
    answer = shop.server.admin.post("/admin/offers/sale", json={"marketplace": shop.key, "sku": "SHIRT", "quantity": 2})
    assert (answer.status_code, answer.json()["message"]) == (400, "2 of SHIRT cannot be sold: there are 1")
    assert shop.server.post("offers/sale", marketplace=shop.key, sku="SHIRT", order=False) == {"order_id": None, "quantity": 0}
    assert len(shop.orders()) == 1
    assert [each["cause"] for each in changes(shop)] == ["sale", "sale"]


def test_a_sale_can_wait_for_the_next_request_of_an_operation(shop: Shop) -> None:
    stock(shop, quantity=3)
    shop.server.post("offers/sale", marketplace=shop.key, sku="SHIRT", before="OF22")
    shop.server.post("offers/sale", marketplace=shop.key, sku="SHIRT", quantity=9, before="OF22")
    assert offer(shop)["quantity"] == 3
    number = offer(shop)["offer_id"]
    assert shop.client.get(f"/api/offers/{number}").json()["quantity"] == 2
    assert shop.client.get(f"/api/offers/{number}").json()["quantity"] == 2
    assert len(shop.orders()) == 1


def replacement(**more: Any) -> dict[str, Any]:
    needed = {"shop_sku": "SHIRT", "price": 9, "product_id": "P-SHIRT", "product_id_type": "SKU", "state_code": "11", "update_delete": ""}
    return {**needed, **more}


def test_of24_resets_what_is_not_sent(shop: Shop) -> None:
    stock(shop, quantity=30, price="12.50")
    answer = shop.client.post("/api/offers", json={"offers": [replacement(description="New")]})
    assert (answer.status_code, answer.json()) == (201, {"import_id": 1})
    shown = offer(shop)
    assert (shown["quantity"], shown["price"], shown["description"]) == (0, 9, "New")
    assert (shown["leadtime_to_ship"], shown["min_quantity_alert"], shown["logistic_class"]["code"]) == (None, None, "S")
    [change] = changes(shop)
    assert (change["cause"], change["before"], change["after"]) == ("replace", 30, 0)
    again = shop.client.post("/api/offers", json={"offers": [replacement(description="New")]})
    assert again.json() == {"import_id": 1}
    assert len(changes(shop)) == 1
    shop.client.post("/api/offers", json={"offers": [replacement(shop_sku="NEW", quantity=4), replacement(update_delete="delete")]})
    assert shop.client.get("/api/offers").json()["total_count"] == 1
    assert offer(shop, "NEW")["quantity"] == 4


@pytest.mark.parametrize(
    "wrong", [{"price": None}, {"update_delete": "replace"}, {"quantity": -1}, {"price": "much"}, {"state_code": None}]
)
def test_of24_refuses_as_a_whole(shop: Shop, wrong: dict[str, Any]) -> None:
    stock(shop, quantity=30)
    answer = shop.client.post("/api/offers", json={"offers": [replacement(), replacement(**wrong)]})
    assert answer.status_code == 400
    assert offer(shop)["quantity"] == 30


def test_stock_goes_back_only_where_the_operator_is_set_up_so(shop: Shop) -> None:
    stock(shop, quantity=10)
    shop.put(order("O1", line(quantity=4), order_state="SHIPPING"))

    def both() -> None:
        gone = {"order_line_id": "O1-1", "amount": 5, "shipping_amount": 0, "quantity": 1, "reason_code": "34"}
        assert shop.client.put("/api/orders/cancel", json={"cancelations": [gone]}).status_code == 200
        entry = {"order_line_id": "O1-1", "amount": 5, "shipping_amount": 0, "quantity": 1, "reason_code": "17"}
        assert shop.refund(entry).status_code == 200

    both()
    assert offer(shop)["quantity"] == 6
    shop.set(stock_back_after=["cancelation", "refund"])
    both()
    assert offer(shop)["quantity"] == 8
    assert [each["cause"] for each in changes(shop)] == ["sale", "cancelation", "refund"]
    answer = shop.server.admin.post("/admin/marketplaces", json={"key": shop.key, "stock_back_after": ["rain"]})
    assert (answer.status_code, "cancelation, refund" in answer.json()["message"]) == (400, True)


def test_the_default_marketplaces_differ_in_their_stock(server: Sandbox) -> None:
    found = {each["key"]: each["warehouses"] for each in server.get("marketplaces")["marketplaces"]}
    assert (found["nordhaus"], found["albion"], found["maplewood"]) == ([], [], ["US-EAST", "US-WEST"])
