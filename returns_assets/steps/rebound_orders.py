"""The flow of the sales orders (R27): shipped orders are told to ReBound, so that it can tell which order a parcel is of.

Planning and the acting half; what is particular to the effect is in rebound_order_kind.py, what is left for people in
rebound_order_report.py.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from returns_assets.decisions.rebound_orders import EXCEPTION, READY, SKIP, Candidate, Rules, Told, Verdict, decide, read_candidates
from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect, Intent, PieceUse
from returns_assets.ledger.states import CONFIRMED, WITHDRAWN
from returns_assets.ledger.validations import Validation
from returns_assets.rebound.sales_order import content_hash, document
from returns_assets.steps.act_gate import require_rows, require_validation
from returns_assets.steps.act_push import push_all
from returns_assets.steps.act_resolve import resolve_unknown
from returns_assets.steps.context import StepContext, StepResult, names_marketplace
from returns_assets.steps.rebound_order_causes import ORDER_CAUSES
from returns_assets.steps.rebound_order_kind import CONTENT_UNKNOWN, KIND, TABLE, SalesOrderKind, sales_orders
from returns_assets.steps.rebound_order_report import report_order_pushes
from returns_assets.steps.register_effects import register_effects
from returns_assets.translation.rebound_ways import SalesOrders
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

PLANNED = f"""
    SELECT order_id, document, content_hash, version, changed, outcome
    FROM {TABLE} WHERE marketplace = $marketplace AND day = $day ORDER BY order_id
"""


class _Planned(NamedTuple):
    order_id: str
    document: str
    content_hash: str
    version: int
    changed: bool
    outcome: str


def plan_rebound_orders(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Decide the partition of rebound_orders anew from mirakl_orders, and bring its exceptions up to date. No HTTP."""
    if resolve_unknown(ctx, SalesOrderKind(), marketplace, day).settled:  # before planning, which counts what ReBound was told
        report_order_pushes(ctx, marketplace, day)
    shop, block = ctx.mappings.marketplace(marketplace), sales_orders(ctx.mappings)
    rules = Rules(timedelta(days=shop.rebound_orders.window_days), shop.rebound_orders.countries, block.repeat_order)
    with ctx.warehouse.read() as con:
        candidates = read_candidates(con, marketplace, day)
    history = _history(ctx, marketplace, [candidate.order.order_id for candidate in candidates])
    rows: list[dict[str, Any]] = []
    for candidate in candidates:
        sold = document(candidate.order, marketplace, shop.shop_id)
        told = [
            Told(effect.request["hash"], effect.state == CONFIRMED, effect.cause != CONTENT_UNKNOWN)
            for effect in history.get(candidate.order.order_id, ())
        ]
        verdict = decide(candidate, content_hash(sold), told, rules, ctx.now())
        rows.append(_row(ctx, marketplace, day, candidate, sold, told, verdict))
    partition = {"marketplace": marketplace, "day": day}
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, TABLE, partition, arrow_rows(con, TABLE, rows))
    records = [_record(row) for row in rows if row["outcome"] == EXCEPTION]
    ctx.ledger.exceptions.sync(TABLE, {**partition, "day": day.isoformat()}, records, now=ctx.now())
    counts: dict[str, int] = {}
    for row in rows:
        why = row["outcome"] if row["cause"] is None else f"{row['outcome']}: {row['cause']}"
        counts[why] = counts.get(why, 0) + 1
    return StepResult(written, {"outcomes": counts})


