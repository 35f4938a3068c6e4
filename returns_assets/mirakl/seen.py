"""What a request for a return is decided by, as Mirakl shows it: order lines and returns. Plain frozen data, no HTTP."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

ENDED = ("REFUSED", "CANCELED")  # returns that hold no units any more
GOODS_BACK = ("RECEIVED", "CLOSED")
OPEN = ("WAITING_ACCEPTANCE", "IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class Asked:
    """Units of one order line that somebody wants to return. `reason_code` is the operator's, `reason` the canonical one."""

    order_line_id: str
    quantity: int
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SoldLine:
    """An order line as OR11 shows it now. `refunded_units` is what refunds say of units: informative, often 0 (reference, 3.4).

    `unreadable`: why quantity or money could not be read, else empty; nothing may be concluded from the numbers then.
    """

    order_id: str
    commercial_id: str
    order_line_id: str
    sku: str
    state: str
    quantity: int = 0
    price: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    refunded_units: int = 0
    unreadable: str = ""

    @property
    def fully_refunded(self) -> bool:
        return self.state == "REFUNDED" or (self.price > 0 and self.refunded >= self.price)


@dataclass(frozen=True, slots=True)
class SeenReturn:
    """A return as RT11 shows it. `created_at` is naive UTC. `labelled`: it has a label's address."""

    id: str
    order_id: str
    commercial_id: str
    state: str
    rma: str | None = None
    method_code: str | None = None
    tracking_number: str | None = None
    labelled: bool = False
    created_at: datetime | None = None
    lines: tuple[Asked, ...] = ()

    def units(self, order_line_id: str) -> int:
        return sum(line.quantity for line in self.lines if line.order_line_id == order_line_id)

    def may_be_of(self, order_line_ids: Collection[str]) -> bool:
        """Whether it has one of those lines; unknown lines, on either side, may be any."""
        return not order_line_ids or not self.lines or any(line.order_line_id in order_line_ids for line in self.lines)


def lines_of(rows: Iterable[dict[str, Any]]) -> tuple[Asked, ...]:
    """`return_lines` of RT11, or the `lines` of marketplace_returns."""
    return tuple(
        Asked(str(line["order_line_id"]), int(line.get("quantity") or 1), line.get("reason_code") or None)
        for line in rows
        if line.get("order_line_id") is not None
    )
