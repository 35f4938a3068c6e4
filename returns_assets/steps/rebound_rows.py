"""Documents and events as rows of their tables: the columns, and batches of rows as Arrow."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from returns_assets.ledger.inbox import Document
from returns_assets.rebound.events import Event
from returns_assets.rebound.problems import Problem, joined

_TIME = pa.timestamp("us")
_TEXT = pa.string()
DOCUMENT_SCHEMA = pa.schema(
    [
        ("day", pa.date32()), ("document_id", pa.int64()), ("received_at", _TIME), ("channel", _TEXT), ("kind", _TEXT), ("sha256", _TEXT),
        ("name", _TEXT), ("size_bytes", pa.int64()), ("events", pa.int32()), ("problem", _TEXT),
    ]
)  # fmt: skip
RETURN_SCHEMA = pa.schema(
    [
        ("day", pa.date32()), ("event_key", _TEXT), ("document_id", pa.int64()), ("received_at", _TIME), ("event_time", _TIME),
        ("event", _TEXT), ("event_rank", pa.int32()), ("kind", _TEXT), ("lane", _TEXT), ("marketplace", _TEXT), ("return_id", _TEXT),
        ("order_id", _TEXT), ("rma", _TEXT), ("mirakl_return_id", _TEXT), ("tracking_number", _TEXT), ("location", _TEXT),
        ("version", pa.int32()), ("problem", _TEXT),
        ("piece_id", _TEXT), ("line_ref", _TEXT), ("sku", _TEXT), ("ean", _TEXT), ("quantity", pa.int32()), ("reason_raw", _TEXT),
        ("reason", _TEXT), ("verification", _TEXT), ("grade", _TEXT), ("disposition_raw", _TEXT), ("disposition", _TEXT),
        ("refund_advice", _TEXT),
    ]
)  # fmt: skip
PROBLEM = RETURN_SCHEMA.names.index("problem")
_NO_ITEM = (None,) * 12


def naive_utc(at: datetime) -> datetime:
    """As the warehouse keeps times."""
    return at.astimezone(UTC).replace(tzinfo=None)


def document_row(document: Document, kind: str | None, events: int, fault: str | None) -> tuple[Any, ...]:
    """In the order of DOCUMENT_SCHEMA."""
    return (
        document.day, document.id, naive_utc(document.received_at), document.channel, kind, document.sha256, document.name,
        len(document.content), events, fault,
    )  # fmt: skip


def event_row(document: Document, event: Event, marketplace: str | None, order_id: str | None) -> tuple[Any, ...]:
    """In the order of RETURN_SCHEMA."""
    item = event.item
    about_item = _NO_ITEM if item is None else (
        item.piece_id, item.line_ref, item.sku, item.ean, item.quantity, item.reason_raw, item.reason, item.verification, item.grade,
        item.disposition_raw, item.disposition, item.refund_advice,
    )  # fmt: skip
    return (
        document.day, event.event_key, document.id, naive_utc(document.received_at), naive_utc(event.event_time), event.event,
        event.event_rank, event.kind, event.lane, marketplace, event.return_id, order_id, event.rma,
        event.mirakl_return_id, event.tracking_number, event.location,
        event.version, joined(event.problems), *about_item,
    )  # fmt: skip


def with_problem(row: tuple[Any, ...], found: Problem) -> tuple[Any, ...]:
    """An event's row with one more problem in its text."""
    text = row[PROBLEM]
    return (*row[:PROBLEM], f"{text}; {found}" if text else str(found), *row[PROBLEM + 1 :])


def table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Rows in the schema's order as one Arrow table."""
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in schema.names]
    return pa.Table.from_pydict(dict(zip(schema.names, columns, strict=True)), schema=schema)
