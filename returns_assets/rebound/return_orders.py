"""Return orders at ReBound: the request's body, and what an answer or a read says of a return. Path and shape are the reference's proposal
(3.2, 3.4): the capability is documented, neither path nor body is published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast

from returns_assets.rebound.client import ReboundClient
from returns_assets.rebound.identity import normal_id
from returns_assets.rebound.reading import as_object
from returns_assets.rebound.reading_errors import ReboundTransientError

ID_FIELD = "reboundOrderId"
RETURN_KEY = "mirakl_return_id"  # in clientMetadata; rebound.yaml reads it back out of snapshots


class ReturnPaths(Protocol):
    """What is needed of `return_orders` in rebound.yaml."""

    @property
    def create_path(self) -> str: ...
    @property
    def read_path(self) -> str: ...
    @property
    def list_path(self) -> str: ...
    @property
    def order_parameter(self) -> str: ...


AnnouncedItem = tuple[str | None, str | None, int]  # order line id, SKU, units


@dataclass(frozen=True, slots=True)
class ReturnOrder:
    """A return as ReBound has it. `client_return_ids`: what it says of the client's own number, which is Mirakl's return id.

    `labelled`: its label exists; `label_url` is None where the label is not given as an address.
    """

    return_id: str
    client_return_ids: frozenset[str]
    rma: str | None
    cancelled: bool
    labelled: bool
    label_url: str | None
    carrier: str | None
    tracking_number: str | None
    registered_at: datetime | None = None
    items: tuple[AnnouncedItem, ...] = ()


def body(order_id: str, mirakl_return_id: str, shop_id: str, commercial_id: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """POST /return-orders. Ids, SKUs, quantities and reasons only: no name, no address, no e-mail."""
    metadata = {RETURN_KEY: mirakl_return_id, "mirakl_shop_id": shop_id, "mirakl_commercial_id": commercial_id}
    return {
        "clientOrderId": order_id,
        "clientReturnId": mirakl_return_id,
        "announcedItems": [dict(item) for item in items],
        "clientMetadata": [{"key": key, "value": value} for key, value in metadata.items() if value],
        "labelBase64Enabled": False,
    }


def of_order(client: ReboundClient, paths: ReturnPaths, order_id: str) -> list[ReturnOrder]:
    """All return orders of a client order: the one look-up with evidence (reference, 1.5). Raises ReboundReadError."""
    answer = as_object("RETURN-LIST", client.get("RETURN-LIST", paths.list_path, {paths.order_parameter: order_id}))
    rows: Any = answer.get("data")
    if not isinstance(rows, list):
        raise ReboundTransientError("RETURN-LIST: the answer has no list in data")
    return [_return_order("RETURN-LIST", as_object("RETURN-LIST", row)) for row in cast("list[Any]", rows)]


def one(client: ReboundClient, paths: ReturnPaths, return_id: str) -> ReturnOrder:
    """One return order by ReBound's id. Raises ReboundReadError; ReboundPermanentError where there is none."""
    return _return_order("RETURN", as_object("RETURN", client.get("RETURN", paths.read_path.replace("{id}", return_id))))


def _return_order(operation: str, row: Mapping[str, Any]) -> ReturnOrder:
    try:
        labels: list[dict[str, Any]] = row.get("labels") or []
        parcels: list[dict[str, Any]] = row.get("parcels") or []
        metadata: list[dict[str, Any]] = row.get("clientMetadata") or []
        carried: dict[str, Any] = (labels or parcels or [{}])[0]
        own = {row.get("clientReturnId"), *(entry.get("value") for entry in metadata if entry.get("key") == RETURN_KEY)}
        return ReturnOrder(
            return_id=normal_id(str(row[ID_FIELD])),
            client_return_ids=frozenset(str(value) for value in own if value),
            rma=_text(row.get("rmaNumber")),
            cancelled=row.get("status") in ("CANCELLED", "REJECTED"),
            labelled=bool(labels),
            label_url=next((_text(label.get("labelUrl")) for label in labels if label.get("labelUrl")), None),
            carrier=_text(carried.get("carrier")),
            tracking_number=_text(carried.get("trackingNumber")),
            registered_at=_time(row.get("registeredAt")),
            items=announced(row.get("announcedItems") or []),
        )
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise ReboundTransientError(f"{operation}: the answer is no return order") from error


def announced(rows: Sequence[Mapping[str, Any]]) -> tuple[AnnouncedItem, ...]:
    """`announcedItems`; raises KeyError, TypeError, ValueError or AttributeError for what are none."""
    return tuple((_text(item.get("clientItemId")), _text(item.get("sku")), int(item["quantity"])) for item in rows)


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(str(value)) if value else None


def _text(value: Any) -> str | None:
    """`Not available` is ReBound's word for nothing (reference, 1.6)."""
    text = str(value).strip() if value is not None else ""
    return None if text in ("", "Not available") else text
