"""ReBound's stand-in on the real server: client credentials, sales orders, the three ways a repeated order is taken."""

from collections.abc import Generator
from typing import Any

import httpx
import pytest

from tests.sandbox_fixture import Sandbox


@pytest.fixture
def rebound(server: Sandbox) -> Generator[Sandbox]:
    """With the account's defaults afterwards."""
    yield server
    server.delete("faults")
    server.post("rebound", repeat="409", token_seconds=3600, flow_keys=[], revoke_tokens=True)


def token_answer(server: Sandbox, **form: str) -> httpx.Response:
    given = {
        "grant_type": "client_credentials",
        "client_id": server.env["REBOUND_CLIENT_ID"],
        "client_secret": server.env["REBOUND_CLIENT_SECRET"],
    }
    return httpx.post(server.env["REBOUND_TOKEN_URL"], data=given | form)


def push(server: Sandbox, order_id: str, token: str | None = None, **more: Any) -> httpx.Response:
    token = token or token_answer(server).json()["access_token"]
    body = {"clientOrderId": order_id, "businessUnit": "nordhaus", **more}
    return httpx.post(f"{server.env['REBOUND_BASE_URL']}/sales-orders", json=body, headers={"Authorization": f"Bearer {token}"})


def stored(server: Sandbox, order_id: str) -> list[dict[str, Any]]:
    rows = server.get("rebound/sales-orders")["sales_orders"]
    return [row["order"] for row in rows if row["order"]["clientOrderId"] == order_id]


def test_token(rebound: Sandbox) -> None:
    answer = token_answer(rebound)
    assert answer.status_code == 200
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
    assert token_answer(rebound, client_secret="wrong").status_code == 401
    assert token_answer(rebound, grant_type="password").status_code == 400
    basic = (rebound.env["REBOUND_CLIENT_ID"], rebound.env["REBOUND_CLIENT_SECRET"])
    by_header = httpx.post(rebound.env["REBOUND_TOKEN_URL"], data={"grant_type": "client_credentials"}, auth=basic)
    assert by_header.status_code == 200
    assert all(rebound.env["REBOUND_CLIENT_SECRET"] not in str(row) for row in rebound.requests(operation="TOKEN"))


def test_a_bearer_token_is_needed(rebound: Sandbox) -> None:
    token = token_answer(rebound).json()["access_token"]
    url = f"{rebound.env['REBOUND_BASE_URL']}/sales-orders"
    for headers in ({}, {"Authorization": token}, {"Authorization": "Bearer wrong"}):
        assert httpx.post(url, json={"clientOrderId": "A1"}, headers=headers).status_code == 401
    assert push(rebound, "A1", token).status_code == 201
    rebound.post("rebound", revoke_tokens=True)
    assert push(rebound, "A2", token).status_code == 401


def test_tokens_expire_by_the_clock(rebound: Sandbox) -> None:
    token = token_answer(rebound).json()["access_token"]
    rebound.post("clock", advance_seconds=3599)
    assert push(rebound, "B1", token).status_code == 201
    rebound.post("clock", advance_seconds=1)
    assert push(rebound, "B2", token).status_code == 401


@pytest.mark.parametrize(
    ("repeat", "status", "left"),
    [("409", 409, [{"n": 1}]), ("overwrite", 200, [{"n": 2}]), ("duplicate", 201, [{"n": 1}, {"n": 2}])],
)
def test_a_repeated_order(rebound: Sandbox, repeat: str, status: int, left: list[dict[str, int]]) -> None:
    rebound.post("rebound", repeat=repeat)
    order_id = f"C-{repeat}"
    assert push(rebound, order_id, clientMetadata=[{"n": 1}]).status_code == 201
    assert push(rebound, order_id, clientMetadata=[{"n": 2}]).status_code == status
    assert [row["clientMetadata"][0] for row in stored(rebound, order_id)] == left


