"""Return orders by the REST API: made with a label now or later, refused, repeated, cancelled, lost on the way, and on other paths."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.rebound_account import Account, item
from tests.sandbox_fixture import Sandbox, running_sandbox


def returns(server: Sandbox, order_id: str) -> list[dict[str, Any]]:
    return server.get("rebound/returns", client_order_id=order_id)["returns"]


def test_a_return_with_its_label(account: Account) -> None:
    account.push("A1", ("A1-1", 2), ("A1-2", 1))
    metadata = [{"key": "mirakl_shop_id", "value": "2001"}]
    answer = account.create(
        "A1",
        item("A1-1", 2),
        item("A1-2", reason="Faulty"),
        clientReturnId="MR-1",
        clientMetadata=metadata,
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 201
    made = answer.json()
    [label] = made["labels"]
    assert made["rmaNumber"]
    assert (label["carrier"], label["parcelId"]) == ("PostLink", "P1")
    fetched = httpx.get(label["labelUrl"])
    assert fetched.headers["content-type"] == "application/pdf"
    assert label["trackingNumber"].encode() in fetched.content

    shown = account.shown(made["reboundOrderId"])
    assert shown["labels"] == [label]
    assert (shown["clientReturnId"], shown["rmaNumber"], shown["status"]) == ("MR-1", made["rmaNumber"], "OPEN")
    assert shown["clientMetadata"] == metadata
    assert [parcel["trackingNumber"] for parcel in shown["parcels"]] == [label["trackingNumber"]]
    # a piece for each unit, completed from the sales order
    assert [(each["clientItemId"], each["sku"], each["reasonCode"]) for each in shown["announcedItems"]] == [
        ("A1-1", "S1", "Too large"),
        ("A1-1", "S1", "Too large"),
        ("A1-2", "S2", "Faulty"),
    ]
    [row] = returns(account.server, "A1")
    assert (row["source"], row["idempotencyKey"], len(row["pieces"])) == ("api", "k", 3)
    assert [entry["event"] for entry in row["history"]] == ["created", "label"]


def test_the_label_may_come_in_the_answer(account: Account) -> None:
    account.push("A2", ("A2-1", 1))
    [label] = account.create("A2", item("A2-1"), labelBase64Enabled=True).json()["labels"]
    assert base64.b64decode(label["labelBase64"]).startswith(b"%PDF")
    assert "labelUrl" not in label


def test_the_label_may_come_later(account: Account) -> None:
    account.server.post("rebound", label_seconds=600)
    account.push("A3", ("A3-1", 1))
    answer = account.create("A3", item("A3-1"))
    assert (answer.status_code, answer.json()["labels"], answer.headers["retry-after"]) == (202, [], "600")
    assert account.shown(answer.json()["reboundOrderId"])["parcels"][0]["trackingNumber"] == "Not available"
    account.server.post("clock", advance_seconds=599)
    early = account.rest.get(answer.headers["location"]).json()
    account.server.post("clock", advance_seconds=1)
    late = account.rest.get(answer.headers["location"]).json()
    assert early["labels"] == []
    assert late["labels"][0]["trackingNumber"] == late["parcels"][0]["trackingNumber"]
    assert late["version"] > early["version"]
    assert httpx.get(late["labels"][0]["labelUrl"]).status_code == 200


def test_a_return_needs_its_order(account: Account) -> None:
    assert account.create("B-unknown", item("B-unknown-1")).status_code == 422
    account.server.post("rebound", direct_returns=True)
    assert account.create("B-unknown", item("B-unknown-1")).status_code == 201


def test_not_more_comes_back_than_was_sold(account: Account) -> None:
    account.push("C1", ("C1-1", 2), ("C1-2", 1))
    assert account.create("C1", item("C1-1", 3)).status_code == 422
    assert account.create("C1", item("C1-9")).status_code == 422
    first = account.create("C1", item("C1-1")).json()["reboundOrderId"]
    assert account.create("C1", item("C1-1", "2")).status_code == 422
    assert account.rest.post(f"/return-orders/{first}/cancel", json={"reason": "changed"}).status_code == 200
    assert account.create("C1", item("C1-1", "2")).status_code == 201


def test_an_order_that_is_not_returnable(account: Account) -> None:
    account.push("C2", ("C2-1", 1))
    account.server.post("rebound", not_returnable=["C2"])
    answer = account.create("C2", item("C2-1"))
    assert answer.status_code == 422
    assert "not returnable" in answer.json()["message"]
    assert returns(account.server, "C2") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"announcedItems": [item("X-1")]}, "clientOrderId"),
        ({"clientOrderId": "X"}, "announcedItems"),
        ({"clientOrderId": "X", "announcedItems": []}, "announcedItems"),
        ({"clientOrderId": "X", "announcedItems": [{"quantity": "1"}]}, "announcedItems[0]"),
        ({"clientOrderId": "X", "announcedItems": [item("X-1"), {"sku": "S"}]}, "announcedItems[1].quantity"),
        ({"clientOrderId": "X", "announcedItems": [item("X-1", 0)]}, "announcedItems[0].quantity"),
        ({"clientOrderId": "X", "announcedItems": [item("X-1", "1.5")]}, "announcedItems[0].quantity"),
        ({"clientOrderId": "X", "announcedItems": [item("X-1")], "clientReturnId": ""}, "clientReturnId"),
    ],
)
def test_a_wrong_body_names_the_field(account: Account, body: dict[str, Any], field: str) -> None:
    account.server.post("rebound", direct_returns=True)
    answer = account.rest.post("/return-orders", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert returns(account.server, "X") == []


@pytest.mark.parametrize(("repeat", "status", "count"), [("409", 409, 1), ("duplicate", 201, 2)])
def test_a_repeated_return(account: Account, repeat: str, status: int, count: int) -> None:
    account.server.post("rebound", return_repeat=repeat)
    order_id = f"D-{repeat}"
    account.push(order_id, (f"{order_id}-1", 5))
    headers = {"Idempotency-Key": "always-the-same"}
    statuses = [account.create(order_id, item(f"{order_id}-1"), clientReturnId=order_id, headers=headers).status_code for _ in range(2)]
    assert statuses == [201, status]
    found = account.rest.get("/return-orders", params={"clientOrderId": order_id}).json()["data"]
    assert [each["clientReturnId"] for each in found] == [order_id] * count


def test_a_cancelled_return_frees_the_clients_number(account: Account) -> None:
    account.push("D2", ("D2-1", 1))
    first = account.create("D2", item("D2-1"), clientReturnId="MR-D2").json()["reboundOrderId"]
    cancel = account.rest.post(f"/return-orders/{first}/cancel", json={"reason": "not shipped"})
    assert (cancel.status_code, cancel.json()["status"]) == (200, "CANCELLED")
    assert cancel.json()["closedAt"] is not None
    assert account.rest.post(f"/return-orders/{first}/cancel").status_code == 409
    assert account.create("D2", item("D2-1"), clientReturnId="MR-D2").status_code == 201
    [row, _] = returns(account.server, "D2")
    assert row["history"][-1] == {"at": row["history"][-1]["at"], "event": "cancelled", "reason": "not shipped"}


def test_a_cancelled_return_gets_no_label_any_more(account: Account) -> None:
    account.server.post("rebound", label_seconds=60)
    account.push("D4", ("D4-1", 1))
    made = account.create("D4", item("D4-1")).json()["reboundOrderId"]
    account.rest.post(f"/return-orders/{made}/cancel")
    account.server.post("clock", advance_seconds=120)
    assert account.shown(made)["labels"] == []


def test_once_in_the_network_nothing_is_cancelled(account: Account) -> None:
    account.push("D3", ("D3-1", 1))
    made = account.create("D3", item("D3-1")).json()["reboundOrderId"]
    account.server.post("rebound/returns/event", reboundOrderId=made, event="postalIncoming")
    assert account.rest.post(f"/return-orders/{made}/cancel").status_code == 409
    assert account.shown(made)["status"] == "OPEN"
    assert account.rest.post("/return-orders/300000000000000000/cancel").status_code == 404


def test_newest_first_by_order(account: Account) -> None:
    account.push("E1", ("E1-1", 3))
    made = []
    for _ in range(3):
        made.append(account.create("E1", item("E1-1")).json()["reboundOrderId"])
        account.server.post("clock", advance_seconds=60)
    found = account.rest.get("/return-orders", params={"clientOrderId": "E1"}).json()["data"]
    assert [each["reboundOrderId"] for each in found] == made[::-1]
    assert account.rest.get("/return-orders", params={"clientOrderId": "E-none"}).json()["data"] == []


@pytest.mark.parametrize("fault", ["cut_after", "500_after_commit", "unreadable_after_commit"])
def test_a_lost_answer_is_found_by_its_order(account: Account, fault: str) -> None:
    order_id = f"F-{fault}"
    account.push(order_id, (f"{order_id}-1", 1))
    account.server.fault("RETURN-CREATE", fault, times=1)
    try:
        answer = account.create(order_id, item(f"{order_id}-1"), clientReturnId=order_id)
        assert fault != "cut_after"
        assert answer.status_code == (500 if fault == "500_after_commit" else 200)
    except httpx.TransportError:
        assert fault == "cut_after"
    [found] = account.rest.get("/return-orders", params={"clientOrderId": order_id}).json()["data"]
    assert found["clientReturnId"] == order_id
    assert account.create(order_id, item(f"{order_id}-1"), clientReturnId=order_id).status_code == 409


def test_faults_that_do_nothing(account: Account) -> None:
    account.push("F1", ("F1-1", 1))
    for fault, status in (("429", 429), ("503", 503), ("401", 401)):
        account.server.fault("RETURN-CREATE", fault, times=1, retry_after=7)
        answer = account.create("F1", item("F1-1"))
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, "7" if fault == "429" else None)
    account.server.fault("RETURN-CREATE", "cut_before", times=1)
    with pytest.raises(httpx.TransportError):
        account.create("F1", item("F1-1"))
    assert returns(account.server, "F1") == []


def test_tokens_and_flow_keys_hold_here_too(account: Account) -> None:
    account.push("G1", ("G1-1", 1))
    account.server.post("rebound", flow_keys=["fk"])
    body = {"clientOrderId": "G1", "announcedItems": [item("G1-1")]}
    assert account.rest.post("/return-orders", params={"flowKey": "other"}, json=body).status_code == 403
    assert account.rest.post("/return-orders", params={"flowKey": "fk"}, json=body).status_code == 201
    assert returns(account.server, "G1")[0]["flowKey"] == "fk"
    account.server.post("rebound", revoke_tokens=True)
    for method, path in (
        ("POST", "/return-orders"),
        ("GET", "/return-orders"),
        ("GET", "/return-events"),
        ("GET", "/return-registrations"),
    ):
        assert account.rest.request(method, path).status_code == 401


def test_paths_are_the_accounts(account: Account) -> None:
    account.push("H1", ("H1-1", 1))
    account.server.post(
        "rebound", paths={"RETURN-CREATE": "PUT /v2/returns", "RETURN": "GET /v2/returns/{id}/view", "LABEL": "GET /l/{id}"}
    )
    body = {"clientOrderId": "H1", "announcedItems": [item("H1-1")]}
    assert account.rest.post("/return-orders", json=body).status_code == 405
    answer = account.rest.put("/v2/returns", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert account.rest.get(f"/v2/returns/{made['reboundOrderId']}/view").json()["rmaNumber"] == made["rmaNumber"]
    assert httpx.get(made["labels"][0]["labelUrl"]).status_code == 200
    assert account.server.requests(operation="RETURN-CREATE")[-1]["path"] == "/rebound/v2/returns"


def test_a_wrong_switch_says_what_is_allowed(account: Account) -> None:
    for wrong, word in (
        ({"paths": {"RETURNS": "GET /x"}}, "RETURN-CREATE"),
        ({"paths": {"RETURN": "GET /x"}}, "{id}"),
        ({"return_repeat": "maybe"}, "duplicate"),
        ({"legacy_dates": "DD.MM.YYYY"}, "MM/DD/YYYY"),
        ({"colour": "red"}, "label_seconds"),
    ):
        answer = account.server.admin.post("/admin/rebound", json=wrong)
        assert answer.status_code == 400
        assert word in answer.json()["message"]
    assert "sandbox-client-secret" not in str(account.server.get("rebound"))


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path / "state.sqlite"))
    drop = tmp_path / "drop"
    world = {"seed": 1, "days": 2, "orders_per_day": 2, "returns_per_day": 1, "marketplaces": ["nordhaus"], "scenarios": False}
    with running_sandbox(tmp_path, *arguments, clock="2025-03-10T12:00:00Z") as first:
        account = Account(first)
        account.push("R1", ("R1-1", 3))
        made = account.create("R1", item("R1-1"), clientReturnId="MR-R1").json()["reboundOrderId"]
        # a world that comes between two notifications changes the number of neither
        first.post("world", **world)
        first.post("rebound/returns/event", reboundOrderId=made, event="postalIncoming")
        first.post("rebound/registrations", clientOrderId="R1", announcedItems=[item("R1-1")])
        first.post("world/deliver", mode="files", directory=str(drop))
        before = [account.shown(made), first.get("rebound/returns"), first.get("rebound/registrations"), account.pages("/return-events")]
        cursor = account.rest.get("/return-events").json()["nextCursor"]
        first.process.kill()
        first.process.wait()
    files = sorted(path.name for path in drop.rglob("*.json"))
    with running_sandbox(tmp_path, *arguments) as second:
        account = Account(second)
        # the label's address names the port
        old, new = before[0], account.shown(made)
        assert [label.pop("labelUrl").rpartition("/")[2] for label in old["labels"]] == [
            label.pop("labelUrl").rpartition("/")[2] for label in new["labels"]
        ]
        assert new == old
        assert [second.get("rebound/returns"), second.get("rebound/registrations")] == before[1:3]
        assert [event["eventId"] for event in account.pages("/return-events")] == [event["eventId"] for event in before[3]]
        assert account.rest.get("/return-events", params={"cursor": cursor}).json()["data"] == []
        assert second.post("world/deliver", mode="files", directory=str(drop))["delivered"] == 0
        assert account.create("R1", item("R1-1"), clientReturnId="MR-R1").status_code == 409
        again = account.create("R1", item("R1-1")).json()["reboundOrderId"]
        assert again != made
        rows = second.get("rebound/returns")["returns"]
        assert not set(rows[0]["pieces"]) & set(rows[1]["pieces"])
    assert sorted(path.name for path in drop.rglob("*.json")) == files
