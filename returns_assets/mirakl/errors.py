"""What can go wrong when Mirakl is called, decided in one place: permanent or transient, and whether a write may have happened.

Reads raise `MiraklError`s. A refund call never raises for its outcome: it ends in one `Verdict` (see refund_call.py), because
"nobody knows" is a result that has to be stored, not an accident.
Status codes: reference, 1.3. Error bodies are `{"status": int, "message": string}` or carry an `errors` list.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, cast

import httpx

MESSAGE_LIMIT = 500


class MiraklError(RuntimeError):
    """Any failure of a call to Mirakl. `status` is the HTTP status, or None when no answer arrived."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class MiraklTransientError(MiraklError):
    """Time may clear it: no answer, 5xx, 408, 429. A read may be tried again."""


class MiraklPermanentError(MiraklError):
    """Asking again gives the same answer: 400, 404 and other 4xx."""


class MiraklDeniedError(MiraklPermanentError):
    """401 or 403: the key is wrong, or its user's role does not allow the operation. Every further call would fail too."""


class MiraklUnreadableError(MiraklTransientError):
    """A success status with a body that is not what the operation answers."""


class Verdict(StrEnum):
    """What is known about one write after the call."""

    EXECUTED = "executed"  # the answer names the refund
    REFUSED = "refused"  # Mirakl said no: nothing happened
    DENIED = "denied"  # 401/403: nothing happened, and nothing will
    LIMITED = "limited"  # 429: not executed, try later
    NOT_SENT = "not_sent"  # no connection came about: not executed
    UNKNOWN = "unknown"  # the request may have been executed


def verdict_of_status(status: int) -> Verdict:
    """The verdict of an answer that is not a readable success. Only a clear 4xx proves that nothing happened."""
    if status in (401, 403):
        return Verdict.DENIED
    if status == 429:
        return Verdict.LIMITED
    if 400 <= status < 500 and status != 408:
        return Verdict.REFUSED
    return Verdict.UNKNOWN  # 5xx and 408, but also 1xx, 3xx and an unreadable 2xx: somebody answered something else than "no"


def verdict_of_failure(error: httpx.HTTPError) -> Verdict:
    """The verdict of a call without an answer. Only a connection that never came about proves that nothing left this machine."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol):
        return Verdict.NOT_SENT
    return Verdict.UNKNOWN


def error_of_response(operation: str, response: httpx.Response) -> MiraklError | None:
    """The error that a read's answer stands for; None for a success."""
    status = response.status_code
    if 200 <= status < 300:
        return None
    text = f"{operation}: HTTP {status}: {message_of(response.content)}"
    if status in (401, 403):
        return MiraklDeniedError(text, status=status)
    if status in (408, 429) or status >= 500:
        return MiraklTransientError(text, status=status, retry_after=retry_after_of(response.headers))
    return MiraklPermanentError(text, status=status)


def error_of_failure(operation: str, error: httpx.HTTPError) -> MiraklTransientError:
    """The error of a read that got no answer. The text names the kind only: httpx's own text may repeat the address."""
    return MiraklTransientError(f"{operation}: no answer ({type(error).__name__})")


def message_of(body: bytes) -> str:
    """The message of an error body, shortened; the start of the body when it is not Mirakl's shape; never raises."""
    text = body.decode("utf-8", errors="replace")
    try:
        parsed: Any = json.loads(text)
    except ValueError:
        return " ".join(text.split())[:MESSAGE_LIMIT]
    if isinstance(parsed, dict):
        fields = cast("dict[str, Any]", parsed)
        messages = [str(fields["message"])] if fields.get("message") else []
        errors = fields.get("errors")
        for entry in cast("list[Any]", errors) if isinstance(errors, list) else []:
            messages.append(_entry_text(entry))
        if messages:
            return "; ".join(messages)[:MESSAGE_LIMIT]
    return " ".join(text.split())[:MESSAGE_LIMIT]


def _entry_text(entry: Any) -> str:
    if isinstance(entry, dict):
        fields = cast("dict[str, Any]", entry)
        parts = [str(fields[name]) for name in ("code", "field", "message") if fields.get(name)]
        return " ".join(parts)
    return str(entry)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by Retry-After (a number or an HTTP date); None when absent or unreadable (both happen: reference, 1.4)."""
    raw = headers.get("Retry-After", "").strip()
    if not raw:
        return None
    try:
        return max(0.0, float(raw))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(raw)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
