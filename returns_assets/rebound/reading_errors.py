"""What can go wrong when ReBound is read, decided in one place. The texts name operation, status and code only: ReBound's own words, and
httpx's, may repeat what was sent."""

import re

CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class ReboundReadError(RuntimeError):
    """Any failure of a read."""


class ReboundTransientError(ReboundReadError):
    """Time may clear it: no answer, 408, 429, 5xx, or an answer that cannot be read."""


class ReboundPermanentError(ReboundReadError):
    """Asking again gives the same answer."""


class ReboundDeniedError(ReboundPermanentError):
    """The credentials are wrong, or do not allow the operation: every further call would fail, too."""


class CursorExpired(ReboundPermanentError):
    """410: the poll has to start again from a time."""


def shown_code(code: object) -> str:
    """A code from an error body where it looks like one; nothing else of a body is shown."""
    text = str(code)
    return text if CODE.fullmatch(text) else "(not shown)"
