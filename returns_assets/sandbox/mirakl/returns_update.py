"""RT04: rma, label, tracking, method and address of a return. What is not sent stays as it is, so the same call again changes nothing."""

from __future__ import annotations

import re
from typing import Any, cast

from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal
from returns_assets.sandbox.mirakl import return_request as request
from returns_assets.sandbox.mirakl.return_request import ItemError
from returns_assets.sandbox.mirakl.return_shape import shown
from returns_assets.sandbox.mirakl.returns_move import Change, each
from returns_assets.sandbox.return_book import ReturnEntry
from returns_assets.sandbox.returns_config import METHODS

_URL = re.compile(r"https?://[^\s/]+\S*")
_TRACKING = ("carrier_code", "carrier_name", "carrier_standard_code", "tracking_number", "tracking_url")
# Orders that have no goods to send back any more: a guess at what the documented text "order in invalid state" speaks of.
_GONE = ("REFUSED", "CANCELED")


def _part(entry: Json, name: str) -> Json | None:
    value: Any = entry.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refusal(400, "Bad Request")
    return cast(Json | None, value)


def _address(entry: Json, where: str) -> Json | None:
    """RT04 wraps it in one more level than RT11 shows: return_address.address (reference, 7.5)."""
    outer = _part(entry, "return_address")
    if outer is None:
        return None
    inner = _part(outer, "address")
    at = f"{where}.return_address.address"
    if inner is None:
        raise Refusal(400, f"{at} is required")
    required = {name: request.text(inner, name, at) for name in ("street1", "city", "country_iso_code")}
    optional = {name: request.optional_text(inner, name, at) for name in ("street2", "state")}
    return {**required, **optional, "zip_code": request.optional_text(inner, "zip_code", at) or ""}


def _tracking(given: Json, call: Call) -> Json:
    """A registered carrier brings its name, standard code and, from its template, the address (as in OR23; for RT04 a guess)."""
    tracking = {name: given.get(name) for name in _TRACKING}
    code, number = tracking["carrier_code"], tracking["tracking_number"]
    if tracking["tracking_url"] is not None and not _URL.fullmatch(tracking["tracking_url"]):
        raise ItemError("The tracking URL format is invalid")
    if code is not None:
        carrier = next((each for each in call.place.config.carriers if each["code"] == code), None)
        if carrier is None:
            raise ItemError(f"The carrier code {code} is unknown")
        template: str | None = carrier.get("tracking_url")
        tracking |= {"carrier_name": carrier["label"], "carrier_standard_code": carrier.get("standard_code")}
        if template and number:
            tracking["tracking_url"] = template.replace("{trackingId}", number)
    return tracking


def _method(code: str, entry: ReturnEntry, call: Call) -> str:
    settings = call.place.config.returns
    if not settings.method_change or entry.content["state"] != "WAITING_ACCEPTANCE":
        raise ItemError("The return method cannot be changed")
    if code not in settings.methods:
        raise ItemError(f"The return method {code} is not available")
    return code


def rt04(call: Call) -> Answer:
    """PUT /api/returns."""

    def read(given: Json, where: str) -> Change:
        rma, method = request.rma(given, where), request.optional_text(given, "method_code", where)
        label = request.optional_text(given, "label_url", where, most=2000)
        address, tracking = _address(given, where), _part(given, "tracking")
        if tracking is not None:
            for name in _TRACKING:
                request.optional_text(tracking, name, f"{where}.tracking")
        if method is not None and method not in METHODS:
            raise Refusal(400, f"{where}.method_code must be one of {', '.join(METHODS)}")

        def change(entry: ReturnEntry) -> Json:
            if call.place.orders[entry.content["order_id"]].state in _GONE:
                raise ItemError("The order is in invalid state")
            fields: Json = {"rma": rma, "label_url": label, "return_address": address}
            fields["tracking"] = None if tracking is None else _tracking(tracking, call)
            fields["method_code"] = None if method is None else _method(method, entry, call)
            return {name: value for name, value in fields.items() if value is not None}

        return change

    return each(call, "RT04", read, lambda entry: shown(entry.content, call.place.config, "RT04"))
