"""Returns that consumers register in ReBound's portal: they wait, are authorised with a label or declined with a reason, once."""

from typing import Any

import httpx
import pytest

from tests.sandbox.rebound_account import Account, item


def register(account: Account, order_id: str) -> str:
    account.push(order_id, (f"{order_id}-1", 2))
    given = {"clientOrderId": order_id, "announcedItems": [item(f"{order_id}-1", reason="Faulty")]}
    return account.server.post("rebound/registrations", **given)["registrationId"]


def listed(account: Account, **params: Any) -> list[str]:
    return [each["registrationId"] for each in account.pages("/return-registrations", **params)]


def test_a_registration_waits_and_nobody_is_told(account: Account) -> None:
    told = len(account.pages("/return-events"))
    waiting = register(account, "A1")
    [found] = account.pages("/return-registrations", clientOrderId="A1")
    assert found == account.rest.get(f"/return-registrations/{waiting}").json()
    assert (found["status"], found["reboundOrderId"]) == ("PENDING", None)
    assert (found["announcedItems"][0]["sku"], found["announcedItems"][0]["reasonCode"]) == ("S1", "Faulty")
    assert account.rest.get("/return-orders", params={"clientOrderId": "A1"}).json()["data"] == []
    assert len(account.pages("/return-events")) == told


def test_authorised_it_becomes_a_return_with_a_label(account: Account) -> None:
    waiting = register(account, "B1")
    answer = account.rest.post(f"/return-registrations/{waiting}/authorise", json={"clientReturnId": "MR-B1", "rmaNumber": "RMA-B1"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["rmaNumber"], len(made["labels"])) == ("RMA-B1", 1)
    assert account.shown(made["reboundOrderId"])["clientReturnId"] == "MR-B1"
    decided = account.rest.get(f"/return-registrations/{waiting}").json()
    assert (decided["status"], decided["reboundOrderId"]) == ("AUTHORISED", made["reboundOrderId"])
    assert waiting not in listed(account)
    assert waiting in listed(account, status="AUTHORISED")
    last = account.pages("/return-events", since=decided["decidedAt"])[0]
    assert (last["type"], last["data"]["order"]["statusDescription"]) == ("tracking", "returnOrderCreated")
    [row] = account.server.get("rebound/returns", client_order_id="B1")["returns"]
    assert (row["source"], row["history"][0]["event"]) == ("portal", "authorised")


def test_the_label_comes_after_the_authorisation(account: Account) -> None:
    account.server.post("rebound", label_seconds=60)
    waiting = register(account, "B2")
    answer = account.rest.post(f"/return-registrations/{waiting}/authorise")
    assert (answer.status_code, answer.json()["labels"]) == (202, [])
    account.server.post("clock", advance_seconds=60)
    assert len(account.rest.get(answer.headers["location"]).json()["labels"]) == 1


def test_declined_it_keeps_the_reason(account: Account) -> None:
    waiting = register(account, "C1")
    assert account.rest.post(f"/return-registrations/{waiting}/decline", json={}).status_code == 422
    answer = account.rest.post(f"/return-registrations/{waiting}/decline", json={"reason": "outside the return window"})
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["reason"]) == ("DECLINED", "outside the return window")
    assert account.server.get("rebound/returns", client_order_id="C1")["returns"] == []


def test_it_is_decided_once(account: Account) -> None:
    yes, no = register(account, "D1"), register(account, "D2")
    account.rest.post(f"/return-registrations/{yes}/authorise")
    account.rest.post(f"/return-registrations/{no}/decline", json={"reason": "no"})
    for waiting in (yes, no):
        assert account.rest.post(f"/return-registrations/{waiting}/authorise").status_code == 409
        assert account.rest.post(f"/return-registrations/{waiting}/decline", json={"reason": "no"}).status_code == 409
    assert len(account.server.get("rebound/returns", client_order_id="D1")["returns"]) == 1
    assert account.rest.get("/return-registrations/REG-999999").status_code == 404


def test_a_lost_authorisation_is_found_by_its_registration(account: Account) -> None:
    waiting = register(account, "E1")
    account.server.fault("REGISTRATION-AUTHORISE", "cut_after", times=1)
    with pytest.raises(httpx.TransportError):
        account.rest.post(f"/return-registrations/{waiting}/authorise")
    found = account.rest.get(f"/return-registrations/{waiting}").json()
    assert account.shown(found["reboundOrderId"])["clientOrderId"] == "E1"


def test_pages_go_on_while_others_are_decided(account: Account) -> None:
    mine = [register(account, f"F{n}") for n in range(5)]
    page = account.rest.get("/return-registrations", params={"limit": 2}).json()
    seen = [each["registrationId"] for each in page["data"]]
    for each in seen:
        account.rest.post(f"/return-registrations/{each}/decline", json={"reason": "no"})
    seen += listed(account, limit=2, cursor=page["nextCursor"])
    assert [each for each in seen if each in mine] == mine
    assert account.rest.get("/return-registrations", params={"status": "LOST"}).status_code == 400
