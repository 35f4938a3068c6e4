"""Which operation a Mirakl request is, who may call it, and the call itself."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from returns_assets.sandbox.exchange import Answer, Call, Refusal
from returns_assets.sandbox.mirakl.cancelations import or30
from returns_assets.sandbox.mirakl.dispatch import or21, or23, or24
from returns_assets.sandbox.mirakl.offers import of21, of22, of24
from returns_assets.sandbox.mirakl.orders import or11
from returns_assets.sandbox.mirakl.platform_data import a01, ch11, cur01, or75, pc01, re01, sh11, sh12, sh21, v01
from returns_assets.sandbox.mirakl.refunds import or28
from returns_assets.sandbox.mirakl.returns_routes import RETURNS
from returns_assets.sandbox.mirakl.returns_routes import WRITES as RETURN_WRITES
from returns_assets.sandbox.mirakl.shipment_lists import st11, st12
from returns_assets.sandbox.mirakl.shipments import st01, st06, st07, st23, st24
from returns_assets.sandbox.mirakl.stock_imports import sto01, sto02, sto03
from returns_assets.sandbox.mirakl.transactions import tl02

Operation = Callable[[Call], Answer]
UNKNOWN = "unknown"
_FIXED: dict[str, dict[str, tuple[str, Operation]]] = {
    "/orders": {"GET": ("OR11", or11)},
    "/orders/refund": {"PUT": ("OR28", or28)},
    "/orders/cancel": {"PUT": ("OR30", or30)},
    "/orders/taxes": {"GET": ("OR75", or75)},
    "/reasons": {"GET": ("RE01", re01)},
    "/platform/configuration": {"GET": ("PC01", pc01)},
    "/account": {"GET": ("A01", a01)},
    "/currencies": {"GET": ("CUR01", cur01)},
    "/channels": {"GET": ("CH11", ch11)},
    "/version": {"GET": ("V01", v01)},
    "/shipping/zones": {"GET": ("SH11", sh11)},
    "/shipping/types": {"GET": ("SH12", sh12)},
    "/shipping/carriers": {"GET": ("SH21", sh21)},
    "/sellerpayment/transactions_logs": {"GET": ("TL02", tl02)},
    **RETURNS,
    "/offers": {"GET": ("OF21", of21), "POST": ("OF24", of24)},
    "/offers/stock/imports": {"POST": ("STO01", sto01)},
    "/shipments": {"GET": ("ST11", st11), "POST": ("ST01", st01), "PUT": ("ST07", st07)},
    "/shipments/delete": {"PUT": ("ST06", st06)},
    "/shipments/items_to_ship": {"GET": ("ST12", st12)},
    "/shipments/ship": {"PUT": ("ST24", st24)},
    "/shipments/tracking": {"POST": ("ST23", st23)},
}
_BY_ORDER: dict[str, dict[str, tuple[str, Operation]]] = {
    "accept": {"PUT": ("OR21", or21)},
    "tracking": {"PUT": ("OR23", or23)},
    "ship": {"PUT": ("OR24", or24)},
}
_BY_OFFER: list[tuple[re.Pattern[str], dict[str, tuple[str, Operation]]]] = [
    (re.compile(r"/offers/[0-9]+"), {"GET": ("OF22", of22)}),
    (re.compile(r"/offers/stock/imports/[^/]+/status"), {"GET": ("STO02", sto02)}),
    (re.compile(r"/offers/stock/imports/[^/]+/error_report"), {"GET": ("STO03", sto03)}),
]
_ORDER_PATH = re.compile(r"/orders/[^/]+/([a-z_]+)")
WITH_JSON_BODY = frozenset({"OR21", "OR23", "OR28", "OR30", "OF24", "ST01", "ST06", "ST07", "ST23", "ST24"}) | RETURN_WRITES


def _methods(path: str) -> dict[str, tuple[str, Operation]]:
    fixed = _FIXED.get(path)
    if fixed is not None:
        return fixed
    match = _ORDER_PATH.fullmatch(path)
    if match is not None:
        return _BY_ORDER.get(match[1], {})
    for pattern, methods in _BY_OFFER:
        if pattern.fullmatch(path):
            return methods
    return {}


def operation_of(method: str, path: str) -> str:
    """The operation's code, for the log and the faults."""
    found = _methods(path).get(method)
    return found[0] if found else UNKNOWN


def _admit(call: Call) -> None:
    """The seller's key is the whole Authorization header, without a scheme (reference, 1.1)."""
    given = call.headers.get("authorization")
    if given != call.place.config.api_key:
        raise Refusal(401, "Unauthorized")
    shop_id = call.one("shop_id")
    if shop_id is not None and shop_id != call.place.config.shop_id:
        raise Refusal(403, "Forbidden: the user has no access to this shop")


def _within_ceiling(call: Call, operation: str) -> None:
    ceiling = call.place.config.ceilings.get(operation)
    if ceiling is None:
        return
    allowed, window = ceiling
    now = time.monotonic()  # the caller's patience is real, whatever the sandbox's clock says
    times = [at for at in call.place.calls.get(operation, []) if at > now - window]
    if len(times) >= allowed:
        raise Refusal(429, "Too many requests", headers={"retry-after": str(max(1, round(times[0] + window - now)))})
    call.place.calls[operation] = [*times, now]


def perform(call: Call) -> Answer:
    """Carry the call out under the state's lock; a refusal is an answer, too."""
    try:
        methods = _methods(call.path)
        if not methods:
            raise Refusal(404, "Not Found")
        if call.method not in methods:
            raise Refusal(405, "Method Not Allowed", headers={"allow": ", ".join(methods)})
        operation, function = methods[call.method]
        _admit(call)
        if call.method == "PUT" and "content-length" not in call.headers and "transfer-encoding" not in call.headers:
            raise Refusal(411, "Length Required")
        if operation in WITH_JSON_BODY and not call.headers.get("content-type", "").startswith("application/json"):
            raise Refusal(415, "Unsupported Media Type")
        _within_ceiling(call, operation)
        with call.state.lock:
            for act in call.place.armed.pop(operation, ()):
                act()
            return function(call)
    except Refusal as refusal:
        return refusal.answer()
