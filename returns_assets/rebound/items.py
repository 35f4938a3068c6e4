"""The items of a payload: each as written (for the event's identity), translated by the profile's maps, and with the id of its piece.

Missing data is a null token at ReBound, an item may have no id at all, and a value that no map names stays visible as UNKNOWN.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from returns_assets.rebound.fields import FieldReader, whole_number
from returns_assets.rebound.identity import Facts, fallback_piece_id, normal_id
from returns_assets.rebound.problems import Problem, problem
from returns_assets.rebound.profile import Paths, Profile
from returns_assets.rebound.vocabulary import NO_DISPOSITION, REFUND_ADVICES, UNEXPECTED_EXTRA, UNGRADED, UNKNOWN


@dataclass(slots=True)
class Item:
    """One item. `facts` is what the document says of it, canonical and unmapped; a quantity of 0 could not be read.

    What is not said is None, not a default: a later document that is silent must not take back what an earlier one said.
    """

    piece_id: str | None
    line_ref: str | None
    sku: str | None
    ean: str | None
    quantity: int | None
    reason_raw: str | None
    reason: str | None
    verification: str | None
    grade_raw: str | None
    grade: str
    disposition_raw: str | None
    disposition: str
    refund_advice: str | None
    inspected_at: str | None
    facts: Facts
    problems: list[Problem]
    nameless: bool = False  # an object without an id of its own; its piece_id is made here

    @property
    def reference(self) -> str:
        """What stands for the item where it has no id."""
        return self.line_ref or self.sku or self.ean or "unidentified"


def read_items(profile: Profile, entries: Sequence[Any], return_id: str | None, order_id: str | None, *, seen: bool) -> list[Item]:
    """The entries in their order; the ids of pieces without one do not depend on it. `seen`: somebody had the items in hand."""
    items = [read_item(profile, cast("Mapping[str, Any]", e), profile.item_fields, seen) if isinstance(e, dict) else no_item(e)
             for e in entries]  # fmt: skip
    _name_pieces(items, return_id or (f"order:{order_id}" if order_id else "unknown"))
    _flag_conflicts(items)
    return items


def read_item(profile: Profile, body: Mapping[str, Any], fields: Mapping[str, Paths], seen: bool) -> Item:
    """One entry by `fields`; see read_items."""
    read = FieldReader(body, fields, profile.nulls)
    piece, line_ref, sku, ean = read.text("piece_id"), read.text("line_ref"), read.text("sku"), read.text("ean")
    quantity_raw, reason_raw, verification_raw = read.text("quantity"), read.text("reason"), read.text("verification")
    grade_raw, disposition_raw = read.text("grade"), read.text("disposition")
    advice, inspected_at = read.text("refund_advice"), read.text("inspected_at")
    problems = read.problems
    unreadable = bool(problems)  # only wrong types so far: what the item says cannot be trusted
    quantity = None if quantity_raw is None else (whole_number(quantity_raw) or 0)
    if quantity is not None and quantity < 1:
        problems.append(problem("bad_quantity", quantity_raw))
        quantity = 0
    if piece is None and line_ref is None and sku is None and ean is None:
        problems.append(problem("unidentified_item"))
    verification = _map(profile.verifications, verification_raw, "unknown_verification", problems)
    if verification is None and seen and line_ref is None and sku is None:
        verification = UNEXPECTED_EXTRA
    if advice is not None and advice.upper() not in REFUND_ADVICES:
        problems.append(problem("unknown_refund_advice", advice))
    piece_id = None if piece is None else normal_id(piece) or None
    counted = 1 if quantity is None else quantity or quantity_raw
    return Item(
        piece_id=piece_id,
        line_ref=line_ref,
        sku=sku,
        ean=ean,
        quantity=quantity,
        reason_raw=reason_raw,
        reason=_map(profile.reasons, reason_raw, "unknown_reason", problems),
        verification=UNKNOWN if unreadable else verification,
        grade_raw=grade_raw,
        grade=_map(profile.grades, grade_raw, "unknown_grade", problems) or UNGRADED,
        disposition_raw=disposition_raw,
        disposition=_map(profile.dispositions, disposition_raw, "unknown_disposition", problems) or NO_DISPOSITION,
        refund_advice=None if advice is None else advice.upper() if advice.upper() in REFUND_ADVICES else UNKNOWN,
        inspected_at=inspected_at,
        # Without inspected_at: it is the event's time and stands beside the facts in the event's identity. No quantity is one unit there,
        # as ever, so that the identity of what is stored already does not change.
        facts=(piece_id, line_ref, sku, ean, counted, reason_raw, verification_raw, grade_raw, disposition_raw, advice),
        problems=problems,
        nameless=piece_id is None,
    )


def _map(table: Mapping[str, str], raw: str | None, cause: str, problems: list[Problem]) -> str | None:
    """The canonical value; None when nothing is given, UNKNOWN (and a problem) when no map names it."""
    if raw is None:
        return None
    if raw not in table:
        problems.append(problem(cause, raw))
    return table.get(raw, UNKNOWN)


def no_item(entry: Any) -> Item:
    """An entry that is no object: a row without a piece, so that the document's count and the exception say that something was there."""
    return Item(
        piece_id=None, line_ref=None, sku=None, ean=None, quantity=None, reason_raw=None, reason=None, verification=UNKNOWN, grade_raw=None,
        grade=UNGRADED, disposition_raw=None, disposition=NO_DISPOSITION, refund_advice=None, inspected_at=None,
        facts=("not an object", json.dumps(entry, sort_keys=True)), problems=[problem("bad_items", "an entry is no object")],
    )  # fmt: skip


def _name_pieces(items: list[Item], owner: str) -> None:
    """Give items without an id one: equal references are counted, in the order of what is said of them, not of their place."""
    nameless: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.nameless:
            nameless[item.reference].append(item)
    for reference, group in nameless.items():
        for ordinal, item in enumerate(sorted(group, key=lambda i: repr(i.facts)), 1):
            item.piece_id = fallback_piece_id(owner, reference, ordinal)
            item.facts = (item.piece_id, *item.facts[1:])


def _flag_conflicts(items: list[Item]) -> None:
    """The same piece twice in one document: once if both say the same, for a person if they differ."""
    counts = Counter(item.piece_id for item in items if item.piece_id is not None)
    if len(counts) == len(items):
        return
    said: dict[str, set[Facts]] = defaultdict(set)
    for item in items:
        if item.piece_id is not None and counts[item.piece_id] > 1:
            said[item.piece_id].add(item.facts)
    for item in items:
        if item.piece_id is not None and len(said.get(item.piece_id, ())) > 1:
            item.verification = UNKNOWN
            item.problems.append(problem("conflicting_item", item.piece_id))
