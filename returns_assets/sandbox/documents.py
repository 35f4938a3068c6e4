"""ReBound's payloads, shaped exactly as documented: what a notification looks like on the wire, and nothing about when it is sent.

Documented (Tracking Update, Refund Trigger): every scalar is a string, missing data is the literal `Not available`, `items` is a sibling
of `order` in the one and inside `order` in the other, ids look like GS1 SSCCs. The return snapshot is the agreed item-level format for
accounts that have one; its `version` and `schemaVersion` are numbers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

NOT_AVAILABLE = "Not available"
TRACKING = "tracking"
REFUND_INSTANT = "refund-instant"
REFUND_REGISTERED = "refund-registered"
SNAPSHOTS = "snapshots"
CHANNELS = (TRACKING, REFUND_INSTANT, REFUND_REGISTERED, SNAPSHOTS)

Json = dict[str, Any]


def check_digit(digits: str) -> str:
    """GS1 check digit (EAN-13, SSCC-18): from the right, weights 3 and 1 alternate; the sum plus the digit is a multiple of 10."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def sscc(extension: int, serial: int) -> str:
    """`(00)` and 18 digits: extension digit, 16 digits of serial, check digit. `serial` must be below 10**16."""
    digits = f"{extension}{serial:016d}"
    if len(digits) != 17:
        raise ValueError(f"an SSCC has one extension digit and 16 digits of serial, not {extension} and {serial}")
    return f"(00){digits}{check_digit(digits)}"


def ean13(number: int) -> str:
    """A 13-digit EAN with German prefix 400 and a valid check digit; `number` must be below 10**9."""
    digits = f"400{number:09d}"
    return digits + check_digit(digits)


@dataclass(frozen=True)
class Piece:
    """One physical piece (or a lot of `quantity` equal ones) of a return. None means ReBound does not know: `Not available`."""

    item_id: str
    line_id: str | None
    sku: str | None
    ean: str | None
    reason: str | None
    quantity: str = "1"
    title: str | None = None
    value: str | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Inspection:
    """What the hub found about one piece, for snapshots. None leaves the field out."""

    piece: Piece
    verification: str | None = "MATCH"
    grade: str | None = None
    disposition: str | None = None
    advice: str | None = None
    inspected_at: datetime | None = None


@dataclass(frozen=True)
class Case:
    """One return at ReBound: its ids, where its parcel is, and the pieces that the customer announced."""

    return_id: str
    order_id: str | None
    tracking_number: str
    location: str
    flow: str = "STANDARD"
    rma: str | None = None
    shop_id: str | None = None
    pieces: tuple[Piece, ...] = field(default=())


def text(value: str | None) -> str:
    """The wire form of a value that ReBound may not know."""
    return NOT_AVAILABLE if value is None else value


def micros(at: datetime) -> str:
    """ISO-8601 UTC with microseconds, as in Tracking Update."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds(at: datetime) -> str:
    """ISO-8601 UTC in whole seconds, as in the snapshot."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def tracking_update(case: Case, status: str, at: datetime, pieces: Sequence[Piece] | None = None) -> Json:
    """Notification (A). `items` is beside `order`."""
    return {
        "order": {
            "clientOrderId": text(case.order_id),
            "reboundOrderId": case.return_id,
            "location": case.location,
            "trackingNumber": case.tracking_number,
            "statusDescription": status,
            "timestamp": micros(at),
        },
        "items": [
            {
                "reboundItemId": piece.item_id,
                "clientItemId": text(piece.line_id),
                "ean": text(piece.ean),
                "sku": text(piece.sku),
                "reasonCode": text(piece.reason),
                "articleDescription": text(piece.title),
                "commercialValue": text(piece.value),
                "commercialValueCurrency": text(piece.currency),
                "quantity": piece.quantity,
            }
            for piece in (case.pieces if pieces is None else pieces)
        ],
    }


def refund_trigger(case: Case, pieces: Sequence[Piece] | None = None) -> Json:
    """Notification (B), both kinds: no time, no type, no grade. Which kind it is, only the channel says. `items` is inside `order`."""
    return {
        "order": {
            "reboundOrderId": case.return_id,
            "clientOrderId": text(case.order_id),
            "location": case.location,
            "items": [
                {
                    "reboundItemId": piece.item_id,
                    "clientItemId": text(piece.line_id),
                    "ean": text(piece.ean),
                    "sku": text(piece.sku),
                    "reasonCode": text(piece.reason),
                    "quantity": piece.quantity,
                }
                for piece in (case.pieces if pieces is None else pieces)
            ],
        }
    }


def _received(inspection: Inspection) -> Json:
    piece = inspection.piece
    item: Json = {
        "reboundItemId": piece.item_id,
        "parcelId": "P1",
        "clientItemId": text(piece.line_id),
        "sku": text(piece.sku),
        "ean": text(piece.ean),
        "quantity": piece.quantity,
    }
    named = {
        "verification": inspection.verification,
        "grade": inspection.grade,
        "disposition": inspection.disposition,
        "refundAdvice": inspection.advice,
        "inspectedAt": None if inspection.inspected_at is None else seconds(inspection.inspected_at),
    }
    item.update({name: value for name, value in named.items() if value is not None})
    item["images"] = []
    item["note"] = None
    return item


def return_snapshot(
    case: Case,
    received: Sequence[Inspection],
    *,
    version: int,
    updated_at: datetime,
    registered_at: datetime,
    status: str = "PROCESSING",
    delivered_at: datetime | None = None,
) -> Json:
    """The canonical snapshot of a return: announced beside received, with verification, grade and disposition per received piece."""
    closed = status in ("COMPLETED", "REJECTED", "CANCELLED", "EXPIRED")
    metadata = [] if case.shop_id is None else [{"key": "mirakl_shop_id", "value": case.shop_id}]
    return {
        "schemaVersion": 1,
        "reboundOrderId": case.return_id,
        "version": version,
        "updatedAt": seconds(updated_at),
        "clientOrderId": text(case.order_id),
        "rmaNumber": text(case.rma),
        "flow": case.flow,
        "status": status,
        "registeredAt": seconds(registered_at),
        "closedAt": seconds(updated_at) if closed else None,
        "clientMetadata": metadata,
        "parcels": [
            {
                "parcelId": "P1",
                "trackingNumber": case.tracking_number,
                "carrier": "PostLink",
                "location": case.location,
                "statusDescription": "delivered" if delivered_at else "postalIncoming",
                "timestamps": {
                    "inNetwork": seconds(registered_at),
                    "atHub": None,
                    "delivered": None if delivered_at is None else seconds(delivered_at),
                },
            }
        ],
        "announcedItems": [
            {
                "clientItemId": text(piece.line_id),
                "sku": text(piece.sku),
                "ean": text(piece.ean),
                "quantity": piece.quantity,
                "reasonCode": text(piece.reason),
                "wish": "refund",
            }
            for piece in case.pieces
        ],
        "receivedItems": [_received(inspection) for inspection in received],
    }


def render(payload: Mapping[str, Any]) -> bytes:
    """The bytes of one payload: compact JSON, UTF-8. Same payload, same bytes."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def reserialised(body: bytes) -> bytes:
    """The same content in other bytes: keys sorted, indented, non-ASCII escaped. For documents that ReBound sends again."""
    return json.dumps(json.loads(body), ensure_ascii=True, sort_keys=True, indent=2).encode()
