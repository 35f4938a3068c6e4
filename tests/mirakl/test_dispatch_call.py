"""What the answer to a dispatch call proves: an error inside a success is an error, a success that names nothing is unknown."""

import json
from typing import Any

import httpx
import pytest

from returns_assets.mirakl.client import MiraklClient
from returns_assets.mirakl.dispatch_call import send_dispatch
from returns_assets.wire.answers import Verdict

ST01: dict[str, Any] = {"operation": "ST01", "order_id": "O", "body": {"shipments": [{"order_id": "O"}]}}
ST24: dict[str, Any] = {"operation": "ST24", "order_id": "O", "shipment_id": "S", "body": {"shipments": [{"id": "S"}]}}
OR24: dict[str, Any] = {"operation": "OR24", "order_id": "a/b", "body": {}}


@pytest.mark.parametrize(
    ("request_", "status", "body", "verdict", "says"),
    [
        (ST01, 201, {"shipment_success": [{"id": "S", "order_id": "O"}], "shipment_errors": []}, Verdict.EXECUTED, ""),
        (ST01, 201, {"shipment_success": [], "shipment_errors": [{"order_id": "O", "message": "bad units"}]}, Verdict.REFUSED, "bad units"),
        (ST01, 201, {"shipment_success": [{"id": "S", "order_id": "other"}]}, Verdict.UNKNOWN, "names 0 shipments"),
        (ST01, 201, {}, Verdict.UNKNOWN, "names 0 shipments"),
        (ST01, 201, [], Verdict.UNKNOWN, "cannot be read"),
        (ST01, 404, {"status": 404, "message": "Not Found"}, Verdict.REFUSED, "multi-shipment is off"),
        (ST24, 200, {"shipment_success": [{"id": "S"}], "shipment_errors": []}, Verdict.EXECUTED, ""),
        (ST24, 200, {"shipment_success": None, "shipment_errors": [{"id": "S", "message": "no such"}]}, Verdict.REFUSED, "no such"),
        (ST24, 500, {}, Verdict.UNKNOWN, ""),
        (OR24, 204, None, Verdict.EXECUTED, ""),
        (OR24, 400, {"status": 400, "message": "wrong state"}, Verdict.REFUSED, "wrong state"),
        (OR24, 403, {}, Verdict.DENIED, ""),
    ],
)
def test_verdicts(request_: dict[str, Any], status: int, body: Any, verdict: Verdict, says: str) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, content=b"" if body is None else json.dumps(body).encode())

    client = MiraklClient("http://127.0.0.1", "secret", "1", transport=httpx.MockTransport(answer))
    found = send_dispatch(client, request_)
    assert (found.verdict, found.status) == (verdict, status)
    assert says in found.message
    assert len(seen) == 1
    assert seen[0].headers["authorization"] == "secret"
    if request_ is OR24:
        assert seen[0].headers["content-length"] == "0"
        assert seen[0].url.raw_path == b"/api/orders/a%2Fb/ship?shop_id=1"
