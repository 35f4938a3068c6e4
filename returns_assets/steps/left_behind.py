"""Partitions that lost pieces to another one, because later news moved them: they keep their rows until they are run again, so whatever
is shown or counted of those pieces there is brought up to date by the partition that took them."""

from datetime import date
from typing import NamedTuple

from returns_assets.steps.context import StepContext
from returns_assets.steps.texts import sql


class LeftBehind(NamedTuple):
    """Such a partition; `currency` is that of its metrics, None where it has none."""

    marketplace: str
    day: date
    currency: str | None


def left_behind(ctx: StepContext, marketplace: str, day: date) -> list[LeftBehind]:
    """The partitions that have rows of pieces which this partition decided last, oldest first."""
    text = sql("left_behind")
    with ctx.warehouse.read() as con:
        return [LeftBehind(*row) for row in con.execute(text, {"marketplace": marketplace, "day": day}).fetchall()]
