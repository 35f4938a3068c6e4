"""Returns that consumers registered in ReBound's portal and that wait for the client's yes or no. The whole shape is an assumption."""

from __future__ import annotations

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Json, Refusal
from returns_assets.sandbox.rebound import request as check
from returns_assets.sandbox.rebound.cursors import Cursors
from returns_assets.sandbox.rebound.request import Request
from returns_assets.sandbox.rebound.return_book import AUTHORISED, DECLINED, PENDING, Registration, ReturnBook
from returns_assets.sandbox.rebound.return_orders import ReturnOrders
from returns_assets.sandbox.rebound.snapshot import registered

STATUSES = (PENDING, AUTHORISED, DECLINED)
_AUTHORISATION = {
    "clientReturnId": check.is_filled,
    "rmaNumber": check.is_filled,
    "clientMetadata": check.is_objects,
    "labelBase64Enabled": check.is_flag,
}


class Registrations:
    def __init__(self, book: ReturnBook, returns: ReturnOrders, cursors: Cursors) -> None:
        self._book, self._returns, self._cursors = book, returns, cursors

    def listed(self, request: Request) -> Answer:
        """?status= (PENDING) &clientOrderId= &cursor= &limit=, oldest first."""
        filters = {name: request.query[name] for name in ("status", "clientOrderId") if name in request.query}
        if filters.get("status", PENDING) not in STATUSES:
            raise Refusal(400, f"status must be one of {', '.join(STATUSES)}")
        after = 0
        if "cursor" in request.query:
            place, filters = self._cursors.take("registrations", request.query["cursor"], filters)
            after = place[1] if place else 0
        status, order_id = filters.get("status", PENDING), filters.get("clientOrderId")
        found = [
            each
            for each in self._book.registrations.values()
            if each.number > after and each.status == status and order_id in (None, each.order_id)
        ]
        page = found[: request.limit()]
        place = (self._book.now(), page[-1].number if page else after)
        cursor = self._cursors.give("registrations", place, filters)
        return Answer.json({"data": [registered(each) for each in page], "nextCursor": cursor, "hasMore": len(found) > len(page)})

    def get(self, request: Request) -> Answer:
        return Answer.json(registered(self._find(request)))

    def authorise(self, request: Request) -> Answer:
        """The return order is made, with its label now (201) or later (202), and ReBound tells of it."""
        body = request.json() if request.body else {}
        check.refuse(check.faults(body, _AUTHORISATION))
        registration = self._pending(request)
        metadata = [*registration.metadata, *body.get("clientMetadata", ())]
        given: Json = {**body, "clientOrderId": registration.order_id, "clientMetadata": metadata}
        order = self._book.make(given, registration.items, "portal")
        self._decide(registration, AUTHORISED)
        registration.return_id = order.return_id
        self._book.save_registration(registration)
        return self._returns.made(order, request.root)

    def decline(self, request: Request) -> Answer:
        body = request.json()
        check.refuse(check.faults(body, {"reason": check.is_filled}, ("reason",)))
        registration = self._pending(request)
        self._decide(registration, DECLINED)
        registration.reason = body["reason"]
        self._book.save_registration(registration)
        return Answer.json(registered(registration))

    def _decide(self, registration: Registration, status: str) -> None:
        registration.status, registration.decided_at = status, wire.iso(self._book.now())

    def _find(self, request: Request) -> Registration:
        registration = self._book.registrations.get(request.id)
        if registration is None:
            raise Refusal(404, f"There is no registration {request.id}")
        return registration

    def _pending(self, request: Request) -> Registration:
        registration = self._find(request)
        if registration.status != PENDING:
            raise Refusal(409, f"Registration {request.id} is {registration.status}")
        return registration
