"""What every command needs: the settings of now, a step context under its own run id, the name of the person, common options."""

import getpass
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

import click

from returns_assets.settings import load_settings
from returns_assets.steps.context import StepContext, open_context

Command = TypeVar("Command", bound=Callable[..., Any])


class Day(click.ParamType[date]):
    """A day as YYYY-MM-DD."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day, no moment
        except ValueError:
            self.fail(f"{value!r} is no day; write it as YYYY-MM-DD, such as 2025-03-03", param, ctx)


DAY = Day()


def person() -> str:
    """Who types: kept with everything a person decides."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in the user database
        return "unknown"


@contextmanager
def session(actor: str | None = None) -> Generator[StepContext]:
    """A step context from the environment as it is now."""
    with open_context(load_settings(), run_id=f"cli-{uuid.uuid4().hex[:12]}", actor=actor or person()) as ctx:
        yield ctx


def actor_option(command: Command) -> Command:
    """--actor: under whose name a decision is kept."""
    return click.option("--actor", default=person, show_default="your user name", help="Under whose name this is kept.")(command)


def chosen_marketplaces(ctx: StepContext, wanted: tuple[str, ...]) -> list[str]:
    """Those named, each known, or all."""
    return [ctx.mappings.marketplace(key).key for key in wanted] or list(ctx.mappings.marketplaces)


def require_open_day(ctx: StepContext, day: date) -> None:
    """Refuse a day that has no partition."""
    if day < ctx.mappings.first_day:
        raise click.UsageError(f"{day} is before first_day {ctx.mappings.first_day} in marketplaces.yaml: there is no such partition")
    if day > ctx.now().date():
        raise click.UsageError(f"{day} has not begun (UTC): there is no such partition yet")
