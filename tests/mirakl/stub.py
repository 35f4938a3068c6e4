"""A small Mirakl on loopback, for tests only: OR11, OR28 and the lists, with a script of faults. Not the sandbox: a second, independent
reading of the reference that a test can look into."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REASONS = [
    {"code": "14", "label": "No answer", "type": "REFUND", "is_shop_right": False},
    {"code": "17", "label": "Item returned", "type": "REFUND", "is_shop_right": True},
    {"code": "15", "label": "Out of stock", "type": "REFUND", "is_shop_right": True},
    {"code": "34", "label": "Cancelled", "type": "CANCELATION", "is_shop_right": True},
]
LISTS: dict[str, Any] = {
    "/orders/taxes": {"taxes": [{"code": "VAT", "label": "VAT"}]},
    "/currencies": {"currencies": [{"iso_code": "EUR", "label": "Euro", "platform_default": True}, {"iso_code": "USD", "label": "Dollar"}]},
    "/shipping/carriers": {"carriers": [{"code": "DPD-UK", "label": "DPD", "standard_code": "dpd", "tracking_url": None}]},
    "/shipping/types": {"shipping_types": [{"code": "STD", "label": "Standard", "mandatory_tracking": False}]},
    "/platform/configuration": {
        "features": {"order_tax_mode": "TAX_INCLUDED", "multi_currency": True, "shipment": {"multi_shipment": False}},
        "timezone": "Europe/Paris",
        "languages": ["fr", "de"],
    },
    "/account": {
        "shop_id": 2001,
        "shop_state": "OPEN",
        "currency_iso_code": "EUR",
        "payment_details": {"payable_balance": 1234.5, "pending_balance": 10},
        "contact_informations": {"email": "owner@example.org", "lastname": "Secretname"},
    },
}


@dataclass
class Fault:
    """What happens to the next requests of an operation: `status` answers it, `cut` breaks the connection, before or after the work."""

    operation: str
    kind: str  # status | cut_before | cut_after | status_after | garbage_after
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"status": 0, "message": "fault"}'
    times: int = 1


@dataclass
class Seen:
    """A request as it arrived."""

    operation: str
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: Any
    header_names: tuple[str, ...] = ()  # as they came, with repetitions


class StubMirakl:
    """Orders by id in OR11's shape; `refunds` is the truth about the money. `on_request` may do mischief between two requests."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.reasons: list[dict[str, Any]] = [dict(reason) for reason in REASONS]
        self.faults: deque[Fault] = deque()
        self.fault_for: Callable[[Seen], Fault | None] | None = None
        self.on_request: Callable[[Seen], None] | None = None
        self.seen: list[Seen] = []
        self.lock = threading.RLock()
        self.link_header = True
        self.page_cap = 100
        self.refusals: dict[str, str] = {}  # order line -> message of a 400
        self.counter = 0
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                stub._serve(self)

            do_PUT = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # -- what tests look at and change

    def put_order(self, order_id: str, prices: list[str], *, quantity: int = 1, state: str = "RECEIVED", **fields: Any) -> None:
        """An order with one line a price, `{order_id}-1`..., with shipping 5.00 on each line."""
        lines = [
            {
                "order_line_id": f"{order_id}-{number}",
                "order_line_index": number,
                "order_line_state": state,
                "offer_sku": f"SKU{number}",
                "product_sku": f"P{number}",
                "product_title": "Thing",
                "quantity": quantity,
                "price_unit": Decimal(price) / quantity,
                "price": Decimal(price),
                "shipping_price": Decimal("5.00"),
                "can_refund": True,
                "taxes": [],
                "shipping_taxes": [],
                "cancelations": [],
                "refunds": [],
            }
            for number, price in enumerate(prices, start=1)
        ]
        order = {
            "order_id": order_id,
            "commercial_id": order_id.removesuffix("-A"),
            "order_state": state,
            "currency_iso_code": "EUR",
            "order_tax_mode": "TAX_INCLUDED",
            "price": sum((Decimal(price) for price in prices), Decimal(0)),
            "shipping_price": Decimal("5.00") * len(prices),
            "created_date": "2025-03-01T08:00:00Z",
            "last_updated_date": "2025-03-05T08:00:00Z",
            "customer": {"customer_id": "c1", "firstname": "Private", "lastname": "Person"},
            "order_lines": lines,
        }
        with self.lock:
            self.orders[order_id] = {**order, **fields}

    def line(self, order_line_id: str) -> dict[str, Any]:
        with self.lock:
            return next(line for order in self.orders.values() for line in order["order_lines"] if line["order_line_id"] == order_line_id)

    def refund(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Book a refund, as OR28 or as a person in the back office does."""
        with self.lock:
            line = self.line(entry["order_line_id"])
            self.counter += 1
            booked = {
                "id": f"R{self.counter}",
                "order_refund_id": f"OR{self.counter}",
                "amount": Decimal(str(entry["amount"])),
                "shipping_amount": Decimal(str(entry.get("shipping_amount", 0))),
                "quantity": entry.get("quantity", 0),
                "reason_code": entry["reason_code"],
                "refund_state": "WAITING_REFUND",
                "created_date": "2025-03-10T08:00:00Z",
                "taxes": entry.get("taxes", []),
                "commission_total_amount": Decimal("0.5"),
            }
            line["refunds"].append(booked)
            return booked

    def refunds_of(self, order_line_id: str) -> list[dict[str, Any]]:
        with self.lock:
            return list(self.line(order_line_id)["refunds"])

    @property
    def all_refunds(self) -> list[dict[str, Any]]:
        with self.lock:
            return [refund for order in self.orders.values() for line in order["order_lines"] for refund in line["refunds"]]

    def calls(self, operation: str) -> list[Seen]:
        with self.lock:
            return [seen for seen in self.seen if seen.operation == operation]

    # -- serving

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length)
        parts = urlsplit(handler.path)
        path = parts.path.removeprefix("/api")
        params = {key: values[0] for key, values in parse_qs(parts.query).items()}
        operation = "OR28" if path == "/orders/refund" else "OR11" if path == "/orders" else "RE01" if path == "/reasons" else path
        sent = json.loads(raw, parse_float=Decimal) if raw else None
        seen = Seen(operation, handler.command, path, params, dict(handler.headers), sent, tuple(handler.headers.keys()))
        with self.lock:
            self.seen.append(seen)
            fault = self.fault_for(seen) if self.fault_for else self._scripted(operation)
        if self.on_request:
            self.on_request(seen)
        if fault and fault.kind == "status":
            return self._answer(handler, fault.status, fault.body, fault.headers)
        if fault and fault.kind == "cut_before":
            return self._cut(handler)
        status, body, headers = self._work(seen)
        if fault and fault.kind == "cut_after":
            return self._cut(handler)
        if fault and fault.kind == "status_after":
            return self._answer(handler, fault.status, fault.body, fault.headers)
        if fault and fault.kind == "garbage_after":
            return self._answer(handler, 200, b"<html>ok</html>", {})
        self._answer(handler, status, json.dumps(body, default=_decimal).encode(), headers)

    def _scripted(self, operation: str) -> Fault | None:
        for fault in self.faults:
            if fault.operation == operation:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _work(self, seen: Seen) -> tuple[int, Any, dict[str, str]]:
        if seen.operation == "OR28":
            return self._refund_call(seen)
        if seen.operation == "RE01":
            return 200, {"reasons": self.reasons}, {}
        if seen.operation == "OR11":
            return self._orders(seen)
        if seen.path in LISTS:
            return 200, LISTS[seen.path], {}
        return 404, {"status": 404, "message": "not found"}, {}

    def _refund_call(self, seen: Seen) -> tuple[int, Any, dict[str, str]]:
        answers = []
        for entry in seen.body["refunds"]:
            if entry["order_line_id"] in self.refusals:
                return 400, {"status": 400, "message": self.refusals[entry["order_line_id"]]}, {}
            booked = self.refund(entry)
            answers.append({**entry, "refund_id": booked["id"], "order_refund_id": booked["order_refund_id"]})
        return 200, {"order_tax_mode": seen.body["order_tax_mode"], "refunds": answers}, {}

    def _orders(self, seen: Seen) -> tuple[int, Any, dict[str, str]]:
        with self.lock:
            found = sorted(self.orders.values(), key=lambda order: (order["created_date"], order["order_id"]))
        if "order_ids" in seen.params:
            wanted = seen.params["order_ids"].split(",")
            if len(wanted) > 100:
                return 400, {"status": 400, "message": "too many ids"}, {}
            found = [order for order in found if order["order_id"] in wanted]
        start, end = seen.params.get("start_update_date"), seen.params.get("end_update_date")
        found = [o for o in found if (not start or o["last_updated_date"] >= start) and (not end or o["last_updated_date"] <= end)]
        size = min(int(seen.params.get("max", 10)), self.page_cap)
        offset = int(seen.params.get("offset", 0))
        page = [self._viewed(order, seen) for order in found[offset : offset + size]]
        more = offset + size < len(found)
        headers = {"Link": f'<{self.url}/api/orders?offset={offset + size}>; rel="next"'} if more and self.link_header else {}
        return 200, {"orders": page, "total_count": len(found)}, headers

    def _viewed(self, order: dict[str, Any], seen: Seen) -> dict[str, Any]:
        with self.lock:
            view = json.loads(json.dumps(order, default=_decimal), parse_float=Decimal)
        view["order_tax_mode"] = seen.params.get("order_tax_mode", view["order_tax_mode"])
        return view

    def _answer(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _cut(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)


def _decimal(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
