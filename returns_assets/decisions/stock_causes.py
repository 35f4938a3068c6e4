"""Why a piece is not put back on sale: what each cause makes of it, and what a person does (docs/operations.md explains each)."""

from typing import NamedTuple

from returns_assets.decisions.causes import CAUSES

RESTOCK, NOT_SELLABLE, HOLD, EXCEPTION = "restock", "not_sellable", "hold", "exception"
OUTCOMES = (RESTOCK, NOT_SELLABLE, HOLD, EXCEPTION)


class StockCause(NamedTuple):
    """`exception_class` is None where nobody has to do anything."""

    outcome: str
    exception_class: str | None = None
    todo: str | None = None
    waits_for: str | None = None


def _as_refunds(outcome: str, cause: str) -> StockCause:
    return StockCause(outcome, CAUSES[cause].exception_class, CAUSES[cause].todo)


STOCK_CAUSES: dict[str, StockCause] = {
    **{
        cause: _as_refunds(EXCEPTION, cause)
        for cause in (
            "unknown_verification", "unknown_grade", "unknown_disposition", "unknown_lane", "unknown_order", "line_not_found", "wrong_item",
            "bad_quantity", "over_quantity",
        )
    },
    "piece_id_unclear": StockCause(
        EXCEPTION, "logical", "items with and without ids may be the same piece: ask ReBound which; count the shelf"
    ),
    "verdicts_differ": StockCause(
        HOLD,
        "logical",
        "ReBound and the warehouse say different things about this piece (rebound_returns, warehouse_events): let whoever is wrong send a "
        "correction, which clears it",
        "a correction by ReBound or the warehouse",
    ),
    "putaway_sku_differs": StockCause(
        HOLD,
        "logical",
        "look at the shelf: another article than came back was put away; let the warehouse correct it",
        "a corrected putaway",
    ),
    "putaway_incomplete": StockCause(HOLD, None, None, "the putaway of the other units"),
    "not_final": StockCause(HOLD, None, None, "the next inspection"),
    "not_sellable": StockCause(NOT_SELLABLE),
    "offer_unknown": StockCause(
        EXCEPTION, "logical", "the shop has no offer with this SKU (OF21): make one, or resolve with a note, then run the partition again"
    ),
    "warehouse_not_mapped": StockCause(
        EXCEPTION,
        "mapping",
        "the offer has warehouses: add the warehouse to stock.warehouses in marketplaces.yaml, then run the partition again",
    ),
    "restocked_then_changed": StockCause(
        EXCEPTION, "logical", "the unit is on sale and is judged otherwise now: take it off the shelf, lower the quantity by hand, resolve"
    ),
    "held_in_other_marketplace": StockCause(
        EXCEPTION, "logical", "documents name this piece under two marketplaces and the other one has it on sale: find out whose it is"
    ),
}  # fmt: skip
