"""Which orders ReBound is told of: those that are fully shipped, young enough, of a country it takes returns from, and not told yet.

Pure functions over facts; what Mirakl shows now is asked again right before anything is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import duckdb

from returns_assets.decisions.plan import sql
from returns_assets.rebound.sales_order import SoldLine, SoldOrder
from returns_assets.translation.rebound_ways import RepeatedOrder

READY, DONE, WAIT, SKIP, EXCEPTION = "ready", "done", "wait", "skip", "exception"
SHIPPED_ORDER = ("SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED")
SHIPPED_LINE = (*SHIPPED_ORDER, "INCIDENT_OPEN", "REFUNDED")
WAITING = ("STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING")
ENDED = ("CANCELED", "REFUSED")
NOT_SHOWN = "ReBound had the order already, with a content that it does not show"


class Told(NamedTuple):
    """One content of an order that ReBound was sent: `confirmed`, or attempted with an outcome that may be a yes. Confirmed without
    `known`: ReBound had the order already, and does not show with which content."""

    digest: str
    confirmed: bool
    known: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """What configuration says: days since the order left, countries (ISO alpha-3), and what a repeated order does at ReBound."""

    window: timedelta
    countries: Sequence[str]
    repeat_order: RepeatedOrder


@dataclass(frozen=True, slots=True)
class Verdict:
    """One outcome with its cause; `detail` has the values behind it."""

    outcome: str
    cause: str | None = None
    detail: str | None = None


class Candidate(NamedTuple):
    """An order of the partition; `later_day` is the last later day that has it, too."""

    order: SoldOrder
    later_day: date | None


def read_candidates(con: duckdb.DuckDBPyConnection, marketplace: str, day: date) -> list[Candidate]:
    """The partition's orders, by id."""
    rows = con.execute(sql("rebound_orders"), {"marketplace": marketplace, "day": day}).fetchall()
    return [_candidate(row) for row in rows]


def _candidate(row: tuple[Any, ...]) -> Candidate:
    order_id, commercial_id, state, currency, country, fully_refunded, created_at, lines, later_day = row
    names = ("line_id", "state", "sku", "product_sku", "title", "quantity", "price_unit")
    sold = [SoldLine(*(line[name] for name in names), shipped_at=_utc(line["shipped_at"])) for line in lines]
    return Candidate(SoldOrder(order_id, commercial_id, state, currency, country, fully_refunded, _utc(created_at), sold), later_day)


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def shipping(order: SoldOrder) -> Verdict | None:
    """Why the order, by its state and its lines', is not one that ReBound may know; None when it is fully shipped."""
    if order.state in ENDED or (order.lines and not order.sent):
        return Verdict(SKIP, "order_cancelled", f"the order is {order.state}" if order.state in ENDED else "all lines are cancelled")
    states = [line.state for line in order.sent]
    odd = next((state for state in (order.state, *states) if state not in (*SHIPPED_LINE, *WAITING)), None)
    if odd is not None or not states:
        return Verdict(EXCEPTION, "order_state_unknown", f"state {odd or '(no lines)'}")
    open_lines = [f"line {line.line_id} is {line.state}" for line in order.sent if line.state in WAITING]
    if open_lines or order.state in WAITING:
        more = f" and {len(open_lines) - 1} more" if len(open_lines) > 1 else ""
        return Verdict(WAIT, "not_shipped", f"{open_lines[0]}{more}" if open_lines else f"the order is {order.state}")
    if order.fully_refunded:
        return Verdict(SKIP, "fully_refunded", "everything is refunded: nothing is left to return")
    lacking = next((line for line in order.sent if not line.sku or line.quantity < 1), None)
    if lacking is not None:
        return Verdict(EXCEPTION, "line_incomplete", f"line {lacking.line_id}: SKU {lacking.sku or '(none)'}, quantity {lacking.quantity}")
    return None


def decide(candidate: Candidate, digest: str, told: Sequence[Told], rules: Rules, now: datetime) -> Verdict:
    """One verdict for one order. `told`: what ReBound was sent of it, oldest first; `digest`: the content as it is now."""
    order = candidate.order
    if candidate.later_day is not None:
        return Verdict(SKIP, "moved_to_later_day", f"the day {candidate.later_day} has newer facts of the order and decides")
    last = next((each for each in reversed(told) if each.confirmed), None)
    if last and last.digest == digest:
        return Verdict(DONE, "already_pushed", "ReBound has this content" if last.known else NOT_SHOWN)
    obstacle = shipping(order)
    if obstacle is not None:
        return obstacle
    if last and rules.repeat_order != "overwrite":
        there = "ReBound has another content of it" if last.known else NOT_SHOWN
        return Verdict(EXCEPTION, "order_changed", f"{there}, and a repeated order there is a {rules.repeat_order}")
    left = order.shipped_at or order.created_at
    if left is not None and now - left > rules.window:
        return Verdict(SKIP, "window_passed", f"left on {left.date()}, more than {rules.window.days} days ago")
    if not order.country:
        return Verdict(SKIP, "country_unknown", "Mirakl shows no shipping country (any more)")
    if order.country not in rules.countries:
        return Verdict(SKIP, "country_without_lane", f"country {order.country}")
    return Verdict(READY)
