"""What the sandbox's three marketplaces offer when nobody says otherwise: reason lists, carriers, shipping types, tax codes.

Codes follow the seller API's published defaults where there are any; albion shows an operator who replaced them by codes of its own.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def _reasons(type_: str, *rows: tuple[str, str], shop: bool = True) -> list[Json]:
    return [{"code": code, "label": label, "type": type_, "is_shop_right": shop} for code, label in rows]


OTHER_REASONS: list[Json] = [
    *_reasons("CANCELATION", ("34", "Customer changed their mind"), ("35", "Product unavailable")),
    *_reasons("INCIDENT_OPEN", ("1", "Item not received"), ("2", "Item damaged"), ("5", "Item not as described"), shop=False),
    *_reasons("INCIDENT_CLOSE", ("12", "Agreement found"), ("13", "Item received")),
    *_reasons("ORDER_MESSAGING", ("30", "Question about the order")),
]
STANDARD_RETURN_REASONS: list[Json] = [
    *_reasons(
        "RETURN",
        ("RETURN_BROKEN_ITEM", "Broken item"),
        ("RETURN_CHANGED_MIND", "Changed mind"),
        ("RETURN_DEFECTIVE_ITEM", "Defective item"),
        ("RETURN_DELIVERED_PRODUCT_DIFFERENT", "Delivered product is different"),
        ("RETURN_PDNT_TOO_BIG", "Too big"),
        ("RETURN_PDNT_TOO_SMALL", "Too small"),
        ("RETURN_OTHER", "Other"),
    ),
    *_reasons(
        "RETURN_REJECTION",
        ("RETURN_REJECTION_NOT_ELIGIBLE", "Not eligible"),
        ("RETURN_REJECTION_NOT_NEEDED", "Not needed"),
        ("RETURN_REJECTION_WINDOW_CLOSED", "Window closed"),
    ),
    *_reasons(
        "RETURN_NON_COMPLIANT",
        ("RETURN_NON_COMPLIANT_MISSING_ITEM", "Missing item"),
        ("RETURN_NON_COMPLIANT_WRONG_PRODUCT", "Wrong product"),
        ("RETURN_NON_COMPLIANT_DAMAGED_PRODUCT", "Damaged product"),
        ("RETURN_NON_COMPLIANT_OTHER", "Other"),
    ),
]
# An operator with another choice of the published codes: no "changed mind", no "not needed", no "missing item".
OWN_RETURN_REASONS: list[Json] = [
    *_reasons(
        "RETURN",
        ("RETURN_CM_DONT_LIKE", "Does not please"),
        ("RETURN_CM_QUALITY", "Quality"),
        ("RETURN_DAMAGED_PACKAGING", "Damaged packaging"),
        ("RETURN_DEFECTIVE_ON_ARRIVAL", "Defective on arrival"),
        ("RETURN_DPD_WRONG_COLOR", "Wrong colour"),
        ("RETURN_DPD_WRONG_SIZE", "Wrong size"),
        ("RETURN_INACCURATE_ITEM_DESCRIPTION", "Not as described"),
        ("RETURN_PRODUCT_DOES_NOT_FIT", "Does not fit"),
        ("RETURN_OTHER", "Other"),
    ),
    *_reasons("RETURN_REJECTION", ("RETURN_REJECTION_NOT_ELIGIBLE", "Not eligible"), ("RETURN_REJECTION_WINDOW_CLOSED", "Window closed")),
    *_reasons(
        "RETURN_NON_COMPLIANT",
        ("RETURN_NON_COMPLIANT_WRONG_PRODUCT", "Wrong product"),
        ("RETURN_NON_COMPLIANT_DAMAGED_PRODUCT", "Damaged product"),
        ("RETURN_NON_COMPLIANT_WINDOW_CLOSED", "Window closed"),
        ("RETURN_NON_COMPLIANT_OTHER", "Other"),
    ),
]
STANDARD_REASONS: list[Json] = [
    *_reasons("REFUND", ("14", "No answer from the shop"), shop=False),
    *_reasons(
        "REFUND",
        ("15", "Out of stock"),
        ("16", "Cancelled before shipping"),
        ("17", "Item returned"),
        ("18", "Item not received"),
        ("19", "Agreement found"),
    ),
    *_reasons("REFUND", ("SYSTEM_REFUND", "Refunded by the system"), shop=False),
    *OTHER_REASONS,
    *STANDARD_RETURN_REASONS,
]
OWN_REASONS: list[Json] = [
    *_reasons("REFUND", ("ITEM_RETURNED", "Item returned"), ("NOT_AS_DESCRIBED", "Not as described"), ("FAULTY_ITEM", "Faulty item")),
    *_reasons("REFUND", ("OUT_OF_STOCK", "Out of stock"), ("NOT_RECEIVED", "Not received"), ("GOODWILL", "Goodwill")),
    *_reasons("REFUND", ("NO_SELLER_RESPONSE", "No answer from the seller"), shop=False),
    *OTHER_REASONS,
    *OWN_RETURN_REASONS,
]


def _carrier(code: str, label: str, standard_code: str | None, url: str | None) -> Json:
    return {"code": code, "label": label, "standard_code": standard_code, "tracking_url": url}


CARRIERS: list[Json] = [
    _carrier("DHL", "DHL", "dhl", "https://tracking.example/dhl?n={trackingId}"),
    _carrier("DPD-UK", "DPD UK", "dpd", "https://tracking.example/dpd/{trackingId}"),
    _carrier("UPS", "UPS", "ups", "https://tracking.example/ups?id={trackingId}"),
    _carrier("OWN", "Own delivery", None, None),
]
# The same carriers under other codes at each operator; the standard code is what they share.
CARRIERS_DE: list[Json] = [
    _carrier("dhl_paket_de", "DHL Paket", "dhl", "https://nordhaus.example/dhl?piececode={trackingId}"),
    _carrier("DPD_CLASSIC", "DPD Classic", "dpd", "https://nordhaus.example/dpd/{trackingId}/de"),
    _carrier("HERMES", "Hermes", "hermes", "https://nordhaus.example/hermes#{trackingId}"),
    _carrier("SPEDITION", "Spedition", None, None),
]
CARRIERS_UK: list[Json] = [
    _carrier("DPD-UK", "DPD UK", "dpd", "https://albion.example/dpd?parcel={trackingId}"),
    _carrier("RM48", "Royal Mail Tracked 48", "royal-mail", "https://albion.example/royalmail/{trackingId}"),
    _carrier("DHL-PARCEL-UK", "DHL Parcel UK", "dhl", "https://albion.example/dhl/{trackingId}"),
]
CARRIERS_US: list[Json] = [
    _carrier("UPS", "UPS", "ups", "https://maplewood.example/ups?tracknum={trackingId}"),
    _carrier("USPS", "USPS", "usps", "https://maplewood.example/usps/{trackingId}"),
]
SHIPPING_TYPES: list[Json] = [
    {
        "code": code,
        "label": label,
        "description": label,
        "mandatory_tracking": tracked,
        "click_and_collect": False,
        "delivery_by_operator": False,
        "ignore_lead_time_to_ship": False,
        "standard_code": None,
    }
    for code, label, tracked in (("STD", "Standard", False), ("TRK", "Tracked", True))
]
EU_TAXES: list[Json] = [{"code": "VAT", "label": "Value added tax", "tax_calculation_rule": "PROPORTIONAL_TO_AMOUNT"}]
US_TAXES: list[Json] = [
    {"code": "US-STATE", "label": "State sales tax", "tax_calculation_rule": "PROPORTIONAL_TO_AMOUNT"},
    {"code": "US-COUNTY", "label": "County sales tax", "tax_calculation_rule": "NONE"},
]
MARKETPLACES: list[Json] = [
    {
        "key": "nordhaus",
        "label": "Nordhaus DE",
        "shop_id": "2001",
        "currency": "EUR",
        "reasons": STANDARD_REASONS,
        "taxes": EU_TAXES,
        "carriers": CARRIERS_DE,
        "features": {
            "returns.marketplace": True,  # each return waits for the seller's acceptance
            "shipment.multi_shipment": True,
            "disable_seller_alternative_carrier": True,
        },
    },
    {
        "key": "albion",
        "label": "Albion UK",
        "shop_id": "2002",
        "currency": "GBP",
        "reasons": OWN_REASONS,
        "taxes": EU_TAXES,
        "nulls": "absent",
        "refund_state_field": "state",
        "returns": {"auto_accept": True, "window_days": 28},
        "carriers": CARRIERS_UK,
        "features": {"returns.marketplace": True, "disable_seller_alternative_carrier": True},
    },
    {
        "key": "maplewood",
        "label": "Maplewood US",
        "shop_id": "2003",
        "currency": "USD",
        "order_tax_mode": "TAX_EXCLUDED",
        "reasons": STANDARD_REASONS,
        "taxes": US_TAXES,
        "nulls": "mixed",
        "carriers": CARRIERS_US,
        "warehouses": ["US-EAST", "US-WEST"],
    },
]
