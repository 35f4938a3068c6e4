"""Fresh reads for requests: orders (OR11) with all their returns (RT11), and the lines of the plan as Python data."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from returns_assets.decisions.request_case import Seen
from returns_assets.mirakl.request_facts import seen_returns, sold_lines
from returns_assets.mirakl.seen import Asked
from returns_assets.steps.context import StepContext
from returns_assets.translation.model import Marketplace


def see(
    ctx: StepContext, shop: Marketplace, order_ids: Collection[str], commercial_ids: Iterable[str] = (), *, returns: bool = True
) -> Seen:
    """The orders' lines and, where the operator has them, every return of them, as they are now. Raises MiraklError.

    An id with a comma cannot be asked for: OR11 takes a comma-separated list. Such an order stays unknown.
    """
    client = ctx.mirakl(shop.key)
    wanted = sorted(order_id for order_id in set(order_ids) if order_id and "," not in order_id)
    lines = sold_lines(client.orders_by_id(wanted, shop.order_tax_mode)) if wanted else {}
    baskets = sorted({*(line.commercial_id for line in lines.values()), *commercial_ids} - {""})
    found = seen_returns(client.returns_of("order_commercial_id", baskets)) if returns and baskets else {}
    return Seen(lines, found)


def as_json(lines: Sequence[Asked]) -> str:
    """The `lines` column of return_requests."""
    rows = [
        {"order_line_id": line.order_line_id, "quantity": line.quantity, "reason_code": line.reason_code, "reason": line.reason}
        for line in lines
    ]
    return json.dumps(rows)


def from_json(text: str | None) -> tuple[Asked, ...]:
    """The way back of `as_json`."""
    rows: list[dict[str, Any]] = json.loads(text or "[]")
    return tuple(Asked(**row) for row in rows)
