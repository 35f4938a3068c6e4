"""Planning's rows become effects: one intent an order line and reason, and one a line whose shipping is refunded alone, registered in
one transaction of the ledger.
"""

from collections.abc import Sequence
from datetime import UTC, date
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect, Intent, PieceEffect, PieceUse
from returns_assets.ledger.validations import Validation
from returns_assets.mirakl.refund_call import exact_json, refund_body
from returns_assets.steps.act_gate import decided_elsewhere, require_rows
from returns_assets.steps.act_shipping import rests_on, undone
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.elsewhere import exception_elsewhere
from returns_assets.steps.register_effects import register_effects
from returns_assets.steps.texts import sql
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

TABLE = "refund_actions"
KIND = "refund"
_PIECES = "SELECT piece_id, outcome = 'refund' FROM mapped_dispositions WHERE marketplace = $marketplace AND day = $day"


class _Row(NamedTuple):
    """One row of refund_intents.sql or shipping_intents.sql; the latter has no pieces."""

    order_id: str
    order_line_id: str
    reason_code: str
    currency: str
    tax_mode: str
    amount: Decimal
    shipping_amount: Decimal
    quantity: int
    pieces: Sequence[tuple[str, int, int]]
    taxes: Sequence[tuple[str, Decimal]]
    shipping_taxes: Sequence[tuple[str, Decimal]]
    foreign_ids: Sequence[str]


class _Wanted(NamedTuple):
    """The intents' rows; the pieces that are not to be refunded, and the lines whose shipping no longer is, unless a row says so.

    In none of them: pieces that another partition decides by now (`takers`: piece -> its marketplace), which are that partition's to
    refund or to withdraw, and pieces that another marketplace's effect holds, paid or not: a piece is refunded once, and only that
    marketplace's planning withdraws it.
    """

    rows: list[_Row]
    settled_pieces: list[str]
    settled_lines: list[str]
    takers: dict[str, str]
    held_elsewhere: list[PieceEffect]


