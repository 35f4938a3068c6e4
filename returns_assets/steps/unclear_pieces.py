"""Items without reboundItemId that cannot be told from others of their return and line: kept, and named for a person.

Two cases, looked for within one day: the same line has items with and without an id (one piece may be counted twice), and two different
Refund Triggers of one kind name the same line without an id (the second may be another unit, and both have the same made id). Snapshots
and tracking updates repeat their items with every version and status, so for them the second case is the ordinary one.
"""

from collections import defaultdict
from typing import Any, NamedTuple

from returns_assets.ledger.inbox import Document
from returns_assets.rebound.events import Event
from returns_assets.rebound.vocabulary import ITEM_KINDS, TRIGGER_EVENTS
from returns_assets.steps.rebound_rows import RETURN_SCHEMA

_KIND, _RETURN, _PIECE, _LINE, _SKU, _EAN = map(RETURN_SCHEMA.names.index, ("kind", "return_id", "piece_id", "line_ref", "sku", "ean"))


class Nameless(NamedTuple):
    """A row about an item without an id: its place in the day's rows and what the case is judged by."""

    row: int
    document_id: int
    marketplace: str | None
    return_id: str
    reference: str
    kind: str
    piece_id: str | None
    event_key: str


def nameless(row: int, document: Document, event: Event, marketplace: str | None) -> Nameless | None:
    """None for an item with an id, for one that nobody had in hand or advised on, and where the return is not known."""
    item = event.item
    if item is None or not item.nameless or event.return_id is None or event.kind not in ITEM_KINDS | TRIGGER_EVENTS.keys():
        return None
    return Nameless(row, document.id, marketplace, event.return_id, item.reference, event.kind, item.piece_id, event.event_key)


def unclear(found: list[Nameless], rows: list[tuple[Any, ...]]) -> list[Nameless]:
    """Those of `found` that another row of the day (`rows`, in the order of RETURN_SCHEMA) makes unclear."""
    if not found:
        return []
    made = {(one.return_id, one.piece_id) for one in found}
    returns = {one.return_id for one in found}
    named: set[tuple[str, str]] = set()
    for row in rows:
        if row[_RETURN] in returns and row[_KIND] in ITEM_KINDS and row[_PIECE] and (row[_RETURN], row[_PIECE]) not in made:
            named.add((row[_RETURN], row[_LINE] or row[_SKU] or row[_EAN]))
    said: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
    for one in found:
        if one.kind in TRIGGER_EVENTS:
            said[one.kind, one.piece_id].add(one.event_key)
    return [one for one in found if (one.return_id, one.reference) in named or len(said.get((one.kind, one.piece_id), ())) > 1]
