"""Mirakl orders in OR11's exact shape (fields and enums of the seller API's order and order line), as plain dicts with Decimal money.

Only shapes and arithmetic: which orders exist is the world generator's business, what happens to them later the server's.
Amounts are in the order's own `order_tax_mode`: TAX_INCLUDED prices contain the taxes listed beside them, TAX_EXCLUDED ones do not.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

Json = dict[str, Any]
CENT = Decimal("0.01")
ZERO = Decimal("0.00")
COMMISSION_RATE = Decimal("0.12")
NONE_RULE = "NONE"
PROPORTIONAL = "PROPORTIONAL_TO_AMOUNT"
SHIPPED_AFTER = timedelta(days=1)
RECEIVED_AFTER = timedelta(days=5)
BEFORE_SHIPPING = ("STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING")
REFUNDABLE = ("SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED", "INCIDENT_OPEN")


def cents(value: Decimal) -> Decimal:
    """Rounded half-up to two decimals."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def share(total: Decimal, units: int, quantity: int) -> Decimal:
    """What `units` of a line's `quantity` cost when cents are shared by cumulative rounding, half-up."""
    return cents(total * units / quantity)


@lru_cache(maxsize=1024)
def stamp(at: datetime) -> str:
    """ISO-8601 UTC with `Z`, as in OR11. Remembered, because the lines of an order share their times."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Tax:
    """One tax of a line: percent rate, and whether Mirakl computes its part of a refund (PROPORTIONAL_TO_AMOUNT) or we name it (NONE)."""

    code: str
    rate: Decimal
    rule: str = PROPORTIONAL


@dataclass(frozen=True)
class Market:
    """What orders of one marketplace have in common. `locale` is a language tag, `country` ISO 3166-1 alpha-3.

    `returns`: customers can open returns on the marketplace; `return_window_days` None: without end.
    """

    key: str
    prefix: str
    currency: str
    tax_mode: str
    shop_id: str
    country: str = "DEU"
    locale: str = "de_DE"
    taxes: tuple[Tax, ...] = ()
    refund_reason: str = "17"
    cancel_reason: str = "34"
    returns: bool = False
    return_window_days: float | None = None
    carriers: tuple[tuple[str, str], ...] = ()  # standard code, the operator's code
    warehouses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One order line to be made. `price` is the line total without shipping; `state` None follows the order's."""

    sku: str
    product_sku: str
    title: str
    quantity: int
    price: Decimal
    shipping: Decimal = ZERO
    taxes: tuple[Tax, ...] = ()
    state: str | None = None


@dataclass(frozen=True)
class Customer:
    """Who bought; `anonymised` orders carry no name and no address any more."""

    number: int
    firstname: str
    lastname: str
    street: str
    zip_code: str
    city: str
    anonymised: bool = False


def _address(customer: Customer, market: Market) -> Json:
    return {
        "city": customer.city,
        "civility": None,
        "company": None,
        "country": market.country,
        "country_iso_code": market.country,
        "firstname": customer.firstname,
        "lastname": customer.lastname,
        "phone": None,
        "state": None,
        "street_1": customer.street,
        "street_2": None,
        "zip_code": customer.zip_code,
    }


def _customer(customer: Customer, market: Market) -> Json:
    known: Json = {"customer_id": f"C{customer.number}", "civility": None, "locale": market.locale, "organization": None}
    if customer.anonymised:
        return {**known, "firstname": "", "lastname": "", "billing_address": None, "shipping_address": None}
    address = _address(customer, market)
    return {
        **known,
        "firstname": customer.firstname,
        "lastname": customer.lastname,
        "billing_address": address,
        "shipping_address": dict(address),
    }


def proxy_email(order_id: str, market: Market) -> str:
    """The send-only relay address that Mirakl gives instead of the customer's own."""
    token = hashlib.sha256(order_id.encode()).hexdigest()[:16]
    return f"{token}@notification.{market.key}.example"


def _tax(tax: Tax, amount: Decimal, tax_mode: str, *, unit: Decimal | None) -> Json:
    base = Decimal(100) if tax_mode == "TAX_EXCLUDED" else 100 + tax.rate
    entry: Json = {
        "code": tax.code,
        "amount": cents(amount * tax.rate / base),
        "rate": tax.rate,
        "tax_calculation_rule": tax.rule,
        "amount_breakdown": None,
        "purchase_tax": None,
    }
    if unit is not None:
        entry["origin_unit_amount"] = cents(unit * tax.rate / base)
    return entry


@lru_cache(maxsize=8192)
def offer_id(marketplace: str, sku: str) -> int:
    """A number per marketplace and SKU that is always the same."""
    return int(hashlib.sha256(f"{marketplace}/{sku}".encode()).hexdigest()[:7], 16)


