"""Which of Mirakl's returns wait to be told what ReBound gave them, and what that is: read from ReBound, one by one."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from returns_assets.decisions.requests import AUTHORISE, FINISH, LABEL
from returns_assets.decisions.requests import CREATE as CREATE_IT
from returns_assets.ledger.records import Effect, Intent
from returns_assets.ledger.states import SENDABLE
from returns_assets.rebound.reading_errors import ReboundDeniedError, ReboundPermanentError, ReboundReadError
from returns_assets.rebound.return_orders import ReturnOrder, one
from returns_assets.steps.context import StepContext
from returns_assets.steps.rebound_rows import naive_utc
from returns_assets.steps.request_done import CREATE, ORDER, UPDATE, effects_of
from returns_assets.steps.request_intents import PORTAL, Requests, Row, update_of
from returns_assets.steps.request_order import return_orders
from returns_assets.translation.model import Marketplace

LABEL_LATE, NOT_AT_REBOUND, UNREADABLE = "label_late", "not_at_rebound", "rebound_unreadable"
CANCELLED = "cancelled_at_rebound"


@dataclass
class Updates:
    """`intents`: what RT04 can be sent now. `waiting`: (request id, cause, detail) of returns that cannot be told of yet."""

    intents: list[Intent] = field(default_factory=list[Intent])
    waiting: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])


def updates(ctx: StepContext, shop: Marketplace, day: date, requests: Requests) -> Updates:
    """A return whose update is made, lost or due keeps it as it is; one that failed is made anew, of what ReBound and carriers.csv say now.
    What cannot be read holds nothing else up."""
    found = Updates()
    linked = _linked(ctx, shop, requests)
    before = {effect.subject: effect for effect in effects_of(ctx, shop.key, UPDATE, [mirakl_id for _, mirakl_id, _ in linked])}
    out_of_reach = ""
    for row, mirakl_id, return_id in linked:
        known = before.get(mirakl_id)
        if known is not None and _stands(known):
            found.intents.append(requests.intent(row, mirakl_id, known.request))
            continue
        if out_of_reach:
            found.waiting.append((row["request_id"], UNREADABLE, out_of_reach))
            continue
        try:
            order = one(ctx.rebound(), return_orders(ctx), return_id)
        except ReboundPermanentError as error:
            denied = isinstance(error, ReboundDeniedError)
            found.waiting.append((row["request_id"], UNREADABLE if denied else NOT_AT_REBOUND, f"{return_id}: {error}"))
            out_of_reach = str(error) if denied else ""
            continue
        except ReboundReadError as error:
            found.waiting.append((row["request_id"], UNREADABLE, f"{return_id}: {error}"))
            out_of_reach = str(error)
            continue
        if order.cancelled:  # its label would send a parcel to nobody
            found.waiting.append((row["request_id"], CANCELLED, f"{return_id} is cancelled"))
            continue
        if waits_for_label(row, order):
            if row["origin"] == "marketplace" or _late(ctx, shop, row):
                found.waiting.append((row["request_id"], LABEL_LATE, f"{return_id} has no label yet"))
            continue
        rma = row["rma"] if row["origin"] == "rebound" else order.rma or order.return_id
        found.intents.append(requests.intent(row, mirakl_id, update_of(ctx, shop.key, mirakl_id, order, rma)))
    return found


def waits_for_label(row: Row, order: ReturnOrder) -> bool:
    """Mirakl is told once. A customer who asked on the marketplace gets the label from there: a tracking number alone is too early. Who
    asked at ReBound has it from there, and either is enough; the plan says whether there is still something to wait for."""
    if row["origin"] == "marketplace":
        return not order.labelled
    return row["waits_for"] == LABEL and not order.labelled and order.tracking_number is None


def _late(ctx: StepContext, shop: Marketplace, row: Row) -> bool:
    at, hours = row["requested_at"], shop.return_requests.late_hours
    return at is not None and naive_utc(ctx.now()) - at > timedelta(hours=hours)


def _stands(update: Effect) -> bool:
    return update.live or update.state in SENDABLE


def _linked(ctx: StepContext, shop: Marketplace, requests: Requests) -> list[tuple[Row, str, str]]:
    """(row, Mirakl's return id, ReBound's) of every request whose return exists on both sides, by the ledger or by matching."""
    wanted = [row for row in requests.rows if row["origin"] != PORTAL and row["outcome"] in (AUTHORISE, CREATE_IT, FINISH)]
    ordered = effects_of(ctx, shop.key, ORDER, [row["mirakl_return_id"] for row in wanted if row["mirakl_return_id"]])
    created = effects_of(ctx, shop.key, CREATE, [row["return_id"] for row in wanted if row["return_id"]])
    lost = {effect.subject for effect in ordered if effect.in_flight}
    at_rebound = {effect.subject: effect.external_id for effect in ordered if effect.state == "confirmed"}
    in_mirakl = {effect.subject: effect.external_id for effect in created if effect.state == "confirmed"}
    found: list[tuple[Row, str, str]] = []
    for row in wanted:
        creates = row["origin"] == "rebound"
        mirakl_id = in_mirakl.get(row["return_id"]) if creates else row["mirakl_return_id"]
        return_id = row["return_id"] if creates else at_rebound.get(row["mirakl_return_id"]) or row["return_id"]
        if mirakl_id and return_id and mirakl_id not in lost:
            found.append((row, mirakl_id, return_id))
    return found
