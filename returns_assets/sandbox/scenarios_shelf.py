"""Scenarios about pieces that come back to the warehouse: what may be sold again, once, and what never, whoever says so."""

from datetime import timedelta
from typing import Any

from returns_assets.sandbox.documents import Case, Inspection, Json, Piece
from returns_assets.sandbox.scenarios_scene import ANNOUNCED, DELIVERED, ON_THE_WAY, Scene
from returns_assets.sandbox.warehouse_files import Notice
from returns_assets.sandbox.warehouse_plan import BadRow, Returned
from returns_assets.sandbox.world_catalogue import catalogue
from returns_assets.sandbox.world_warehouse import expect_stock, hall, piece_row

GOOD: Json = {"verification": "MATCH", "grade": "A", "disposition": "RESTOCK"}
SHELF: Json = {"location": "B-12-3", "grade": "A", "disposition": "RESTOCK"}


def _graded(scene: Scene, grade: str, disposition: str, count: int = 1) -> Case:
    """A return of `count` units of a line that the hub graded at nine o'clock."""
    order = scene.order(scene.line(count))
    case = scene.case(order["order_id"], *scene.pieces(order, count=count))
    scene.journey(case)
    scene.snapshot(case, 1, 0, 9, *(Inspection(piece, "MATCH", grade, disposition) for piece in case.pieces), status="COMPLETED")
    return case


def _direct(scene: Scene, count: int = 1, reason: str = "Too large") -> Case:
    """A return that goes straight to the retailer: delivered at eight o'clock, no hub ever saw it."""
    order = scene.order(scene.line(count))
    case = scene.case(order["order_id"], *scene.pieces(order, count=count, reason=reason), flow="DTR")
    scene.track(case, ANNOUNCED, 0, 1)
    scene.snapshot(case, 1, 0, 1.5, status="OPEN")
    scene.track(case, ON_THE_WAY, 0, 2)
    scene.track(case, DELIVERED, 0, 8)
    return case


def _tell(scene: Scene, event: str, case: Case, piece: Piece, day: int, hour: float, *, named: bool = True, **row: Any) -> Notice:
    at = scene.plan.at(scene.start + day, hour)
    returned = Returned(scene.market.key, case, piece, at, None)
    return scene.plan.yard.report(event, at, hall(scene.market, scene.scenario), **(piece_row(returned, named=named) | row))


def _stock(scene: Scene, case: Case, piece: Piece, *, putaway: bool = False, disposition: bool = False, note: str = "") -> None:
    returned = Returned(scene.market.key, case, piece, scene.plan.at(scene.start, 9), None)
    expect_stock(
        scene.plan, returned, scene.scenario, hall(scene.market, scene.scenario), putaway=putaway, disposition=disposition, note=note
    )


def put_away(scene: Scene) -> None:
    case = _graded(scene, "A", "RESTOCK", 2)
    for piece in case.pieces:
        _tell(scene, "PUTAWAY", case, piece, 0, 15, **SHELF)
        scene.expect(case, piece, "refund")
        _stock(scene, case, piece, putaway=True, disposition=True)


def put_away_twice(scene: Scene) -> None:
    case = _graded(scene, "A", "RESTOCK")
    piece = case.pieces[0]
    notice = _tell(scene, "PUTAWAY", case, piece, 0, 13, **SHELF)
    yard = scene.plan.yard
    yard.again(notice, notice.at)
    yard.again(notice, notice.at + timedelta(hours=4))
    yard.again(notice, notice.at + timedelta(hours=8), event_id=f"{notice.row['event_id']}-2")
    scene.expect(case, piece, "refund")
    _stock(scene, case, piece, putaway=True, disposition=True, note="told four times, the last time under another event id: one piece")


def graded_not_put_away(scene: Scene) -> None:
    case = _graded(scene, "B", "RESTOCK")
    scene.expect(case, case.pieces[0], "refund")
    _stock(scene, case, case.pieces[0], disposition=True, note="the hub said RESTOCK; it never reached the shelf")


def damaged_put_away(scene: Scene) -> None:
    case = _graded(scene, "D", "DESTROY")
    piece = case.pieces[0]
    _tell(scene, "PUTAWAY", case, piece, 0, 15, **SHELF)
    scene.expect(case, piece, "hold", note="damaged, and the reason does not say so")
    _stock(scene, case, piece, note="the hub says DESTROY, the warehouse says shelf: they disagree, a person decides")


def damaged_at_the_warehouse(scene: Scene) -> None:
    case = _graded(scene, "A", "RESTOCK")
    piece = case.pieces[0]
    _tell(scene, "INSPECTED", case, piece, 1, 10, verification="MATCH", grade="D", disposition="DESTROY")
    scene.expect(case, piece, "refund", note="paid on the hub's word; the warehouse found it damaged a day later")
    _stock(scene, case, piece, disposition=True, note="they disagree; where the hub's word is the trigger it was on sale by then")


