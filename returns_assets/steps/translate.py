"""The dataset mapped_dispositions: one partition's pieces matched, translated, decided and priced, with its exceptions."""

from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from returns_assets.decisions.plan import HELD_ELSEWHERE, LIVE_PIECES, OUR_REFUNDS, OUR_TOP_UPS, WAITING_TOP_UPS, Held, plan
from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect
from returns_assets.ledger.states import WITHDRAWN
from returns_assets.mirakl.refund_call import exact_json
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.elsewhere import cause_elsewhere, told_elsewhere
from returns_assets.warehouse.connection import in_transaction
from returns_assets.warehouse.partitions import replace_partition

TABLE = "mapped_dispositions"
# pieces that moved to another marketplace are not folded, but units of a line may be paid for them
PIECES_AT_HAND = "SELECT piece_id FROM folded UNION ALL SELECT piece_id FROM belonging WHERE marketplace <> ?"
OUTCOME_COUNTS = "SELECT outcome, count(*) FROM mapped_dispositions WHERE marketplace = ? AND day = ? GROUP BY outcome ORDER BY outcome"
EXCEPTION_ROWS = """
    SELECT piece_id, exception_class, cause, order_ref, detail, todo
    FROM mapped_dispositions
    WHERE marketplace = ? AND day = ? AND (outcome = 'exception' OR (outcome = 'hold' AND cause IS NOT NULL))  -- verdicts_differ
    ORDER BY piece_id
"""
DECIDED_HERE = """
    SELECT a.id FROM asked a JOIN current_dispositions c ON c.piece_id = a.piece_id
    WHERE c.marketplace = $marketplace AND c.day = $day ORDER BY a.id
"""


def _column(con: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> list[str]:
    return [str(row[0]) for row in con.execute(query, parameters).fetchall()]


def held_by_ledger(ctx: StepContext, con: duckdb.DuckDBPyConnection, marketplace: str, day: date) -> Held:
    """Live pieces among those at hand, which of the refunds read are ours, live refunds of shipping alone on the pieces' lines, and what
    other marketplaces' effects hold."""
    pieces = _column(con, PIECES_AT_HAND, [marketplace]) if ctx.ledger.effects.search(limit=1) else []
    held = ctx.ledger.effects.piece_effects("refund", pieces)
    here = {piece_id: effect for piece_id, effect in sorted(held.items()) if effect.marketplace == marketplace}
    rows = [
        {
            "piece_id": piece_id,
            "order_line_id": effect.subject,
            "effect_key": effect.key,
            "unit_from": effect.unit_from,
            "quantity": effect.quantity,
            "shipping_amount": effect.shipping_amount,
            "in_flight": effect.in_flight,
        }
        for piece_id, effect in here.items()
        if effect.live
    ]
    elsewhere = [
        {"piece_id": piece_id, "cause": cause_elsewhere(effect), "detail": told_elsewhere(effect)}
        for piece_id, effect in sorted(held.items())
        if piece_id not in here
    ]
    lines = _column(con, "SELECT DISTINCT order_line_id FROM mirakl_refunds WHERE marketplace = ? AND day = ?", [marketplace, day])
    ours = ctx.ledger.effects.confirmed_ids(marketplace, lines)
    refunds = [{"order_line_id": line, "refund_id": refund} for line, ids in sorted(ours.items()) for refund in sorted(ids)]
    alone = ctx.ledger.effects.without_pieces(marketplace, "refund", {effect.subject for effect in here.values()})
    top_ups = [_top_up(effect) for effect in alone if effect.live]
    waiting = [{"order_line_id": effect.subject, "day": effect.day} for effect in alone if not effect.live and effect.state != WITHDRAWN]
    return Held(
        pa.Table.from_pylist(rows, LIVE_PIECES),
        pa.Table.from_pylist(refunds, OUR_REFUNDS),
        pa.Table.from_pylist(top_ups, OUR_TOP_UPS),
        pa.Table.from_pylist(waiting, WAITING_TOP_UPS),
        pa.Table.from_pylist(elsewhere, HELD_ELSEWHERE),
    )


def _top_up(effect: Effect) -> dict[str, Any]:
    entry = effect.request["refunds"][0]
    return {
        "order_line_id": effect.subject,
        "day": effect.day,
        "shipping_amount": effect.shipping_amount,
        "shipping_taxes": exact_json(entry.get("shipping_taxes", [])),
        "reason_code": entry["reason_code"],
    }


def map_dispositions(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Decide the partition anew and bring its exceptions up to date: cleared ones close by themselves."""
    partition = {"marketplace": marketplace, "day": day}
    with ctx.warehouse.connection() as con:
        text, parameters = plan(
            con,
            ctx.mappings,
            ctx.mappings.marketplace(marketplace),
            day,
            decided_at=ctx.now(),
            held=lambda c: held_by_ledger(ctx, c, marketplace, day),
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE finished AS {text}", parameters)
        with in_transaction(con):
            rows = replace_partition(con, TABLE, partition, select_sql="SELECT * FROM finished")
        counts = {str(outcome): int(number) for outcome, number in con.execute(OUTCOME_COUNTS, [marketplace, day]).fetchall()}
        found = con.execute(EXCEPTION_ROWS, [marketplace, day]).fetchall()
    records = [
        ExceptionRecord(
            key=f"{exception_class}:{cause}:{marketplace}:{piece}",
            exception_class=exception_class,
            cause=cause,
            marketplace=marketplace,
            day=day,
            subject_kind="piece",
            subject=piece,
            detail="; ".join(part for part in (f"order {order_ref}" if order_ref else "", detail or "") if part),
            todo=todo or "",
        )
        for piece, exception_class, cause, order_ref, detail, todo in found
    ]
    ctx.ledger.exceptions.sync(TABLE, partition, records)
    _close_left_behind(ctx, partition)
    return StepResult(rows, {"outcomes": counts, "mapping_version": ctx.mappings.version})


def _close_left_behind(ctx: StepContext, partition: dict[str, Any]) -> None:
    """Exceptions of other partitions about pieces that this one decided last: a piece is in the queue once, with what is true now."""
    elsewhere = ctx.ledger.exceptions.subjects_elsewhere(TABLE, partition)
    if not elsewhere:
        return
    with ctx.warehouse.read() as con:
        con.register("asked", pa.table({"id": pa.array(elsewhere, pa.int64()), "piece_id": pa.array(elsewhere.values(), pa.string())}))
        taken = [int(row[0]) for row in con.execute(DECIDED_HERE, partition).fetchall()]
    if taken:
        ctx.ledger.exceptions.supersede(taken, f"decided again on {partition['day']} {partition['marketplace']}", now=ctx.now())
