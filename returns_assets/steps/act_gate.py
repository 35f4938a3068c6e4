"""The third gate: nothing is registered or sent for a partition whose rows, as they are now, did not pass validation.

Blocking checks only stop their own run, and automation can be got round by a click; this cannot.
"""

from collections.abc import Collection
from datetime import date

import duckdb

from returns_assets.decisions.plan import moved
from returns_assets.ledger.validations import Validation
from returns_assets.steps.context import StepContext
from returns_assets.warehouse.partitions import slice_hash

VALIDATED = "mapped_dispositions"


class NotValidated(RuntimeError):
    """The partition may not act: the text says why and what to do."""


def require_validation(ctx: StepContext, asset: str, marketplace: str, day: date) -> Validation:
    """The latest validation of the partition, if it passed for exactly these rows and mapping tables; raises NotValidated otherwise."""
    validation = latest_passed(ctx, asset, marketplace, day)
    if validation.mapping_version != ctx.mappings.version:
        raise NotValidated(_text(asset, marketplace, day, "the mapping tables changed since its validation"))
    with ctx.warehouse.read() as con:
        require_rows(con, validation)
    return validation


def require_rows(con: duckdb.DuckDBPyConnection, validation: Validation) -> None:
    """Raise NotValidated unless the partition's rows, as this transaction sees them, are the validated ones."""
    if slice_hash(con, validation.asset, {"marketplace": validation.marketplace, "day": validation.day}) != validation.slice_hash:
        raise NotValidated(_text(validation.asset, validation.marketplace, validation.day, "its rows changed since their validation"))


def latest_passed(ctx: StepContext, asset: str, marketplace: str, day: date) -> Validation:
    """The latest validation of the partition if it passed, whatever the rows are now; raises NotValidated otherwise."""
    validation = ctx.ledger.validations.latest(asset, marketplace, day)
    if validation is None:
        raise NotValidated(_text(asset, marketplace, day, "it was never validated"))
    if not validation.passed:
        raise NotValidated(_text(asset, marketplace, day, "its validation failed"))
    return validation


def decided_elsewhere(
    ctx: StepContext, con: duckdb.DuckDBPyConnection, marketplace: str, day: date, pieces: Collection[str]
) -> dict[str, str]:
    """Those of `pieces` that a later day or another marketplace decides, as this transaction sees them -> the marketplace that does: an old
    partition's rows, unchanged since their validation, must not bring back what a correction took away."""
    return moved(con, ctx.mappings, ctx.mappings.marketplace(marketplace), day, pieces)


def _text(asset: str, marketplace: str, day: date, why: str) -> str:
    return f"{marketplace} {day.isoformat()}: nothing is registered or sent, because {why}; materialise {asset} with its checks first"
