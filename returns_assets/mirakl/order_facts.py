"""OR11 answers as the few facts that decide about a refund: an order line with its money and the refunds already on it.

Amounts are Decimals in the tax mode that was asked for; numbers, quoted numbers, null and absence are all accepted (reference, 1.6, 3.4).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from returns_assets.mirakl.client import parse
from returns_assets.mirakl.errors import MiraklUnreadableError

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class RefundFact:
    """One refund on a line, whoever made it and in whatever state it is."""

    id: str
    amount: Decimal
    shipping_amount: Decimal
    reason_code: str


@dataclass(frozen=True, slots=True)
class LineFact:
    """One order line as just read. `price` and `shipping_price` are the line's totals.

    `unreadable`: why the line's money could not be read, else empty; nothing may be concluded from its amounts and refunds then.
    """

    order_id: str
    order_line_id: str
    state: str
    price: Decimal
    shipping_price: Decimal
    currency: str
    tax_mode: str
    refunds: tuple[RefundFact, ...]
    unreadable: str = ""

    @property
    def refund_ids(self) -> frozenset[str]:
        return frozenset(refund.id for refund in self.refunds)

    @property
    def remaining(self) -> Decimal:
        """The product part that is left, never below 0 (reference, 3.4: computed, not can_refund)."""
        return max(ZERO, self.price - sum((refund.amount for refund in self.refunds), ZERO))

    @property
    def remaining_shipping(self) -> Decimal:
        """The shipping part that is left, never below 0."""
        return max(ZERO, self.shipping_price - sum((refund.shipping_amount for refund in self.refunds), ZERO))


def lines_of(pages: Iterable[bytes]) -> dict[str, LineFact]:
    """The lines of all orders in the answers, by order line id. Raises MiraklUnreadableError when ids cannot be read.

    Money that cannot be read spoils its own line only: it comes back as `unreadable`.
    """
    found: dict[str, LineFact] = {}
    for page in pages:
        answer = parse("OR11", page)
        try:
            for order in answer["orders"]:
                for line in order.get("order_lines") or ():
                    fact = _line(order, line)
                    found[fact.order_line_id] = fact
        except (KeyError, TypeError, AttributeError) as error:
            raise MiraklUnreadableError("OR11: an order or order line without the ids that a refund needs") from error
    return found


def _line(order: dict[str, Any], line: dict[str, Any]) -> LineFact:
    bare = LineFact(
        order_id=str(order["order_id"]),
        order_line_id=str(line["order_line_id"]),
        state=str(line.get("order_line_state") or ""),
        price=ZERO,
        shipping_price=ZERO,
        currency=str(order.get("currency_iso_code") or ""),
        tax_mode=str(order.get("order_tax_mode") or ""),
        refunds=(),
    )
    try:
        price = _money(line["price"])
        shipping_price = _money(line.get("shipping_price"))
        refunds = tuple(_refund(refund) for refund in cast("list[dict[str, Any]]", line.get("refunds") or ()))
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        return replace(bare, unreadable=f"price, shipping or a refund of the line cannot be read ({type(error).__name__})")
    return replace(bare, price=price, shipping_price=shipping_price, refunds=refunds)


def _refund(refund: dict[str, Any]) -> RefundFact:
    return RefundFact(
        id=str(refund["id"]),
        amount=_money(refund.get("amount")),
        shipping_amount=_money(refund.get("shipping_amount")),
        reason_code=str(refund.get("reason_code") or ""),
    )


def _money(value: Any) -> Decimal:
    money = value if isinstance(value, Decimal) else ZERO if value is None else Decimal(str(value))
    if not money.is_finite():
        raise InvalidOperation
    return money
