"""The dataset stock_actions: which pieces of a partition go back on sale, and why the others do not. No HTTP."""

from datetime import date
from typing import Any

import pyarrow as pa

from returns_assets.decisions.stock import OUR_STOCK, decide_stock
from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.mirakl.stock_facts import sku_key
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.stock_kind import ACTIONS_TABLE, KIND
from returns_assets.warehouse.connection import in_transaction
from returns_assets.warehouse.partitions import replace_partition

OUTCOMES = "SELECT outcome, count(*) FROM stock_actions WHERE marketplace = ? AND day = ? GROUP BY outcome ORDER BY outcome"
EXCEPTIONS = """
    SELECT piece_id, exception_class, cause, order_ref, detail, todo FROM stock_actions
    WHERE marketplace = ? AND day = ? AND cause IS NOT NULL ORDER BY piece_id
"""


def plan_stock(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Decide the partition of stock_actions anew, and bring its exceptions up to date.

    A marketplace with `stock.mode: off` gets an empty partition and `skipped` in the metadata.
    """
    partition: dict[str, Any] = {"marketplace": marketplace, "day": day}
    shop = ctx.mappings.marketplace(marketplace)
    if shop.stock.mode == "off":
        with ctx.warehouse.transaction() as con:
            replace_partition(con, ACTIONS_TABLE, partition)
        ctx.ledger.exceptions.sync(ACTIONS_TABLE, {"marketplace": marketplace, "day": day.isoformat()}, [], now=ctx.now())
        return StepResult(0, {"skipped": "stock.mode is off in marketplaces.yaml"})
    with ctx.warehouse.connection() as con:
        query, parameters = decide_stock(con, ctx.mappings, shop, day, decided_at=ctx.now(), held=lambda pieces: _held(ctx, pieces))
        con.execute(f"CREATE OR REPLACE TEMP TABLE decided_stock AS {query}", parameters)
        with in_transaction(con):
            rows = replace_partition(con, ACTIONS_TABLE, partition, select_sql="SELECT * FROM decided_stock")
            outcomes = dict(con.execute(OUTCOMES, [marketplace, day]).fetchall())
            faults = con.execute(EXCEPTIONS, [marketplace, day]).fetchall()
    records = [
        ExceptionRecord(
            exception_class=fault[1], cause=fault[2], marketplace=marketplace, day=day, subject_kind="piece", subject=fault[0],
            detail="; ".join(part for part in (f"order {fault[3]}" if fault[3] else "", fault[4] or "") if part) or fault[2], todo=fault[5],
        )
        for fault in faults
    ]  # fmt: skip
    ctx.ledger.exceptions.sync(ACTIONS_TABLE, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    return StepResult(rows, {"outcomes": outcomes})


def _held(ctx: StepContext, pieces: list[str]) -> pa.Table:
    held = ctx.ledger.effects.piece_effects(KIND, pieces)
    rows = [
        {"piece_id": piece, "marketplace": effect.marketplace, "sku_key": sku_key(effect.subject), "quantity": effect.quantity,
         "live": effect.live}
        for piece, effect in sorted(held.items())
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, OUR_STOCK)