def _frame(market: Market, state: str, created: datetime, updated: datetime) -> Json:
    """What all lines of an order in the same state share; made once, because orders can have a thousand lines. Holds no list or dict."""
    return {
        "can_refund": state in REFUNDABLE,
        "category_code": "general",
        "category_label": "General",
        "commission_rate_vat": ZERO,
        "commission_vat": ZERO,
        "created_date": stamp(created),
        "debited_date": stamp(created),
        "description": None,
        "last_updated_date": stamp(updated),
        "offer_state_code": "11",
        "order_line_state": state,
        "order_line_state_reason_code": None,
        "order_line_state_reason_label": None,
        "price_additional_info": None,
        "received_date": stamp(created + RECEIVED_AFTER) if state in ("RECEIVED", "CLOSED", "INCIDENT_OPEN") else None,
        "shipped_date": None if state in BEFORE_SHIPPING else stamp(created + SHIPPED_AFTER),
    }


def order_line(order_id: str, index: int, line: Line, market: Market, frame: Json) -> Json:
    """One order line; `index` counts from 1 and gives the line id `<order_id>-<index>`."""
    unit = line.price if line.quantity == 1 else cents(line.price / line.quantity)
    commission = cents(line.price * COMMISSION_RATE)
    return {
        **frame,
        "cancelations": [],
        "commission_fee": commission,
        "commission_taxes": [],
        "fees": [],
        "offer_id": offer_id(market.key, line.sku),
        "offer_sku": line.sku,
        "order_line_additional_fields": [],
        "order_line_id": f"{order_id}-{index}",
        "order_line_index": index,
        "origin_unit_price": unit,
        "price": line.price,
        "price_unit": unit,
        "product_medias": [],
        "product_shop_sku": line.sku,
        "product_sku": line.product_sku,
        "product_title": line.title,
        "promotions": [],
        "quantity": line.quantity,
        "refunds": [],
        "shipping_from": {"address": {"country_iso_code": market.country}, "warehouse": None},
        "shipping_price": line.shipping,
        "shipping_taxes": [_tax(tax, line.shipping, market.tax_mode, unit=None) for tax in line.taxes] if line.shipping else [],
        "taxes": [_tax(tax, line.price, market.tax_mode, unit=unit) for tax in line.taxes],
        "total_commission": commission,
        "total_price": line.price + line.shipping if line.shipping else line.price,
    }


def make_order(
    market: Market,
    order_id: str,
    customer: Customer,
    lines: list[Line],
    created: datetime,
    state: str = "RECEIVED",
    updated: datetime | None = None,
) -> Json:
    """One order in `state` with all its lines. `order_id` is the logistic order `<commercial_id>-A`."""
    if updated is None:
        age = {"SHIPPED": SHIPPED_AFTER, "RECEIVED": RECEIVED_AFTER, "CLOSED": RECEIVED_AFTER + timedelta(days=30)}
        updated = created + age.get(state, timedelta())
    price = sum((line.price for line in lines), ZERO)
    shipping = sum((line.shipping for line in lines), ZERO)
    shipped = state not in BEFORE_SHIPPING
    frames = {each: _frame(market, each, created, updated) for each in {line.state or state for line in lines}}
    return {
        "acceptance_decision_date": stamp(created),
        "can_cancel": False,
        "can_shop_ship": state == "SHIPPING",
        "channel": None,
        "commercial_id": order_id.rpartition("-")[0] or order_id,
        "created_date": stamp(created),
        "currency_iso_code": market.currency,
        "customer": _customer(customer, market),
        "customer_debited_date": stamp(created),
        "customer_directly_pays_seller": False,
        "customer_notification_email": proxy_email(order_id, market),
        "delivery_date": None,
        "fulfillment": {"center": {"code": "DEFAULT"}},
        "fully_refunded": False,
        "has_customer_message": False,
        "has_incident": False,
        "has_invoice": False,
        "last_updated_date": stamp(updated),
        "leadtime_to_ship": 2,
        "order_additional_fields": [],
        "order_id": order_id,
        "order_lines": [order_line(order_id, n, line, market, frames[line.state or state]) for n, line in enumerate(lines, 1)],
        "order_refunds": [],
        "order_state": state,
        "order_state_reason_code": None,
        "order_state_reason_label": None,
        "order_tax_mode": market.tax_mode,
        "order_taxes": [],
        "paymentType": "CARD",
        "payment_type": "CARD",
        "payment_workflow": "PAY_ON_ACCEPTANCE",
        "price": price,
        "promotions": {"applied_promotions": [], "total_deduced_amount": 0},
        "quote_id": None,
        "references": {"order_reference_for_customer": None, "order_reference_for_seller": None},
        "shipping_carrier_code": None,
        "shipping_company": "PostLink" if shipped else None,
        "shipping_deadline": stamp(created + timedelta(days=2)),
        "shipping_price": shipping,
        "shipping_tracking": None,
        "shipping_tracking_url": None,
        "shipping_type_code": "STD",
        "shipping_type_label": "Standard",
        "shipping_zone_code": "HOME",
        "shipping_zone_label": "Home delivery",
        "total_commission": cents(price * COMMISSION_RATE),
        "total_price": price + shipping,
        "transaction_date": stamp(created),
        "transaction_number": None,
    }
