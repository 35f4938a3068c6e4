"""The HTTP endpoint that ReBound posts to: an ASGI app that stores the bytes and answers only after the commit.

It decides nothing about the content. Whoever gets a 202 may forget the document; whoever gets anything else sends it again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from returns_assets.rebound.authentication import AuthConfig, Authentication, authentication
from returns_assets.rebound.documents import why_unreadable

ALLOWED_TYPES = ("application/json", "application/x-ndjson", "application/ndjson", "application/jsonl")
TABLE_TYPES = ("text/csv", "application/csv")  # for channels that carry the warehouse's files
TABLE_KIND = "warehouse_file"


class InboxAdd(Protocol):
    """Stores durably before it returns (document id, is new)."""

    def __call__(self, content: bytes, *, channel: str, name: str, received_at: datetime) -> tuple[int, bool]: ...


class ReceiverSettings(Protocol):
    """What is needed of `receiver` in `mappings/rebound.yaml`."""

    @property
    def auth(self) -> AuthConfig: ...
    @property
    def max_body_bytes(self) -> int: ...


class ReceiverProfile(Protocol):
    """What is needed of the account."""

    @property
    def channels(self) -> Mapping[str, str]: ...
    @property
    def receiver(self) -> ReceiverSettings: ...


def create_receiver(
    inbox_add: InboxAdd,
    profile: ReceiverProfile,
    secrets: Mapping[str, str],
    clock: Callable[[], datetime],
    unreadable: Callable[[str, bytes, str], str] = why_unreadable,
) -> Starlette:
    """POST /returns/{channel} and GET /health. `secrets`: variables by name (the environment); `clock` gives aware UTC; `unreadable`
    says of channel, content and name why nothing can be read, or nothing.

    Raises ReceiverMisconfigured when the authentication cannot work. 202 stored; 400 not readable (kept all the same); 401; 404 no such
    channel; 413; 415; 503 not stored.
    """
    proof = authentication(profile.receiver.auth, secrets)
    limit = profile.receiver.max_body_bytes

    async def receive(request: Request) -> Response:
        body = None
        if proof is not None:  # before anything is said about channels or content
            body = await _body(request, limit) if proof.needs_body else None
            _prove(proof, request, body or b"")
        channel = request.path_params["channel"]
        if channel not in profile.channels:
            raise HTTPException(404, f"no such channel; this account has: {', '.join(sorted(profile.channels))}")
        _check_type(request, profile.channels[channel])
        body = await _body(request, limit) if body is None else body
        if not body.strip():
            raise HTTPException(400, "the body is empty; a document is needed")
        fault = await run_in_threadpool(unreadable, channel, body, "body")
        # what cannot be read is kept, too: it is the only trace of what the sender meant
        document_id, is_new = await run_in_threadpool(
            inbox_add, body, channel=channel, name=f"POST /returns/{channel}", received_at=clock()
        )
        if fault:
            return _answer(400, {"error": f"kept as document {document_id}, but it cannot be read: {fault}"})
        return _answer(202, {"document_id": document_id, "new": is_new})

    async def health(request: Request) -> Response:
        return _answer(200, {"status": "ok"})

    return Starlette(
        routes=[Route("/returns/{channel}", receive, methods=["POST"]), Route("/health", health, methods=["GET"])],
        exception_handlers={HTTPException: _refuse, ClientDisconnect: _gone, Exception: _not_stored},
    )


def _prove(proof: Authentication, request: Request, body: bytes) -> None:
    given = request.headers.get(proof.header)
    if given is None or not proof.check(given, body):
        headers = {"WWW-Authenticate": proof.challenge} if proof.challenge else None
        raise HTTPException(401, f"the header {proof.header} is missing or wrong", headers=headers)


def _check_type(request: Request, kind: str) -> None:
    """JSON, CSV where the channel carries tables, or nothing said. A compressed body would be stored as bytes that nobody can read."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    allowed = (*ALLOWED_TYPES, *(TABLE_TYPES if kind == TABLE_KIND else ()))
    if media and media not in allowed and not media.endswith("+json"):
        raise HTTPException(415, f"content type {media} is not accepted; allowed: {', '.join(allowed)}")
    if request.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise HTTPException(415, "a content encoding is not accepted; send the document as it is")


async def _body(request: Request, limit: int) -> bytes:
    """The whole body, or 413: by its announced length at once, by what really comes when it is chunked or lies."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise HTTPException(413, f"the body is larger than {limit} bytes")
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit:
            raise HTTPException(413, f"the body is larger than {limit} bytes")
    return bytes(received)


def _answer(code: int, content: dict[str, object], headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(content, status_code=code, headers=headers)


async def _refuse(request: Request, error: Exception) -> Response:
    refusal = error if isinstance(error, HTTPException) else HTTPException(500)
    return _answer(refusal.status_code, {"error": refusal.detail}, refusal.headers)


async def _gone(request: Request, error: Exception) -> Response:
    """The sender hung up before the end: nothing was stored, and nobody reads this answer."""
    return _answer(400, {"error": "the body ended early; nothing was stored"})


async def _not_stored(request: Request, error: Exception) -> Response:
    """Anything unforeseen (the store is down, the disk full): the sender keeps the document. Starlette logs the error itself."""
    return _answer(503, {"error": "not stored; send it again"}, {"Retry-After": "60"})
