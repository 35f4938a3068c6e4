"""RT04 (no action), RT21, RT25, RT26, RT27, RT29: changes of returns, up to 100 a call, each answered for by itself inside a 200
(reference, 7.5).

Sent exactly once. A return that the answer names neither as done nor as refused is unknown: nothing is concluded from silence.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import httpx

from returns_assets.mirakl.client import MiraklClient
from returns_assets.wire.answers import MESSAGE_LIMIT, Verdict, WriteAnswer, answer_of_failure, answer_of_refusal

MOST = 100  # entries of one call
Entry = Mapping[str, Any]


def send_returns(client: MiraklClient, action: str, entries: Sequence[Entry], may_send: Callable[[], bool]) -> list[WriteAnswer]:
    """One answer an entry, in their order; never raises for what the network or Mirakl does.

    A 400 refuses the whole call and does nothing, be it for one entry alone (reference, 1.3): the two halves are then sent apart, while
    `may_send` allows.
    """
    if not may_send():
        return [WriteAnswer(Verdict.NOT_SENT, message="not sent: the time for it was over")] * len(entries)
    try:
        response = client.write("PUT", f"/returns/{action}" if action else "/returns", json.dumps({"returns": list(entries)}).encode())
    except httpx.HTTPError as error:
        return [answer_of_failure(error)] * len(entries)
    if 200 <= response.status_code < 300:
        return _each(entries, response)
    if response.status_code == 400 and len(entries) > 1:
        half = len(entries) // 2
        return [*send_returns(client, action, entries[:half], may_send), *send_returns(client, action, entries[half:], may_send)]
    return [answer_of_refusal(response)] * len(entries)


def _each(entries: Sequence[Entry], response: httpx.Response) -> list[WriteAnswer]:
    status = response.status_code
    try:
        body: Any = json.loads(response.content)
        done = {str(entry["id"]) for entry in answer_list(body, "return_success")}
        refused = {str(entry["id"]): str(entry.get("message") or "") for entry in answer_list(body, "return_errors")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return [WriteAnswer(Verdict.UNKNOWN, status=status, message="the answer cannot be read")] * len(entries)
    return [_one(str(entry["id"]), done, refused, status) for entry in entries]


def answer_list(body: Any, name: str) -> list[dict[str, Any]]:
    """A list of the answer; null or absent where it would be empty (reference, 1.2)."""
    return cast("list[dict[str, Any]]", body.get(name) or [])


def _one(return_id: str, done: set[str], refused: Mapping[str, str], status: int) -> WriteAnswer:
    if return_id in done and return_id not in refused:
        return WriteAnswer(Verdict.EXECUTED, return_id, status=status)
    if return_id in refused and return_id not in done:
        return WriteAnswer(Verdict.REFUSED, status=status, message=refused[return_id][:MESSAGE_LIMIT])
    said = "both as done and as refused" if return_id in done else "neither as done nor as refused"
    return WriteAnswer(Verdict.UNKNOWN, status=status, message=f"the answer names the return {said}")
