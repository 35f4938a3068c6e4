"""The calls that tell Mirakl of a dispatch: OR23 and OR24, ST01, ST23 and ST24, each sent exactly once. Facts: reference, 5.1 and 5.2.

An error inside a 200 or 201 is an error, and an answer that does not name what was changed is not a success.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from returns_assets.mirakl.client import MiraklClient
from returns_assets.wire.answers import MESSAGE_LIMIT, Verdict, WriteAnswer, answer_of_failure, answer_of_refusal


def tracking_body(code: str | None, name: str | None, url: str | None, number: str | None, *, url_field: str) -> dict[str, str]:
    """Carrier and number as OR23 (`url_field` carrier_url) or ST01 and ST23 (tracking_url) take them: a code, or a name and its address."""
    given = {"carrier_code": code, "carrier_name": name, url_field: url, "tracking_number": number}
    return {field: value for field, value in given.items() if value}


def send_dispatch(client: MiraklClient, request: Mapping[str, Any]) -> WriteAnswer:
    """Send one effect's request (`operation`, `body`, and `order_id` or `shipment_id`) once. Never raises for what the network does."""
    method, path = _target(request)
    body = json.dumps(request["body"]).encode() if request["body"] else b""
    try:
        response = client.write(method, path, body)
    except httpx.HTTPError as error:
        return answer_of_failure(error)
    status = response.status_code
    if status == 404 and request["operation"] == "ST01":  # switched off since it was planned (reference, 5.2)
        return WriteAnswer(Verdict.REFUSED, status=status, message="multi-shipment is off")
    if not 200 <= status < 300:
        return answer_of_refusal(response)
    if request["operation"] in ("OR23", "OR24"):
        return WriteAnswer(Verdict.EXECUTED, str(request["order_id"]), status=status)  # 204: nothing more is said
    return _named_shipment(request, status, response.content)


def _target(request: Mapping[str, Any]) -> tuple[str, str]:
    match request["operation"]:
        case "OR23":
            return "PUT", f"/orders/{quote(str(request['order_id']), safe='')}/tracking"
        case "OR24":
            return "PUT", f"/orders/{quote(str(request['order_id']), safe='')}/ship"
        case "ST01":
            return "POST", "/shipments"
        case "ST23":
            return "POST", "/shipments/tracking"
        case "ST24":
            return "PUT", "/shipments/ship"
        case other:
            raise ValueError(f"{other!r} is no dispatch operation")


def _named_shipment(request: Mapping[str, Any], status: int, body: bytes) -> WriteAnswer:
    """The one shipment of the request, in the answer's successes or in its errors; UNKNOWN when it is in neither or in both."""
    field = "order_id" if request["operation"] == "ST01" else "id"
    mine = str(request["order_id"] if field == "order_id" else request["shipment_id"])
    try:
        answer: Any = json.loads(body)
        done = [entry for entry in answer.get("shipment_success") or () if str(entry[field]) == mine]
        errors = [entry for entry in answer.get("shipment_errors") or () if str(entry[field]) == mine]
    except (ValueError, KeyError, TypeError, AttributeError):
        return WriteAnswer(Verdict.UNKNOWN, status=status, message="the answer to the shipment cannot be read")
    if len(done) == 1 and not errors and done[0].get("id"):
        return WriteAnswer(Verdict.EXECUTED, str(done[0]["id"]), status=status)
    if errors and not done:
        return WriteAnswer(Verdict.REFUSED, status=status, message=_errors_text(errors))
    return WriteAnswer(Verdict.UNKNOWN, status=status, message=f"the answer names {len(done)} shipments and {len(errors)} errors")


def _errors_text(errors: Sequence[Any]) -> str:
    return "; ".join(str(error.get("message") or json.dumps(error)) for error in errors)[:MESSAGE_LIMIT]
