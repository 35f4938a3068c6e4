"""What can go wrong when Mirakl is read, decided in one place: permanent or transient. Status codes: reference, 1.3.

A write never raises for its outcome: it ends in a `WriteAnswer` (wire/answers.py), because "nobody knows" is a result that has to be
stored, not an accident.
"""

import httpx

from returns_assets.wire.answers import message_of, retry_after_of


class MiraklError(RuntimeError):
    """Any failure of a call to Mirakl. `status` is the HTTP status, or None when no answer arrived.

    `marketplace`: whose Mirakl it was, told by the caller that knows; people run many, so it begins the text.
    """

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.marketplace = ""

    def __str__(self) -> str:
        text = super().__str__()
        return f"Mirakl ({self.marketplace}): {text}" if self.marketplace else f"Mirakl: {text}"


class MiraklTransientError(MiraklError):
    """Time may clear it: no answer, 5xx, 408, 429. A read may be tried again."""


class MiraklPermanentError(MiraklError):
    """Asking again gives the same answer: 400, 404 and other 4xx."""


class MiraklDeniedError(MiraklPermanentError):
    """401 or 403: the key is wrong, or its user's role does not allow the operation. Every further call would fail too."""


class MiraklUnreadableError(MiraklTransientError):
    """A success status with a body that is not what the operation answers."""


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
