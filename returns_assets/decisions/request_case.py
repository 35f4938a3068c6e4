"""What a request for a return is decided by: ReBound's cases of an order beside what Mirakl shows of it. Plain frozen data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """A return at ReBound. `new`: it was first registered on the partition's day; `over`: closed or cancelled there; `arrived`: its goods
    are back."""

    return_id: str
    order_ref: str | None
    rma: str | None = None
    mirakl_return_id: str | None = None
    started_at: datetime | None = None
    new: bool = False
    over: bool = False
    arrived: bool = False
    items: tuple[Item, ...] = ()


class Seen:
    """Orders and their returns as Mirakl shows them now: lines by order line id, returns by id; and both by order."""

    def __init__(self, lines: Mapping[str, SoldLine] | None = None, returns: Mapping[str, SeenReturn] | None = None) -> None:
        self.lines, self.returns = lines or {}, returns or {}
        self._lines: dict[str, list[SoldLine]] = {}
        self._returns: dict[str, list[SeenReturn]] = {}
        for line in self.lines.values():
            self._lines.setdefault(line.order_id, []).append(line)
        for one in self.returns.values():
            for name in {one.order_id, one.commercial_id} - {""}:
                self._returns.setdefault(name, []).append(one)

    def order_lines(self, order_id: str | None) -> Sequence[SoldLine]:
        """None of an order that is not known."""
        return self._lines.get(order_id or "", ())

    def returns_of(self, order_ref: str | None) -> Sequence[SeenReturn]:
        """By the order's id or its basket's."""
        return self._returns.get(order_ref or "", ())


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
