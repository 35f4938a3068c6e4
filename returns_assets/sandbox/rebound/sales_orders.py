"""POST /sales-orders: orders as they were pushed, every version of them, and the three ways a repeated clientOrderId may be taken."""

from __future__ import annotations

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Json, Refusal
from returns_assets.sandbox.rebound import request as check
from returns_assets.sandbox.rebound.request import Request
from returns_assets.sandbox.state import State

# Documented: these fields and types, clientOrderId required (reference, 1.3). What lies inside the objects is not visible.
FIELDS = {
    "clientOrderId": check.is_filled,
    "clientOrderCreatedDate": check.is_moment,
    "customerAddress": check.is_object,
    "businessUnit": check.is_text,
    "rmaNumber": check.is_text,
    "premiumOrder": check.is_flag,
    "salesItems": check.is_objects,
    "clientMetadata": check.is_objects,
    "labelBase64Enabled": check.is_flag,
}


class SalesOrders:
    """`state.rebound_orders` holds every push that was read, in order of arrival, with the status it was answered with."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._standing: dict[str, Json] = {}  # salesOrderId -> the version that stands
        self._first: dict[str, str] = {}  # clientOrderId -> its first salesOrderId
        for entry in state.rebound_orders:
            self._take(entry)

    def _take(self, entry: Json) -> None:
        if entry["status"] < 400:
            self._standing[entry["salesOrderId"]] = entry
            self._first.setdefault(entry["order"]["clientOrderId"], entry["salesOrderId"])

    def push(self, request: Request, flow_key: str | None) -> Answer:
        order = request.json()
        check.refuse(check.faults(order, FIELDS, ("clientOrderId",)))
        order_id: str = order["clientOrderId"]
        known, repeat = self._first.get(order_id), self._state.config.rebound.repeat
        if known is not None and repeat == "409":
            self._note({"salesOrderId": None, "status": 409, "flowKey": flow_key, "order": order})
            raise Refusal(409, f"A sales order with clientOrderId {order_id} exists")
        overwritten = known is not None and repeat == "overwrite"
        sales_order_id = known if overwritten else f"SO-{len(self._standing) + 1}"
        status = 200 if overwritten else 201
        self._note({"salesOrderId": sales_order_id, "status": status, "flowKey": flow_key, "order": order})
        return Answer.json({"salesOrderId": sales_order_id, "clientOrderId": order_id}, status)

    def _note(self, entry: Json) -> None:
        entry["receivedAt"] = wire.iso(self._state.clock.now())
        self._take(entry)
        self._state.rebound_orders.append(entry)
        self._state.save_rebound_order(len(self._state.rebound_orders) - 1)

    def order(self, client_order_id: str) -> Json | None:
        """The body that stands for an order; of duplicates the first."""
        known = self._first.get(client_order_id)
        return None if known is None else self._standing[known]["order"]

    def standing(self) -> list[Json]:
        """One entry {salesOrderId, status, flowKey, receivedAt, order} for each sales order that ReBound has."""
        return list(self._standing.values())

    def versions(self, client_order_id: str | None = None) -> list[Json]:
        """By clientOrderId every push with the answer's status, refused repeats included, oldest first."""
        rows: dict[str, list[Json]] = {}
        for entry in self._state.rebound_orders:
            order_id = entry["order"]["clientOrderId"]
            if client_order_id in (None, order_id):
                rows.setdefault(order_id, []).append(entry)
        return [
            {"clientOrderId": order_id, "versions": [{"version": n, **entry} for n, entry in enumerate(entries, 1)]}
            for order_id, entries in rows.items()
        ]
