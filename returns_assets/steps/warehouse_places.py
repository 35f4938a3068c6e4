"""Which return, order and pieces a warehouse fact is about. By ids only; what cannot be told apart is named for a person, not guessed.

A row without the id of a piece (or with one that ReBound does not know of its return) stands for pieces of its return and line that no row
of the same event stands for yet. Units of one line are alike, so any of them will do as long as the warehouse says the same of all.
"""

from collections import defaultdict
from typing import NamedTuple

from returns_assets.ledger.inbox import Document
from returns_assets.rebound.problems import Problem
from returns_assets.rebound.routing import Router
from returns_assets.steps.warehouse_known import Known, KnownPiece, Verdict
from returns_assets.warehouse_files.facts import Fact
from returns_assets.warehouse_files.problems import problem

# the canonical events of the facts about pieces; a dispatch is none
CANONICAL = {"RECEIVED": "PARCEL_DELIVERED", "INSPECTED": "ITEM_INSPECTED", "PUTAWAY": "PUTAWAY_COMPLETED"}
SILENT = frozenset({"order_differs", "piece_not_announced", "piece_unclear", "unroutable"})


class Part(NamedTuple):
    """A piece and how many of the row's units are it."""

    piece_id: str
    quantity: int


class Placed(NamedTuple):
    """A fact with its place. `pieces` is empty for a dispatch, for a parcel as a whole, and where they could not be told."""

    document: Document
    fact: Fact
    marketplace: str | None
    order_id: str | None
    return_id: str | None
    lane: str | None
    pieces: tuple[Part, ...]
    problems: tuple[Problem, ...]

    @property
    def tells(self) -> bool:
        """Whether it becomes events of a return."""
        return self.fact.event in CANONICAL and not any(found.cause in SILENT for found in self.problems)


class _Start(NamedTuple):
    """A fact on its way: `named` where the piece is known by its id, `candidates` where it is to be found."""

    document: Document
    fact: Fact
    return_id: str | None
    order_id: str | None
    differs: bool
    named: bool
    candidates: tuple[KnownPiece, ...]


def place(facts: list[tuple[Document, Fact]], known: Known, router: Router) -> list[Placed]:
    """Each fact with its place, in the order given."""
    starts = [_start(document, fact, known) for document, fact in facts]
    pieces = _pieces(starts, known)
    return [_placed(start, pieces, known, router) for start in starts]


def _start(document: Document, fact: Fact, known: Known) -> _Start:
    if fact.event == "DISPATCHED":
        return _Start(document, fact, fact.return_id, fact.order_id, False, False, ())
    return_id = fact.return_id
    if return_id is None and fact.piece_id is not None:
        return_id = _only(known.returns_of_piece.get(fact.piece_id, set()))
    if return_id is None and fact.piece_id is None and fact.order_id is not None:
        return_id = _only(known.returns_of_order.get(fact.order_id, set()))
    orders = known.orders.get(return_id, set[str]()) if return_id is not None else set[str]()
    differs = fact.order_id is not None and bool(orders) and not any(_same_order(fact.order_id, order) for order in orders)
    order_id = _only(orders) or fact.order_id
    there = known.pieces.get(return_id, []) if return_id is not None else []
    named = fact.piece_id is not None and (return_id is None or known.names(return_id, fact.piece_id) or not there)
    candidates = () if named else tuple(sorted((piece for piece in there if _fits(fact, piece)), key=lambda piece: piece.piece_id))
    return _Start(document, fact, return_id, order_id, differs, named, candidates)


def _only(values: set[str]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None


def _same_order(one: str, other: str) -> bool:
    """Also the customer's basket order and the order of one shop in it, which Mirakl names NOR-1 and NOR-1-A."""
    return one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-")


def _fits(fact: Fact, piece: KnownPiece) -> bool:
    """By the first of line, SKU and EAN that both of them say; a row that says none of them is about any piece of its return."""
    for one, other in ((fact.order_line_id, piece.line_ref), (fact.sku, piece.sku), (fact.ean, piece.ean)):
        if one is not None and other is not None:
            return one.upper() == other.upper()
    return fact.order_line_id is None and fact.sku is None and fact.ean is None


def _pieces(starts: list[_Start], known: Known) -> dict[str, tuple[Part, ...]]:
    """The pieces of every fact by its key; a fact without an entry has none that could be told."""
    found: dict[str, tuple[Part, ...]] = {}
    taken = defaultdict[str, set[str]](set, {event: set(pieces) for event, pieces in known.taken.items()})
    verdicts = defaultdict[str, list[Verdict]](list, {piece: list(said) for piece, said in known.verdicts.items()})
    for start in starts:
        if start.named and start.fact.piece_id is not None:
            found[start.fact.event_key] = (Part(start.fact.piece_id, start.fact.quantity),)
            taken[CANONICAL[start.fact.event]].add(start.fact.piece_id)
            verdicts[start.fact.piece_id].append(_verdict(start.fact))
        for piece in start.candidates:
            verdicts[piece.piece_id].append(_verdict(start.fact))
    for start in sorted(starts, key=lambda start: (start.fact.event_time, start.fact.event_key)):
        key = start.fact.event_key
        if key in found or not start.candidates:
            continue
        if key in known.told:  # told again on a later day
            found[key] = tuple(Part(p.piece_id, p.quantity) for p in start.candidates if p.piece_id in known.told[key])
            continue
        if len(start.candidates) > 1 and not _alike([said for piece in start.candidates for said in verdicts[piece.piece_id]]):
            continue
        free = [piece for piece in start.candidates if piece.piece_id not in taken[CANONICAL[start.fact.event]]]
        chosen = _units(free, start.fact.quantity)
        if chosen:
            found[key] = chosen
            taken[CANONICAL[start.fact.event]].update(part.piece_id for part in chosen)
    return found


def _verdict(fact: Fact) -> Verdict:
    return Verdict(fact.verification, fact.grade, fact.disposition)


def _alike(verdicts: list[Verdict]) -> bool:
    return all(len({said[axis] for said in verdicts if said[axis] is not None}) < 2 for axis in range(len(Verdict._fields)))


def _units(free: list[KnownPiece], quantity: int) -> tuple[Part, ...]:
    """Pieces of exactly so many units: one that is the whole lot, else the first ones; none where they do not fit."""
    for piece in free:
        if piece.quantity == quantity:
            return (Part(piece.piece_id, quantity),)
    chosen: list[Part] = []
    left = quantity
    for piece in free:
        if left <= 0:
            break
        chosen.append(Part(piece.piece_id, piece.quantity))
        left -= piece.quantity
    return tuple(chosen) if left == 0 else ()


def _placed(start: _Start, pieces: dict[str, tuple[Part, ...]], known: Known, router: Router) -> Placed:
    fact = start.fact
    found = pieces.get(fact.event_key, ())
    marketplace = router.marketplace(start.order_id)
    problems = list(fact.problems)
    about = start.return_id or start.order_id or fact.piece_id or ""
    if marketplace is None:
        problems.append(problem("unroutable", start.order_id or f"return {start.return_id or 'without id'}"))
    elif start.differs:
        problems.append(problem("order_differs", fact.piece_id or about))
    elif fact.event in ("INSPECTED", "PUTAWAY") and not found:
        problems.append(problem("piece_unclear" if start.candidates else "piece_not_announced", about))
    lane = known.lanes.get(start.return_id) if start.return_id is not None else None
    return Placed(start.document, fact, marketplace, start.order_id, start.return_id, lane, found, tuple(problems))
