"""Scenarios about what lay in the parcel: missing, wrong, unexpected, damaged, corrected, counted in lots, in codes nobody knows."""

from dataclasses import replace

from returns_assets.sandbox.documents import Case, Inspection, Piece
from returns_assets.sandbox.scenarios_scene import Scene
from returns_assets.sandbox.world_catalogue import catalogue


def _returned(scene: Scene, count: int = 1, reason: str | None = "Too large", quantity: int | None = None) -> Case:
    """An order of one line and its announced return on the way."""
    order = scene.order(scene.line(quantity or count))
    case = scene.case(order["order_id"], *scene.pieces(order, count=count, reason=reason))
    scene.journey(case)
    return case


def _inspected(
    scene: Scene, outcome: str, *, reason: str = "Too large", note: str = "", exception_class: str | None = None, **found: str
) -> None:
    """A return of one piece whose snapshot says `found`."""
    case = _returned(scene, reason=reason)
    piece = case.pieces[0]
    scene.snapshot(case, 1, 0, 9, Inspection(piece, found.get("verification", "MATCH"), found.get("grade"), found.get("disposition")))
    scene.expect(case, piece, outcome, exception_class=exception_class, note=note)


def three_pieces_one_missing(scene: Scene) -> None:
    case = _returned(scene, 3)
    found, missing = case.pieces[:2], case.pieces[2]
    inspections = [Inspection(piece, "MATCH", "A", "RESTOCK") for piece in found]
    scene.snapshot(case, 1, 0, 9, *inspections, Inspection(missing, "MISSING"), status="COMPLETED")
    for piece in found:
        scene.expect(case, piece, "refund")
    scene.expect(case, missing, "no_refund", note="announced and not in the parcel")


def unexpected_item(scene: Scene) -> None:
    case = _returned(scene)
    stranger = catalogue()[scene.rng.randrange(len(catalogue()))]
    extra = Piece(scene.plan.next_piece(), None, None, stranger.ean, None)
    scene.registered(case, 0, 9, *case.pieces, extra)
    scene.expect(case, case.pieces[0], "refund")
    scene.expect(case, extra, "hold", note="everything is `Not available` but the EAN")


def wrong_item(scene: Scene) -> None:
    _inspected(scene, "exception", verification="WRONG_ITEM", note="another article than announced was in the parcel")


def empty_parcel(scene: Scene) -> None:
    _inspected(scene, "exception", verification="EMPTY_PARCEL", note="nothing was in the parcel")


def unidentifiable(scene: Scene) -> None:
    _inspected(scene, "exception", verification="UNIDENTIFIABLE")


def correction_down(scene: Scene) -> None:
    case = _returned(scene)
    piece = case.pieces[0]
    scene.snapshot(case, 1, 0, 9, Inspection(piece, "MATCH", "A", "RESTOCK"), status="COMPLETED")
    scene.snapshot(case, 2, 1, 10, Inspection(piece, "MATCH", "D", "DESTROY"), status="COMPLETED")
    scene.expect(
        case,
        piece,
        "exception",
        paid=True,
        exception_class="logical",
        note="refunded on day one, found damaged on day two: no claw-back, a person decides",
    )


def missing_then_found(scene: Scene) -> None:
    case = _returned(scene)
    piece = case.pieces[0]
    scene.snapshot(case, 1, 0, 9, Inspection(piece, "MISSING"), status="COMPLETED")
    scene.snapshot(case, 2, 1, 10, Inspection(piece, "MATCH", "A", "RESTOCK"), status="COMPLETED")
    scene.expect(case, piece, "refund", note="topped up after the case was closed")


def quarantine(scene: Scene) -> None:
    _inspected(scene, "hold", grade="B", disposition="QUARANTINE", note="waits for the next inspection")


def quarantine_released(scene: Scene) -> None:
    case = _returned(scene)
    piece = case.pieces[0]
    scene.snapshot(case, 1, 0, 9, Inspection(piece, "MATCH", "B", "QUARANTINE"))
    scene.snapshot(case, 2, 1, 10, Inspection(piece, "MATCH", "B", "RESTOCK"), status="COMPLETED")
    scene.expect(case, piece, "refund")


def used(scene: Scene) -> None:
    _inspected(scene, "hold", grade="C", disposition="SECONDARY_SALE", note="diminished value: a person decides the share")


def defect_confirmed(scene: Scene) -> None:
    _inspected(
        scene, "refund", reason="Faulty", grade="D", disposition="DESTROY", note="with shipping, where the marketplace's policy says so"
    )


def damaged_by_customer(scene: Scene) -> None:
    _inspected(scene, "hold", grade="D", disposition="RECYCLE", note="damaged, and the reason does not say so")


def return_to_consumer(scene: Scene) -> None:
    _inspected(scene, "no_refund", grade="C", disposition="RETURN_TO_CONSUMER")


def unknown_grade(scene: Scene) -> None:
    _inspected(scene, "exception", grade="mouldy", disposition="RESTOCK", exception_class="mapping")


def unknown_disposition(scene: Scene) -> None:
    _inspected(scene, "exception", grade="A", disposition="VINTAGE_SHELF", exception_class="mapping")


def unknown_verification(scene: Scene) -> None:
    _inspected(scene, "exception", verification="PROBABLY", grade="A", disposition="RESTOCK", exception_class="mapping")


def lot(scene: Scene) -> None:
    order = scene.order(scene.line(3, "10.00"))
    case = scene.case(order["order_id"], *scene.pieces(order, quantity="3"))
    scene.journey(case)
    scene.registered(case, 0, 9)
    scene.expect(case, case.pieces[0], "refund", note="one item with quantity 3 on a line of three for 10.00")


def uneven_units(scene: Scene) -> None:
    order = scene.order(scene.line(3, "10.00"))
    pieces = scene.pieces(order, count=3)
    case = scene.case(order["order_id"], *pieces)
    scene.journey(case)
    for day, piece in enumerate(pieces):
        scene.registered(case, day, 9 + day, piece)
        scene.expect(case, piece, "refund", note="three for 10.00, one a day: 3.33 + 3.34 + 3.33")


def bad_quantity(scene: Scene) -> None:
    case = _returned(scene)
    piece = replace(case.pieces[0], quantity="two")
    scene.registered(case, 0, 9, piece)
    scene.expect(case, piece, "exception", note="the quantity is not a number")


def over_quantity(scene: Scene) -> None:
    order = scene.order(scene.line())
    first, second = scene.pieces(order, count=2)
    case = scene.case(order["order_id"], first)
    scene.journey(case)
    scene.registered(case, 0, 9, first)
    scene.registered(case, 1, 10, second)
    scene.expect(case, first, "refund")
    scene.expect(case, second, "exception", exception_class="logical", note="one was sold, two came back")
