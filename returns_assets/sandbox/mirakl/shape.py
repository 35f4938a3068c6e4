"""An order in OR11's shape from whatever was given of it: required fields filled in, totals added up, optional nulls kept or dropped.

Field names and the required ones are those of the reference, 3.3 and 3.4.
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.records import MODES

Json = dict[str, Any]
_CENT = Decimal("0.01")
_ZERO = Decimal("0.00")
ORDER_STATES = (
    "STAGING",
    "WAITING_ACCEPTANCE",
    "WAITING_DEBIT",
    "WAITING_DEBIT_PAYMENT",
    "SHIPPING",
    "SHIPPED",
    "TO_COLLECT",
    "RECEIVED",
    "CLOSED",
    "REFUSED",
    "CANCELED",
)
LINE_STATES = (*ORDER_STATES, "INCIDENT_OPEN", "REFUNDED")
_ON_THE_WAY = ("SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED", "INCIDENT_OPEN", "REFUNDED")
_UNPAID = ("STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "REFUSED", "CANCELED")
# fmt: off
_REQUIRED_OF_ORDER = frozenset((
    "can_cancel", "can_shop_ship", "commercial_id", "created_date", "currency_iso_code", "customer", "fulfillment",
    "fully_refunded", "has_customer_message", "has_incident", "has_invoice", "last_updated_date", "leadtime_to_ship",
    "order_id", "order_lines", "order_state", "order_tax_mode", "paymentType", "price", "shipping_price",
    "shipping_type_code", "shipping_type_label", "shipping_zone_code", "shipping_zone_label", "total_commission",
    "total_price",
))
# fmt: on
# fmt: off
_REQUIRED_OF_LINE = frozenset((
    "can_refund", "cancelations", "category_code", "category_label", "commission_fee", "commission_vat",
    "commission_rate_vat", "created_date", "description", "last_updated_date", "offer_id", "offer_sku", "offer_state_code",
    "order_line_additional_fields", "order_line_id", "order_line_index", "order_line_state", "price", "price_unit",
    "product_medias", "product_sku", "product_title", "quantity", "refunds", "shipping_price", "total_commission",
    "total_price",
))
# fmt: on


def money(value: Any) -> Decimal:
    """Decimal of a number in any of its forms; whole numbers with two decimals so that amounts look like amounts."""
    if isinstance(value, Decimal):
        return value
    number = Decimal(str(value))
    return number if int(number.as_tuple().exponent) < 0 else number.quantize(_CENT)


def rounded(value: Decimal, config: MarketplaceConfig) -> Decimal:
    return value.quantize(config.quantum, rounding=ROUND_HALF_UP)


def _taxes(given: Any, config: MarketplaceConfig) -> list[Json]:
    if not given:
        return []
    rules = {tax["code"]: tax.get("tax_calculation_rule") for tax in config.taxes}
    return [
        {"tax_calculation_rule": rules.get(tax["code"]) or "PROPORTIONAL_TO_AMOUNT", **tax, "amount": money(tax["amount"])} for tax in given
    ]


def _line(given: Json, index: int, order: Json, config: MarketplaceConfig) -> Json:
    quantity = int(given.get("quantity", 1))
    if "price" not in given and "price_unit" not in given:
        raise ValueError(f"order {order['order_id']}: line {index} needs a price")
    price = money(given["price"] if "price" in given else money(given["price_unit"]) * quantity)
    shipping = money(given.get("shipping_price") or _ZERO)
    unit = money(given["price_unit"]) if "price_unit" in given else rounded(price / max(quantity, 1), config)
    state: str = given.get("order_line_state") or order["order_state"]
    sku = str(given.get("offer_sku") or f"SKU-{index}")
    fee = money(given["commission_fee"]) if "commission_fee" in given else rounded(price * config.commission_rate, config)
    if "commission_taxes" in given:
        fee_taxes: list[Json] = [{**tax, "amount": money(tax["amount"])} for tax in given["commission_taxes"] or ()]
    else:
        fee_tax = rounded(fee * config.commission_tax_rate / 100, config)
        fee_taxes = [{"amount": fee_tax, "code": "TAXDEFAULT", "rate": config.commission_tax_rate}]
    vat = sum((tax["amount"] for tax in fee_taxes), _ZERO)
    fees = sum((money(extra["amount"]) for extra in given.get("fees") or ()), _ZERO)
    refunds: list[Json] = given.get("refunds") or []
    return {
        "can_refund": state in config.refundable_states and not refunds,
        "cancelations": [],
        "category_code": "general",
        "category_label": "General",
        "commission_rate_vat": config.commission_tax_rate,
        "commission_vat": vat,
        "created_date": order["created_date"],
        "debited_date": None if state in _UNPAID else order["created_date"],
        "description": "",
        "fees": [],
        "last_updated_date": order["last_updated_date"],
        "offer_id": zlib.crc32(sku.encode()),
        "offer_state_code": "11",
        "order_line_additional_fields": [],
        "order_line_id": f"{order['order_id']}-{index}",
        "order_line_index": index,
        "order_line_state_reason_code": None,
        "order_line_state_reason_label": None,
        "origin_unit_price": unit,
        "price_additional_info": None,
        "product_medias": [],
        "product_shop_sku": sku,
        "product_sku": f"P-{sku}",
        "product_title": f"Product {sku}",
        "promotions": [],
        "received_date": order["last_updated_date"] if state in ("RECEIVED", "CLOSED") else None,
        "shipped_date": order["created_date"] if state in _ON_THE_WAY else None,
        **given,
        "commission_fee": fee,
        "commission_taxes": fee_taxes,
        "offer_sku": sku,
        "order_line_state": state,
        "price": price,
        "price_unit": unit,
        "quantity": quantity,
        "refunds": refunds,
        "shipping_price": shipping,
        "shipping_taxes": _taxes(given.get("shipping_taxes"), config),
        "taxes": _taxes(given.get("taxes"), config),
        "total_commission": money(given["total_commission"]) if "total_commission" in given else fee + vat,
        "total_price": money(given["total_price"]) if "total_price" in given else price + shipping + fees,
    }


def proxy_email(order_id: str, marketplace: str) -> str:
    """The send-only relay address that takes the place of the customer's own."""
    return f"{hashlib.sha256(order_id.encode()).hexdigest()[:20]}@notification.{marketplace}.example"