def quarantine_put_away(scene: Scene) -> None:
    case = _graded(scene, "B", "QUARANTINE")
    piece = case.pieces[0]
    _tell(scene, "PUTAWAY", case, piece, 0, 15, location="Q-01", grade="B", disposition="QUARANTINE")
    scene.expect(case, piece, "hold", note="waits for the next inspection")
    _stock(scene, case, piece, note="put away, into quarantine")


def corrected_after_putaway(scene: Scene) -> None:
    case = _graded(scene, "A", "RESTOCK")
    piece = case.pieces[0]
    _tell(scene, "PUTAWAY", case, piece, 0, 15, **SHELF)
    scene.snapshot(case, 2, 1, 10, Inspection(piece, "MATCH", "D", "DESTROY"), status="COMPLETED")
    scene.expect(case, piece, "exception", paid=True, exception_class="logical", note="no claw-back, a person decides")
    _stock(scene, case, piece, putaway=True, disposition=True, note="was on sale when it was found damaged: raised once, then an exception")


def direct_inspected(scene: Scene) -> None:
    case = _direct(scene)
    piece = case.pieces[0]
    _tell(scene, "RECEIVED", case, piece, 0, 9)
    _tell(scene, "INSPECTED", case, piece, 0, 10, **GOOD)
    _tell(scene, "PUTAWAY", case, piece, 0, 15, **SHELF)
    scene.expect(case, piece, "refund", note="the retailer's own inspection is definitive: the parcel never meets a hub")
    _stock(scene, case, piece, putaway=True, note="no hub, no disposition of a hub")


def direct_received_only(scene: Scene) -> None:
    case = _direct(scene)
    _tell(scene, "RECEIVED", case, case.pieces[0], 0, 9)
    scene.expect(case, case.pieces[0], "none", note="received and not looked at: nothing definitive")
    _stock(scene, case, case.pieces[0])


def direct_without_piece_ids(scene: Scene) -> None:
    case = _direct(scene, 2)
    first = case.pieces[0]
    _tell(scene, "INSPECTED", case, first, 0, 10, named=False, **{**GOOD, "quantity": 2})
    _tell(scene, "PUTAWAY", case, first, 0, 15, named=False, **{**SHELF, "quantity": 2})
    for piece in case.pieces:
        scene.expect(case, piece, "refund", note="one row of two units that names the line, not the pieces")
        _stock(scene, case, piece, putaway=True)


def direct_damaged(scene: Scene) -> None:
    case = _direct(scene)
    _tell(scene, "INSPECTED", case, case.pieces[0], 0, 10, verification="MATCH", grade="D", disposition="DESTROY")
    scene.expect(case, case.pieces[0], "hold", note="damaged, and the reason does not say so")
    _stock(scene, case, case.pieces[0])


def direct_wrong_item(scene: Scene) -> None:
    case = _direct(scene)
    _tell(scene, "INSPECTED", case, case.pieces[0], 0, 10, verification="WRONG_ITEM", grade="A", disposition="QUARANTINE")
    scene.expect(case, case.pieces[0], "exception", note="another article than announced was in the parcel")
    _stock(scene, case, case.pieces[0])


def stranger_put_away(scene: Scene) -> None:
    case = _graded(scene, "A", "RESTOCK")
    piece = case.pieces[0]
    stranger = next(product for product in catalogue() if product.sku != piece.sku)
    shelved: Json = {**SHELF, "sku": stranger.sku, "ean": stranger.ean}
    _tell(scene, "PUTAWAY", case, piece, 0, 15, **shelved)
    scene.expect(case, piece, "refund", note="the hub saw the right article")
    _stock(scene, case, piece, disposition=True, note="the warehouse put another article on the shelf than the hub saw: nothing is raised")


def unknown_order_put_away(scene: Scene) -> None:
    notice = scene.plan.yard.report(
        "PUTAWAY", scene.plan.at(scene.start, 15), hall(scene.market, scene.scenario), order_id="ZZZ-000000001-A", order_line_id=None,
        sku="NO-SUCH-SKU", ean=None, quantity=1, piece_id=None, return_id=None, **SHELF,
    )  # fmt: skip
    scene.plan.yard.bad_rows.append(BadRow(scene.scenario, notice.row["event_id"], "no marketplace's orders look like that"))


def bad_warehouse_rows(scene: Scene) -> None:
    case = _graded(scene, "A", "RESTOCK", 8)
    for piece in case.pieces:
        _tell(scene, "PUTAWAY", case, piece, 0, 15, **SHELF)
        scene.expect(case, piece, "refund")
        _stock(scene, case, piece, putaway=True, disposition=True, note="its neighbours in the file are bad")
    for wrong, note in (
        ({"quantity": "eins"}, "the quantity is not a number"),
        ({"event": "PUTWAY"}, "no such event"),
        ({"event_time": "31.02.2025 10:00"}, "no such time"),
    ):
        notice = _tell(scene, "PUTAWAY", case, case.pieces[0], 0, 15, **SHELF)
        scene.plan.yard.notices[-1] = Notice(notice.at, {**notice.row, **wrong})
        scene.plan.yard.bad_rows.append(BadRow(scene.scenario, notice.row["event_id"], note))
