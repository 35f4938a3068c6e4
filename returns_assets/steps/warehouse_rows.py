"""Placed warehouse facts as rows: of warehouse_events, and as canonical events of rebound_returns."""

from datetime import datetime
from typing import Any

import pyarrow as pa

from returns_assets.rebound.problems import joined
from returns_assets.rebound.vocabulary import EVENT_RANKS, NO_DISPOSITION, UNGRADED
from returns_assets.steps.rebound_rows import naive_utc
from returns_assets.steps.warehouse_places import CANONICAL, Placed
from returns_assets.warehouse_files.profile import KIND

_TEXT = pa.string()
EVENT_SCHEMA = pa.schema(
    [
        ("day", pa.date32()), ("event_key", _TEXT), ("document_id", pa.int64()), ("line_number", pa.int32()),
        ("received_at", pa.timestamp("us")), ("event_time", pa.timestamp("us")), ("event", _TEXT), ("marketplace", _TEXT),
        ("order_id", _TEXT), ("order_line_id", _TEXT), ("piece_id", _TEXT), ("return_id", _TEXT), ("sku", _TEXT), ("ean", _TEXT),
        ("quantity", pa.int32()), ("warehouse", _TEXT), ("location", _TEXT), ("verification", _TEXT), ("grade", _TEXT),
        ("disposition", _TEXT), ("carrier", _TEXT), ("tracking_number", _TEXT), ("problem", _TEXT),
    ]
)  # fmt: skip


def _times(placed: Placed) -> tuple[datetime, datetime]:
    return naive_utc(placed.document.received_at), naive_utc(placed.fact.event_time)


def event_rows(placed: Placed) -> list[tuple[Any, ...]]:
    """In the order of EVENT_SCHEMA: one row, or one for each of the pieces that a row without ids stands for, with its units."""
    fact, document = placed.fact, placed.document
    parts = [(part.piece_id, part.quantity) for part in placed.pieces] or [(None, fact.quantity)]
    received_at, event_time = _times(placed)
    return [
        (
            document.day, fact.event_key, document.id, fact.line, received_at, event_time, fact.event, placed.marketplace, placed.order_id,
            fact.order_line_id, piece, placed.return_id, fact.sku, fact.ean, quantity, fact.warehouse, fact.location,
            fact.verification, fact.grade, fact.disposition, fact.carrier, fact.tracking_number, joined(placed.problems),
        )
        for piece, quantity in parts
    ]  # fmt: skip


def return_rows(placed: Placed) -> list[tuple[Any, ...]]:
    """In the order of RETURN_SCHEMA. Only an inspection says what the piece is and how many units; a putaway or a receipt says where it
    is, so that another article on the shelf does not change what came back."""
    fact, document = placed.fact, placed.document
    event = CANONICAL[fact.event]
    pieces = [part.piece_id for part in placed.pieces] or [None]
    inspected = fact.event == "INSPECTED"
    line_ref, sku, ean = (fact.order_line_id, fact.sku, fact.ean) if inspected else (None, None, None)
    quantity = fact.quantity if inspected and len(pieces) == 1 else None
    received_at, event_time = _times(placed)
    rows: list[tuple[Any, ...]] = []
    for piece in pieces:
        about_item = (None,) * 11 if piece is None else (
            line_ref, sku, ean, quantity, None, None, fact.verification, fact.grade or UNGRADED, fact.disposition_raw,
            fact.disposition or NO_DISPOSITION, None,
        )  # fmt: skip
        rows.append(
            (
                document.day, fact.event_key, document.id, received_at, event_time, event, EVENT_RANKS[event], KIND, placed.lane,
                placed.marketplace, placed.return_id, placed.order_id, None, None, fact.tracking_number, fact.location, None,
                joined(placed.problems),
                piece, *about_item,
            )
        )  # fmt: skip
    return rows
