"""The dataset return_requests: who asks for a return, what the order's live lines say to it, and what is done. Sends nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from returns_assets.decisions.request_case import ReboundCase, Seen
from returns_assets.decisions.request_causes import REQUEST_CAUSES
from returns_assets.decisions.request_match import match
from returns_assets.decisions.request_read import opened_returns, rebound_cases
from returns_assets.decisions.requests import EXCEPTION, HOLD, Rules
from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.mirakl.seen import OPEN
from returns_assets.quality.facts import REJECTION_CODES, RETURN_CODES, live_codes
from returns_assets.rebound.reading_errors import ReboundReadError
from returns_assets.steps.context import StepContext, StepResult, names_marketplace
from returns_assets.steps.ingest_marketplace_returns import returns_off
from returns_assets.steps.request_done import TABLE, answered, known
from returns_assets.steps.request_portal import as_case, registered
from returns_assets.steps.request_read import see
from returns_assets.steps.request_rows import line_facts, marketplace_row, portal_row, portal_seen, rebound_row, skipped_row, stored
from returns_assets.translation.model import Mappings, Marketplace
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

LINES_TABLE = "return_request_lines"


@names_marketplace
def plan_return_requests(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Read the orders of the day's open requests fresh, decide the partition anew, bring its exceptions up to date. Raises MiraklError.

    Where the operator has no returns, nothing is asked of Mirakl: what was registered at ReBound is `skip`, and the metadata say so.
    """
    shop = ctx.mappings.marketplace(marketplace)
    off = returns_off(ctx, marketplace, day)
    registrations, unread = _registrations(ctx, marketplace, day)
    with ctx.warehouse.read() as con:
        opened = {} if off else opened_returns(con, marketplace, day)
        asking = {one.order_id for one in opened.values() if one.state in OPEN}
        cases = rebound_cases(con, marketplace, day, asking | {case.order_ref or "" for case in registrations})
        rules = rules_of(
            ctx.mappings, shop, live_codes(con, marketplace, day, REJECTION_CODES), live_codes(con, marketplace, day, RETURN_CODES)
        )
    by_id = {case.return_id: case for case in cases}
    new = [case for case in cases if case.new]
    baskets = [one.commercial_id for one in opened.values() if one.state in OPEN]
    named = {case.order_ref or "" for case in registrations} | (set[str]() if off else {*asking, *(case.order_ref or "" for case in new)})
    seen = see(ctx, shop, named, baskets, returns=not off)
    everything = Seen(seen.lines, {**opened, **seen.returns})
    knows = known(ctx, marketplace, everything.returns.keys(), [case.return_id for case in cases])
    matches = match(cases, everything, knows.links)
    now = ctx.now().astimezone(UTC).replace(tzinfo=None)
    partition: dict[str, Any] = {"marketplace": marketplace, "day": day}
    stamp = {**partition, "mapping_version": ctx.mappings.version, "decided_at": now}
    asked = [everything.returns[return_id] for return_id in opened]
    rows = [marketplace_row(stamp, one, by_id, matches, everything, rules, knows) for one in asked]
    rows += [skipped_row(stamp, case) if off else rebound_row(stamp, case, matches, everything, rules, knows) for case in new]
    at_portal = portal_seen(cases, registrations, matches, everything)
    done = answered(ctx, marketplace, [case.return_id for case in registrations])
    asked_at_portal = [portal_row(stamp, case, at_portal, rules, done) for case in registrations]
    facts = [fact for row in rows for fact in line_facts(partition, row, everything, now)]
    facts += [fact for row in asked_at_portal for fact in line_facts(partition, row, at_portal, now)]
    rows += asked_at_portal
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, TABLE, partition, arrow_rows(con, TABLE, [stored(row) for row in rows]))
        replace_partition(con, LINES_TABLE, partition, arrow_rows(con, LINES_TABLE, facts))
    records = [_record(row) for row in rows if row["outcome"] == EXCEPTION]
    records += unread
    records += _late(rows, now, shop.return_requests.late_hours)
    ctx.ledger.exceptions.sync(TABLE, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    return StepResult(written, {"outcomes": counts, **({"skipped": off} if off else {})})


def _registrations(ctx: StepContext, marketplace: str, day: date) -> tuple[list[ReboundCase], list[ExceptionRecord]]:
    """The portal's of the day, and what of the portal cannot be read or belongs nowhere as exceptions: the other requests go on."""
    try:
        found = registered(ctx, marketplace, day)
    except ReboundReadError as error:
        return [], [_of_portal("portal_unreadable", marketplace, day, str(error))]
    records: list[ExceptionRecord] = []
    if marketplace == min(ctx.mappings.marketplaces):  # what is no marketplace's is said in the first one's partition, not in each
        if found.unreadable:
            records.append(_of_portal("registration_unreadable", marketplace, day, ", ".join(found.unreadable)))
        records += [
            _of_portal("unroutable", marketplace, day, f"order {each.order_id}", f"portal:{each.registration_id}")
            for each in found.unroutable
        ]
    return [as_case(each) for each in found.registrations], records


def _of_portal(cause: str, marketplace: str, day: date, detail: str, request_id: str = "portal") -> ExceptionRecord:
    known = REQUEST_CAUSES[cause]
    row = {"marketplace": marketplace, "day": day, "request_id": request_id, "order_id": None, "detail": detail, "cause": cause}
    return _record({**row, "exception_class": known.exception_class, "todo": known.todo})


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
