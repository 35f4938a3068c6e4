"""RT01: a return that did not start in Mirakl is created there, one a call; and RT12, what of an order line Mirakl lets be returned.

Sent exactly once. RT01 has no key of its own: repeated, it uses the returnable quantity up a second time (reference, 2.2, 7.4, 7.5).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from returns_assets.mirakl.client import MiraklClient, parse
from returns_assets.mirakl.errors import MiraklUnreadableError
from returns_assets.mirakl.return_call import answer_list
from returns_assets.wire.answers import MESSAGE_LIMIT, Verdict, WriteAnswer, answer_of_failure, answer_of_refusal


def create_return(client: MiraklClient, entry: Mapping[str, Any]) -> WriteAnswer:
    """Create one return, in one order; the answer has Mirakl's return id. Never raises for what the network or Mirakl does."""
    try:
        response = client.write("POST", "/returns", json.dumps({"returns": [dict(entry)]}).encode())
    except httpx.HTTPError as error:
        return answer_of_failure(error)
    if not 200 <= response.status_code < 300:
        return answer_of_refusal(response)
    status = response.status_code
    try:
        body: Any = json.loads(response.content)
        made = [str(row["id"]) for row in answer_list(body, "return_success")]
        refused = [str(row.get("message") or "") for row in answer_list(body, "return_errors")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return WriteAnswer(Verdict.UNKNOWN, status=status, message="the answer cannot be read")
    if len(made) == 1 and not refused:
        return WriteAnswer(Verdict.EXECUTED, made[0], status=status)
    if refused and not made:
        return WriteAnswer(Verdict.REFUSED, status=status, message="; ".join(refused)[:MESSAGE_LIMIT])
    return WriteAnswer(Verdict.UNKNOWN, status=status, message=f"the answer names {len(made)} returns and {len(refused)} errors")


def returnable(client: MiraklClient, order_line_ids: Sequence[str]) -> dict[str, int]:
    """Order line -> units that Mirakl lets be returned (RT12); a line that it does not list is absent. Raises MiraklError."""
    found: dict[str, int] = {}
    for page in client.items_to_return(order_line_ids):
        try:
            for row in parse("RT12", page)["data"]:
                found[str(row["order_line_id"])] = int(row.get("returnable_quantity") or 0)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MiraklUnreadableError("RT12: the answer has no readable list of order lines") from error
    return found
