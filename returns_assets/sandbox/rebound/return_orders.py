"""Making, reading and cancelling a return order. Path and body are not published: names and statuses are the reference's proposal (3.2)."""

from __future__ import annotations

import math
from datetime import timedelta
from urllib.parse import quote

from returns_assets.sandbox import documents, wire
from returns_assets.sandbox.exchange import Answer, Json, Refusal
from returns_assets.sandbox.rebound import request as check
from returns_assets.sandbox.rebound.chronicle import Chronicle
from returns_assets.sandbox.rebound.facts import ReturnFacts, fold
from returns_assets.sandbox.rebound.request import Request
from returns_assets.sandbox.rebound.return_book import ReturnBook, ReturnOrder
from returns_assets.sandbox.rebound.sales_orders import SalesOrders
from returns_assets.sandbox.rebound.snapshot import created, label_pdf, snapshot
from returns_assets.sandbox.world import World
from returns_assets.sandbox.world_plan import plain_id

FIELDS = {
    "clientOrderId": check.is_filled,
    "clientReturnId": check.is_filled,
    "rmaNumber": check.is_filled,
    "announcedItems": check.is_objects,
    "customerAddress": check.is_object,
    "clientMetadata": check.is_objects,
    "labelBase64Enabled": check.is_flag,
}
ITEM_FIELDS = {
    "clientItemId": check.is_filled,
    "sku": check.is_filled,
    "ean": check.is_filled,
    "quantity": check.is_count,
    "reasonCode": check.is_filled,
    "wish": check.is_filled,
}
_NAMES = ("clientItemId", "sku", "ean")
_TAKEN = (*_NAMES, "reasonCode", "wish", "articleDescription", "commercialValue", "commercialValueCurrency")


def announced_items(body: Json, order: Json | None) -> list[Json]:
    """The checked items, each completed by what the sales order says of it. 422 names the fields at fault."""
    given: list[Json] = body["announcedItems"]
    found = [] if given else [{"field": "announcedItems", "message": "announcedItems must not be empty"}]
    for n, item in enumerate(given):
        found += check.faults(item, ITEM_FIELDS, ("quantity",), f"announcedItems[{n}].")
        if not any(name in item for name in _NAMES):
            found.append({"field": f"announcedItems[{n}]", "message": f"announcedItems[{n}] must have one of {', '.join(_NAMES)}"})
    check.refuse(found)
    sold: list[Json] = (order or {}).get("salesItems", [])
    items: list[Json] = []
    for item in given:
        known = [each for each in sold if all(each.get(name) == item[name] for name in _NAMES if name in item)]
        whole = (known[0] if len(known) == 1 else {}) | item
        items.append({name: whole[name] for name in _TAKEN if name in whole} | {"quantity": str(item["quantity"])})
    return items


