"""What had already happened to an order before anyone asked: partial refunds, cancelations, and the states it passes as time goes by."""

from datetime import UTC, datetime
from decimal import Decimal

from returns_assets.sandbox.orders import COMMISSION_RATE, ZERO, Json, cents, stamp

LIFE = ("SHIPPING", "SHIPPED", "RECEIVED")


def moment(text: str) -> datetime:
    """The aware UTC datetime of an OR11 timestamp."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def _movement(line: Json, amount: Decimal, shipping: Decimal, quantity: int, reason_code: str, at: datetime) -> Json:
    """The fields that refunds and cancelations share; taxes in proportion to the product and shipping parts."""
    commission = cents(amount * COMMISSION_RATE)

    def part(taxes: list[Json], of: Decimal, whole: Decimal) -> list[Json]:
        return [{"code": tax["code"], "amount": cents(tax["amount"] * of / whole), "rate": tax["rate"]} for tax in taxes] if whole else []

    return {
        "amount": amount,
        "shipping_amount": shipping,
        "quantity": quantity,
        "taxes": part(line["taxes"], amount, line["price"]),
        "shipping_taxes": part(line["shipping_taxes"], shipping, line["shipping_price"]),
        "fees": [],
        "reason_code": reason_code,
        "commission_amount": commission,
        "commission_taxes": [],
        "commission_total_amount": commission,
        "created_date": stamp(at),
    }


def add_refund(order: Json, line_index: int, amount: Decimal, quantity: int, reason_code: str, at: datetime) -> Json:
    """Write a refund that someone made by hand in Mirakl's back office into the order; returns the refund entry."""
    line: Json = order["order_lines"][line_index - 1]
    refund_id = f"{line['order_line_id']}-B{len(line['refunds']) + 1}"
    refund: Json = {
        "id": refund_id,
        "order_refund_id": f"{refund_id}-G",
        **_movement(line, amount, ZERO, quantity, reason_code, at),
        "refund_state": "REFUNDED",
        "state": "REFUNDED",
        "transaction_date": stamp(at),
        "transaction_number": None,
    }
    line["refunds"].append(refund)
    # can_refund speaks of the full line amount, so any refund ends it
    line["can_refund"] = False
    order["last_updated_date"] = line["last_updated_date"] = max(line["last_updated_date"], stamp(at))
    refunded = sum((entry["amount"] for each in order["order_lines"] for entry in each["refunds"]), ZERO)
    order["fully_refunded"] = refunded >= order["price"]
    return refund


def add_cancelation(order: Json, line_index: int, quantity: int, reason_code: str, at: datetime) -> Json:
    """Cancel `quantity` units of a line before it shipped; returns the cancelation entry.

    The cancelled part leaves the line's price, quantity and totals and appears in `cancelations` only (whether quantity and price
    shrink at Mirakl is not published: this is the sandbox's assumption).
    """
    line: Json = order["order_lines"][line_index - 1]
    amount = cents(line["price"] * quantity / line["quantity"])
    cancelation: Json = {
        "id": f"{line['order_line_id']}-C{len(line['cancelations']) + 1}",
        **_movement(line, amount, ZERO, quantity, reason_code, at),
    }
    for tax, gone in zip(line["taxes"], cancelation["taxes"], strict=True):
        tax["amount"] -= gone["amount"]
    line["cancelations"].append(cancelation)
    line["quantity"] -= quantity
    line["price"] -= amount
    line["total_price"] -= amount
    order["price"] -= amount
    order["total_price"] -= amount
    return cancelation


def set_state(order: Json, state: str, at: datetime) -> None:
    """Move the order, and its lines that stand where it stood, to `state`."""
    old = order["order_state"]
    order["order_state"] = state
    order["can_shop_ship"] = state == "SHIPPING"
    order["last_updated_date"] = stamp(at)
    for line in order["order_lines"]:
        if line["order_line_state"] == old:
            line["order_line_state"] = state
            line["last_updated_date"] = stamp(at)
            if state == "SHIPPED":
                line["shipped_date"] = stamp(at)
            elif state == "RECEIVED":
                line["received_date"] = stamp(at)


def transitions(order: Json) -> list[tuple[datetime, str]]:
    """When a finished order was created (SHIPPING), SHIPPED and RECEIVED, as far as it got."""
    line: Json = order["order_lines"][0]
    times = [("SHIPPING", order["created_date"]), ("SHIPPED", line["shipped_date"]), ("RECEIVED", line["received_date"])]
    return [(moment(text), state) for state, text in times if text is not None]


def rewound(order: Json, now: datetime) -> list[tuple[datetime, str]]:
    """Take an order back to what it was at `now`; returns the transitions still to come, oldest first.

    An order that is not created yet comes back with its creation among them: it is to be loaded then. One that ends in SHIPPING is
    shipped by nobody here. Orders in any other state (closed, refunded before, not debited) are what they are.
    """
    if order["order_state"] not in LIFE or any(line["refunds"] for line in order["order_lines"]):
        return []
    to_come = [(at, state) for at, state in transitions(order) if at > now]
    if not to_come:
        return []
    passed = [(at, state) for at, state in transitions(order) if at <= now]
    at, state = passed[-1] if passed else to_come[0]
    set_state(order, state, at)
    for line in order["order_lines"]:
        if state == "SHIPPING":
            line["shipped_date"] = None
        line["received_date"] = None
    return to_come
