"""OR28, the one call that moves money: building its body, sending it exactly once, and saying what is known afterwards.

There is no idempotency key (reference, 0.1 and 4.3), so nothing here tries anything twice, and an answer that does not name the refund
is not a success. One order line a call: an error is then unambiguous (reference, 4.3).
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import httpx

from returns_assets.mirakl.client import MiraklClient
from returns_assets.wire.answers import Verdict, WriteAnswer, answer_of_failure, answer_of_refusal

CENT = Decimal("0.01")


def refund_body(
    *,
    order_line_id: str,
    amount: Decimal,
    shipping_amount: Decimal,
    reason_code: str,
    quantity: int,
    currency: str,
    tax_mode: str,
    taxes: Sequence[Mapping[str, Any]] = (),
    shipping_taxes: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The body of OR28 for one order line (reference, 4.1); the same pieces of information always give the same body."""
    entry: dict[str, Any] = {
        "order_line_id": order_line_id,
        "amount": plain(amount),
        "shipping_amount": plain(shipping_amount),
        "reason_code": reason_code,
        "quantity": quantity,
        "currency_iso_code": currency,
    }
    for name, parts in (("taxes", taxes), ("shipping_taxes", shipping_taxes)):
        if parts:
            entry[name] = [{"code": part["code"], "amount": plain(part["amount"])} for part in parts]
    return {"order_tax_mode": tax_mode, "refunds": [entry]}


def plain(amount: Decimal) -> Decimal:
    """The same amount with two decimals, or more only where they are not zero."""
    shortest = amount.normalize()
    exponent = shortest.as_tuple().exponent
    return shortest if isinstance(exponent, int) and exponent < -2 else shortest.quantize(CENT)


def exact_json(value: Any) -> str:
    """JSON text with Decimals as numbers, digit by digit; a float is refused, because it would round money."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return "{" + ",".join(f"{json.dumps(key)}:{exact_json(inner)}" for key, inner in fields.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(exact_json(inner) for inner in cast("Sequence[Any]", value)) + "]"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is not an amount")
        return f"{value:f}"
    if isinstance(value, float):
        raise TypeError("an amount is a Decimal, never a float")
    return json.dumps(value)


def send_refund(client: MiraklClient, request: Mapping[str, Any]) -> WriteAnswer:
    """Send `request` (a `refund_body`) once. Never raises for what the network or Mirakl does: that is the answer."""
    try:
        response = client.put_refund(exact_json(request).encode())
    except httpx.HTTPError as error:
        return answer_of_failure(error)
    if 200 <= response.status_code < 300:
        return _named_refund(str(request["refunds"][0]["order_line_id"]), response.status_code, response.content)
    return answer_of_refusal(response)


def _named_refund(order_line_id: str, status: int, body: bytes) -> WriteAnswer:
    """The refund that a success names; UNKNOWN when it does not name exactly one for this line (the answer's order is free)."""
    try:
        answer: Any = json.loads(body, parse_float=Decimal)
        mine = [entry for entry in answer["refunds"] if str(entry["order_line_id"]) == order_line_id and entry.get("refund_id")]
        if len(mine) != 1:
            return WriteAnswer(Verdict.UNKNOWN, status=status, message=f"the answer names {len(mine)} refunds of the order line")
        amounts = {name: _amount(mine[0].get(name)) for name in ("amount", "shipping_amount")}
        return WriteAnswer(Verdict.EXECUTED, str(mine[0]["refund_id"]), amounts, status)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        return WriteAnswer(Verdict.UNKNOWN, status=status, message="the answer to the refund cannot be read")


def _amount(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