def test_every_version_of_an_order_is_listed(rebound: Sandbox) -> None:
    for n, repeat in enumerate(("409", "overwrite", "409", "duplicate"), 1):
        rebound.post("rebound", repeat=repeat)
        push(rebound, "F1", clientMetadata=[{"n": n}])
    [seen] = rebound.get("rebound/orders", client_order_id="F1")["orders"]
    rows = [(row["version"], row["status"], row["salesOrderId"], row["order"]["clientMetadata"][0]["n"]) for row in seen["versions"]]
    first, second = rows[0][2], rows[3][2]
    assert first != second
    assert rows == [(1, 201, first, 1), (2, 200, first, 2), (3, 409, None, 3), (4, 201, second, 4)]
    assert [row["clientMetadata"][0]["n"] for row in stored(rebound, "F1")] == [2, 4]


@pytest.mark.parametrize(
    ("field", "wrong", "right"),
    [
        ("clientOrderCreatedDate", "yesterday", "2025-03-10T12:00:00Z"),
        ("clientOrderCreatedDate", "2025-03-10", "2025-03-10T12:00:00+01:00"),
        ("customerAddress", "Street 1", {"street": "Street 1"}),
        ("businessUnit", 7, "nordhaus"),
        ("rmaNumber", None, "RMA-1"),
        ("premiumOrder", "true", True),
        ("salesItems", [1], []),
        ("clientMetadata", {"a": 1}, [{"key": "a", "value": "1"}]),
        ("labelBase64Enabled", 1, False),
    ],
)
def test_documented_types_are_insisted_on(rebound: Sandbox, field: str, wrong: Any, right: Any) -> None:
    order_id = f"G-{field}-{wrong}"
    answer = push(rebound, order_id, **{field: wrong})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert push(rebound, order_id, **{field: right}).status_code == 201
    assert [row[field] for row in stored(rebound, order_id)] == [right]


def test_fields_that_nobody_published_are_let_through(rebound: Sandbox) -> None:
    assert push(rebound, "H1", somethingNew={"a": [1]}).status_code == 201
    assert stored(rebound, "H1")[0]["somethingNew"] == {"a": [1]}


def test_a_token_ends_in_the_middle_of_a_run(rebound: Sandbox) -> None:
    token = token_answer(rebound).json()["access_token"]
    statuses: list[int] = []
    for n in range(4):
        statuses.append(push(rebound, f"I{n}", token).status_code)
        rebound.post("clock", advance_seconds=1300)
    assert statuses == [201, 201, 201, 401]
    assert push(rebound, "I3").status_code == 201


def test_what_is_refused(rebound: Sandbox) -> None:
    assert push(rebound, "").status_code == 422
    rebound.post("rebound", flow_keys=["fk"])
    token = token_answer(rebound).json()["access_token"]
    url = f"{rebound.env['REBOUND_BASE_URL']}/sales-orders"
    headers = {"Authorization": f"Bearer {token}"}
    for flow_key, status in (("other", 403), ("fk", 201)):
        assert httpx.post(url, params={"flowKey": flow_key}, json={"clientOrderId": "D1"}, headers=headers).status_code == status
    assert httpx.post(url, content=b"{", headers=headers).status_code == 400
    assert httpx.get(url, headers=headers).status_code == 405
    assert httpx.get(f"{rebound.env['REBOUND_BASE_URL']}/nothing", headers=headers).status_code == 404
    answer = rebound.admin.post("/admin/rebound", json={"repeat": "maybe"})
    assert answer.status_code == 400


def test_faults_reach_rebound_too(rebound: Sandbox) -> None:
    rebound.fault("SALES-ORDERS", "cut_after", times=1)
    with pytest.raises(httpx.TransportError):
        push(rebound, "E1")
    assert len(stored(rebound, "E1")) == 1
    rebound.fault("TOKEN", "503", times=1)
    assert token_answer(rebound).status_code == 503
    assert rebound.requests(operation="SALES-ORDERS")[-1]["committed"] is True
