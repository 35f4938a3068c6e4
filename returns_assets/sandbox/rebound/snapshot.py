"""A return in the REST API's shape (reference, 3.4; names assumed): the notifications' facts beside rma, metadata and labels."""

from __future__ import annotations

import base64
from datetime import datetime

from returns_assets.sandbox import wire
from returns_assets.sandbox.documents import NOT_AVAILABLE
from returns_assets.sandbox.exchange import Json
from returns_assets.sandbox.rebound.facts import AT_HUB, DELIVERED, IN_NETWORK, Parcel, Received, ReturnFacts
from returns_assets.sandbox.rebound.return_book import Registration, ReturnOrder
from returns_assets.sandbox.world_plan import plain_id

_ITEM = ("clientItemId", "sku", "ean", "quantity")
_FOUND = ("verification", "grade", "disposition", "refundAdvice", "inspectedAt")


def _iso(at: datetime | None) -> str | None:
    return None if at is None else wire.iso(at)


def label_pdf(order: ReturnOrder) -> bytes:
    """Stands for the label: a page with nothing but the parcel's number."""
    text = f"BT /F1 24 Tf 72 720 Td ({order.tracking_number}) Tj ET"
    return f"%PDF-1.4\n1 0 obj<</Length {len(text)}>>stream\n{text}\nendstream endobj\n%%EOF\n".encode()


def labels(order: ReturnOrder, now: datetime, label_root: str) -> list[Json]:
    """Empty as long as the label does not exist. `label_root`: the address below which labels are fetched."""
    if not order.labelled(now):
        return []
    label: Json = {"parcelId": "P1", "trackingNumber": order.tracking_number, "carrier": order.carrier}
    if order.base64:
        label["labelBase64"] = base64.b64encode(label_pdf(order)).decode()
    else:
        label["labelUrl"] = f"{label_root}/{plain_id(order.return_id)}-P1"
    label["qrCode"] = f"QR-{order.tracking_number}"
    return [label]


def created(order: ReturnOrder, now: datetime, label_root: str) -> Json:
    """The answer to making a return."""
    return {
        "reboundOrderId": order.return_id,
        "clientOrderId": order.order_id,
        "clientReturnId": order.client_return_id,
        "rmaNumber": order.rma,
        "labels": labels(order, now, label_root),
    }


def registered(registration: Registration) -> Json:
    return {
        "registrationId": registration.registration_id,
        "clientOrderId": registration.order_id,
        "status": registration.status,
        "reason": registration.reason,
        "registeredAt": registration.registered_at,
        "decidedAt": registration.decided_at,
        "reboundOrderId": registration.return_id,
        "announcedItems": registration.items,
        "clientMetadata": registration.metadata,
    }


def _parcel(number: int, parcel: Parcel, order: ReturnOrder | None, carrier: str, now: datetime) -> Json:
    tracking_number = parcel.tracking_number or (order.tracking_number if order is not None and order.labelled(now) else NOT_AVAILABLE)
    return {
        "parcelId": f"P{number}",
        "trackingNumber": tracking_number,
        "carrier": order.carrier if order is not None else carrier,
        "location": parcel.location,
        "statusDescription": parcel.status,
        "timestamps": {
            "inNetwork": _iso(parcel.when(IN_NETWORK)),
            "atHub": _iso(parcel.when(AT_HUB)),
            "delivered": _iso(parcel.when(DELIVERED)),
        },
    }


def _received(facts: ReturnFacts, item_id: str, received: Received) -> Json:
    """Verification and the rest only where an inspection said so; a piece without them was registered and not graded."""
    item: Json = {"reboundItemId": item_id, "parcelId": f"P{received.parcel + 1}"}
    item |= {name: (received.finding or received.item)[name] for name in _ITEM}
    item |= {"reasonCode": facts.reason(item_id), "registeredAt": _iso(received.at)}
    item |= {name: received.finding[name] for name in _FOUND if name in received.finding}
    return item | {"images": [], "note": None}


def snapshot(facts: ReturnFacts, order: ReturnOrder | None, now: datetime, label_root: str, carrier: str) -> Json:
    """`order` is the record of a return that was made here; None for one of the world's."""
    announced = [{name: item[name] for name in (*_ITEM, "reasonCode")} | {"wish": "refund"} for item in facts.announced.values()]
    return {
        "schemaVersion": 1,
        "reboundOrderId": facts.return_id,
        "version": facts.version,
        "updatedAt": _iso(facts.updated_at),
        "clientOrderId": facts.order_id,
        "clientReturnId": order.client_return_id if order is not None else None,
        "rmaNumber": order.rma if order is not None else facts.snapshot.get("rmaNumber", NOT_AVAILABLE),
        "flow": facts.snapshot.get("flow", "STANDARD"),
        "status": facts.status,
        "registeredAt": _iso(facts.registered_at),
        "closedAt": facts.snapshot.get("closedAt"),
        "instantRefundAt": _iso(facts.instant_at),
        "clientMetadata": order.metadata if order is not None else facts.snapshot.get("clientMetadata", []),
        "parcels": [_parcel(n, parcel, order, carrier, now) for n, parcel in enumerate(facts.parcels, 1)],
        "labels": labels(order, now, label_root) if order is not None else [],
        "announcedItems": announced or facts.snapshot.get("announcedItems", []),
        "receivedItems": [_received(facts, item_id, received) for item_id, received in facts.received.items()],
    }