@names_marketplace
def push_rebound_orders(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Decide lost answers, register what rebound_orders wants, send it; the partition of rebound_order_pushes and its exceptions.

    Raises NotValidated (nothing registered, nothing sent) unless the rows, as they are now, passed their validation, and MiraklError or
    ReboundReadError when orders cannot be read or no token is to be had; effects stay as they are then.
    """
    resolved = asdict(resolve_unknown(ctx, SalesOrderKind(), marketplace, day))
    registered: dict[str, int] = {}
    pushed: dict[str, Any] = {}
    try:
        validation = require_validation(ctx, TABLE, marketplace, day)
        registered = _register(ctx, marketplace, day, validation)
        pushed = asdict(push_all(ctx, SalesOrderKind(), marketplace, day))
    finally:
        result = report_order_pushes(ctx, marketplace, day)
    return StepResult(result.rows, {**result.metadata, "read_back": resolved, "registered": registered, "push": pushed})


def _history(ctx: StepContext, marketplace: str, order_ids: Sequence[str]) -> dict[str, list[Effect]]:
    """Order -> the effects that sent it, or may have, in the order of their confirmation; unconfirmed ones last."""
    found: dict[str, list[Effect]] = {}
    for effect in ctx.ledger.effects.of_subjects(marketplace, KIND, order_ids):
        if effect.attempts > 0:
            found.setdefault(effect.subject, []).append(effect)
    for effects in found.values():
        effects.sort(key=lambda effect: (effect.confirmed_at is None, effect.confirmed_at or effect.created_at, effect.id))
    return found


def _row(
    ctx: StepContext, marketplace: str, day: date, candidate: Candidate, sold: dict[str, Any], told: Sequence[Told], verdict: Verdict
) -> dict[str, Any]:
    order, digest = candidate.order, content_hash(sold)
    cause = ORDER_CAUSES.get(verdict.cause or "")
    return {
        "marketplace": marketplace,
        "day": day,
        "order_id": order.order_id,
        "commercial_id": order.commercial_id or None,
        "order_state": order.state,
        "country": order.country or None,
        "shipped_at": None if order.shipped_at is None else order.shipped_at.replace(tzinfo=None),
        "lines": len(order.sent),
        "units": sum(line.quantity for line in order.sent),
        "document": json.dumps(sold, ensure_ascii=False),
        "content_hash": digest,
        "version": 1 + sum(each.confirmed for each in told),
        "changed": any(each.digest != digest for each in told),
        "outcome": verdict.outcome,
        "exception_class": cause[0] if cause and verdict.outcome == EXCEPTION else None,
        "cause": verdict.cause,
        "todo": cause[1] if cause else None,
        "detail": verdict.detail,
        "mapping_version": ctx.mappings.version,
        "decided_at": ctx.now().astimezone(UTC).replace(tzinfo=None),
    }


def _record(row: dict[str, Any]) -> ExceptionRecord:
    return ExceptionRecord(
        key=f"{row['exception_class']}:{row['cause']}:{row['marketplace']}:{row['order_id']}",
        exception_class=row["exception_class"],
        cause=row["cause"],
        marketplace=row["marketplace"],
        day=row["day"],
        subject_kind="order",
        subject=row["order_id"],
        detail=row["detail"] or "",
        todo=row["todo"],
    )


def _register(ctx: StepContext, marketplace: str, day: date, validation: Validation) -> dict[str, int]:
    """The ledger holds exactly the ready orders, as far as nothing of them is in flight or done; contents that are no longer wanted are
    withdrawn, whichever day planned them."""
    with ctx.warehouse.read() as con:
        require_rows(con, validation)
        rows = [_Planned(*row) for row in con.execute(PLANNED, {"marketplace": marketplace, "day": day}).fetchall()]
    currency, block = ctx.mappings.marketplace(marketplace).currency, sales_orders(ctx.mappings)
    api = ctx.mappings.rebound.api
    flow_key = api.flow_keys.get(marketplace) if api else None
    intents = [_intent(row, marketplace, currency, block, flow_key) for row in rows if row.outcome == READY]
    wanted = {use.piece_id for intent in intents for use in intent.pieces}
    decided = [row.order_id for row in rows if row.outcome != SKIP]
    settled = [
        use.piece_id
        for effect in ctx.ledger.effects.of_subjects(marketplace, KIND, decided)
        if not effect.live and effect.state != WITHDRAWN
        for use in effect.pieces
        if use.piece_id not in wanted
    ]
    return register_effects(ctx, marketplace, day, KIND, intents, validation, settled_pieces=settled).counts


def _intent(row: _Planned, marketplace: str, currency: str, block: SalesOrders, flow_key: str | None) -> Intent:
    """The piece names the content and how many came before it: an order that goes back to an old content is told that, too.

    The configuration is part of the request: corrected, it is another request, and what is sent is what was registered.
    """
    request = {
        "document": json.loads(row.document),
        "hash": row.content_hash,
        "changed": row.changed,
        "path": block.path,
        "flow_key": flow_key,
        "address": dict(block.customer_address),
    }
    piece = PieceUse(f"{marketplace}/{row.order_id}@{row.version}:{row.content_hash[:16]}")
    return Intent(row.order_id, row.order_id, request, Decimal(0), Decimal(0), currency, [piece])
