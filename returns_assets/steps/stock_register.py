"""Pieces to be restocked become effects: one a SKU (and warehouse) of the partition, so that a file sets each offer's quantity once."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from returns_assets.decisions.stock import decided_elsewhere
from returns_assets.ledger.records import Intent, PieceUse
from returns_assets.ledger.validations import Validation
from returns_assets.steps.act_gate import require_rows
from returns_assets.steps.context import StepContext
from returns_assets.steps.register_effects import register_effects
from returns_assets.steps.stock_kind import KIND

ROWS = """
    SELECT piece_id, order_id, sku, warehouse, quantity, mode, outcome FROM stock_actions
    WHERE marketplace = $marketplace AND day = $day ORDER BY triggered_at, piece_id
"""


class _Row(NamedTuple):
    piece_id: str
    order_id: str
    sku: str
    warehouse: str | None
    quantity: int
    mode: str
    outcome: str


def register_stock(ctx: StepContext, marketplace: str, day: date, validation: Validation) -> tuple[dict[str, int], set[date]]:
    """Register exactly what the validated rows want; the counts of what changed, and the days that lost pieces to this one, whose reports
    are no longer right. Raises NotValidated. No HTTP.

    Pieces that are on sale already, or may be, are left to the effect that has them: what is new of their SKU is an effect of its own.
    """
    with ctx.warehouse.read() as con:
        require_rows(con, validation)
        rows = [_Row(*row) for row in con.execute(ROWS, {"marketplace": marketplace, "day": day}).fetchall()]
        later = decided_elsewhere(con, ctx.mappings, ctx.mappings.marketplace(marketplace), day, [row.piece_id for row in rows])
    here = [row for row in rows if row.piece_id not in later]
    held = ctx.ledger.effects.piece_effects(KIND, [row.piece_id for row in here])
    taken = {piece for piece, effect in held.items() if effect.live or effect.marketplace != marketplace}
    groups: dict[tuple[str, str | None], list[_Row]] = {}
    for row in here:
        if row.outcome == "restock" and row.piece_id not in taken:
            groups.setdefault((row.sku, row.warehouse), []).append(row)
    currency = ctx.mappings.marketplace(marketplace).currency
    intents = [_intent(group, currency) for group in groups.values()]
    not_wanted = [row.piece_id for row in here if row.outcome != "restock"]
    done = register_effects(ctx, marketplace, day, KIND, intents, validation, settled_pieces=not_wanted)
    left = {effect.day for effect in held.values() if effect.marketplace == marketplace and effect.day != day and not effect.live}
    return {**done.counts, "conflicts": len(done.conflicts), "decided_later": len(rows) - len(here), "on_sale": len(taken)}, left


def _intent(group: Sequence[_Row], currency: str) -> Intent:
    first = group[0]
    request = {"mode": first.mode, "sku": first.sku, "units": sum(row.quantity for row in group), "warehouse": first.warehouse}
    pieces = [PieceUse(row.piece_id, row.quantity) for row in group]
    return Intent(first.order_id, first.sku, request, Decimal(0), Decimal(0), currency, pieces)
