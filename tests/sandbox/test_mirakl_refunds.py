"""OR28 on the real server: the answer, what it leaves in OR11, and every refusal."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.sandbox.shop import Shop, read
from tests.sandbox_fixture import order, refund

LINE = {"price": "20.00", "quantity": 2, "shipping_price": "4.00"}


def test_answer_and_trace_in_the_order(shop: Shop) -> None:
    shop.put(order("O1", LINE, {"price": "5.00"}))
    answer = shop.refund(refund("O1-1", 10.5, shipping_amount=1, quantity=1), order_tax_mode="TAX_INCLUDED")
    assert answer.status_code == 200
    body = read(answer)
    [made] = body["refunds"]
    assert body["order_tax_mode"] == "TAX_INCLUDED"
    assert (made["amount"], made["shipping_amount"], made["quantity"]) == (Decimal("10.50"), Decimal("1.00"), 1)
    assert made["excluded_from_shipment"] is False
    assert "refund_state" not in made
    line = shop.line("O1-1")
    [shown] = line["refunds"]
    assert shown["id"] == made["refund_id"]
    assert shown["order_refund_id"] == made["order_refund_id"]
    assert (shown["refund_state"], shown["state"], shown["reason_code"]) == ("WAITING_REFUND", "WAITING_REFUND", "17")
    assert shown["created_date"] == "2025-03-10T12:00:00Z"
    # 15 % commission on 20.00 is 3.00, 20 % tax on it 0.60: 10.50 of 20.00 take back 1.58 and 0.32
    assert (shown["commission_amount"], shown["commission_total_amount"]) == (Decimal("1.58"), Decimal("1.90"))
    assert line["can_refund"] is False
    assert (line["price"], line["order_line_state"]) == (Decimal("20.00"), "RECEIVED")
    found = shop.order("O1")
    assert found["last_updated_date"] == "2025-03-10T12:00:00Z"
    assert found["fully_refunded"] is False
    assert found["order_lines"][1]["can_refund"] is True


def test_fully_refunded_and_the_commission_adds_up(shop: Shop) -> None:
    shop.put(order("O1", {"price": "10.00", "quantity": 3, "shipping_price": "3.00", "commission_fee": "1.00"}))
    for amount, shipping in (("3.33", 1), ("3.33", 1), ("3.34", 1)):
        assert shop.refund(refund("O1-1", amount, shipping_amount=shipping)).status_code == 200
    found = shop.order("O1")
    assert found["fully_refunded"] is True
    refunds = found["order_lines"][0]["refunds"]
    assert sum(each["commission_amount"] for each in refunds) == found["order_lines"][0]["commission_fee"]
    assert len({each["id"] for each in refunds}) == 3
    assert "exceeds the remaining 0.00" in shop.refused(refund("O1-1", "0.01"))


def test_quoted_five_place_amounts_are_accepted(shop: Shop) -> None:
    shop.put(order("O1", LINE))
    assert read(shop.refund(refund("O1-1", "12.50000", shipping_amount="0.00000")))["refunds"][0]["amount"] == Decimal("12.50")


def test_the_same_refund_twice_is_two_refunds(shop: Shop) -> None:
    shop.put(order("O1", LINE))
    first, second = (read(shop.refund(refund("O1-1", 10)))["refunds"][0]["refund_id"] for _ in range(2))
    assert first != second
    assert len(shop.line("O1-1")["refunds"]) == 2
    assert "exceeds" in shop.refused(refund("O1-1", 10))


def test_several_lines_in_one_call_and_a_line_twice(shop: Shop) -> None:
    shop.put(order("O1", LINE, LINE), order("O2", LINE))
    body = read(shop.refund(refund("O1-1", 1), refund("O1-2", 2), refund("O2-1", 3)))
    by_line = {made["order_line_id"]: made for made in body["refunds"]}
    assert {line: made["amount"] for line, made in by_line.items()} == {"O1-1": 1, "O1-2": 2, "O2-1": 3}
    assert by_line["O1-1"]["order_refund_id"] == by_line["O1-2"]["order_refund_id"] != by_line["O2-1"]["order_refund_id"]
    shop.refused(refund("O1-1", 10), refund("O1-1", 10))


def test_one_refusal_refuses_the_whole_call(shop: Shop) -> None:
    shop.put(order("O1", LINE), order("O2", LINE))
    first = read(shop.refund(refund("O1-1", 5)))["refunds"][0]["refund_id"]
    assert "remaining" in shop.refused(refund("O1-1", 5), refund("O2-1", 99))
    assert [each["id"] for each in shop.line("O1-1")["refunds"]] == [first]
    second = read(shop.refund(refund("O1-1", 5)))["refunds"][0]["refund_id"]
    assert int(second) == int(first) + 1


@pytest.mark.parametrize("state", ["WAITING_ACCEPTANCE", "WAITING_DEBIT", "CLOSED", "REFUSED", "CANCELED", "REFUNDED"])
def test_states_that_cannot_be_refunded(shop: Shop, state: str) -> None:
    shop.put(order("O1", {**LINE, "order_line_state": state}))
    assert f"in state {state}" in shop.refused(refund("O1-1", 1))


@pytest.mark.parametrize("state", ["SHIPPING", "SHIPPED", "RECEIVED", "INCIDENT_OPEN", "TO_COLLECT"])
def test_states_that_can(shop: Shop, state: str) -> None:
    shop.put(order("O1", {**LINE, "order_line_state": state}))
    assert shop.refund(refund("O1-1", 1)).status_code == 200


def test_a_line_that_is_not_debited_yet(shop: Shop) -> None:
    shop.put(order("O1", LINE, order_state="SHIPPING", payment_workflow="PAY_ON_SHIPMENT", customer_debited_date=None))
    assert "not debited" in shop.refused(refund("O1-1", 1))


@pytest.mark.parametrize("code", ["14", "34", "RETURN_OTHER", "nonsense"])
def test_reasons(shop: Shop, code: str) -> None:
    shop.put(order("O1", LINE))
    assert f"reason code {code}" in shop.refused(refund("O1-1", 1, code))


def test_a_withdrawn_and_an_added_reason(shop: Shop) -> None:
    shop.put(order("O1", LINE))
    shop.server.post("reasons", marketplace=shop.key, withdraw="17", add={"code": "99", "label": "New"})
    assert "reason" in shop.refused(refund("O1-1", 1, "17"))
    assert shop.refund(refund("O1-1", 1, "99")).status_code == 200
    shown = {each["code"]: each for each in shop.client.get("/api/reasons").json()["reasons"] if each["type"] == "REFUND"}
    assert "17" not in shown
    assert shown["99"]["is_shop_right"] is True


def test_currency(shop: Shop) -> None:
    shop.put(order("O1", LINE))
    assert "currency" in shop.refused(refund("O1-1", 1, currency_iso_code="USD"))
    assert shop.refund(refund("O1-1", 1, currency_iso_code="EUR")).status_code == 200
    shop.set(platform_currency="GBP")
    assert "currency_iso_code is required" in shop.refused(refund("O1-1", 1))
    assert shop.refund(refund("O1-1", 1, currency_iso_code="EUR")).status_code == 200


def test_remainder_of_product_and_shipping_apart(shop: Shop) -> None:
    shop.put(order("O1", LINE))
    assert "remaining 20.00" in shop.refused(refund("O1-1", "20.01"))
    assert "remaining 4.00" in shop.refused(refund("O1-1", 1, shipping_amount="4.01"))
    assert shop.refund(refund("O1-1", 20, shipping_amount=4)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        refund("O1-1", 1),
        {"refunds": refund("O1-1", 1)},
        {"refunds": []},
        {"refunds": None},
        {"refunds": ["O1-1"]},
        [refund("O1-1", 1)],
        {"refunds": [refund("O1-1", 1, taxes={"code": "VAT", "amount": 1})]},
    ],
)
def test_wrong_nesting_gets_a_bare_400(shop: Shop, body: object) -> None:
    shop.put(order("O1", LINE))
    answer = shop.client.put("/api/orders/refund", json=body)
    assert answer.status_code == 400
    assert answer.json() == {"status": 400, "message": "Bad Request"}
    assert shop.server.refunds(shop.key) == []


@pytest.mark.parametrize(
    "entry",
    [
        {"order_line_id": "O1-1", "shipping_amount": 0, "reason_code": "17"},
        {"order_line_id": "O1-1", "amount": 1, "reason_code": "17"},
        {"order_line_id": "O1-1", "amount": 1, "shipping_amount": 0},
        {"amount": 1, "shipping_amount": 0, "reason_code": "17"},
        refund("O1-1", "ten"),
        refund("O1-1", "NaN"),
        refund("O1-1", True),
        refund("O1-1", -1),
        refund("O1-1", "1.005"),
        refund("O1-1", 0),
        refund("O1-1", 1, quantity=-1),
        refund("O1-1", 1, quantity="1"),
        refund("O1-1", 1, currency_iso_code=978),
    ],
)
def test_bad_fields(shop: Shop, entry: dict[str, object]) -> None:
    shop.put(order("O1", LINE))
    shop.refused(entry)


def test_bad_requests_as_such(shop: Shop) -> None:
    shop.put(order("O1", LINE))
    shop.refused(refund("O9-1", 1), status=404)
    shop.refused(refund("O1-7", 1), status=404)
    shop.refused(refund("O1-1", 1), order_tax_mode="NET")
    put = shop.client.put
    assert put("/api/orders/refund", content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert put("/api/orders/refund", content=b"refunds").status_code == 415
    assert shop.client.post("/api/orders/refund", json={}).status_code == 405


def test_balances(shop: Shop) -> None:
    shop.put(order("O1", {**LINE, "order_line_state": "RECEIVED"}, {**LINE, "order_line_state": "SHIPPED"}))
    shop.server.post("balance", marketplace=shop.key, payable="5.00", pending="7.00")
    assert shop.refused(refund("O1-1", "5.01")) == "The shop does not have a sufficient payable balance for the refund"
    assert "pending balance" in shop.refused(refund("O1-2", 6, shipping_amount="1.01"))
    assert shop.refund(refund("O1-1", 4), refund("O1-2", 6, shipping_amount=1)).status_code == 200
    details = read(shop.client.get("/api/account"))["payment_details"]
    assert (details["payable_balance"], details["pending_balance"]) == (Decimal("1.00"), Decimal("0.00"))
    shop.server.post("balance", marketplace=shop.key, payable=None)
    assert shop.refund(refund("O1-1", 10)).status_code == 200


def test_concurrent_calls_never_pay_more_than_the_line(shop: Shop) -> None:
    shop.put(order("O1", {"price": "10.00"}))
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: shop.refund(refund("O1-1", 1)).status_code, range(30)))
    assert sorted(statuses) == [200] * 10 + [400] * 20
    assert sum(Decimal(each["amount"]) for each in shop.server.refunds(shop.key)) == 10


def test_a_server_that_shows_only_the_deprecated_state(shop: Shop) -> None:
    shop.set(refund_state_field="state")
    shop.put(order("O1", LINE))
    shop.refund(refund("O1-1", 1))
    [shown] = shop.line("O1-1")["refunds"]
    assert "refund_state" not in shown
    assert shown["state"] == "WAITING_REFUND"


def test_ghost_refund_needs_no_reason_state_or_balance(shop: Shop) -> None:
    shop.put(order("O1", {**LINE, "order_line_state": "CLOSED"}))
    shop.server.post("balance", marketplace=shop.key, payable=0)
    made = shop.server.post("ghost-refund", marketplace=shop.key, order_line_id="O1-1", amount="7.00", reason_code="14")
    assert (made["source"], made["amount"], made["state"]) == ("ghost", "7.00", "WAITING_REFUND")
    assert [each["id"] for each in shop.line("O1-1")["refunds"]] == [made["refund_id"]]
    over = shop.server.admin.post("/admin/ghost-refund", json={"marketplace": shop.key, "order_line_id": "O1-1", "amount": "13.01"})
    assert over.status_code == 400
    assert [row["source"] for row in shop.server.refunds(shop.key)] == ["ghost"]


def test_admin_totals_count_what_was_refunded(shop: Shop) -> None:
    shop.put(order("O1", LINE, LINE), order("O2", LINE))
    shop.refund(refund("O1-1", "10.10", shipping_amount="1.00"), refund("O2-1", "0.20"))
    shop.server.post("ghost-refund", marketplace=shop.key, order_line_id="O1-2", amount="1.00")
    assert shop.server.get("totals")[shop.key] == {
        "orders": 2,
        "lines": 3,
        "refunds": 3,
        "refunded_amount": "11.30",
        "refunded_shipping": "1.00",
    }
    [row] = shop.server.refunds(shop.key, order_line_id="O2-1")
    assert {k: row[k] for k in ("order_id", "order_line_id", "amount", "reason_code", "currency", "source", "state")} == {
        "order_id": "O2",
        "order_line_id": "O2-1",
        "amount": "0.20",
        "reason_code": "17",
        "currency": "EUR",
        "source": "api",
        "state": "WAITING_REFUND",
    }
