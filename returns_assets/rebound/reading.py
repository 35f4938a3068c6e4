"""The HTTP layer of reads: a pace, and repeats of what time may clear. Only for calls that change nothing, whatever their method."""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import httpx

from returns_assets.rebound.reading_errors import (
    CursorExpired,
    ReboundDeniedError,
    ReboundPermanentError,
    ReboundReadError,
    ReboundTransientError,
)
from returns_assets.wire.answers import retry_after_of

ATTEMPTS = 6
LONGEST_WAIT = 60.0
Wait = Callable[[float], None]


class Pace:
    """Calls no faster than so many a second, over all threads that share it."""

    def __init__(self, per_second: float, wait: Wait = time.sleep, clock: Callable[[], float] = time.monotonic) -> None:
        self._wait, self._clock = wait, clock
        self._gap, self._next = 1 / per_second, 0.0
        self._lock = threading.Lock()

    def turn(self) -> None:
        """Come back when the next call may go out."""
        with self._lock:
            now = self._clock()
            at = max(now, self._next)
            self._next = at + self._gap
        if at > now:
            self._wait(at - now)


class Reader:
    """Sends reads one after the other. `wait` and `clock` (monotonic seconds) are for tests."""

    def __init__(
        self, timeout: float, requests_per_second: float, wait: Wait = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = httpx.Client(timeout=timeout)
        self._wait = wait
        self.pace = Pace(requests_per_second, wait, clock)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def read(self, operation: str, request: Callable[[], httpx.Request], check: Callable[[httpx.Response], None] | None = None) -> Any:
        """The JSON of a success. `request` builds each attempt anew, `check` may refuse an answer by raising.

        Raises ReboundTransientError after the last attempt, CursorExpired, ReboundDeniedError, ReboundPermanentError.
        """
        attempt = 1
        while True:
            asked_to_wait: float | None = None
            try:
                response = self._send(operation, request())
                asked_to_wait = retry_after_of(response.headers)
                _refuse(operation, response)
                if check is not None:
                    check(response)
                return _parsed(operation, response)
            except ReboundTransientError:
                if attempt == ATTEMPTS:
                    raise
            backoff = 0.5 * 2 ** (attempt - 1) * (0.5 + random.random() / 2)
            self._wait(min(LONGEST_WAIT, backoff if asked_to_wait is None else asked_to_wait))
            attempt += 1

    def _send(self, operation: str, request: httpx.Request) -> httpx.Response:
        self.pace.turn()
        try:
            return self._http.send(request)
        except httpx.HTTPError as error:
            raise ReboundTransientError(f"{operation}: no answer ({type(error).__name__})") from None

    def request(self, method: str, url: str, **parts: Any) -> httpx.Request:
        """A request of this client."""
        return self._http.build_request(method, url, **parts)


class Unauthorised(ReboundDeniedError):
    """401: whoever has a token renews it once."""


def _refuse(operation: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    kind: type[ReboundReadError] = ReboundPermanentError
    if status == 401:
        kind = Unauthorised
    elif status == 403:
        kind = ReboundDeniedError
    elif status == 410:
        kind = CursorExpired
    elif status in (408, 429) or status >= 500:
        kind = ReboundTransientError
    raise kind(f"{operation}: HTTP {status}")


def _parsed(operation: str, response: httpx.Response) -> Any:
    """Numbers with a fraction stay the text they were written in, as the inbox's reader takes them."""
    try:
        return json.loads(response.content, parse_float=str)
    except ValueError:
        raise ReboundTransientError(f"{operation}: the answer is not JSON") from None


def as_object(operation: str, value: Any) -> Mapping[str, Any]:
    """Raises ReboundTransientError: what is no object is not the operation's answer, but something in between's."""
    if not isinstance(value, dict):
        raise ReboundTransientError(f"{operation}: the answer is not a JSON object")
    return cast("Mapping[str, Any]", value)


def document_bytes(value: Any) -> bytes:
    """A document out of an answer, in one spelling: the same content is the same document."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
