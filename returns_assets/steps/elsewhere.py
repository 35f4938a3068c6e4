"""A piece that another marketplace's effect holds: nothing here may pay it, and a person is told where it is."""

from datetime import date

from returns_assets.decisions.causes import CAUSES
from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import PieceEffect


def cause_elsewhere(effect: PieceEffect) -> str:
    """Why the piece cannot be refunded here; a key of CAUSES."""
    return "refunded_in_other_marketplace" if effect.live else "planned_in_other_marketplace"


def told_elsewhere(effect: PieceEffect) -> str:
    """The other marketplace's effect in a few words: its partition, its order, how it stands."""
    refund = f", refund {effect.refund_id}" if effect.refund_id else ""
    return f"{effect.marketplace} {effect.day.isoformat()}, order {effect.order_id}: {effect.state}{refund}"


def exception_elsewhere(effect: PieceEffect, marketplace: str, day: date) -> ExceptionRecord:
    """The exception of the partition that wanted to refund the piece."""
    cause = cause_elsewhere(effect)
    return ExceptionRecord(
        exception_class=CAUSES[cause].exception_class,
        cause=cause,
        marketplace=marketplace,
        day=day,
        subject_kind="piece",
        subject=effect.piece_id,
        detail=told_elsewhere(effect),
        todo=CAUSES[cause].todo,
    )