def register_partition(ctx: StepContext, marketplace: str, day: date, validation: Validation) -> StepResult:
    """Register the partition's refunds under `validation` and write refund_actions from what the ledger then holds.

    A piece that is wanted here and cannot be registered is an exception: planning did not know yet who else has it.
    """
    wanted = _wanted(ctx, marketplace, day, validation)
    registered = register_effects(
        ctx,
        marketplace,
        day,
        KIND,
        [_intent(row) for row in wanted.rows],
        validation,
        settled_pieces=wanted.settled_pieces,
        settled_subjects=wanted.settled_lines,
    )
    effects = write_actions(ctx, marketplace, day)
    records = [exception_elsewhere(effect, marketplace, day) for effect in wanted.held_elsewhere]
    records += [_overtaken(intent, marketplace, day) for intent in registered.conflicts]
    ctx.ledger.exceptions.sync(TABLE, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    counts = registered.counts
    amount = sum((effect.amount for effect in effects), Decimal(0))
    later = sum(taker == marketplace for taker in wanted.takers.values())
    counts |= {"conflicts": len(registered.conflicts), "held_in_other_marketplace": len(wanted.held_elsewhere)}
    counts |= {"decided_later": later, "decided_in_other_marketplace": len(wanted.takers) - later}
    return StepResult(len(effects), {**counts, "amount": str(amount), "validation_id": validation.id})


def write_actions(ctx: StepContext, marketplace: str, day: date) -> list[Effect]:
    """Write the partition of refund_actions from the ledger; the effects in it."""
    effects = ctx.ledger.effects.of_partition(marketplace, day, KIND)
    with ctx.warehouse.transaction() as con:
        rows = arrow_rows(con, TABLE, [_action(effect) for effect in effects])
        replace_partition(con, TABLE, {"marketplace": marketplace, "day": day}, rows)
    return effects


def _wanted(ctx: StepContext, marketplace: str, day: date, validation: Validation) -> _Wanted:
    """What exactly the validated rows ask for."""
    partition = {"marketplace": marketplace, "day": day}
    with ctx.warehouse.read() as con:
        refundable = [piece for piece, wanted in con.execute(_PIECES, partition).fetchall() if wanted]
    held = ctx.ledger.effects.piece_effects(KIND, refundable)
    # paid, or held elsewhere, since the rows were decided: such a piece must not make its line's other pieces look like a conflict
    taken = [piece for piece, effect in held.items() if effect.live or effect.marketplace != marketplace]
    with ctx.warehouse.read() as con:
        require_rows(con, validation)
        pieces: list[tuple[str, bool]] = con.execute(_PIECES, partition).fetchall()
        behind = [piece for line in rests_on(con, marketplace, day).values() for piece in line]
        takers = decided_elsewhere(ctx, con, marketplace, day, {*behind, *(piece for piece, _ in pieces)})
        for name, ids in (("taken_pieces", {*takers, *taken}), ("moved_pieces", takers)):
            con.register(name, pa.table({"piece_id": pa.array(sorted(ids), pa.string())}))
        rows = [_Row(*row) for name in ("refund_intents", "shipping_intents") for row in con.execute(sql(name), partition).fetchall()]
        for name in ("taken_pieces", "moved_pieces"):
            con.unregister(name)
        lines = undone(con, marketplace, day)
    settled = [piece for piece, wanted in pieces if not wanted and piece not in takers]
    elsewhere = [effect for piece, effect in sorted(held.items()) if effect.marketplace != marketplace and piece not in takers]
    return _Wanted(rows, settled, lines, {piece: takers[piece] for piece, _ in pieces if piece in takers}, elsewhere)


def _overtaken(intent: Intent, marketplace: str, day: date) -> ExceptionRecord:
    pieces = ", ".join(use.piece_id for use in intent.pieces)
    return ExceptionRecord(
        exception_class="technical",
        cause="overtaken",
        marketplace=marketplace,
        day=day,
        subject_kind="order_line",
        subject=intent.subject,
        detail=f"order {intent.order_id}: another run took or paid some of {pieces} meanwhile",
        todo="materialise mapped_dispositions and what follows for this partition again",
    )


def _intent(row: _Row) -> Intent:
    request = refund_body(
        order_line_id=row.order_line_id,
        amount=row.amount,
        shipping_amount=row.shipping_amount,
        reason_code=row.reason_code,
        quantity=row.quantity,
        currency=row.currency,
        tax_mode=row.tax_mode,
        taxes=[{"code": code, "amount": amount} for code, amount in row.taxes],
        shipping_taxes=[{"code": code, "amount": amount} for code, amount in row.shipping_taxes],
    )
    pieces = [PieceUse(*piece) for piece in row.pieces]
    return Intent(row.order_id, row.order_line_id, request, row.amount, row.shipping_amount, row.currency, pieces, tuple(row.foreign_ids))


def _action(effect: Effect) -> dict[str, Any]:
    entry = effect.request["refunds"][0]
    return {
        "marketplace": effect.marketplace,
        "day": effect.day,
        "effect_key": effect.key,
        "order_id": effect.order_id,
        "order_line_id": effect.subject,
        "pieces": pieces_json(effect),
        "quantity": entry["quantity"],
        "amount": effect.amount,
        "shipping_amount": effect.shipping_amount,
        "taxes": exact_json(entry.get("taxes", [])),
        "shipping_taxes": exact_json(entry.get("shipping_taxes", [])),
        "currency": effect.currency,
        "tax_mode": effect.request["order_tax_mode"],
        "reason_code": entry["reason_code"],
        "mapping_version": effect.mapping_version,
        "validation_id": effect.validation_id,
        "state": effect.state,
        "registered_at": effect.created_at.astimezone(UTC).replace(tzinfo=None),
    }


def pieces_json(effect: Effect) -> str:
    """The pieces that an effect pays, as the `pieces` columns show them."""
    return exact_json([{"piece_id": use.piece_id, "quantity": use.quantity, "unit_from": use.unit_from} for use in effect.pieces])
