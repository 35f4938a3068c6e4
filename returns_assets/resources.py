"""What runs are given: one StepContext a run, opened when its first step needs it and closed at its end.

Tests and other compositions hand build_definitions another opener; assets never know.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

import dagster as dg

from returns_assets.steps.context import StepContext

# (run_id, actor) -> an open StepContext
OpenSteps = Callable[[str, str], AbstractContextManager[StepContext]]

LAUNCHED_BY = {"dagster/schedule_name": "schedule", "dagster/sensor_name": "sensor", "dagster/backfill": "backfill", "user": "user"}


def actor_of(tags: dict[str, str]) -> str:
    """Who started a run, for the ledger's history: a schedule, a sensor, a backfill, a person, or else the UI."""
    named = next((f"{kind}:{tags[tag]}" for tag, kind in LAUNCHED_BY.items() if tag in tags), "")
    return named or "dagster"


def steps_resource(open_steps: OpenSteps) -> dg.ResourceDefinition:
    """The resource `steps`. With the in-process executor there is one a run, shared by its steps."""

    def steps(context: dg.InitResourceContext) -> Generator[StepContext, Any, None]:
        run = context.run
        with open_steps(run.run_id if run else "", actor_of(dict(run.tags)) if run else "dagster") as opened:
            yield opened

    return dg.ResourceDefinition(steps, description="The stores, the mapping tables, the Mirakl clients and the clock of one run")
