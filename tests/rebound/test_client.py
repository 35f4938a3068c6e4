"""Writes to ReBound's REST API against the sandbox: sent once, renewed once, and never taken for done without the id."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from returns_assets.rebound.client import ReboundClient, Reply
from returns_assets.rebound.reading_errors import ReboundDeniedError, ReboundPermanentError
from returns_assets.rebound.tokens import client_credentials
from returns_assets.wire.answers import Verdict
from tests.sandbox_fixture import Sandbox, running_sandbox

ORDER = {"clientOrderId": "NOR-1-A"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as started:
        yield started


def client(server: Sandbox, **more: Any) -> ReboundClient:
    options = {"timeout": 5.0, "requests_per_second": 1e6, "concurrency": 2, "wait": lambda _: None, **more}
    secret = options.pop("secret", server.env["REBOUND_CLIENT_SECRET"])
    form = client_credentials(server.env["REBOUND_CLIENT_ID"], secret, {})
    return ReboundClient(server.env["REBOUND_BASE_URL"], server.env["REBOUND_TOKEN_URL"], form, **options)


def push(server: Sandbox, order_id: str, **more: Any) -> Reply:
    mine = client(server)
    try:
        return mine.post("/sales-orders", {"clientOrderId": order_id}, id_field="salesOrderId", **more)
    finally:
        mine.close()


def test_an_order_is_written_once_with_flow_and_key(server: Sandbox) -> None:
    server.delete("requests")
    reply = push(server, "NOR-1-A", flow_key="F1", idempotency_key="k-1")
    assert (reply.answer.verdict, reply.answer.status) == (Verdict.EXECUTED, 201)
    assert reply.answer.external_id == reply.content["salesOrderId"]
    [version] = server.get("rebound/orders", client_order_id="NOR-1-A")["orders"][0]["versions"]
    assert version["flowKey"] == "F1"
    assert len(server.requests(operation="SALES-ORDERS")) == 1


def test_a_refused_token_is_renewed_once(server: Sandbox) -> None:
    mine = client(server)
    mine.admit()
    server.post("rebound", revoke_tokens=True)
    assert mine.post("/sales-orders", {"clientOrderId": "NOR-2-A"}, id_field="salesOrderId").answer.verdict is Verdict.EXECUTED
    server.fault("SALES-ORDERS", "401", times=2)
    assert mine.post("/sales-orders", {"clientOrderId": "NOR-3-A"}, id_field="salesOrderId").answer.verdict is Verdict.DENIED
    assert server.get("rebound/orders", client_order_id="NOR-3-A")["orders"] == []
    mine.close()


@pytest.mark.parametrize(
    ("fault", "verdict", "executed"),
    [
        ("cut_after", Verdict.UNKNOWN, True),
        ("cut_before", Verdict.UNKNOWN, False),
        ("500_after_commit", Verdict.UNKNOWN, True),
        ("unreadable_after_commit", Verdict.UNKNOWN, True),
        ("429", Verdict.LIMITED, False),
    ],
)
def test_a_write_is_never_repeated(server: Sandbox, fault: str, verdict: Verdict, executed: bool) -> None:
    server.delete("requests")
    server.fault("SALES-ORDERS", fault, times=1)
    order_id = f"NOR-{fault}"
    assert push(server, order_id).answer.verdict is verdict
    assert len(server.requests(operation="SALES-ORDERS")) == 1
    assert bool(server.get("rebound/orders", client_order_id=order_id)["orders"]) is executed


def test_a_refusal_is_said_without_its_words_and_a_success_needs_its_id_unless_told_otherwise(server: Sandbox) -> None:
    mine = client(server)
    refused = mine.post("/sales-orders", b'{"clientOrderId": ""}', id_field="salesOrderId").answer
    assert (refused.verdict, refused.message) == (Verdict.REFUSED, "Unprocessable Entity; field clientOrderId")
    assert "clientOrderId must be a string that is not empty" in refused.words
    assert refused.words not in str(refused)
    assert mine.post("/sales-orders", {"clientOrderId": "NOR-9-A"}, id_field="id").answer.verdict is Verdict.UNKNOWN
    done = mine.post("/sales-orders", {"clientOrderId": "NOR-10-A"}, id_field="id", needs_id=False).answer
    assert (done.verdict, done.external_id) == (Verdict.EXECUTED, None)
    mine.close()


def test_reads_have_a_token_too_and_wrong_credentials_are_said(server: Sandbox) -> None:
    mine = client(server)
    assert mine.get("RETURN-LIST", "/return-orders", {"clientOrderId": "NOR-1-A"})["data"] == []
    with pytest.raises(ReboundPermanentError, match="HTTP 404"):
        mine.get("RETURN", "/return-orders/none")
    mine.close()
    stranger = client(server, secret="wrong")
    with pytest.raises(ReboundDeniedError, match="credentials are refused"):
        stranger.admit()
    denied = stranger.post("/sales-orders", ORDER, id_field="salesOrderId").answer
    assert (denied.verdict, "wrong" in denied.message) == (Verdict.DENIED, False)
    stranger.close()


def test_nobody_there_is_not_sent(tmp_path: Path) -> None:
    nobody = ReboundClient(
        "http://127.0.0.1:9", "http://127.0.0.1:9/t", {}, timeout=1, requests_per_second=1e6, concurrency=1, wait=lambda _: None
    )
    assert nobody.post("/sales-orders", ORDER, id_field="salesOrderId").answer.verdict is Verdict.NOT_SENT
    nobody.close()
