"""Every refund of a marketplace by its id: what the admin side lists and the transaction log is made from. The order has the wire form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


def refund_state(refund: Json) -> str:
    """Some servers show only the deprecated `state`."""
    return refund.get("refund_state") or refund["state"]


@dataclass(slots=True)
class RefundEntry:
    """`refund` is OR11's refunds[] entry in the order's stored tax mode."""

    refund_id: str
    order_id: str
    order_line_id: str
    currency: str
    source: str  # api | ghost
    refund: Json
    updated: str

    def summary(self) -> Json:
        """The row of GET /admin/refunds; money as decimal strings."""
        refund = self.refund
        return {
            "refund_id": self.refund_id,
            "order_id": self.order_id,
            "order_line_id": self.order_line_id,
            "amount": str(refund["amount"]),
            "shipping_amount": str(refund["shipping_amount"]),
            "reason_code": refund["reason_code"],
            "quantity": refund.get("quantity"),
            "currency": self.currency,
            "state": refund_state(refund),
            "taxes": [{"code": tax["code"], "amount": str(tax["amount"])} for tax in refund.get("taxes") or ()],
            "shipping_taxes": [{"code": tax["code"], "amount": str(tax["amount"])} for tax in refund.get("shipping_taxes") or ()],
            "created_date": refund["created_date"],
            "source": self.source,
        }

    def as_dict(self) -> Json:
        return asdict(self)


class RefundBook:
    def __init__(self) -> None:
        self.entries: dict[str, RefundEntry] = {}
        self.next_id = 1001

    def new_id(self) -> str:
        """Numbers as text, as real instances show them; stable over all states of the refund."""
        refund_id = str(self.next_id)
        self.next_id += 1
        return refund_id

    def add(self, entry: RefundEntry) -> None:
        self.entries[entry.refund_id] = entry
        if entry.refund_id.isdigit():
            self.next_id = max(self.next_id, int(entry.refund_id) + 1)

    def adopt(self, refund: Json, order: Json, line: Json) -> None:
        """Take note of a refund that came with its order: one that nobody made by OR28 is the back office's."""
        known = self.entries.get(refund["id"])
        if known is not None:
            known.refund = refund
            return
        self.add(
            RefundEntry(
                refund["id"],
                order["order_id"],
                line["order_line_id"],
                order["currency_iso_code"],
                "ghost",
                refund,
                refund["created_date"],
            )
        )

    def totals(self) -> tuple[Decimal, Decimal]:
        amounts = [Decimal(entry.refund["amount"]) for entry in self.entries.values()]
        shipping = [Decimal(entry.refund["shipping_amount"]) for entry in self.entries.values()]
        return sum(amounts, Decimal("0.00")), sum(shipping, Decimal("0.00"))
