"""The lists a platform publishes: RE01 reasons, OR75 taxes, PC01 configuration, A01 account, CUR01 currencies, SH11, SH12, SH21, CH11,
V01."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.exchange import Answer, Call, Json

_PLENTY = Decimal("1000000000.00")
_LABELS = {"EUR": "Euro", "GBP": "Pound sterling", "USD": "US dollar", "CHF": "Swiss franc", "PLN": "Zloty", "SEK": "Swedish krona"}


def re01(call: Call) -> Answer:
    """GET /api/reasons."""
    return Answer.json({"reasons": call.place.config.reasons})


def or75(call: Call) -> Answer:
    """GET /api/orders/taxes."""
    return Answer.json({"taxes": call.place.config.taxes})


def _features(config: MarketplaceConfig) -> Json:
    features: Json = {
        "direct_payment_customer_store": {"activated": False, "refund_cancel_authorized": False},
        "disable_seller_alternative_carrier": False,
        "multi_currency": config.currency != config.platform_currency,
        "offer_prices_decimals": str(config.currency_digits),
        "operator_csv_delimiter": "SEMICOLON",
        "order_tax_mode": config.order_tax_mode,
        "order_workflows": {"order_acceptance": "NOT_AUTOMATIC", "pause_debit_workflow": False, "pay_on_due_date": False},
        "returns": {"marketplace": False, "drop_ship": False, "one_creditor": False},
        "shipment": {"multi_shipment": False, "multi_part_item_shipment": False},
    }
    for dotted, value in config.features.items():
        target: Any = features
        *parents, last = dotted.split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = value
    return features


def feature(config: MarketplaceConfig, dotted: str) -> Any:
    """The value PC01 shows under features."""
    value: Any = _features(config)
    for name in dotted.split("."):
        value = value[name]
    return value


def pc01(call: Call) -> Answer:
    """GET /api/platform/configuration."""
    config = call.place.config
    body: Json = {"features": _features(config), "platform_name": config.label, "tenant_name": config.key, "timezone": "Europe/Paris"}
    return Answer.json(body)


def a01(call: Call) -> Answer:
    """GET /api/account; without a limit on a balance it shows plenty."""
    config = call.place.config

    def shown(balance: Decimal | None) -> Decimal:
        return _PLENTY if balance is None else balance

    return Answer.json(
        {
            "channels": [],
            "currency_iso_code": config.currency,
            "is_professional": True,
            "payment_details": {
                "paid_balance": Decimal("0.00"),
                "payable_balance": shown(config.payable_balance),
                "pending_balance": shown(config.pending_balance),
                "reserve_balance": Decimal("0.00"),
                "sub_balances": [],
            },
            "shop_id": int(config.shop_id),
            "shop_name": f"{config.label} shop",
            "shop_state": "OPEN",
        }
    )


def cur01(call: Call) -> Answer:
    """GET /api/currencies."""
    config = call.place.config
    codes = dict.fromkeys([config.platform_currency, config.currency])
    return Answer.json(
        {
            "currencies": [
                {"code": code, "label": _LABELS.get(code, code), "platform_default": code == config.platform_currency} for code in codes
            ]
        }
    )


def sh11(call: Call) -> Answer:
    """GET /api/shipping/zones."""
    return Answer.json({"shipping_zones": [{"code": "HOME", "label": "Home"}]})


def sh12(call: Call) -> Answer:
    """GET /api/shipping/types."""
    return Answer.json({"shipping_types": call.place.config.shipping_types})


def sh21(call: Call) -> Answer:
    """GET /api/shipping/carriers."""
    return Answer.json({"carriers": call.place.config.carriers})


def ch11(call: Call) -> Answer:
    """GET /api/channels."""
    return Answer.json({"channels": []})


def v01(call: Call) -> Answer:
    """GET /api/version."""
    return Answer.json({"version": "sandbox-1"})
