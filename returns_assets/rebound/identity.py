"""Who is who: the text of ids and values, the identity of an event, the identity of a piece that has no id of its own.

Two documents that say the same in other bytes (key order, spaces, escapes, numbers for strings, `(00)` or not, item order) are the same
events. The time of arrival is never part of an identity.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any

# ReBound writes ids as GS1 SSCCs: application identifier (00) and 18 digits (docs.reboundreturns.com, refund trigger). Zeros after it
# belong to the id.
SSCC_PREFIX = "(00)"
Facts = tuple[str | int | None, ...]  # what a document says of an item, as read


def clean_text(value: str) -> str:
    """Trimmed, NFC, without characters that no store keeps (control characters, half surrogates): those become U+FFFD."""
    text = value.strip()
    if text.isascii() and text.isprintable():
        return text
    kept = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\r\n" else c for c in text)
    return unicodedata.normalize("NFC", kept).strip()


def scalar_text(value: Any) -> str | None:
    """Text and numbers as clean text; None for what is no scalar value (objects, lists, true and false)."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return str(value)
    return None


def is_null(text: str, null_tokens: frozenset[str]) -> bool:
    """Whether the text is one of the account's words for 'no value'. `null_tokens` come from `null_set`."""
    return text.casefold() in null_tokens


def null_set(tokens: Sequence[str]) -> frozenset[str]:
    """The account's null tokens, comparable; no text at all is always one."""
    return frozenset({clean_text(token).casefold() for token in tokens} | {""})


def normal_id(text: str) -> str:
    """A return or piece id without the SSCC application identifier. Case and leading zeros stay: they can tell ids apart."""
    return text.removeprefix(SSCC_PREFIX).strip()


# The first word of every key of what G3 tells, however it came: pushed, as a file or polled, it is the same fact. (Stored keys have it.)
G3_FACTS = "g3_push"


def event_key(
    dialect: str, kind: str, return_id: str | None, order_id: str | None, status: str | None, time: str | None, item: Facts | None
) -> str:
    """sha256 (hex) of one event's canonical JSON. `time` only if the document has one, `item` as read, before any mapping.

    It is the key of what one document says about one item, not of the whole document: whether Refund Triggers are cumulative is not
    published, and a piece that is named again beside a new one is no new event.
    """
    about_item = "null" if item is None else canonical_list(item)
    canonical = canonical_list((dialect, kind, return_id, order_id, status, time))
    return hashlib.sha256(f"[{canonical},{about_item}]".encode()).hexdigest()


def canonical_list(values: Iterable[str | int | None]) -> str:
    """A JSON array of text, whole numbers and nulls, in one spelling: ASCII, no spaces. (json.dumps takes five times as long for it.)"""
    return "[" + ",".join(["null" if v is None else encode_basestring_ascii(v) if isinstance(v, str) else str(v) for v in values]) + "]"


def fallback_piece_id(owner: str, reference: str, ordinal: int) -> str:
    """The id of a piece without one: return, line (or SKU, or EAN), and which of the equal ones it is (from 1)."""
    return f"{owner}/{reference}/{ordinal}"
