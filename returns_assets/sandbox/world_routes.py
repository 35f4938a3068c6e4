"""The world's part of the admin API: make a world, load real data, deliver what is due, tell what was planted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from returns_assets.sandbox import wire
from returns_assets.sandbox.scenarios import SCENARIOS, Scenario
from returns_assets.sandbox.scenarios_warehouse import WAREHOUSE_SCENARIOS
from returns_assets.sandbox.state import State
from returns_assets.sandbox.warehouse_admin import notices
from returns_assets.sandbox.world import World, load_online_retail, world_of
from returns_assets.sandbox.world_plan import expected_lines, truth_rows
from returns_assets.sandbox.world_returns import opening_rows

Json = dict[str, Any]


def _json(value: Any, status: int = 200) -> Response:
    return Response(wire.dumps(value), status, media_type="application/json")


def _moment(text: str) -> datetime:
    value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


async def _body(request: Request) -> Json:
    raw = await request.body()
    value: Any = wire.loads(raw) if raw else {}
    if not isinstance(value, dict):
        raise ValueError("the body must be a JSON object")
    return cast(Json, value)


def truth(world: World, wanted: Json) -> Json:
    """What was planted, filtered by marketplace, scenario or outcome (stock and bad rows have no outcome). `counts`: pieces by marketplace
    and outcome, over everything."""
    keys = {name: wanted[name] for name in ("marketplace", "scenario", "outcome") if wanted.get(name)}
    rows = [row for plan in world.plans for row in truth_rows(plan)]
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row["marketplace"] or "none", Counter())[row["outcome"]] += 1
    yards = [plan.yard for plan in world.plans]

    def told(*kinds: list[Any]) -> list[Json]:
        rows = [asdict(row) for kind in kinds for row in kind]
        return [row for row in rows if all(row.get(name, value) == value for name, value in keys.items())]

    return {
        "pieces": [row for row in rows if all(row[name] == value for name, value in keys.items())],
        "lines": [row for plan in world.plans for row in expected_lines(plan) if keys.get("marketplace") in (None, row["marketplace"])],
        "documents": [
            {"scenario": odd.scenario, "channel": odd.channel, "exception_class": odd.exception_class, "note": odd.note}
            for plan in world.plans
            for odd in plan.odd_documents
        ],
        "stock": told(*(yard.stock for yard in yards)),
        "dispatches": told(*(yard.dispatches for yard in yards)),
        "bad_rows": told(*(yard.bad_rows for yard in yards)),
        "counts": counts,
        "marketplace_returns": [
            row for plan in world.plans for row in opening_rows(plan) if keys.get("marketplace") in (None, row["marketplace"])
        ],
        # by the field of POST /admin/world that takes their names
        "scenarios": [_listed(each) for each in SCENARIOS],
        "warehouse_scenarios": [_listed(each) for each in WAREHOUSE_SCENARIOS],
    }


def _listed(scenario: Scenario) -> Json:
    return {"name": scenario.name, "reference": scenario.reference, "span_days": scenario.span, "trouble": scenario.trouble}


def routes(state: State) -> list[Route]:
    """Routes under /admin/world and /admin/warehouse. 400 with {"message"} on a request that cannot be done."""
    world = world_of(state)

    def answering(act: Callable[[Json], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                body = dict(request.query_params) if request.method == "GET" else await _body(request)
                return _json(await run_in_threadpool(act, body))
            except (ValueError, KeyError, OSError) as error:
                return _json({"status": 400, "message": str(error)}, 400)

        return endpoint

    def make(body: Json) -> Json:
        return world.add({"kind": "generated", "body": body})

    def retail(body: Json) -> Json:
        if not isinstance(body.get("path"), str):
            raise ValueError("online-retail needs the path of the Parquet file")
        return load_online_retail(state, body["path"], body.get("from_day"), body.get("to_day"))

    def deliver(body: Json) -> Json:
        until = body.get("until")
        return world.deliver(None if until is None else _moment(until), body)

    return [
        Route("/admin/world", answering(make), methods=["POST"]),
        Route("/admin/world/online-retail", answering(retail), methods=["POST"]),
        Route("/admin/world/deliver", answering(deliver), methods=["POST"]),
        Route("/admin/warehouse/notices", answering(partial(notices, state)), methods=["POST"]),
        Route("/admin/world/truth", answering(lambda wanted: truth(world, wanted)), methods=["GET"]),
    ]
