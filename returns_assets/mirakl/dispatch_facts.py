"""OR11 and ST11 answers as the few facts that decide about a dispatch: an order's state and tracking, and the shipments it has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from returns_assets.mirakl.client import parse
from returns_assets.mirakl.errors import MiraklUnreadableError

SHIPPED = ("SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED")  # of an order and of a shipment (reference, 5.2 and 11)
WAITING = ("STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT")
OPEN_SHIPMENT = "SHIPPING"


@dataclass(frozen=True, slots=True)
class OrderFact:
    """One order as just read; texts are '' where Mirakl says nothing. `lines`: order line id -> (SKU, units sold, state)."""

    order_id: str
    state: str
    can_shop_ship: bool
    shipping_type: str
    deadline: datetime | None
    carrier_code: str
    carrier_name: str
    tracking_number: str
    lines: Mapping[str, tuple[str, int, str]]


@dataclass(frozen=True, slots=True)
class ShipmentFact:
    """One shipment as just read. `lines`: order line id -> units."""

    shipment_id: str
    order_id: str
    status: str
    carrier_code: str
    carrier_name: str
    tracking_number: str
    lines: Mapping[str, int]


def orders_of(pages: Iterable[bytes]) -> dict[str, OrderFact]:
    """The orders of OR11 answers by order id. Raises MiraklUnreadableError when ids or quantities cannot be read."""
    found: dict[str, OrderFact] = {}
    for page in pages:
        try:
            for order in parse("OR11", page)["orders"]:
                fact = _order(order)
                found[fact.order_id] = fact
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise MiraklUnreadableError("OR11: an order without the ids and quantities that a dispatch needs") from error
    return found


def shipments_of(pages: Iterable[bytes]) -> dict[str, list[ShipmentFact]]:
    """The shipments of ST11 answers by order id. Raises MiraklUnreadableError when ids or quantities cannot be read."""
    found: dict[str, dict[str, ShipmentFact]] = {}
    for page in pages:
        try:
            for shipment in parse("ST11", page)["data"]:
                fact = _shipment(shipment)
                found.setdefault(fact.order_id, {})[fact.shipment_id] = fact
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise MiraklUnreadableError("ST11: a shipment without the ids and quantities that a dispatch needs") from error
    return {order_id: list(shipments.values()) for order_id, shipments in found.items()}


def _order(order: dict[str, Any]) -> OrderFact:
    return OrderFact(
        order_id=str(order["order_id"]),
        state=_text(order.get("order_state")),
        can_shop_ship=order.get("can_shop_ship") is not False,  # null or absent says nothing
        shipping_type=_text(order.get("shipping_type_code")),
        deadline=_time(order.get("shipping_deadline")),
        carrier_code=_text(order.get("shipping_carrier_code")),
        carrier_name=_text(order.get("shipping_company")),
        tracking_number=_text(order.get("shipping_tracking")),
        lines={
            str(line["order_line_id"]): (_text(line.get("offer_sku")), int(line["quantity"]), _text(line.get("order_line_state")))
            for line in cast("list[dict[str, Any]]", order.get("order_lines") or ())
        },
    )


def _shipment(shipment: dict[str, Any]) -> ShipmentFact:
    tracking = cast("dict[str, Any]", shipment.get("tracking") or {})
    lines: dict[str, int] = {}
    for line in cast("list[dict[str, Any]]", shipment.get("shipment_lines") or ()):
        lines[str(line["order_line_id"])] = lines.get(str(line["order_line_id"]), 0) + int(line["quantity"])
    return ShipmentFact(
        shipment_id=str(shipment["id"]),
        order_id=str(shipment["order_id"]),
        status=_text(shipment.get("status")),
        carrier_code=_text(tracking.get("carrier_code")),
        carrier_name=_text(tracking.get("carrier_name")),
        tracking_number=_text(tracking.get("tracking_number")),
        lines=lines,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _time(value: Any) -> datetime | None:
    if not value:
        return None
    at = datetime.fromisoformat(str(value))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
