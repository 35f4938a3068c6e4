"""What a push of requests leaves for people: the partition of return_request_pushes, which names both sides' ids, and its exceptions."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.push_exceptions import OPEN_STATES, Causes, record_of
from returns_assets.steps.push_report import pushed, states_of, write_report
from returns_assets.steps.request_done import ACCEPT, CREATE, GRANT, KINDS, ORDER, PORTAL_KINDS, UPDATE, effects_of

TABLE = "return_request_pushes"
PLANNED_LINKS = """
    SELECT mirakl_return_id, return_id FROM return_requests
    WHERE marketplace = ? AND day = ? AND mirakl_return_id IS NOT NULL AND return_id IS NOT NULL
"""
CAUSES: Causes = {
    "return_not_found": ("logical", "look for the return in Mirakl: it is not visible to this key"),
    "return_ended": ("logical", "the return ended in Mirakl: if ReBound authorised it (return_id), cancel it there, too"),
    "return_state_differs": ("logical", "see the return in Mirakl: someone moved it; the next run plans it anew"),
    "return_not_accepted": ("logical", "see the acceptance of the return (returns effects list): it goes first"),
    "return_changed": ("logical", "nothing: the next run plans the return anew with its lines as they are"),
    "waits_for_step_before": ("technical", "nothing: it is tried again once the step before is through"),
    "order_not_ready": ("logical", "nothing: it is tried again once Mirakl says that the order was shipped"),
    "not_eligible_now": ("logical", "the order changed after it was decided: the next run plans the return anew"),
    "decided_anew": ("logical", "nothing: the order changed, and the next run plans the return anew"),
    "registration_decided": ("logical", "nothing: somebody answered the registration at ReBound meanwhile"),
    "opened_meanwhile": ("logical", "nothing: the customer opened a return of these lines in Mirakl; the next run takes it"),
    "registered_meanwhile": (
        "logical",
        "nothing: ReBound has a return of these lines, and the next run takes it once ReBound tells of it; if it stays, ask ReBound whose",
    ),
    "not_returnable": ("logical", "Mirakl lets fewer units be returned (RT12): settle it with the operator"),
    "label_late": ("technical", "nothing: it is written back once ReBound has the label; if it stays, ask ReBound"),
    "not_at_rebound": ("logical", "ReBound does not know its own return: ask ReBound"),
    "cancelled_at_rebound": ("logical", "ReBound cancelled the return before Mirakl was told of its label: cancel it in Mirakl, too"),
    "rebound_unreadable": ("technical", "check the variables that rebound.yaml names under api; the next run reads again"),
}


def report_return_requests(ctx: StepContext, marketplace: str, day: date, waiting: Sequence[tuple[str, str, str]] = ()) -> StepResult:
    """Write the partition from the ledger and bring its exceptions up to date: cleared ones close by themselves.

    `waiting`: (request id, cause, detail) of returns that cannot be written back yet.
    """
    effects = [effect for kind in KINDS for effect in ctx.ledger.effects.of_partition(marketplace, day, kind)]
    with ctx.warehouse.read() as con:
        links: dict[str, str] = dict(con.execute(PLANNED_LINKS, [marketplace, day]).fetchall())
    links |= {e.subject: e.external_id for e in effects if e.kind == ORDER and e.external_id}
    links |= {e.external_id: e.subject for e in effects if e.kind == CREATE and e.external_id}
    told = {effect.subject: effect for effect in effects_of(ctx, marketplace, UPDATE, links)}
    rows = [_push(effect, links, told) for effect in effects]
    accepting = {effect.subject for effect in effects if effect.kind == ACCEPT and effect.state in OPEN_STATES}
    records = [
        record_of(effect, ctx.mappings.refusals, CAUSES, f"return {effect.subject}, {effect.kind}")
        for effect in effects
        if effect.state in OPEN_STATES and not _follows(effect, accepting)
    ]
    records += [_waits(marketplace, day, *each) for each in waiting]
    written = write_report(ctx, TABLE, marketplace, day, rows, records)
    states = {kind: states_of(effect for effect in effects if effect.kind == kind) for kind in dict.fromkeys(e.kind for e in effects)}
    return StepResult(written, {"states": states, "waiting": len(waiting)})


def _follows(effect: Effect, accepting: set[str]) -> bool:
    """One that only waits for an acceptance which is an exception itself: one is enough."""
    return effect.cause in ("return_not_accepted", "waits_for_step_before") and effect.subject in accepting


def _waits(marketplace: str, day: date, request_id: str, cause: str, detail: str) -> ExceptionRecord:
    exception_class, todo = CAUSES[cause]
    return ExceptionRecord(
        exception_class=exception_class,
        cause=cause,
        marketplace=marketplace,
        day=day,
        subject_kind="return",
        subject=request_id,
        detail=detail,
        todo=todo,
    )


def _push(effect: Effect, links: Mapping[str, str], told: Mapping[str, Effect]) -> dict[str, Any]:
    at_portal = effect.kind in PORTAL_KINDS
    mirakl_id = None if at_portal else effect.external_id if effect.kind == CREATE else effect.subject
    written = told.get(mirakl_id or "")
    content: Mapping[str, Any] = written.request if written else {}
    tracking: Mapping[str, Any] = content.get("tracking") or {}
    return {
        **pushed(effect),
        "kind": effect.kind,
        "order_id": effect.order_id,
        "mirakl_return_id": mirakl_id,
        "registration_id": effect.subject if at_portal else None,
        "return_id": effect.external_id if effect.kind == GRANT else effect.subject if effect.kind == CREATE else links.get(effect.subject),
        "rma": content.get("rma"),
        "tracking_number": tracking.get("tracking_number"),
        "label": "label_url" in content,
        "answer": effect.last_error,
    }
