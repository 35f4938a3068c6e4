"""What is known about one write after the call, decided in one place: executed, refused, or nobody knows.

Error bodies are `{"status": int, "message": string}` or carry an `errors` list (Mirakl reference, 1.3).
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http.client import responses
from typing import Any, cast

import httpx

MESSAGE_LIMIT = 500
NAME = re.compile(r"[A-Za-z0-9_.:/$#\[\]-]{1,80}")  # a code or the way to a field: no blank, so no sentence
LONGEST_WAIT = 86_400.0  # seconds; a header must not put an effect off for longer than a day


class Verdict(StrEnum):
    """What is known about one write after the call."""

    EXECUTED = "executed"  # the answer says so
    ACCEPTED = "accepted"  # taken to be worked off later: what became of it is read back by its id
    REFUSED = "refused"  # the other system said no: nothing happened
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


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """What one effect's request came to. `external_id`: the other system's id of the change; `amounts`: money that the answer names;
    `cause`: what is to be known of a change that was executed. `words`: the other system's own text where `message` leaves it out, to
    find the row of refusals.csv by and to be kept nowhere."""

    verdict: Verdict
    external_id: str | None = None
    amounts: Mapping[str, Decimal | None] | None = None
    status: int | None = None
    message: str = ""
    retry_after: float | None = None
    words: str = field(default="", repr=False)
    cause: str | None = None


def answer_of_failure(error: httpx.HTTPError) -> WriteAnswer:
    """The answer of a call that got none. The text names the kind only: httpx's own text may repeat the address."""
    return WriteAnswer(verdict_of_failure(error), message=f"no answer ({type(error).__name__})")


def answer_of_refusal(response: httpx.Response, *, words: bool = True) -> WriteAnswer:
    """The answer of a status that is not a success. Without `words` its message has nothing of the body that could quote a person."""
    status, text = response.status_code, message_of(response.content)
    verdict, retry_after = verdict_of_status(status), retry_after_of(response.headers)
    if words:
        return WriteAnswer(verdict, status=status, message=text, retry_after=retry_after)
    return WriteAnswer(verdict, status=status, message=codes_of(status, response.content), retry_after=retry_after, words=text)


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


def codes_of(status: int, body: bytes) -> str:
    """The status in words of our own, and what an error body has of codes and names of fields: `code` and the entries of `errors`.

    Everything else, and a code that is more than a name, could quote the request and is left out. Never raises.
    """
    phrase = responses.get(status, "a status without a name")
    try:
        parsed: Any = json.loads(body)
    except ValueError:
        return phrase
    if not isinstance(parsed, dict):
        return phrase
    fields = cast("dict[str, Any]", parsed)
    errors = fields.get("errors")
    found = [_names(fields, ("code",))]
    found += [_names(entry, ("code", "field", "path")) for entry in (cast("list[Any]", errors) if isinstance(errors, list) else [])]
    return "; ".join([phrase, *(text for text in found if text)])[:MESSAGE_LIMIT]


def _names(entry: Any, keys: Sequence[str]) -> str:
    given = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    values = {key: str(given[key]) for key in keys if isinstance(given.get(key), str | int)}
    return " ".join(f"{key} {value}" for key, value in values.items() if NAME.fullmatch(value))


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
        seconds = float(raw)
    except ValueError:
        seconds = None
    if seconds is not None:
        return min(max(0.0, seconds), LONGEST_WAIT) if math.isfinite(seconds) else None
    try:
        at = parsedate_to_datetime(raw)
    except ValueError:
        return None
    seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), LONGEST_WAIT)
