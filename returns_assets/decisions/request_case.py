"""What a request for a return is decided by: ReBound's cases of an order beside what Mirakl shows of it. Plain frozen data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from returns_assets.mirakl.seen import Asked, SeenReturn, SoldLine


@dataclass(frozen=True, slots=True)
class Item:
    """A piece or lot of a ReBound return, as announced or found."""

    line_ref: str | None
    sku: str | None
    quantity: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReboundCase:
    """A return at ReBound. `new`: it was first registered on the partition's day; `over`: closed or cancelled there."""

    return_id: str
    order_ref: str | None
    rma: str | None = None
    mirakl_return_id: str | None = None
    started_at: datetime | None = None
    new: bool = False
    over: bool = False
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Orders and their returns as Mirakl shows them now: lines by order line id, returns by id."""

    lines: Mapping[str, SoldLine] = field(default_factory=dict[str, SoldLine])
    returns: Mapping[str, SeenReturn] = field(default_factory=dict[str, SeenReturn])

    def order_lines(self, order_id: str) -> Sequence[SoldLine]:
        return [line for line in self.lines.values() if line.order_id == order_id]

    def has_order(self, order_id: str | None) -> bool:
        return any(line.order_id == order_id for line in self.lines.values())


def asked_of(case: ReboundCase, lines: Sequence[SoldLine]) -> tuple[list[Asked], list[str]]:
    """The case's items as order lines: by line id, else by SKU where exactly one line of the order has it; and the items that fit none."""
    found: dict[str, Asked] = {}
    without: list[str] = []
    for item in case.items:
        fits = [line for line in lines if line.order_line_id == item.line_ref]
        if not fits and item.line_ref is None and item.sku:
            fits = [line for line in lines if line.sku.strip().upper() == item.sku.strip().upper()]
        if len(fits) != 1:
            without.append(item.line_ref or item.sku or "an item without line and SKU")
            continue
        before = found.get(fits[0].order_line_id)
        units = item.quantity + (before.quantity if before else 0)
        reason = (before.reason if before else None) or item.reason
        found[fits[0].order_line_id] = Asked(fits[0].order_line_id, units, reason=reason)
    return list(found.values()), without
