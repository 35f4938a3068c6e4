"""Offers, their history, stock imports and shipments in the state file: a killed server knows them all again."""

import signal
from pathlib import Path
from typing import Any

from tests.sandbox_fixture import Sandbox, order, running_sandbox, stop

HEADER = b'"offer-sku";"quantity";"warehouse-code";"update-delete"\n'
DHL = {"carrier_code": "dhl_paket_de", "tracking_number": "X1"}


def seen(server: Sandbox) -> list[Any]:
    """Everything that the admin shows, and what the sellers see."""
    shown: list[Any] = [server.get(path) for path in ("offers", "offers/history", "stock-imports", "shipments")]
    for key in ("nordhaus", "maplewood"):
        with server.seller(key) as seller:
            shown.append(seller.get("/api/offers").text)
            shown.append(seller.get("/api/shipments").text)
    return shown


def test_stock_and_shipments_survive_a_killed_server(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path / "state.sqlite"))
    lines = [{"price": "20.00", "offer_sku": "SHIRT", "quantity": 3}, {"price": "5", "offer_sku": "SHOE"}]
    with running_sandbox(tmp_path, *arguments, clock="2025-03-10T12:00:00Z") as first, first.seller("nordhaus") as seller:
        first.put_orders("nordhaus", order("NOR-1-A", *lines, order_state="SHIPPING"))
        first.put_orders("maplewood", order("MAP-1-A", *lines, order_state="SHIPPING"))
        offers = [{"sku": "SHIRT", "quantity": 9}, {"sku": "HAT", "quantity": 1, "price": "7"}, {"sku": "GONE", "quantity": 1}]
        first.post("offers", marketplace="nordhaus", offers=offers)
        gone = {"shop_sku": "GONE", "price": 1, "product_id": "P", "product_id_type": "SKU", "state_code": "11", "update_delete": "delete"}
        assert seller.post("/api/offers", json={"offers": [gone]}).status_code == 201
        first.post("marketplaces", key="nordhaus", stock_import_by="tick", stock_import_after=1)
        file = HEADER + b"SHIRT;8;;\nGHOST;1;;\n"
        done = seller.post("/api/offers/stock/imports", files={"file": file}).json()["import_id"]
        first.post("stock-imports/tick", marketplace="nordhaus", to="COMPLETE")
        waiting = seller.post("/api/offers/stock/imports", files={"file": HEADER + b"HAT;4;;\n"}).json()["import_id"]
        parts = [{"order_line_id": "NOR-1-A-1", "quantity": 1}]
        made = [
            seller.post("/api/shipments", json={"shipments": [{"order_id": "NOR-1-A", "shipment_lines": parts}]}).json() for _ in range(3)
        ]
        ids = [each["shipment_success"][0]["id"] for each in made]
        seller.put("/api/shipments/delete", json={"shipments": [{"id": ids[0]}]})
        seller.post("/api/shipments/tracking", json={"shipments": [{"id": ids[1], "tracking": DHL}]})
        seller.put("/api/shipments/ship", json={"shipments": [{"id": ids[1]}]})
        before = seen(first)
        stop(first.process, signal.SIGKILL)
    with running_sandbox(tmp_path, *arguments) as second, second.seller("nordhaus") as seller:
        assert seen(second) == before
        assert [change["cause"] for change in second.get("offers/history", marketplace="nordhaus")["changes"]] == [
            "sale",
            "sale",
            "manual",
            "import",
        ]
        assert second.post("stock-imports/tick", marketplace="nordhaus", to="COMPLETE") == {"moved": 1}
        assert seller.get(f"/api/offers/stock/imports/{waiting}/status").json()["lines_in_success"] == 1
        assert "GHOST" in seller.get(f"/api/offers/stock/imports/{done}/error_report").text
        [hat] = second.get("offers", marketplace="nordhaus", sku="HAT")["offers"]
        assert (hat["quantity"], hat["price"], hat["raised"]) == (4, "7.00", {"import": 1})
        ids_now = {row["id"] for row in second.get("shipments", marketplace="nordhaus")["shipments"]}
        entry = {"order_id": "NOR-1-A", "shipment_lines": [{"order_line_id": "NOR-1-A-1", "quantity": 1}]}
        [again] = seller.post("/api/shipments", json={"shipments": [entry]}).json()["shipment_success"]
        assert again["id"] not in {*ids, *ids_now}
        assert seller.post("/api/shipments", json={"shipments": [entry]}).json()["shipment_success"] == []
