"""Payloads as ReBound documents them, and the account that reads them. Independent of the sandbox's."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from returns_assets.rebound.events import Event, read_events
from returns_assets.rebound.profile import Profile, compile_profile
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import Mappings

MAPPINGS: Mappings = load_mappings(Path(__file__).parents[2] / "mappings")
PROFILE: Profile = compile_profile(MAPPINGS.rebound)
RECEIVED = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
RETURN = "(00)300000000000000017"
PIECE = "(00)900000000000000011"
NA = "Not available"


def item(**changed: Any) -> dict[str, Any]:
    whole = {
        "reboundItemId": PIECE,
        "clientItemId": "NOR-1-A-1",
        "ean": "4000000000019",
        "sku": "S1",
        "reasonCode": "Too large",
        "quantity": "1",
    }
    return {name: value for name, value in (whole | changed).items() if value is not ...}


def tracking(items: Any = None, **order: Any) -> dict[str, Any]:
    whole = {
        "clientOrderId": "NOR-1-A",
        "reboundOrderId": RETURN,
        "location": "DE_ABC_Site",
        "trackingNumber": "ZZ1",
        "statusDescription": "postalIncoming",
        "timestamp": "2025-03-07T08:30:00.123456Z",
    }
    return {"order": whole | order, "items": [item()] if items is None else items}


def trigger(items: Any = None, **order: Any) -> dict[str, Any]:
    whole = {"reboundOrderId": RETURN, "clientOrderId": "NOR-1-A", "location": "DE_ABC_Site"}
    return {"order": whole | {"items": [item()] if items is None else items} | order}


def received(**changed: Any) -> dict[str, Any]:
    found = {"verification": "MATCH", "grade": "A", "disposition": "RESTOCK", "refundAdvice": "REFUND"}
    return item(**(found | {"inspectedAt": "2025-03-09T09:00:00Z"} | changed))


def snapshot(items: Any = None, **changed: Any) -> dict[str, Any]:
    whole = {
        "schemaVersion": 1,
        "reboundOrderId": RETURN,
        "version": 4,
        "updatedAt": "2025-03-09T10:15:00Z",
        "clientOrderId": "NOR-1-A",
        "flow": "STANDARD",
        "status": "PROCESSING",
        "receivedItems": [received()] if items is None else items,
    }
    return whole | changed


def read(kind: str, payload: Any) -> list[Event]:
    return read_events(PROFILE, kind, payload, RECEIVED)


def one(kind: str, payload: Any) -> Event:
    (event,) = read(kind, payload)
    return event


def causes(event: Event) -> list[str]:
    return [str(found) for found in event.problems]


def to_bytes(payload: Any) -> bytes:
    return json.dumps(payload).encode()
