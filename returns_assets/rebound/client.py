"""ReBound's REST API (G3) for what changes something there: a token, a pace, one request, and what is known afterwards.

A write is sent once. The one exception is a 401, which proves that nothing happened: it is sent once more with a fresh token
(reference, 1.2). Reads are repeated by reading.py. Which path and body an operation has is known by whoever calls.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import httpx

from returns_assets.rebound.reading import Reader, Wait
from returns_assets.rebound.reading_errors import ReboundDeniedError, ReboundReadError
from returns_assets.rebound.tokens import TokenSource
from returns_assets.wire.answers import Verdict, WriteAnswer, answer_of_failure, answer_of_refusal

CREATED = (201, 204)  # done, whatever the body says
KEEPALIVE_SECONDS = 3.0  # given up before a server closes it: a write that meets a closing connection has an unknown outcome


@dataclass(frozen=True, slots=True)
class Reply:
    """One write's answer. `content`: the JSON object of a success; `location`: where a success says to ask again (202)."""

    answer: WriteAnswer
    content: Mapping[str, Any] = field(default_factory=dict[str, Any])
    location: str | None = None


class ReboundClient:
    """One account; thread-safe; close it. `wait` and `clock` (monotonic seconds) are for tests."""

    def __init__(
        self,
        base_url: str,
        token_url: str,
        form: Mapping[str, str],
        *,
        timeout: float,
        requests_per_second: float,
        concurrency: int,
        wait: Wait = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.concurrency = concurrency
        self._root = base_url.rstrip("/")
        self._wait = wait
        self._reader = Reader(timeout, requests_per_second, wait, clock)
        self._tokens = TokenSource(self._reader, token_url, form, clock)
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=KEEPALIVE_SECONDS)
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout, pool=None),  # waiting for a free connection is not a lost answer
            limits=limits,
            verify=not base_url.startswith("http://"),
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        self._reader.close()

    def pause(self, seconds: float) -> None:
        """Wait as ReBound asked to."""
        self._wait(seconds)

    def admit(self) -> None:
        """Have a token before anything is claimed. Raises ReboundReadError when there is none to be had."""
        self._tokens.token()

    def get(self, operation: str, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON of a read, repeated where time may help. Raises ReboundReadError; a 404 is ReboundPermanentError."""

        def read(token: str) -> Any:
            headers = {"Authorization": f"Bearer {token}"}
            return self._reader.read(
                operation, lambda: self._reader.request("GET", self._root + path, params=dict(params or {}), headers=headers)
            )

        return self._tokens.read(read)

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | bytes,
        *,
        id_field: str,
        flow_key: str | None = None,
        idempotency_key: str | None = None,
        needs_id: bool = True,
    ) -> Reply:
        """POST once; never raises for what the network or ReBound does: that is the answer.

        EXECUTED: a 2xx whose JSON object names the change in `id_field` (`WriteAnswer.external_id`); a 2xx without it is UNKNOWN, unless
        not `needs_id`: then 200, 201 and 204 are EXECUTED, with the id only where it is named (reference, 1.3: 201, no body published).
        `body` as bytes is sent as it is, for money that must stay exact. `flow_key`: the account's flow (documented query parameter).
        `idempotency_key`: sent and never relied on (reference, 3.2). A refusal's message has only the status, codes and names of fields:
        ReBound's words could quote the customer whom it knows.
        """
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        params = {"flowKey": flow_key} if flow_key else {}
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        for attempt in (1, 2):
            try:
                token = self._tokens.token()
            except ReboundDeniedError as error:
                return Reply(WriteAnswer(Verdict.DENIED, message=str(error)))
            except ReboundReadError as error:
                return Reply(WriteAnswer(Verdict.NOT_SENT, message=str(error)))
            self._reader.pace.turn()
            try:
                bearer = {**headers, "Authorization": f"Bearer {token}"}
                response = self._http.post(self._root + path, params=params, headers=bearer, content=content)
            except httpx.HTTPError as error:
                return Reply(answer_of_failure(error))
            if response.status_code != 401 or attempt == 2:
                return _reply(response, id_field, needs_id=needs_id)
            self._tokens.renew(token)
        raise AssertionError("the second attempt returns")


def _reply(response: httpx.Response, id_field: str, *, needs_id: bool) -> Reply:
    status = response.status_code
    if not 200 <= status < 300:
        return Reply(answer_of_refusal(response, words=False))
    fields = _fields(response.content)
    if fields is not None and fields.get(id_field):
        return Reply(WriteAnswer(Verdict.EXECUTED, str(fields[id_field]), status=status), fields, response.headers.get("location"))
    # a page in place of an answer comes with a 200: only a status that says "created" needs no readable body
    if not needs_id and (status in CREATED or (status == 200 and (fields is not None or not response.content))):
        return Reply(WriteAnswer(Verdict.EXECUTED, status=status), fields or {}, response.headers.get("location"))
    message = "the answer cannot be read" if fields is None else f"the answer has no {id_field}"
    return Reply(WriteAnswer(Verdict.UNKNOWN, status=status, message=message))


def _fields(content: bytes) -> dict[str, Any] | None:
    """The JSON object of a body, money as text; None when it is none."""
    try:
        parsed: Any = json.loads(content, parse_float=str)
    except ValueError:
        return None
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None
