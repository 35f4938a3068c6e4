"""The dataset late_dispatches, written whenever notices were planned or told, and what the ledger says was told."""

import json
from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from returns_assets.ledger.records import Effect
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.rebound_rows import naive_utc
from returns_assets.steps.texts import sql
from returns_assets.warehouse.partitions import replace_partition


def find_late_dispatches(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition of late_dispatches: what left the warehouse and is not shipped in Mirakl. Empty once all of it is told."""
    partition = {"marketplace": marketplace, "day": day}
    with ctx.warehouse.read() as con:
        query = "SELECT notice_id, lines FROM dispatch_notices WHERE marketplace = ? AND day = ? AND outcome <> 'done'"
        open_notices = dict(con.execute(query, [marketplace, day]).fetchall())
    shipped = [notice for notice, whole in told(ctx, open_notices).items() if whole]
    text = sql("late_dispatches")
    now = naive_utc(ctx.now())
    with ctx.warehouse.transaction() as con:
        con.register("told", pa.table({"notice_id": pa.array(shipped, pa.string())}))
        con.execute(f"CREATE OR REPLACE TEMP TABLE late AS {text}", {**partition, "now": now})
        rows = replace_partition(con, "late_dispatches", partition, select_sql="SELECT * FROM late")
        # a notice that later news moved to this day is no longer late in the day it came from
        moved = "SELECT notice_id FROM dispatch_notices WHERE marketplace = $marketplace AND day = $day"
        con.execute(f"DELETE FROM late_dispatches WHERE marketplace = $marketplace AND day < $day AND notice_id IN ({moved})", partition)
        over = con.execute("SELECT count(*) FROM late WHERE hours_left < 0").fetchone()
        con.unregister("told")
    return StepResult(rows, {"over_deadline": int(over[0]) if over else 0})


def told(ctx: StepContext, notices: Mapping[str, str]) -> dict[str, bool]:
    """Those of the notices (id -> lines as JSON) that this product has told Mirakl of already, whatever a late read still shows, and
    whether all of their lines were in it: a parcel may have grown since."""
    found: dict[str, bool] = {}
    for kind in ("ship", "shipment"):
        pieces = ctx.ledger.effects.piece_effects(kind, notices)
        confirmed = {effect.effect_id: piece for piece, effect in pieces.items() if effect.state == "confirmed"}
        for effect in ctx.ledger.effects.by_ids(confirmed):
            notice = confirmed[effect.id]
            found[notice] = _covers(effect, notices[notice])
    return found


def _covers(effect: Effect, lines: str) -> bool:
    """An order is told as a whole (OR24); a shipment has the lines of its request."""
    if effect.request["operation"] == "OR24":
        return True
    units = {line["order_line_id"]: line["quantity"] for line in effect.request["lines"]}
    return all(line["quantity"] <= units.get(line["order_line_id"], 0) for line in json.loads(lines))