def _customer(order_id: str) -> Json:
    number = zlib.crc32(order_id.encode())
    address: Json = {
        "city": "Sampleton",
        "country": "Germany",
        "country_iso_code": "DEU",
        "firstname": "Sam",
        "lastname": f"Customer {number % 9973}",
        "phone": None,
        "state": None,
        "street_1": f"{number % 199 + 1} Sample Street",
        "street_2": None,
        "zip_code": f"{number % 89999 + 10000}",
    }
    return {
        "billing_address": address,
        "civility": None,
        "customer_id": f"Customer_{number}",
        "firstname": "Sam",
        "lastname": f"Customer {number % 9973}",
        "locale": None,
        "shipping_address": address,
    }


def _pruned(value: Json, required: frozenset[str]) -> Json:
    return {k: v for k, v in value.items() if v is not None or k in required}


def drops_nulls(order_id: str, config: MarketplaceConfig) -> bool:
    return config.nulls == "absent" or (config.nulls == "mixed" and zlib.crc32(order_id.encode()) % 2 == 1)


def complete(given: Json, config: MarketplaceConfig, now: datetime) -> Json:
    """A new order with everything OR11 requires; `given` stays as it is. ValueError says what cannot be filled in."""
    order_id = given.get("order_id")
    if not isinstance(order_id, str) or not order_id:
        raise ValueError("an order needs an order_id")
    if not given.get("order_lines"):
        raise ValueError(f"order {order_id}: needs order_lines")
    created = given.get("created_date") or wire.iso(now)
    state = given.get("order_state") or given["order_lines"][0].get("order_line_state") or "RECEIVED"
    if state not in ORDER_STATES:  # a line may be INCIDENT_OPEN or REFUNDED, an order not
        state = "RECEIVED"
    mode = given.get("order_tax_mode") or config.order_tax_mode
    if mode not in MODES:
        raise ValueError(f"order {order_id}: order_tax_mode is {mode!r}, allowed: {', '.join(MODES)}")
    base, _, suffix = order_id.rpartition("-")
    order: Json = {
        "acceptance_decision_date": created,
        "can_cancel": state in ("WAITING_ACCEPTANCE", "WAITING_DEBIT", "SHIPPING"),
        "can_shop_ship": state == "SHIPPING",
        "channel": None,
        "commercial_id": base if len(suffix) == 1 else order_id,
        "customer": given.get("customer") or _customer(order_id),
        "customer_debited_date": None if state in _UNPAID else created,
        "customer_directly_pays_seller": False,
        "customer_notification_email": proxy_email(order_id, config.key),
        "delivery_date": None,
        "fulfillment": {"center": {"code": "DEFAULT"}},
        "fully_refunded": False,
        "has_customer_message": False,
        "has_incident": False,
        "has_invoice": False,
        "invoice_details": None,
        "last_updated_date": created,
        "leadtime_to_ship": 2,
        "order_additional_fields": [],
        "order_refunds": [],
        "order_state_reason_code": None,
        "order_state_reason_label": None,
        "order_taxes": [],
        "paymentType": "CARD",
        "payment_duration": 0,
        "payment_type": "CARD",
        "payment_workflow": "PAY_ON_ACCEPTANCE",
        "promotions": {"applied_promotions": [], "total_deduced_amount": Decimal("0.00")},
        "quote_id": None,
        "references": None,
        "shipping_carrier_code": None,
        "shipping_carrier_standard_code": None,
        "shipping_company": None,
        "shipping_deadline": None,
        "shipping_pudo_id": None,
        "shipping_tracking": None,
        "shipping_tracking_url": None,
        "shipping_type_code": "STD",
        "shipping_type_label": "Standard",
        "shipping_type_standard_code": None,
        "shipping_zone_code": "HOME",
        "shipping_zone_label": "Home",
        "transaction_date": None,
        "transaction_number": None,
        **{k: v for k, v in given.items() if k != "customer"},
        "created_date": created,
        "currency_iso_code": given.get("currency_iso_code") or config.currency,
        "order_state": state,
        "order_tax_mode": mode,
    }
    lines = [_line(line, n, order, config) for n, line in enumerate(given["order_lines"], 1)]
    for name in ("price", "shipping_price", "total_commission", "total_price"):
        order[name] = money(given[name]) if given.get(name) is not None else sum((line[name] for line in lines), Decimal("0.00"))
    if drops_nulls(order_id, config):
        order = _pruned(order, _REQUIRED_OF_ORDER)
        lines = [_pruned(line, _REQUIRED_OF_LINE) for line in lines]
    order["order_lines"] = lines
    return order
