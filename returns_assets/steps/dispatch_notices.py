"""The dataset dispatch_notices: what the warehouse sent out, matched to orders, its carriers translated, decided; with its exceptions."""

from datetime import UTC, date

import pyarrow as pa

from returns_assets.decisions.plan import sql
from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.dispatch_causes import NOTICE_TODOS
from returns_assets.steps.dispatch_late import find_late_dispatches, told
from returns_assets.warehouse.connection import in_transaction
from returns_assets.warehouse.partitions import replace_partition

TABLE = "dispatch_notices"
CARRIERS = pa.schema([(name, pa.string()) for name in ("carrier_key", "carrier_code", "carrier_name", "carrier_url")])
# PC01 forbids free names, or could not be read: a name is sent only where the operator is known to take it.
FREE_NAMES_OFF = """
    SELECT count(*) = 0 OR bool_or(code = 'features.disable_seller_alternative_carrier' AND value = 'true')
    FROM mirakl_reference WHERE marketplace = $marketplace AND day = $day AND list = 'platform'
"""
TOLD = """
    UPDATE planned SET outcome = 'done', exception_class = NULL, cause = NULL, detail = NULL
    WHERE notice_id IN (SELECT notice_id FROM told WHERE whole)
"""
CHANGED = """
    UPDATE planned SET outcome = 'exception', exception_class = 'logical', cause = 'parcel_changed_after_telling',
        detail = 'the shipment that was sent has not all of its lines'
    WHERE outcome IN ('ready', 'hold') AND notice_id IN (SELECT notice_id FROM told WHERE NOT whole)
"""
OUTCOMES = "SELECT outcome, count(*) FROM planned GROUP BY outcome ORDER BY outcome"
EXCEPTIONS = "SELECT notice_id, exception_class, cause, detail FROM planned WHERE outcome = 'exception' ORDER BY notice_id"


def plan_dispatches(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Decide the partition anew and bring its exceptions up to date: cleared ones close by themselves. No HTTP.

    late_dispatches follows at once: what keeps the notices from being told, a check or Mirakl, must not keep it from being seen.
    """
    partition = {"marketplace": marketplace, "day": day}
    now = ctx.now().astimezone(UTC)
    rows = [
        {"carrier_key": row.key, "carrier_code": row.carrier_code, "carrier_name": row.carrier_name, "carrier_url": row.carrier_url}
        for row in ctx.carriers(marketplace)
    ]
    text = sql("dispatch")
    with ctx.warehouse.connection() as con:
        con.register("carrier_rows", pa.Table.from_pylist(rows, CARRIERS))
        with in_transaction(con):
            off = con.execute(FREE_NAMES_OFF, partition).fetchone()
            more = {"free_names_off": bool(off and off[0]), "mapping_version": ctx.mappings.version, "decided_at": now.replace(tzinfo=None)}
            con.execute(f"CREATE OR REPLACE TEMP TABLE planned AS {text}", {**partition, **more})
        sent = told(ctx, dict(con.execute("SELECT notice_id, lines FROM planned").fetchall()))
        con.register("told", pa.table({"notice_id": pa.array(sent, pa.string()), "whole": pa.array(sent.values(), pa.bool_())}))
        con.execute(TOLD)
        con.execute(CHANGED)
        with in_transaction(con):
            written = replace_partition(con, TABLE, partition, select_sql="SELECT * FROM planned")
        counts = {str(outcome): int(number) for outcome, number in con.execute(OUTCOMES).fetchall()}
        found = con.execute(EXCEPTIONS).fetchall()
    records = [
        ExceptionRecord(
            key=f"{exception_class}:{cause}:{marketplace}:{notice}",
            exception_class=exception_class,
            cause=cause,
            marketplace=marketplace,
            day=day,
            subject_kind="dispatch",
            subject=notice,
            detail=detail or "",
            todo=NOTICE_TODOS[cause],
        )
        for notice, exception_class, cause, detail in found
    ]
    ctx.ledger.exceptions.sync(TABLE, partition, records, now=ctx.now())
    late = find_late_dispatches(ctx, marketplace, day)
    return StepResult(written, {"outcomes": counts, "mapping_version": ctx.mappings.version, "late": late.rows})
