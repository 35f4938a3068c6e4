"""STO01, STO02, STO03 on the real server: the file, its way to COMPLETE, its errors, the race with sales, and answers that get lost."""

import csv
import io
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from tests.sandbox.shop import Shop, open_shop, read
from tests.sandbox_fixture import Sandbox, order

HEADER = '"offer-sku";"quantity";"warehouse-code";"update-delete"'
IMPORTS = "/api/offers/stock/imports"


@pytest.fixture
def shop(shop: Shop) -> Generator[Shop]:
    """With ten SHIRTs and five SHOEs, and no fault left behind."""
    shop.server.post("offers", marketplace=shop.key, offers=[{"sku": "SHIRT", "quantity": 10}, {"sku": "SHOE", "quantity": 5}])
    yield shop
    shop.server.delete("faults")


def lines(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def send(shop: Shop, *rows: str, content: bytes | None = None) -> httpx.Response:
    return shop.client.post(IMPORTS, files={"file": ("stock.csv", lines(*rows) if content is None else content, "text/csv")})


def sent(shop: Shop, *rows: str, content: bytes | None = None) -> str:
    answer = send(shop, *rows, content=content)
    assert answer.status_code == 201, answer.text
    return answer.json()["import_id"]


def status(shop: Shop, import_id: str) -> dict[str, Any]:
    answer = shop.client.get(f"{IMPORTS}/{import_id}/status")
    assert answer.status_code == 200
    return answer.json()


def report(shop: Shop, import_id: str) -> list[dict[str, str]]:
    answer = shop.client.get(f"{IMPORTS}/{import_id}/error_report")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv;charset=UTF-8")
    return list(csv.DictReader(io.StringIO(answer.text), delimiter=";"))


def quantity(shop: Shop, sku: str = "SHIRT") -> int:
    [found] = read(shop.client.get("/api/offers", params={"sku": sku}))["offers"]
    return found["quantity"]


def changes(shop: Shop, **filters: Any) -> list[dict[str, Any]]:
    return shop.server.get("offers/history", marketplace=shop.key, **filters)["changes"]


def test_quantities_are_set_absolutely(shop: Shop) -> None:
    answer = send(shop, '"SHIRT";"12";"";"update"', "SHOE;0;;")
    import_id = answer.json()["import_id"]
    assert answer.headers["location"].endswith(f"/api/offers/stock/imports/{import_id}/status")
    assert status(shop, import_id) == {
        "date_created": "2025-03-10T12:00:00Z",
        "has_error_report": False,
        "import_id": import_id,
        "lines_in_error": 0,
        "lines_in_success": 2,
        "shop_id": 2000,
        "status": "COMPLETE",
    }
    assert (quantity(shop), quantity(shop, "SHOE")) == (12, 0)
    assert [(each["cause"], each["before"], each["after"], each["reference"]) for each in changes(shop)] == [
        ("import", 10, 12, import_id),
        ("import", 5, 0, import_id),
    ]
    [shirt] = shop.server.get("offers", marketplace=shop.key, sku="SHIRT")["offers"]
    assert shirt["raised"] == {"import": 1}
    assert shop.client.get(f"{IMPORTS}/{import_id}/error_report").status_code == 404


def test_errors_are_in_a_report_that_can_be_sent_again(shop: Shop) -> None:
    import_id = sent(shop, "GHOST;1;;", "SHIRT;eleven;;", "SHOE;6;;", "SHIRT;11;;")
    found = status(shop, import_id)
    assert (found["status"], found["has_error_report"], found["lines_in_error"], found["lines_in_success"]) == ("COMPLETE", True, 3, 1)
    errors = report(shop, import_id)
    assert list(errors[0]) == ["line-number", "error-reason", "offer-sku", "quantity", "warehouse-code", "update-delete"]
    assert [(each["line-number"], each["offer-sku"], each["quantity"]) for each in errors] == [
        ("2", "GHOST", "1"),
        ("3", "SHIRT", "eleven"),
        ("5", "SHIRT", "11"),
    ]
    assert all(word in each["error-reason"] for each, word in zip(errors, ("does not exist", "whole number", "together"), strict=True))
    assert (quantity(shop), quantity(shop, "SHOE")) == (10, 6)
    text = shop.client.get(f"{IMPORTS}/{import_id}/error_report").text
    mended = "\n".join(row for row in text.replace("eleven", "11").splitlines() if "GHOST" not in row and "together" not in row)
    assert status(shop, sent(shop, content=mended.encode()))["lines_in_success"] == 1
    assert quantity(shop) == 11


@pytest.mark.parametrize("wrong", ["", "-1", "1,5", "1.0", "9999999999"])
def test_a_quantity_is_a_whole_number(shop: Shop, wrong: str) -> None:
    assert status(shop, sent(shop, f"SHIRT;{wrong};;"))["lines_in_error"] == 1
    assert quantity(shop) == 10


def test_delete_takes_the_stock_away(shop: Shop) -> None:
    assert status(shop, sent(shop, "SHIRT;;;delete", "SHOE;4;;remove"))["lines_in_error"] == 1
    assert (quantity(shop), quantity(shop, "SHOE")) == (0, 5)


@pytest.mark.parametrize(
    "content",
    [b"sku;quantity\nSHIRT;1\n", b"", lines("SHIRT;1;;").replace(b";", b","), lines("SHIRT;1;;") + b"\xff", lines('"SHIRT;1;;')],
)
def test_a_file_that_cannot_be_read_fails(shop: Shop, content: bytes) -> None:
    found = status(shop, sent(shop, content=content))
    assert (found["status"], found["has_error_report"], found["lines_in_success"]) == ("FAILED", False, 0)
    assert quantity(shop) == 10


def test_the_file_must_be_a_part_named_file(shop: Shop) -> None:
    assert shop.client.post(IMPORTS, content=lines("SHIRT;1;;"), headers={"Content-Type": "text/csv"}).status_code == 415
    assert shop.client.post(IMPORTS, files={"stock": ("stock.csv", lines("SHIRT;1;;"))}).status_code == 400
    assert shop.client.get(f"{IMPORTS}/nothing/status").status_code == 404
    assert quantity(shop) == 10


def test_text_of_all_kinds_survives_the_upload(shop: Shop) -> None:
    shop.server.post("offers", marketplace=shop.key, offers=[{"sku": 'Größe "38"; rot', "quantity": 1}])
    content = b"\xef\xbb\xbf" + lines('"Größe ""38""; rot";3;;').replace(b"\n", b"\r\n")
    assert status(shop, sent(shop, content=content))["lines_in_success"] == 1
    assert quantity(shop, 'Größe "38"; rot') == 3


def test_warehouses(server: Sandbox) -> None:
    with open_shop(server, warehouses=["EAST", "WEST"]) as stores:
        offers = [{"sku": "SHIRT", "warehouses": {"EAST": 2, "WEST": 5}}, {"sku": "SHOE", "warehouses": {"EAST": 1, "WEST": 1}}]
        server.post("offers", marketplace=stores.key, offers=offers)
        found = sent(stores, "SHIRT;3;EAST;", "SHIRT;6;NORTH;", "SHOE;4;WEST;")
        assert [(each["line-number"], each["error-reason"]) for each in report(stores, found)] == [
            ("2", "Another line of this offer is in error"),
            ("3", "Warehouse with code 'NORTH' does not exist"),
        ]
        assert (quantity(stores), quantity(stores, "SHOE")) == (7, 5)
        assert "warehouse-code is required" in report(stores, sent(stores, "SHIRT;9;;"))[0]["error-reason"]
        assert "twice" in report(stores, sent(stores, "SHIRT;9;EAST;", "SHIRT;9;EAST;"))[1]["error-reason"]
        assert status(stores, sent(stores, "SHIRT;3;EAST;", "SHIRT;6;WEST;"))["lines_in_success"] == 2
        assert quantity(stores) == 9
        stores.set(warehouse_line_required=False)
        assert status(stores, sent(stores, "SHIRT;4;;"))["lines_in_success"] == 1
        [shirt] = read(stores.client.get("/api/offers", params={"sku": "SHIRT"}))["offers"]
        assert (shirt["quantity"], shirt["warehouses"]) == (4, None)
    with open_shop(server) as plain:
        server.post("offers", marketplace=plain.key, offers=[{"sku": "SHIRT", "quantity": 1}])
        assert "Warehouse with code" in report(plain, sent(plain, "SHIRT;3;EAST;"))[0]["error-reason"]


def test_polls_move_it_on(shop: Shop) -> None:
    shop.set(stock_import_after=2)
    import_id = sent(shop, "SHIRT;12;;")
    assert quantity(shop) == 10
    assert [status(shop, import_id)["status"] for _ in range(2)] == ["WAITING", "RUNNING"]
    assert quantity(shop) == 10
    assert [status(shop, import_id)["status"] for _ in range(2)] == ["COMPLETE", "COMPLETE"]
    assert quantity(shop) == 12
    assert len(changes(shop)) == 1


def test_the_clock_moves_it_on(sandbox: Sandbox) -> None:
    sandbox.post("clock", now="2025-03-10T12:00:00Z")
    with open_shop(sandbox, stock_import_by="clock", stock_import_after=60) as shop:
        sandbox.post("offers", marketplace=shop.key, offers=[{"sku": "SHIRT", "quantity": 10}])
        import_id = sent(shop, "SHIRT;12;;")
        assert status(shop, import_id)["status"] == "WAITING"
        sandbox.post("clock", advance_seconds=30)
        assert status(shop, import_id)["status"] == "RUNNING"
        sandbox.post("clock", advance_seconds=-20)
        assert status(shop, import_id)["status"] == "RUNNING"
        sandbox.post("clock", advance_seconds=50)
        [change] = changes(shop)
        assert (change["at"], change["after"]) == ("2025-03-10T12:01:00Z", 12)
        assert status(shop, import_id)["status"] == "COMPLETE"


def test_the_admin_moves_it_on_or_lets_it_fail(shop: Shop) -> None:
    shop.set(stock_import_by="tick", stock_import_after=1)
    tick = shop.server.post
    first, second = sent(shop, "SHIRT;12;;"), sent(shop, "SHOE;6;;")
    assert [status(shop, first)["status"] for _ in range(5)] == ["WAITING"] * 5
    assert tick("stock-imports/tick", marketplace=shop.key) == {"moved": 2}
    assert status(shop, first)["status"] == "RUNNING"
    assert tick("stock-imports/tick", marketplace=shop.key, to="FAILED") == {"moved": 2}
    assert (status(shop, first)["status"], status(shop, second)["lines_in_success"]) == ("FAILED", 0)
    third = sent(shop, "SHIRT;13;;")
    assert tick("stock-imports/tick", marketplace=shop.key, to="COMPLETE") == {"moved": 1}
    assert (status(shop, third)["status"], quantity(shop)) == ("COMPLETE", 13)
    assert tick("stock-imports/tick", marketplace=shop.key) == {"moved": 0}
    assert shop.server.admin.post("/admin/stock-imports/tick", json={"to": "DONE"}).status_code == 400
    assert [each["status"] for each in shop.server.get("stock-imports", marketplace=shop.key)["imports"]] == [
        "FAILED",
        "FAILED",
        "COMPLETE",
    ]


def test_the_same_file_again(shop: Shop) -> None:
    first = sent(shop, "SHIRT;12;;")
    assert sent(shop, "SHIRT;12;;") != first
    assert quantity(shop) == 12
    assert [(each["before"], each["after"]) for each in changes(shop)] == [(10, 12), (12, 12)]
    shop.set(duplicate_stock_import="existing")
    latest = sent(shop, "SHIRT;13;;")
    shop.server.post("offers/sale", marketplace=shop.key, sku="SHIRT")
    assert sent(shop, "SHIRT;13;;") == latest
    assert quantity(shop) == 12
    assert sent(shop, "SHIRT;12;;") != latest


def test_once_a_minute_where_there_is_a_ceiling(shop: Shop) -> None:
    shop.set(ceilings={"STO01": [1, 60]})
    assert send(shop, "SHIRT;12;;").status_code == 201
    again = send(shop, "SHIRT;13;;")
    assert again.status_code == 429
    assert 1 <= int(again.headers["retry-after"]) <= 60
    assert quantity(shop) == 12


def test_a_sale_between_reading_and_writing_is_lost_and_can_be_seen(shop: Shop) -> None:
    shop.server.post("offers/sale", marketplace=shop.key, sku="SHIRT", quantity=3, before="STO01")
    there = quantity(shop)
    sent(shop, f"SHIRT;{there + 1};;")
    assert [(each["cause"], each["before"], each["after"]) for each in changes(shop)] == [("sale", 10, 7), ("import", 7, 11)]
    [made] = shop.orders()
    assert made["order_lines"][0]["quantity"] == 3


def test_a_sale_while_the_import_waits_is_lost_too(shop: Shop) -> None:
    shop.set(stock_import_by="tick")
    shop.set(stock_import_after=1)
    sent(shop, "SHIRT;11;;")
    shop.put(order("O1", {"price": "20.00", "offer_sku": "SHIRT"}))
    shop.server.post("stock-imports/tick", marketplace=shop.key, to="COMPLETE")
    assert [(each["cause"], each["after"]) for each in changes(shop)] == [("sale", 9), ("import", 11)]


@pytest.mark.parametrize(("fault", "done"), [("cut_before", False), ("cut_after", True), ("500_after_commit", True), ("503", False)])
def test_faults(shop: Shop, fault: str, done: bool) -> None:
    shop.server.fault("STO01", fault, marketplace=shop.key, times=1)
    try:
        assert send(shop, "SHIRT;12;;").status_code >= 500
    except httpx.TransportError:
        assert fault.startswith("cut")
    assert len(shop.server.get("stock-imports", marketplace=shop.key)["imports"]) == int(done)
    assert quantity(shop) == (12 if done else 10)
    logged = shop.server.requests(shop.key, "STO01")[-1]
    assert (logged["fault"], logged["committed"]) == (fault, done)
    assert "SHIRT;12;;" in logged["body"]


@pytest.mark.parametrize("operation", ["OF21", "STO02", "STO03"])
def test_reads_have_faults_too(shop: Shop, operation: str) -> None:
    import_id = sent(shop, "GHOST;12;;")
    path = {"OF21": "/api/offers", "STO02": f"{IMPORTS}/{import_id}/status", "STO03": f"{IMPORTS}/{import_id}/error_report"}[operation]
    shop.server.fault(operation, "429", marketplace=shop.key, times=1, retry_after=3)
    answer = shop.client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert shop.client.get(path).status_code == 200


def test_a_large_file(server: Sandbox) -> None:
    with open_shop(server) as shop:
        server.post("offers", marketplace=shop.key, offers=[{"sku": f"S{n}", "quantity": 1} for n in range(20_000)])
        found = status(shop, sent(shop, *(f"S{n};2;;" for n in range(20_000))))
        assert (found["status"], found["lines_in_success"]) == ("COMPLETE", 20_000)
        assert quantity(shop, "S19999") == 2
