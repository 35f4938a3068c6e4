"""OR11 on the real server: paging, every filter a seller has, the tax view, null and absent, the order's required fields."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.shop import Shop, read
from tests.sandbox_fixture import order

# fmt: off
ORDER_REQUIRED = (
    "can_cancel", "can_shop_ship", "commercial_id", "created_date", "currency_iso_code", "customer", "fulfillment",
    "fully_refunded", "has_customer_message", "has_incident", "has_invoice", "last_updated_date", "leadtime_to_ship", "order_id",
    "order_lines", "order_state", "order_tax_mode", "paymentType", "price", "shipping_price", "shipping_type_code",
    "shipping_type_label", "shipping_zone_code", "shipping_zone_label", "total_commission", "total_price",
)
# fmt: on
# fmt: off
LINE_REQUIRED = (
    "can_refund", "cancelations", "category_code", "category_label", "commission_fee", "commission_vat", "commission_rate_vat",
    "created_date", "description", "last_updated_date", "offer_id", "offer_sku", "offer_state_code",
    "order_line_additional_fields", "order_line_id", "order_line_index", "order_line_state", "price", "price_unit",
    "product_medias", "product_sku", "product_title", "quantity", "refunds", "shipping_price", "total_commission", "total_price",
)
# fmt: on
LINE = {"price": "10.00"}


def ids(orders: list[dict[str, Any]]) -> list[str]:
    return [each["order_id"] for each in orders]


def test_default_page_is_ten_and_links_lead_through_all(shop: Shop) -> None:
    shop.put(*(order(f"NOR-{n:03}-A", LINE) for n in range(25)))
    answer = shop.client.get("/api/orders", params={"paginate": "true", "shop_id": "2000"})
    seen = ids(answer.json()["orders"])
    assert len(seen) == 10
    assert answer.json()["total_count"] == 25
    assert "previous" not in answer.links
    while "next" in answer.links:
        answer = shop.client.get(answer.links["next"]["url"])
        assert "previous" in answer.links
        seen += ids(answer.json()["orders"])
    assert seen == [f"NOR-{n:03}-A" for n in range(25)]


def test_max_and_offset_and_order(shop: Shop) -> None:
    shop.put(*(order(f"O{n}", LINE, created_date=f"2025-03-0{n}T00:00:00Z") for n in (3, 1, 2)))
    assert ids(shop.orders(max=2)) == ["O1", "O2"]
    assert ids(shop.orders(max=2, offset=2)) == ["O3"]
    assert ids(shop.orders(order="desc", sort="dateCreated")) == ["O3", "O2", "O1"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max", "101"),
        ("max", "0"),
        ("offset", "-1"),
        ("sort", "price"),
        ("order", "up"),
        ("order_tax_mode", "GROSS"),
        ("start_update_date", "yesterday"),
        ("customer_debited", "maybe"),
        ("order_state_codes", "SHIPPED,LOST"),
        ("payment_workflow", "CASH"),
        ("order_ids", ",".join(f"O{n}" for n in range(101))),
        ("channel_codes", ",".join(f"C{n}" for n in range(101))),
    ],
)
def test_bad_parameters_are_refused(shop: Shop, name: str, value: str) -> None:
    answer = shop.client.get("/api/orders", params={name: value})
    assert answer.status_code == 400
    assert answer.json()["status"] == 400
    assert name in answer.json()["message"]


def test_a_hundred_ids_are_accepted_and_unknown_ones_left_out(shop: Shop) -> None:
    shop.put(order("O1", LINE), order("O2", LINE))
    assert ids(shop.orders(order_ids=",".join(["O2", "O1", *(f"X{n}" for n in range(98))]), max=100)) == ["O1", "O2"]


def test_filters(shop: Shop) -> None:
    shop.put(
        order("PLAIN", LINE, created_date="2025-01-01T00:00:00Z", order_state="RECEIVED"),
        order("SHIPPED", LINE, created_date="2025-01-02T00:00:00Z", order_state="SHIPPED", channel={"code": "web", "label": "Web"}),
        order("REFS", LINE, references={"order_reference_for_customer": "C-1", "order_reference_for_seller": "S-1"}),
        order("TROUBLE", LINE, has_incident=True, fulfillment={"center": {"code": "HUB-2"}}),
        order("UNPAID", LINE, order_state="WAITING_DEBIT", payment_workflow="PAY_ON_SHIPMENT"),
    )
    assert ids(shop.orders(order_state_codes="SHIPPED,WAITING_DEBIT")) == ["SHIPPED", "UNPAID"]
    assert ids(shop.orders(channel_codes="web,app")) == ["SHIPPED"]
    assert "SHIPPED" not in ids(shop.orders(only_null_channel="true"))
    assert ids(shop.orders(order_references_for_customer="C-1")) == ["REFS"]
    assert ids(shop.orders(order_references_for_seller="S-1,S-2")) == ["REFS"]
    assert ids(shop.orders(has_incident="true")) == ["TROUBLE"]
    assert ids(shop.orders(fulfillment_center_code="HUB-2")) == ["TROUBLE"]
    assert ids(shop.orders(customer_debited="false")) == ["UNPAID"]
    assert ids(shop.orders(payment_workflow="PAY_ON_SHIPMENT")) == ["UNPAID"]
    assert ids(shop.orders(start_date="2025-01-01T12:00:00Z", end_date="2025-01-02T00:00:00+00:00")) == ["SHIPPED"]


def test_update_window_goes_back_by_the_safety_delta(shop: Shop) -> None:
    shop.put(
        order("OLD", LINE, last_updated_date="2025-03-01T09:54:59Z"),
        order("DELTA", LINE, last_updated_date="2025-03-01T09:55:00Z"),
        order("NEW", LINE, last_updated_date="2025-03-01T10:30:00Z"),
        order("LATER", LINE, last_updated_date="2025-03-01T12:00:00Z"),
    )
    assert ids(shop.orders(start_update_date="2025-03-01T10:00:00Z", end_update_date="2025-03-01T11:00:00Z")) == ["DELTA", "NEW"]
    shop.set(update_delta_seconds=0)
    assert ids(shop.orders(start_update_date="2025-03-01T10:00:00Z")) == ["LATER", "NEW"]


def test_required_fields_are_there_and_mail_is_a_relay(shop: Shop) -> None:
    shop.put(order("O1", {"price": "12.34", "quantity": 2, "shipping_price": "4.90"}, {"price": "1.01", "offer_sku": "SKU-1"}))
    found = shop.order("O1")
    assert [name for name in ORDER_REQUIRED if name not in found] == []
    assert [name for name in LINE_REQUIRED if name not in found["order_lines"][0]] == []
    assert (found["price"], found["shipping_price"], found["total_price"]) == (Decimal("13.35"), Decimal("4.90"), Decimal("18.25"))
    assert found["customer_notification_email"].endswith(".example")
    assert [line["order_line_id"] for line in found["order_lines"]] == ["O1-1", "O1-2"]
    assert found["order_lines"][0]["commission_fee"] == Decimal("1.85")
    assert found["order_lines"][0]["total_commission"] == Decimal("2.22")


def test_money_is_a_number_with_its_exact_digits(shop: Shop) -> None:
    shop.put(order("O1", {"price": "1234567.10"}))
    assert '"price":1234567.10' in shop.client.get("/api/orders").text


def test_addresses_show_only_after_the_debit(shop: Shop) -> None:
    shop.put(order("EARLY", LINE, order_state="WAITING_ACCEPTANCE"), order("PAID", LINE, order_state="SHIPPING"))
    assert shop.order("EARLY")["customer"]["shipping_address"] is None
    assert shop.order("PAID")["customer"]["shipping_address"]["country_iso_code"] == "DEU"
    assert shop.order("EARLY", order_tax_mode="TAX_EXCLUDED")["order_tax_mode"] == "TAX_EXCLUDED"


def test_null_and_absent_servers(shop: Shop) -> None:
    shop.put(order("O1", LINE))
    assert shop.order("O1")["shipping_tracking"] is None
    shop.set(nulls="absent")
    shop.put(order("O2", LINE))
    lean = shop.order("O2")
    assert "shipping_tracking" not in lean
    assert "received_date" in lean["order_lines"][0]
    assert "price_additional_info" not in lean["order_lines"][0]
    assert [name for name in ORDER_REQUIRED if name not in lean] == []


def test_tax_view_converts_what_carries_taxes(net_shop: Shop) -> None:
    taxed = {
        "price": "100.00",
        "quantity": 2,
        "shipping_price": "10.00",
        "taxes": [{"code": "STATE", "amount": "6.00", "rate": 6}, {"code": "COUNTY", "amount": "1.50", "rate": 1.5}],
        "shipping_taxes": [{"code": "STATE", "amount": "0.60", "rate": 6}],
    }
    net_shop.put(order("T1", taxed, {"price": "50.00"}), order("N1", LINE))
    assert net_shop.order("T1")["order_tax_mode"] == "TAX_EXCLUDED"
    assert net_shop.line("T1-1")["price"] == Decimal("100.00")
    gross = net_shop.order("T1", order_tax_mode="TAX_INCLUDED")
    first, second = gross["order_lines"]
    assert (first["price"], first["shipping_price"], first["total_price"]) == (Decimal("107.50"), Decimal("10.60"), Decimal("118.10"))
    assert first["price_unit"] == Decimal("53.75")
    assert first["taxes"] == net_shop.line("T1-1")["taxes"]
    assert second["price"] == Decimal("50.00")
    assert (gross["price"], gross["total_price"]) == (Decimal("157.50"), Decimal("168.10"))
    untaxed = net_shop.order("N1", order_tax_mode="TAX_INCLUDED")
    assert (untaxed["order_tax_mode"], untaxed["price"]) == ("TAX_INCLUDED", Decimal("10.00"))


def test_who_may_ask(shop: Shop) -> None:
    key = shop.config["api_key"]
    for header, status in ((None, 401), ("wrong", 401), (f"Bearer {key}", 401), (key, 200)):
        headers = {} if header is None else {"Authorization": header}
        answer = shop.server.admin.get(f"/mirakl/{shop.key}/api/orders", headers=headers)
        assert answer.status_code == status, header
    assert shop.client.get("/api/orders", params={"shop_id": "999"}).status_code == 403
    assert shop.client.get("/api/nothing").status_code == 404
    assert shop.client.post("/api/orders").status_code == 405
    assert shop.server.admin.get("/mirakl/nowhere/api/orders", headers={"Authorization": key}).status_code == 404


def test_a_page_is_not_stale_after_a_change(shop: Shop) -> None:
    shop.put(order("O1", LINE, order_state="SHIPPED"))
    assert ids(shop.orders(order_state_codes="SHIPPED")) == ["O1"]
    shop.server.post("line-state", marketplace=shop.key, order_line_id="O1-1", state="RECEIVED", order_state="RECEIVED")
    assert shop.orders(order_state_codes="SHIPPED") == []
    shop.put(order("O2", LINE, order_state="SHIPPED"))
    assert ids(shop.orders(order_state_codes="SHIPPED")) == ["O2"]


def test_a_ceiling_answers_429(shop: Shop) -> None:
    shop.set(ceilings={"OR11": [2, 600]})
    assert [shop.client.get("/api/orders").status_code for _ in range(3)] == [200, 200, 429]
    assert int(shop.client.get("/api/orders").headers["retry-after"]) > 1
    assert shop.client.get("/api/version").status_code == 200


def test_own_line_ids_and_orders_without_an_id_pattern(shop: Shop) -> None:
    shop.put(order("5811", {"price": "7.00", "order_line_id": "90001"}))
    assert shop.orders()[0]["order_lines"][0]["order_line_id"] == "90001"
    answer = shop.refund({"order_line_id": "90001", "amount": 7, "shipping_amount": 0, "reason_code": "17"})
    assert read(answer)["refunds"][0]["order_line_id"] == "90001"


def test_bulk_load_says_what_an_order_lacks(shop: Shop) -> None:
    for broken, word in (({"order_lines": [LINE]}, "order_id"), ({"order_id": "O1"}, "order_lines"), (order("O1", {}), "price")):
        answer = shop.server.admin.post("/admin/orders", json={"marketplace": shop.key, "orders": [broken]})
        assert answer.status_code == 400
        assert word in answer.json()["message"]
