"""Ready notices become effects: OR23 and OR24 for an order, ST01 for a parcel, ST23 and ST24 for a shipment that waits in Mirakl."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from returns_assets.ledger.records import Effect, Intent, PieceUse
from returns_assets.ledger.validations import Validation
from returns_assets.mirakl.dispatch_call import tracking_body
from returns_assets.steps.act_gate import require_rows
from returns_assets.steps.context import StepContext
from returns_assets.steps.dispatch_kinds import SHIP, SHIPMENT, TRACKING, confirmed_trackings
from returns_assets.steps.register_effects import register_effects

ZERO = Decimal(0)
READY = """
    SELECT notice_id, order_id, multi_shipment, shipment_id, carrier_code, carrier_name, carrier_url, tracking_number, lines, outcome
    FROM dispatch_notices WHERE marketplace = $marketplace AND day = $day ORDER BY notice_id
"""
# Notices that later news of the warehouse moved to a later day: that day decides them, this one is stale until it is planned again. Of an
# order that is told by parcel, another parcel's news that planning saw moves nothing.
MOVED = """
    WITH
    held AS (
        SELECT * FROM dispatch_notices WHERE marketplace = $marketplace AND day = $day
    ),
    news AS (  -- facts that came first on a later day
        SELECT trim(order_id) AS order_id, trim(any_value(tracking_number)) AS tracking_number, min(received_at) AS received_at
        FROM warehouse_events
        WHERE marketplace = $marketplace AND event = 'DISPATCHED' AND trim(order_id) IN (SELECT order_id FROM held)
        GROUP BY trim(order_id), event_key
        HAVING min(day) > $day
    )
    SELECT r.notice_id FROM held r
    JOIN dispatch_notices n ON n.notice_id = r.notice_id AND n.marketplace = r.marketplace AND n.day > r.day
    UNION
    SELECT r.notice_id FROM held r
    JOIN news n ON n.order_id = r.order_id
        AND (NOT r.multi_shipment OR n.tracking_number = r.tracking_number OR n.received_at > r.decided_at)
"""


class _Notice(NamedTuple):
    notice_id: str
    order_id: str
    multi_shipment: bool
    shipment_id: str | None
    carrier_code: str | None
    carrier_name: str | None
    carrier_url: str | None
    tracking_number: str | None
    lines: str
    outcome: str


def register_dispatches(ctx: StepContext, marketplace: str, day: date, validation: Validation) -> dict[str, int]:
    """Register exactly what the validated notices want, by kind; the counts of what changed, `moved` being notices that a later day has
    now. Raises NotValidated. No HTTP."""
    with ctx.warehouse.read() as con:
        require_rows(con, validation)
        partition = {"marketplace": marketplace, "day": day}
        moved = {str(row[0]) for row in con.execute(MOVED, partition).fetchall()}
        notices = [_Notice(*row) for row in con.execute(READY, partition).fetchall() if row[0] not in moved]
    currency = ctx.mappings.marketplace(marketplace).currency
    intents: dict[str, list[Intent]] = {TRACKING: [], SHIP: [], SHIPMENT: []}
    sent = confirmed_trackings(ctx, marketplace, {notice.shipment_id or notice.order_id for notice in notices})
    for notice in notices:
        if notice.outcome == "ready":
            for kind, intent in _intents(notice, currency, sent.get(notice.shipment_id or notice.order_id, ())):
                intents[kind].append(intent)
    counts = {"moved": len(moved)}
    for kind, wanted in intents.items():
        asked = {use.piece_id for intent in wanted for use in intent.pieces}
        not_asked = [notice.notice_id for notice in notices if notice.notice_id not in asked]
        done = register_effects(ctx, marketplace, day, kind, wanted, validation, settled_pieces=not_asked)
        for name, number in done.counts.items():
            counts[name] = counts.get(name, 0) + number
    return counts


def _intents(notice: _Notice, currency: str, sent: Sequence[Effect]) -> Sequence[tuple[str, Intent]]:
    def intent(request: dict[str, Any], subject: str, piece: str) -> Intent:
        return Intent(notice.order_id, subject, {"order_id": notice.order_id, **request}, ZERO, ZERO, currency, [PieceUse(piece)])

    named = (notice.carrier_code, notice.carrier_name, notice.carrier_url, notice.tracking_number)
    if not notice.multi_shipment:
        tracking = tracking_body(*named, url_field="carrier_url")
        return [
            (
                TRACKING,
                intent({"operation": "OR23", "body": tracking, "tracking": tracking}, notice.order_id, _version(notice, tracking, sent)),
            ),
            (SHIP, intent({"operation": "OR24", "body": {}, "tracking": tracking}, notice.order_id, notice.notice_id)),
        ]
    tracking = tracking_body(*named, url_field="tracking_url")
    lines = json.loads(notice.lines)
    if notice.shipment_id is None:
        shipment = {"order_id": notice.order_id, "shipment_lines": lines, "shipped": True, "tracking": tracking}
        request = {"operation": "ST01", "body": {"shipments": [shipment]}, "tracking": tracking, "lines": lines}
        return [(SHIPMENT, intent(request, notice.order_id, notice.notice_id))]
    prepared = {"shipment_id": notice.shipment_id, "tracking": tracking, "lines": lines}  # it was chosen for exactly these lines
    set_tracking = {"operation": "ST23", "body": {"shipments": [{"id": notice.shipment_id, "tracking": tracking}]}, **prepared}
    ship = {"operation": "ST24", "body": {"shipments": [{"id": notice.shipment_id}]}, **prepared}
    return [
        (TRACKING, intent(set_tracking, notice.shipment_id, _version(notice, tracking, sent))),
        (SHIP, intent(ship, notice.shipment_id, notice.notice_id)),
    ]


def _version(notice: _Notice, tracking: dict[str, str], confirmed: Sequence[Effect]) -> str:
    """A tracking that changes is another effect: one that was confirmed is final, and the new one must be sent all the same, also when it
    was there before. `confirmed`: the subject's, oldest first; while the last of them is this tracking, it is that effect."""
    turn = len(confirmed) - 1 if confirmed and confirmed[-1].request["tracking"] == tracking else len(confirmed)
    digest = hashlib.sha256(json.dumps(tracking, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return f"{notice.notice_id} tracking {turn} {digest[:12]}"