class ReturnOrders:
    def __init__(self, book: ReturnBook, orders: SalesOrders, chronicle: Chronicle, world: World) -> None:
        self._book, self._orders, self._chronicle, self._world = book, orders, chronicle, world

    # making -----------------------------------------------------------------------------------------------------------------------
    def create(self, request: Request, flow_key: str | None) -> Answer:
        """`Idempotency-Key` is kept and not obeyed: nobody may rely on it."""
        body = request.json()
        check.refuse(check.faults(body, FIELDS, ("clientOrderId", "announcedItems")))
        order_id, account = body["clientOrderId"], self._book.account
        order = self._orders.order(order_id)
        items = announced_items(body, order)
        if account.return_repeat == "409" and "clientReturnId" in body and self._book.open_return(body["clientReturnId"]) is not None:
            raise Refusal(409, f"A return order with clientReturnId {body['clientReturnId']} exists")
        if order is None and not account.direct_returns:
            raise Refusal(422, f"There is no sales order with clientOrderId {order_id}")
        if order_id in account.not_returnable:
            raise Refusal(422, f"Order {order_id} is not returnable")
        self._within_order(order_id, order or {}, items)
        return self.made(self._book.make(body, items, "api", flow_key, request.headers.get("idempotency-key")), request.root)

    def _within_order(self, order_id: str, order: Json, items: list[Json]) -> None:
        """Not more of a line than was sold, over all its open returns. Lines of the sales order without an id are not counted."""
        sold: dict[str, int] = {}
        for line in order.get("salesItems", ()):
            if "clientItemId" in line and check.is_count(line.get("quantity")):
                sold[line["clientItemId"]] = sold.get(line["clientItemId"], 0) + int(line["quantity"])
        wanted: dict[str, int] = {}
        for item in items:
            if "clientItemId" in item:
                wanted[item["clientItemId"]] = wanted.get(item["clientItemId"], 0) + int(item["quantity"])
        for line_id, count in wanted.items() if sold else ():
            if line_id not in sold:
                raise Refusal(422, f"Order {order_id} has no item {line_id}")
            left = sold[line_id] - self._book.announced(order_id, line_id)
            if count > left:
                raise Refusal(422, f"Item {line_id}: {count} announced, {left} left to return")

    def made(self, order: ReturnOrder, root: str) -> Answer:
        """201, or 202 with the address to ask again at when the label comes later."""
        now = self._book.now()
        if order.labelled(now):
            return Answer.json(created(order, now, self._labels(root)), 201)
        wait = math.ceil((wire.moment(order.label_at) - now) / timedelta(seconds=1))
        path = self._book.account.paths["RETURN"].partition(" ")[2].replace("{id}", quote(plain_id(order.return_id)))
        headers = {"location": f"{root}{path}", "retry-after": str(wait)}
        return Answer(202, wire.dumps(created(order, now, self._labels(root))), headers)

    def _labels(self, root: str) -> str:
        return root + self._book.account.paths["LABEL"].partition(" ")[2].removesuffix("/{id}")

    # reading ----------------------------------------------------------------------------------------------------------------------
    def facts(self, return_id: str) -> ReturnFacts:
        facts = fold(self._chronicle.of_return(return_id, self._book.now()))
        if facts is None:
            raise Refusal(404, f"There is no return order {return_id}")
        return facts

    def show(self, return_id: str, root: str) -> Json:
        """The return as it is now, in the REST API's shape. 404 when there is none (yet)."""
        order = self._book.returns.get(plain_id(return_id))
        return snapshot(self.facts(return_id), order, self._book.now(), self._labels(root), self._book.account.carrier)

    def get(self, request: Request) -> Answer:
        return Answer.json(self.show(request.id, request.root))

    def label_event(self, return_id: str, root: str) -> Json:
        """What there is to say of a label when it exists."""
        return created(self._book.returns[return_id], self._book.now(), self._labels(root))

    def label(self, request: Request) -> Answer:
        order = self._book.returns.get(request.id.removesuffix("-P1"))
        if order is None or not order.labelled(self._book.now()):
            raise Refusal(404, "There is no such label")
        return Answer(200, label_pdf(order), {"content-type": "application/pdf"})

    # cancelling -------------------------------------------------------------------------------------------------------------------
    def cancel(self, request: Request) -> Answer:
        """Only before the parcel is in the network; tells of it by a snapshot. The world's returns go their planned way."""
        body = request.json() if request.body else {}
        check.refuse(check.faults(body, {"reason": check.is_filled}))
        facts = self.facts(request.id)
        if facts.status not in ("OPEN", "PROCESSING"):
            raise Refusal(409, f"Return order {request.id} is {facts.status}")
        if facts.on_the_way:
            raise Refusal(409, f"Return order {request.id} has entered the network")
        order = self._book.returns.get(plain_id(request.id))
        if order is None:
            raise Refusal(409, f"Return order {request.id} cannot be cancelled here")
        now = self._book.now()
        order.cancelled_at = wire.iso(now)
        order.happened(now, "cancelled", reason=body.get("reason"))
        self._book.save(order)
        told = documents.return_snapshot(
            self._book.case(order, self._book.account.location), [], version=1, updated_at=now,
            registered_at=wire.moment(order.created_at), status="CANCELLED",
        )  # fmt: skip
        self._world.tell(now, documents.SNAPSHOTS, told)
        return self.get(request)
