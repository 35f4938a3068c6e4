"""The ASGI application: finds the operation, lets a fault strike, answers or cuts the connection, and writes the request log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Refusal
from returns_assets.sandbox.faults import Fault
from returns_assets.sandbox.journal import Entry
from returns_assets.sandbox.mirakl import routes as mirakl
from returns_assets.sandbox.rebound.routes import Rebound
from returns_assets.sandbox.state import State

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_BEFORE = {"429": 429, "429_no_header": 429, "401": 401, "404": 404, "500": 500, "502": 502, "503": 503}
_MESSAGES = {
    429: "Too many requests",
    401: "Unauthorized",
    404: "Not Found",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
# Credentials never reach the log.
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})
_SILENCE = 3600.0


def _cut(send: Send) -> None:
    """Drop the TCP connection without an answer. ASGI has no word for it, so this goes to uvicorn's transport, which `send` belongs to."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("this server does not let its connections be cut; run the sandbox on uvicorn")
    transport.abort()


async def _body(receive: Receive) -> bytes | None:
    """None when the client went away before all of it was there: such a request never happened."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, answer: Answer) -> None:
    headers = [(b"content-length", str(len(answer.body)).encode())] if answer.status != 204 else []
    if answer.body and "content-type" not in answer.headers:
        headers.append((b"content-type", b"application/json;charset=UTF-8"))
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _silence(receive: Receive, seconds: float) -> None:
    """Until the client gives up, at most `seconds`."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return


class SandboxApp:
    """Mirakl at /mirakl/{marketplace}/api, ReBound at /rebound, everything else is the admin application's."""

    def __init__(self, state: State, rebound: Rebound, admin: App) -> None:
        self.state, self.rebound, self.admin = state, rebound, admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(("/mirakl/", "/rebound/")):
            await self.admin(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(receive)
        if body is None:
            return
        query = scope["query_string"].decode("latin-1")
        method: str = scope["method"]
        _, world, rest = path.split("/", 2)
        root = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
        if world == "rebound":
            marketplace, operation = None, self.rebound.operation_of(method, f"/{rest}")
        else:
            marketplace, _, rest = rest.partition("/")
            operation = mirakl.operation_of(method, rest.removeprefix("api"))

        def perform() -> Answer:
            if marketplace is None:
                return self.rebound.perform(method, f"/{rest}", query, headers, body, f"{root}/rebound")
            place = self.state.marketplaces.get(marketplace)
            if place is None or not rest.startswith("api/"):
                return Refusal(404, "Not Found").answer()
            api = f"{root}/mirakl/{marketplace}/api"
            return mirakl.perform(Call(self.state, place, method, rest.removeprefix("api"), api, query, headers, body))

        entry = self.state.journal.open(
            wire.iso(self.state.clock.now()),
            marketplace,
            operation,
            method,
            path,
            query,
            {name: value for name, value in headers.items() if name not in _SECRET},
            self.rebound.logged(headers, body) if marketplace is None else body.decode("utf-8", "replace"),
        )
        started = time.monotonic()
        struck = self.state.faults.strike(operation, marketplace, f"{path}?{query}\n{entry.body}") if self.state.faults.faults else None
        try:
            if struck is None:
                await self._finish(entry, perform(), send)
            else:
                await self._strike(entry, *struck, perform, receive, send)
        finally:
            entry.seconds = time.monotonic() - started
            self.state.journal.close(entry)

    async def _finish(self, entry: Entry, answer: Answer, send: Send) -> None:
        entry.status, entry.committed = answer.status, answer.status < 400
        await _answer(send, answer)

    async def _strike(self, entry: Entry, name: str, fault: Fault, perform: Callable[[], Answer], receive: Receive, send: Send) -> None:
        entry.fault = name
        if name in _BEFORE:
            status = _BEFORE[name]
            extra = {"retry-after": f"{fault.retry_after:g}"} if name == "429" else {}
            entry.status = status
            await _answer(send, Refusal(status, _MESSAGES[status], headers=extra).answer())
        elif name == "slow":
            await asyncio.sleep(1.0 if fault.seconds is None else fault.seconds)
            await self._finish(entry, perform(), send)
        elif name == "error_in_body":
            entry.status = 200
            await _answer(send, Answer.json({"error": {"code": "unavailable", "message": _MESSAGES[503]}}))
        elif name == "cut_before":
            _cut(send)
        else:
            entry.committed = perform().status < 400
            await self._after(entry, name, fault, receive, send)

    @staticmethod
    async def _after(entry: Entry, name: str, fault: Fault, receive: Receive, send: Send) -> None:
        if name == "500_after_commit":
            entry.status = 500
            await _answer(send, Refusal(500, _MESSAGES[500]).answer())
        elif name == "unreadable_after_commit":
            entry.status = 200
            await _answer(send, Answer(200, b'{"refunds":[{"refund_id":'))
        else:
            if name == "no_answer_after_commit":
                await _silence(receive, _SILENCE if fault.seconds is None else fault.seconds)
            _cut(send)
