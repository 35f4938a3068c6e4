"""The dataset return_requests: who asks for a return, what the order's live lines say to it, and what is done. Sends nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from returns_assets.decisions.request_case import ReboundCase, Seen, asked_of
from returns_assets.decisions.request_causes import REQUEST_CAUSES
from returns_assets.decisions.request_judge import others
from returns_assets.decisions.request_match import Matches, match
from returns_assets.decisions.request_read import opened_returns, rebound_cases
from returns_assets.decisions.requests import DONE, EXCEPTION, HOLD, SKIP, Decision, Rules, of_marketplace, of_rebound
from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.mirakl.seen import GOODS_BACK, OPEN, Asked, SeenReturn
from returns_assets.quality.facts import REJECTION_CODES, RETURN_CODES, live_codes
from returns_assets.steps.context import StepContext, StepResult, names_marketplace
from returns_assets.steps.ingest_marketplace_returns import returns_off
from returns_assets.steps.request_done import Known, known
from returns_assets.steps.request_read import as_json, see
from returns_assets.translation.model import Mappings, Marketplace
from returns_assets.warehouse.partitions import replace_partition

TABLE, LINES_TABLE = "return_requests", "return_request_lines"
_TEXT, _TIME = pa.string(), pa.timestamp("us")
REQUESTS = pa.schema(
    [
        ("marketplace", _TEXT), ("day", pa.date32()), ("request_id", _TEXT), ("origin", _TEXT), ("mirakl_return_id", _TEXT),
        ("return_id", _TEXT), ("order_id", _TEXT), ("commercial_id", _TEXT), ("mirakl_state", _TEXT), ("method_code", _TEXT),
        ("rma", _TEXT), ("requested_at", _TIME), ("outcome", _TEXT), ("exception_class", _TEXT), ("cause", _TEXT), ("waits_for", _TEXT),
        ("todo", _TEXT), ("detail", _TEXT), ("rejection_code", _TEXT), ("lines", _TEXT), ("mapping_version", _TEXT), ("decided_at", _TIME),
    ]
)  # fmt: skip
LINES = pa.schema(
    [
        ("marketplace", _TEXT), ("day", pa.date32()), ("request_id", _TEXT), ("order_id", _TEXT), ("order_line_id", _TEXT), ("sku", _TEXT),
        ("quantity", pa.int32()), ("line_state", _TEXT), ("sold", pa.int32()), ("price", pa.decimal128(18, 4)),
        ("refunded_amount", pa.decimal128(18, 4)), ("refunded_units", pa.int32()), ("in_other_returns", pa.int32()),
        ("in_returns_back", pa.int32()), ("read_at", _TIME),
    ]
)  # fmt: skip


@names_marketplace
def plan_return_requests(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Read the orders of the day's open requests fresh, decide the partition anew, bring its exceptions up to date. Raises MiraklError.

    Where the operator has no returns, nothing is asked of Mirakl: what was registered at ReBound is `skip`, and the metadata say so.
    """
    shop = ctx.mappings.marketplace(marketplace)
    off = returns_off(ctx, marketplace, day)
    with ctx.warehouse.read() as con:
        opened = {} if off else opened_returns(con, marketplace, day)
        asking = {one.order_id for one in opened.values() if one.state in OPEN}
        cases = rebound_cases(con, marketplace, day, asking)
        rules = rules_of(
            ctx.mappings, shop, live_codes(con, marketplace, day, REJECTION_CODES), live_codes(con, marketplace, day, RETURN_CODES)
        )
    new = [case for case in cases if case.new]
    baskets = [one.commercial_id for one in opened.values() if one.state in OPEN]
    seen = Seen() if off else see(ctx, shop, {*asking, *(case.order_ref or "" for case in new)}, baskets)
    everything = Seen(seen.lines, {**opened, **seen.returns})
    knows = known(ctx, marketplace, everything.returns.keys(), [case.return_id for case in cases])
    matches = match(cases, everything, knows.links)
    now = ctx.now().astimezone(UTC).replace(tzinfo=None)
    partition: dict[str, Any] = {"marketplace": marketplace, "day": day}
    stamp = {**partition, "mapping_version": ctx.mappings.version, "decided_at": now}
    asked = [everything.returns[return_id] for return_id in opened]
    rows = [_of_marketplace(stamp, one, cases, matches, everything, rules, knows) for one in asked]
    rows += [_skipped(stamp, case) if off else _of_rebound(stamp, case, matches, everything, rules, knows) for case in new]
    facts = [fact for row in rows for fact in _facts(partition, row, everything, now)]
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, TABLE, partition, pa.Table.from_pylist([_stored(row) for row in rows], REQUESTS))
        replace_partition(con, LINES_TABLE, partition, pa.Table.from_pylist(facts, LINES))
    records = [_record(row) for row in rows if row["outcome"] == EXCEPTION]
    records += _late(rows, now, shop.return_requests.late_hours)
    ctx.ledger.exceptions.sync(TABLE, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    return StepResult(written, {"outcomes": counts, **({"skipped": off} if off else {})})


def rules_of(mappings: Mappings, shop: Marketplace, live_rejections: Iterable[str], live_reasons: Iterable[str]) -> Rules:
    """The marketplace's rules; its own rows of the tables come before those for all."""
    keys = (shop.key, "*")
    return Rules(
        shop.return_requests,
        [row for key in keys for row in mappings.rejections if row.marketplace == key],
        [row for key in keys for row in mappings.request_reasons if row.marketplace == key],
        labels_of(mappings),
        set(live_rejections),
        set(live_reasons),
    )


def labels_of(mappings: Mappings) -> dict[str, str]:
    """Canonical reason -> ReBound's label for it, the first of several."""
    labels: dict[str, str] = {}
    for label, reason in mappings.rebound.reason_map.items():
        labels.setdefault(reason, label)
    return labels


def _of_marketplace(
    stamp: Mapping[str, Any], shown: SeenReturn, cases: Sequence[ReboundCase], matches: Matches, seen: Seen, rules: Rules, knows: Known
) -> dict[str, Any]:
    fits = matches.of_return.get(shown.id, [])
    own = [case for case in cases if case.return_id in fits]
    unclear = any(len(matches.of_case[case_id]) > 1 for case_id in fits)
    decision = of_marketplace(shown, own, seen, rules, knows.done, unclear=unclear)
    ordered = next((return_id for return_id, mirakl_id in knows.links.items() if mirakl_id == shown.id), None)
    return {
        **_row(stamp, decision),
        "request_id": f"mirakl:{shown.id}",
        "origin": "marketplace",
        "mirakl_return_id": shown.id,
        "return_id": ordered or (fits[0] if len(fits) == 1 and not unclear else None),
        "order_id": shown.order_id,
        "commercial_id": shown.commercial_id,
        "mirakl_state": shown.state,
        "method_code": shown.method_code,
        "rma": shown.rma,
        "requested_at": shown.created_at,
    }


def _of_rebound(stamp: Mapping[str, Any], case: ReboundCase, matches: Matches, seen: Seen, rules: Rules, knows: Known) -> dict[str, Any]:
    fits = matches.of_case.get(case.return_id, [])
    decision = of_rebound(case, fits, seen, rules, knows.done)
    shown = seen.returns.get(fits[0]) if len(fits) == 1 else None
    lines = seen.order_lines(case.order_ref or "")
    return {
        **_row(stamp, decision if decision.lines else _with_lines(decision, case, seen)),
        "request_id": f"rebound:{case.return_id}",
        "origin": "rebound",
        "mirakl_return_id": fits[0] if len(fits) == 1 else None,
        "return_id": case.return_id,
        "order_id": case.order_ref,
        "commercial_id": lines[0].commercial_id if lines else None,
        "mirakl_state": shown.state if shown else None,
        "method_code": shown.method_code if shown else None,
        "rma": case.rma or case.return_id,
        "requested_at": case.started_at,
    }


def _with_lines(decision: Decision, case: ReboundCase, seen: Seen) -> Decision:
    lines = tuple(asked_of(case, seen.order_lines(case.order_ref or ""))[0])
    return Decision(decision.outcome, decision.cause, decision.waits_for, decision.detail, decision.rejection_code, lines)


def _skipped(stamp: Mapping[str, Any], case: ReboundCase) -> dict[str, Any]:
    row = _row(stamp, Decision(SKIP, "returns_off"))
    own = {"request_id": f"rebound:{case.return_id}", "origin": "rebound", "return_id": case.return_id}
    return {**row, **own, "order_id": case.order_ref, "requested_at": case.started_at}


def _row(stamp: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    cause = REQUEST_CAUSES[decision.cause] if decision.cause and decision.outcome == EXCEPTION else None
    return {
        **stamp,
        "outcome": decision.outcome,
        "exception_class": cause.exception_class if cause else None,
        "cause": decision.cause,
        "waits_for": decision.waits_for,
        "todo": cause.todo if cause else None,
        "detail": decision.detail,
        "rejection_code": decision.rejection_code,
        "asked": decision.lines,
    }


def _stored(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in row.items() if name != "asked"}, "lines": as_json(row["asked"])}


def _facts(partition: Mapping[str, Any], row: Mapping[str, Any], seen: Seen, now: datetime) -> list[dict[str, Any]]:
    """The order lines of a request as they were read, whatever was decided; none of an order that was not read."""
    if row["outcome"] in (DONE, SKIP):
        return []
    mine = seen.returns.get(row["mirakl_return_id"] or "")
    taken = others(seen.returns.values(), mine)
    units: dict[str, int] = {}
    asked: Sequence[Asked] = row["asked"]
    for line in asked:
        units[line.order_line_id] = units.get(line.order_line_id, 0) + line.quantity
    found: list[dict[str, Any]] = []
    for line_id, quantity in units.items():
        sold = seen.lines.get(line_id)
        if sold is None:
            continue
        back = [one for one in (*taken, *([mine] if mine else [])) if one.state in GOODS_BACK]
        found.append(
            {
                **partition,
                "request_id": row["request_id"],
                "order_id": sold.order_id,
                "order_line_id": line_id,
                "sku": sold.sku,
                "quantity": quantity,
                "line_state": sold.state,
                "sold": sold.quantity,
                "price": sold.price,
                "refunded_amount": sold.refunded,
                "refunded_units": sold.refunded_units,
                "in_other_returns": sum(one.units(line_id) for one in taken),
                "in_returns_back": sum(one.units(line_id) for one in back),
                "read_at": now,
            }
        )
    return found


def _record(row: Mapping[str, Any]) -> ExceptionRecord:
    return ExceptionRecord(
        exception_class=row["exception_class"],
        cause=row["cause"],
        marketplace=row["marketplace"],
        day=row["day"],
        subject_kind="return",
        subject=row["request_id"],
        detail="; ".join(part for part in (f"order {row['order_id']}" if row["order_id"] else "", row["detail"] or "") if part),
        todo=row["todo"],
    )


def _late(rows: Sequence[Mapping[str, Any]], now: datetime, hours: int) -> list[ExceptionRecord]:
    """Requests that have waited for longer than the limit: a customer without an answer."""
    cause = REQUEST_CAUSES["request_late"]
    late = [row for row in rows if row["outcome"] == HOLD and row["requested_at"] and now - row["requested_at"] > timedelta(hours=hours)]
    return [
        _record(
            {**row, "exception_class": cause.exception_class, "cause": "request_late", "todo": cause.todo,
             "detail": f"waits for more than {hours} hours: {row['detail']}"}
        )
        for row in late
    ]  # fmt: skip
