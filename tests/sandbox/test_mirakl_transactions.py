"""TL02 on the real server: what a refund leaves in the log, and seek paging."""

from decimal import Decimal
from typing import Any

from tests.sandbox.shop import Shop, read
from tests.sandbox_fixture import order, refund

PATH = "/api/sellerpayment/transactions_logs"


def rows(shop: Shop, **params: Any) -> list[dict[str, Any]]:
    answer = shop.client.get(PATH, params={"limit": 2000, **params})
    assert answer.status_code == 200, answer.text
    return read(answer)["data"]


def test_a_refund_and_its_sale(shop: Shop) -> None:
    taxed = {"price": "24.00", "shipping_price": "3.00", "taxes": [{"code": "VAT", "amount": "4.00", "rate": 20}]}
    shop.put(order("O1", taxed, created_date="2025-03-01T00:00:00Z"), order("O2", {"price": "1.00"}, order_state="WAITING_DEBIT"))
    refund_id = read(shop.refund(refund("O1-1", 12, shipping_amount=3)))["refunds"][0]["refund_id"]
    sale = {row["type"]: row["amount"] for row in rows(shop) if row["entities"]["refund"] is None}
    assert sale == {
        "ORDER_AMOUNT": Decimal("20.00"),
        "ORDER_AMOUNT_TAX": Decimal("4.00"),
        "ORDER_SHIPPING_AMOUNT": Decimal("3.00"),
        "COMMISSION_FEE": Decimal("-3.60"),
        "COMMISSION_VAT": Decimal("-0.72"),
    }
    back = {row["type"]: row for row in rows(shop) if row["entities"]["refund"] == {"id": refund_id}}
    assert {kind: row["amount"] for kind, row in back.items()} == {
        "REFUND_ORDER_AMOUNT": Decimal("-10.00"),
        "REFUND_ORDER_AMOUNT_TAX": Decimal("-2.00"),
        "REFUND_ORDER_SHIPPING_AMOUNT": Decimal("-3.00"),
        "REFUND_COMMISSION_FEE": Decimal("1.80"),
        "REFUND_COMMISSION_VAT": Decimal("0.36"),
    }
    row = back["REFUND_ORDER_AMOUNT"]
    assert (row["amount_debited"], row["amount_credited"]) == (Decimal("10.00"), Decimal("0.00"))
    assert (row["payment_state"], row["currency_iso_code"]) == ("PENDING", "EUR")
    assert (row["entities"]["order"]["id"], row["entities"]["order_line"]["id"]) == ("O1", "O1-1")
    shop.server.post("tick", marketplace=shop.key, to="REFUNDED")
    assert {row["payment_state"] for row in rows(shop, transaction_type="REFUND_ORDER_AMOUNT")} == {"PAYABLE"}


def test_filters(shop: Shop) -> None:
    shop.put(*(order(f"O{n}", {"price": "10.00"}, created_date="2025-03-01T00:00:00Z") for n in (1, 2)))
    shop.refund(refund("O1-1", 1))
    shop.refund(refund("O2-1", 2))
    assert [row["amount"] for row in rows(shop, transaction_type="REFUND_ORDER_AMOUNT", order_id="O2")] == [-2]
    assert {row["entities"]["order"]["id"] for row in rows(shop, order_line_id="O1-1")} == {"O1"}
    assert {row["type"] for row in rows(shop, transaction_type=["REFUND_ORDER_AMOUNT", "ORDER_AMOUNT"])} == {
        "REFUND_ORDER_AMOUNT",
        "ORDER_AMOUNT",
    }
    assert {row["payment_state"] for row in rows(shop, payment_state="PENDING")} == {"PENDING"}
    assert all("REFUND" in row["type"] for row in rows(shop, last_updated_from="2025-03-10T00:00:00Z"))
    assert all("REFUND" not in row["type"] for row in rows(shop, date_created_to="2025-03-09T00:00:00Z"))
    assert shop.client.get(PATH, params={"sort": "amount"}).status_code == 400
    assert shop.client.get(PATH, params={"limit": "2001"}).status_code == 400


def test_seek_paging_ignores_everything_but_the_token(shop: Shop) -> None:
    shop.put(*(order(f"O{n:02}", {"price": "10.00"}) for n in range(25)))
    whole = [row["id"] for row in rows(shop, transaction_type="ORDER_AMOUNT")]
    assert len(whole) == 25
    first = shop.client.get(PATH, params={"transaction_type": "ORDER_AMOUNT"}).json()
    assert len(first["data"]) == 10
    assert first["previous_page_token"] is None
    seen, token = [row["id"] for row in first["data"]], first["next_page_token"]
    while token:
        page = shop.client.get(PATH, params={"page_token": token, "limit": 3, "transaction_type": "COMMISSION_FEE"}).json()
        seen += [row["id"] for row in page["data"]]
        back, token = page["previous_page_token"], page["next_page_token"]
    assert seen == whole
    assert [row["id"] for row in shop.client.get(PATH, params={"page_token": back}).json()["data"]] == whole[10:20]
    shop.set(nulls="absent")
    assert "previous_page_token" not in shop.client.get(PATH).json()
    assert shop.client.get(PATH, params={"page_token": "nonsense"}).status_code == 400


def test_descending_by_last_update(shop: Shop) -> None:
    shop.put(*(order(f"O{n}", {"price": "10.00"}, created_date=f"2025-03-0{n}T00:00:00Z") for n in (1, 2, 3)))
    dates = [row["last_updated"] for row in rows(shop, sort="lastUpdated,DESC")]
    assert dates == sorted(dates, reverse=True)
    assert dates[0] != dates[-1]
