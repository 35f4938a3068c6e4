"""OR11 and RT11 as what decides about requests for returns: order lines with what was refunded of them, and the returns of the orders.

Read tolerantly (reference, 1.6, 7.6): null, absence, `status` for `state`, camelCase. Addresses and free text are not read, and of a
label only whether there is one.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from returns_assets.mirakl.client import parse
from returns_assets.mirakl.errors import MiraklUnreadableError
from returns_assets.mirakl.seen import SeenReturn, SoldLine, lines_of


def sold_lines(pages: Iterable[bytes]) -> dict[str, SoldLine]:
    """All lines of the orders in OR11's answers, by order line id. Raises MiraklUnreadableError when ids cannot be read."""
    found: dict[str, SoldLine] = {}
    for page in pages:
        answer = parse("OR11", page)
        try:
            for order in answer["orders"]:
                for line in order.get("order_lines") or ():
                    found[str(line["order_line_id"])] = _line(order, line)
        except (KeyError, TypeError, AttributeError) as error:
            raise MiraklUnreadableError("OR11: an order or order line without the ids that a return needs") from error
    return found


def _line(order: dict[str, Any], line: dict[str, Any]) -> SoldLine:
    ids = (str(order["order_id"]), str(order.get("commercial_id") or ""), str(line["order_line_id"]), str(line.get("offer_sku") or ""))
    state = str(line.get("order_line_state") or "")
    try:
        refunds: list[dict[str, Any]] = line.get("refunds") or []
        return SoldLine(
            *ids,
            state,
            quantity=int(line["quantity"]),
            price=_money(line["price"]),
            refunded=sum((_money(refund.get("amount")) for refund in refunds), Decimal(0)),
            refunded_units=sum(int(refund.get("quantity") or 0) for refund in refunds),
        )
    except (KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as error:
        return SoldLine(*ids, state, unreadable=f"quantity, price or a refund cannot be read ({type(error).__name__})")


def _money(value: Any) -> Decimal:
    money = value if isinstance(value, Decimal) else Decimal(str(value or 0))
    if not money.is_finite():
        raise InvalidOperation
    return money


def seen_returns(pages: Iterable[bytes]) -> dict[str, SeenReturn]:
    """The returns in RT11's answers, by id. Raises MiraklUnreadableError."""
    found: dict[str, SeenReturn] = {}
    for page in pages:
        answer = parse("RT11", page)
        try:
            for row in answer["data"]:
                found[str(row["id"])] = _return(row)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise MiraklUnreadableError("RT11: the answer has no readable list of returns") from error
    return found


def _return(row: dict[str, Any]) -> SeenReturn:
    tracking: dict[str, Any] = row.get("tracking") or {}
    return SeenReturn(
        id=str(row["id"]),
        order_id=str(row.get("order_id") or ""),
        commercial_id=str(row.get("order_commercial_id") or ""),
        state=str(row.get("state") or row.get("status") or ""),
        rma=row.get("rma") or None,
        method_code=row.get("method_code") or None,
        tracking_number=tracking.get("tracking_number") or tracking.get("trackingNumber") or None,
        labelled=bool(row.get("label_url")),
        created_at=_time(row.get("date_created")),
        lines=lines_of(row.get("return_lines") or []),
    )


def _time(text: str | None) -> datetime | None:
    return None if not text else datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
