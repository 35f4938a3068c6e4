"""Why OR28 (and OR30) say no: state, reason, currency, remainder, taxes, balance. Only the balance's message text is a known one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.exchange import Json, Refusal
from returns_assets.sandbox.mirakl.refund_request import Item
from returns_assets.sandbox.mirakl.tax_view import sign, tax_sum
from returns_assets.sandbox.records import Order

# With these, the customer is debited after the dispatch: a line that is only SHIPPING has nothing to refund yet.
_DEBITED_LATER = ("PAY_ON_SHIPMENT", "PAY_ON_DUE_DATE", "PAY_ON_DELIVERY")


def check_reason(code: str, kind: str, config: MarketplaceConfig) -> None:
    for reason in config.reasons:
        if reason["code"] == code and reason["type"] == kind:
            if not reason["is_shop_right"]:
                raise Refusal(400, f"The reason code {code} cannot be used by shops")
            return
    raise Refusal(400, f"The reason code {code} is not a {kind} reason")


def check_currency(item: Item, order: Order, config: MarketplaceConfig) -> None:
    if item.currency is None:
        if config.currency != config.platform_currency:
            raise Refusal(
                400, f"currency_iso_code is required: the shop sells in {config.currency}, the platform in {config.platform_currency}"
            )
    elif item.currency != order["currency_iso_code"]:
        raise Refusal(400, f"The currency {item.currency} is not the currency of the order ({order['currency_iso_code']})")


def check_state(line: Json, order: Order, config: MarketplaceConfig) -> None:
    state = line["order_line_state"]
    if state not in config.refundable_states:
        raise Refusal(400, f"The order line {line['order_line_id']} cannot be refunded in state {state}")
    if state == "SHIPPING" and order.get("payment_workflow") in _DEBITED_LATER and not order.get("customer_debited_date"):
        raise Refusal(400, f"The order line {line['order_line_id']} is not debited yet (state {state})")


@dataclass(slots=True)
class Left:
    """What a line costs and what of it can still be refunded, seen in one tax mode: the price less its refunds in every state."""

    price: Decimal
    shipping_price: Decimal
    product: Decimal
    shipping: Decimal


def remainder(line: Json, order: Order, mode: str) -> Left:
    way = sign(order["order_tax_mode"], mode)
    price = product = Decimal(line["price"]) + way * tax_sum(line.get("taxes"))
    shipping_price = shipping = Decimal(line["shipping_price"]) + way * tax_sum(line.get("shipping_taxes"))
    for refund in line["refunds"]:
        product -= Decimal(refund["amount"]) + way * tax_sum(refund.get("taxes"))
        shipping -= Decimal(refund["shipping_amount"]) + way * tax_sum(refund.get("shipping_taxes"))
    return Left(price, shipping_price, max(product, Decimal("0.00")), max(shipping, Decimal("0.00")))


def check_remainder(item: Item, line: Json, left: Left) -> None:
    for name, asked, rest in (("amount", item.amount, left.product), ("shipping amount", item.shipping_amount, left.shipping)):
        if asked > rest:
            raise Refusal(400, f"The {name} {asked} exceeds the remaining {rest} of order line {line['order_line_id']}")


def _codes_wanted(taxes: list[Json], config: MarketplaceConfig) -> set[str]:
    if config.taxes_required == "never":
        return set()
    return {tax["code"] for tax in taxes if config.taxes_required == "all" or tax.get("tax_calculation_rule") == "NONE"}


def split_taxes(line: Json, item: Item, mode: str, left: Left, config: MarketplaceConfig, *, shipping: bool) -> list[Json]:
    """The refund's taxes (or shipping taxes) by code.

    PROPORTIONAL_TO_AMOUNT: Mirakl computes the tax, whatever was sent. NONE: what was sent, else that tax is not refunded; where
    amounts exclude taxes such a code must be given. Codes must be the line's own and stay within what is left of each tax.
    """
    name = "shipping_taxes" if shipping else "taxes"
    own: list[Json] = line.get(name) or []
    given = item.shipping_taxes if shipping else item.taxes
    asked, rest, price = (item.shipping_amount, left.shipping, left.shipping_price) if shipping else (item.amount, left.product, left.price)
    unknown = sorted(set(given) - {tax["code"] for tax in own})
    if unknown:
        raise Refusal(400, f"The tax code {unknown[0]} is unknown on order line {line['order_line_id']} ({name})")
    missing = sorted(_codes_wanted(own, config) - set(given)) if asked and mode == "TAX_EXCLUDED" else []
    if missing:
        raise Refusal(400, f"The tax code {missing[0]} is missing for order line {line['order_line_id']} ({name})")
    result: list[Json] = []
    for tax in own:
        code, whole = tax["code"], Decimal(tax["amount"])
        before: list[Any] = [old for refund in line["refunds"] for old in refund.get(name) or () if old["code"] == code]
        tax_left = whole - tax_sum(before)
        if tax.get("tax_calculation_rule") == "NONE":
            amount = given.get(code, Decimal("0.00"))
        elif asked == rest:
            amount = tax_left
        else:
            amount = min(tax_left, (whole * asked / price).quantize(config.quantum, rounding=ROUND_HALF_UP))
        if amount > tax_left:
            raise Refusal(400, f"The tax {code} of {amount} exceeds the remaining tax {tax_left} of order line {line['order_line_id']}")
        if amount or code in given:
            result.append({"code": code, "amount": amount, "rate": tax.get("rate")})
    if mode == "TAX_INCLUDED" and tax_sum(result) > asked:
        raise Refusal(400, f"The taxes of order line {line['order_line_id']} exceed the amount that contains them ({name})")
    return result


def check_balance(needed: dict[str, Decimal], config: MarketplaceConfig) -> None:
    """`needed` by balance: pending for lines on their way, payable for received ones (reference, 4.4)."""
    for name, amount in needed.items():
        balance: Decimal | None = getattr(config, f"{name}_balance")
        if balance is not None and amount > balance:
            raise Refusal(400, f"The shop does not have a sufficient {name} balance for the refund")
