"""Who carries a parcel, as OR23, ST01 and ST23 name it: a registered carrier by its code, or a free name where the platform allows one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.exchange import Json, Refusal
from returns_assets.sandbox.mirakl.platform_data import feature
from returns_assets.sandbox.records import Order

_FIELDS = ("carrier_code", "carrier_name", "carrier_standard_code", "tracking_number")
# What a shipment's tracking shows beside these; nobody follows the sandbox's parcels.
_UNFOLLOWED: Json = {"last_known_location": None, "milestones": [], "validity_status": None}


@dataclass(frozen=True, slots=True)
class Tracking:
    """`url` is built from the carrier's template; a free name brings its own."""

    carrier_code: str | None
    carrier_name: str | None
    standard_code: str | None
    number: str | None
    url: str | None

    def on_order(self) -> Json:
        """OR11's shipping_* fields."""
        return {
            "shipping_carrier_code": self.carrier_code,
            "shipping_carrier_standard_code": self.standard_code,
            "shipping_company": self.carrier_name,
            "shipping_tracking": self.number,
            "shipping_tracking_url": self.url,
        }

    def on_shipment(self) -> Json:
        """ST11's `tracking`."""
        return {
            "carrier_code": self.carrier_code,
            "carrier_name": self.carrier_name,
            "carrier_standard_code": self.standard_code,
            "tracking_number": self.number,
            "tracking_url": self.url,
            **_UNFOLLOWED,
        }


def of_order(order: Order) -> Json | None:
    """What OR23 set before, in ST11's form."""
    company = order.get("shipping_company")
    if company is None:
        return None
    names = ("shipping_carrier_code", "shipping_carrier_standard_code", "shipping_tracking", "shipping_tracking_url")
    code, standard, number, url = (order.get(name) for name in names)
    return Tracking(code, company, standard, number, url).on_shipment()


def named(body: Json, config: MarketplaceConfig, url_field: str, *, both: bool = False) -> Tracking:
    """The carrier that a body names. `url_field`: carrier_url (OR23) or tracking_url (ST*). Refusal 400 says what is wrong.

    `both`: a code may be accompanied by a name, as in the published ST01 examples; the code counts.
    """
    texts: dict[str, str | None] = {}
    for name in (*_FIELDS, url_field):
        value: Any = body.get(name)
        if value is not None and not isinstance(value, str):
            raise Refusal(400, "Bad Request")
        texts[name] = value or None
    code, name, standard, number = (texts[field] for field in _FIELDS)
    if (code is None) == (name is None) and not (both and code):
        raise Refusal(400, "Give either carrier_code or carrier_name")
    if code is None:
        if feature(config, "disable_seller_alternative_carrier"):
            raise Refusal(400, "This platform accepts registered carriers only")
        return Tracking(None, name, standard, number, texts[url_field])
    carrier = next((each for each in config.carriers if each["code"] == code), None)
    if carrier is None:
        raise Refusal(400, f"The carrier code {code} is unknown")
    template: str | None = carrier.get("tracking_url")
    if template and "{trackingId}" in template and number is None:
        raise Refusal(400, f"tracking_number is required for the carrier {code}")
    url = template.replace("{trackingId}", number or "") if template else None
    return Tracking(code, carrier["label"], carrier.get("standard_code"), number, url)


def needs_tracking(order: Order, config: MarketplaceConfig) -> bool:
    """SH12 says so of the order's shipping type."""
    return any(kind["code"] == order["shipping_type_code"] and kind["mandatory_tracking"] for kind in config.shipping_types)
