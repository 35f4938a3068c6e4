"""Seek paging (reference, 1.5): `limit`, opaque page tokens that carry the whole question, null or no token at the ends."""

from __future__ import annotations

import base64
import binascii

from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal


def token(question: str, start: int, size: int) -> str:
    return base64.urlsafe_b64encode(f"{start}|{size}|{question}".encode()).decode()


def _opened(text: str) -> tuple[str, int, int]:
    try:
        start, size, question = base64.urlsafe_b64decode(text.encode()).decode().split("|", 2)
        return question, int(start), int(size)
    except (binascii.Error, ValueError):
        raise Refusal(400, "The page_token is invalid") from None


def place_of(call: Call, most: int = 100) -> tuple[int, int]:
    """Where the page starts and its size. With page_token all other parameters are ignored: the call's question becomes the token's."""
    text = call.one("page_token")
    if text is None:
        return 0, call.whole("limit", 10, 1, most)
    call.raw_query, start, size = _opened(text)
    call.__post_init__()
    return start, size


def page(call: Call, rows: list[Json], start: int, size: int) -> Answer:
    body: Json = {"data": rows[start : start + size]}
    following = token(call.raw_query, start + size, size) if start + size < len(rows) else None
    previous = token(call.raw_query, max(start - size, 0), size) if start > 0 else None
    for name, value in (("next_page_token", following), ("previous_page_token", previous)):
        if value is not None or call.place.config.nulls == "null":  # null OR absent at the ends
            body[name] = value
    return Answer.json(body)


def direction(call: Call, *criteria: str) -> tuple[str, bool]:
    """`sort=<criterion>,ASC|DESC`: the criterion (the first one when not given) and whether it falls."""
    criterion, _, way = (call.one("sort") or criteria[0]).partition(",")
    if criterion not in criteria or way not in ("", "ASC", "DESC"):
        raise Refusal(400, f"Parameter 'sort' must be {' or '.join(criteria)} with ASC or DESC")
    return criterion, way == "DESC"
