"""Decided requests as rows of return_requests, and the order lines behind them as rows of return_request_lines."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from returns_assets.decisions.request_case import ReboundCase, Seen, asked_of
from returns_assets.decisions.request_causes import REQUEST_CAUSES
from returns_assets.decisions.request_judge import others
from returns_assets.decisions.request_match import Matches
from returns_assets.decisions.requests import DONE, EXCEPTION, SKIP, Decision, Rules, of_marketplace, of_portal, of_rebound
from returns_assets.mirakl.seen import GOODS_BACK, Asked, SeenReturn
from returns_assets.steps.request_done import Known
from returns_assets.steps.request_read import as_json


def marketplace_row(
    stamp: Mapping[str, Any], shown: SeenReturn, cases: Mapping[str, ReboundCase], matches: Matches, seen: Seen, rules: Rules, knows: Known
) -> dict[str, Any]:
    fits = matches.of_return.get(shown.id, [])
    own = [cases[case_id] for case_id in fits if case_id in cases]
    unclear = any(len(matches.of_case[case_id]) > 1 for case_id in fits)
    decision = of_marketplace(shown, own, seen, rules, knows.done, unclear=unclear)
    return {
        **_row(stamp, decision),
        "request_id": f"mirakl:{shown.id}",
        "origin": "marketplace",
        "mirakl_return_id": shown.id,
        "return_id": knows.at_rebound.get(shown.id) or (fits[0] if len(fits) == 1 and not unclear else None),
        "order_id": shown.order_id,
        "commercial_id": shown.commercial_id,
        "mirakl_state": shown.state,
        "method_code": shown.method_code,
        "rma": shown.rma,
        "requested_at": shown.created_at,
    }


def rebound_row(stamp: Mapping[str, Any], case: ReboundCase, matches: Matches, seen: Seen, rules: Rules, knows: Known) -> dict[str, Any]:
    fits = matches.of_case.get(case.return_id, [])
    others_too = {other for one in fits for other in matches.of_return[one]} - {case.return_id}
    decision = of_rebound(case, fits, seen, rules, knows.done, unclear=others_too)
    shown = seen.returns.get(fits[0]) if len(fits) == 1 else None
    lines = seen.order_lines(case.order_ref)
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
    lines = tuple(asked_of(case, seen.order_lines(case.order_ref))[0])
    return Decision(decision.outcome, decision.cause, decision.waits_for, decision.detail, decision.rejection_code, lines)


def skipped_row(stamp: Mapping[str, Any], case: ReboundCase) -> dict[str, Any]:
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


def stored(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in row.items() if name != "asked"}, "lines": as_json(row["asked"])}


def portal_seen(cases: Sequence[ReboundCase], waiting: Sequence[ReboundCase], matches: Matches, seen: Seen) -> Seen:
    """`seen`, and what ReBound has beside it: returns that Mirakl does not know hold units, of registrations the earlier ones."""
    living = [case for case in cases if not case.over and case.return_id not in matches.of_case]
    more = [_as_return(case, "IN_PROGRESS", seen) for case in living]
    more += [_as_return(case, "WAITING_ACCEPTANCE", seen) for case in waiting]
    return Seen(seen.lines, {**seen.returns, **{one.id: one for one in more}})


def _as_return(case: ReboundCase, state: str, seen: Seen) -> SeenReturn:
    lines = tuple(asked_of(case, seen.order_lines(case.order_ref))[0])
    return SeenReturn(case.return_id, case.order_ref or "", "", state, created_at=case.started_at, lines=lines)


def portal_row(stamp: Mapping[str, Any], case: ReboundCase, seen: Seen, rules: Rules, answered: Collection[str]) -> dict[str, Any]:
    """`case`: a registration that waits. `seen`: as of portal_seen."""
    lines = seen.order_lines(case.order_ref)
    return {
        **_row(stamp, of_portal(case, seen.returns[case.return_id], seen, rules, answered=case.return_id in answered)),
        "request_id": f"portal:{case.return_id}",
        "origin": "portal",
        "registration_id": case.return_id,
        "order_id": case.order_ref,
        "commercial_id": lines[0].commercial_id if lines else None,
        "requested_at": case.started_at,
    }


def line_facts(partition: Mapping[str, Any], row: Mapping[str, Any], seen: Seen, now: datetime) -> list[dict[str, Any]]:
    """The order lines of a request as they were read, whatever was decided; none of an order that was not read."""
    if row["outcome"] in (DONE, SKIP):
        return []
    mine = seen.returns.get(row.get("registration_id") or row.get("mirakl_return_id") or "")
    taken = others(seen.returns_of(row["order_id"]), mine)
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
