"""The admin API's frame: JSON in, JSON out, errors as {status, message}, and the list of all its routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from returns_assets.sandbox import admin_stock, wire
from returns_assets.sandbox.admin_observe import GETS
from returns_assets.sandbox.admin_operate import DELETES, POSTS
from returns_assets.sandbox.admin_returns import GETS as RETURN_GETS
from returns_assets.sandbox.admin_returns import POSTS as RETURN_POSTS
from returns_assets.sandbox.exchange import Json, Refusal
from returns_assets.sandbox.rebound import Rebound
from returns_assets.sandbox.state import State

Act = Callable[[State, Json], Any]


def _json(value: Any, status: int = 200) -> Response:
    return Response(wire.dumps(value), status, media_type="application/json")


async def _given(request: Request) -> Json:
    if request.method in ("GET", "DELETE"):
        return dict(request.query_params)
    raw = await request.body()
    # A bulk load is read off the event loop: it may be hundreds of megabytes.
    value: Any = await run_in_threadpool(wire.loads, raw) if raw else {}
    if not isinstance(value, dict):
        raise ValueError("the body must be a JSON object")
    return cast(Json, value)


def _endpoint(state: State, acts: dict[str, Act]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            given = await _given(request)
            return _json(await run_in_threadpool(acts[request.method], state, given))
        except Refusal as refusal:
            answer = refusal.answer()
            return Response(answer.body, answer.status, media_type="application/json")
        except KeyError as error:
            known = ", ".join(state.marketplaces)
            return _json({"status": 404, "message": f"unknown or missing: {error.args[0]} (marketplaces here: {known})"}, 404)
        except (ValueError, ArithmeticError, TypeError) as error:
            return _json({"status": 400, "message": str(error)}, 400)

    return endpoint


def admin_app(state: State, rebound: Rebound, more: list[Route]) -> Starlette:
    """All admin routes; `more` are those of other parts (the world's)."""

    def set_rebound(state: State, given: Json) -> Json:
        """{repeat: 409 | overwrite | duplicate, token_seconds, flow_keys, revoke_tokens: true}."""
        if given.get("revoke_tokens"):
            rebound.revoke()
        account = state.config.rebound
        for name in ("token_seconds", "flow_keys"):
            if name in given:
                setattr(account, name, given[name])
        if "repeat" in given:
            account.repeat = str(given["repeat"])
            account.__post_init__()
        return {"repeat": account.repeat, "token_seconds": account.token_seconds, "flow_keys": account.flow_keys}

    acts: dict[str, dict[str, Act]] = {}
    for method, table in (
        ("GET", {**GETS, **RETURN_GETS, **admin_stock.GETS}),
        ("POST", {**POSTS, **RETURN_POSTS, **admin_stock.POSTS, "/admin/rebound": set_rebound}),
        ("DELETE", DELETES),
    ):
        for path, act in table.items():
            acts.setdefault(path, {})[method] = act
    routes: list[BaseRoute] = [*more]
    routes += [Route(path, _endpoint(state, by_method), methods=list(by_method)) for path, by_method in acts.items()]
    return Starlette(routes=routes)
