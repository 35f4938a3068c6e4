"""Which unit of a legacy record is which unit of the record before: pieces without ids keep their number as long as they can.

Numbering by place or by grade would not do: a paid unit would change its number as soon as another one of the same SKU is graded, and the
other would be paid, too. So units that are told of in the same words keep their numbers, then those with the same reason, then any.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from returns_assets.rebound import vocabulary as words
from returns_assets.rebound.events import Event
from returns_assets.rebound.identity import fallback_piece_id
from returns_assets.rebound.items import Item
from returns_assets.rebound.legacy import LegacyReturn
from returns_assets.rebound.problems import problem


@dataclass(frozen=True, slots=True)
class Known:
    """A unit as the last record told of it, in the product's own words."""

    piece_id: str
    seen: bool
    sku: str | None
    ean: str | None
    reason_raw: str | None
    verification: str | None
    grade: str
    disposition_raw: str | None


Sign = tuple[str | None, ...]
SIGNS: Sequence[Callable[[Known], Sign]] = (
    lambda unit: (unit.reason_raw, unit.verification, unit.grade, unit.disposition_raw),
    lambda unit: (unit.reason_raw,),
    lambda unit: (),
)


def _reference(unit: Known) -> str:
    return unit.sku or unit.ean or "unidentified"


def settle(record: LegacyReturn, former: Sequence[Known]) -> tuple[list[Event], list[Known]]:
    """The record's events with the pieces' ids in them, and its units for the next record.

    A unit that was in hand and is named no longer counts as missing, with a problem that says so.
    """
    fresh = [_known(unit.item, seen=unit.seen) for unit in record.units]
    names, left = _names(record.owner, fresh, former)
    for unit, name in zip(record.units, names, strict=True):
        unit.item = replace(unit.item, piece_id=name, facts=(name, *unit.item.facts[1:]))
    events = record.events()
    for gone in left:
        if gone.seen:
            events.append(_withdrawn(record, gone))
    return events, [_known(unit.item, seen=unit.seen) for unit in record.units]


def _known(item: Item, *, seen: bool) -> Known:
    return Known(item.piece_id or "", seen, item.sku, item.ean, item.reason_raw, item.verification, item.grade, item.disposition_raw)


def _names(owner: str, fresh: Sequence[Known], former: Sequence[Known]) -> tuple[list[str], list[Known]]:
    names: list[str] = [""] * len(fresh)
    left = sorted(former, key=lambda unit: (len(unit.piece_id), unit.piece_id))
    for sign in SIGNS:
        for index, unit in enumerate(fresh):
            if names[index]:
                continue
            same = (one for one in left if _reference(one) == _reference(unit) and sign(one) == sign(unit))
            if (match := next(same, None)) is not None:
                names[index] = match.piece_id
                left.remove(match)
    taken = {*names, *(one.piece_id for one in left)}
    for index, unit in enumerate(fresh):
        if not names[index]:
            names[index] = _free(owner, _reference(unit), taken)
            taken.add(names[index])
    return names, left


def _free(owner: str, reference: str, taken: Iterable[str]) -> str:
    ordinal = 1
    while (name := fallback_piece_id(owner, reference, ordinal)) in taken:
        ordinal += 1
    return name


def _withdrawn(record: LegacyReturn, gone: Known) -> Event:
    facts = (gone.piece_id, None, gone.sku, gone.ean, 1, gone.reason_raw, "withdrawn", None, None, None)
    item = Item(
        piece_id=gone.piece_id, line_ref=None, sku=gone.sku, ean=gone.ean, quantity=1, reason_raw=gone.reason_raw, reason=None,
        verification=words.MISSING, grade_raw=None, grade=words.UNGRADED, disposition_raw=None, disposition=words.NO_DISPOSITION,
        refund_advice=None, inspected_at=None, facts=facts, problems=[problem("unit_withdrawn", gone.piece_id)], nameless=True,
    )  # fmt: skip
    return record.event(words.ITEM_GRADED, None, item)
