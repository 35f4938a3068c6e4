"""Scenarios that lie in the Mirakl order: same SKU on two lines, refunds by hand, states that allow no refund, orders nobody knows."""

from dataclasses import replace
from decimal import Decimal

from returns_assets.sandbox.documents import Case, Json
from returns_assets.sandbox.order_life import add_cancelation, add_refund, moment
from returns_assets.sandbox.orders import share
from returns_assets.sandbox.scenarios_scene import Scene
from returns_assets.sandbox.world_catalogue import catalogue


def _return(scene: Scene, order: Json, index: int = 1, count: int = 1, *, line_id: bool = True) -> Case:
    """The return of `count` pieces of a line, registered on the first day; without line ids ReBound knows only the SKU."""
    pieces = scene.pieces(order, index, count)
    if not line_id:
        pieces = tuple(replace(piece, line_id=None) for piece in pieces)
    case = scene.case(order["order_id"], *pieces)
    scene.journey(case)
    scene.registered(case, 0, 9)
    return case


def same_sku_by_line_id(scene: Scene) -> None:
    first = scene.line(price="40.00")
    order = scene.order(first, scene.line(price="29.00", like=first))
    case = _return(scene, order, 2)
    scene.expect(case, case.pieces[0], "refund", note="the second line's price, because ReBound names the line")


def same_sku_ambiguous(scene: Scene) -> None:
    first = scene.line(price="40.00")
    order = scene.order(first, scene.line(price="29.00", like=first))
    case = _return(scene, order, line_id=False)
    scene.expect(
        case, case.pieces[0], "exception", exception_class="logical", note="two lines fit at different prices: refuse rather than guess"
    )


def same_sku_equal_price(scene: Scene) -> None:
    first = scene.line(price="40.00")
    order = scene.order(first, scene.line(price="40.00", like=first))
    case = _return(scene, order, line_id=False)
    line_id = order["order_lines"][0]["order_line_id"]
    scene.expect(case, case.pieces[0], "refund", line_id=line_id, note="two lines of equal worth: the older one")


def by_sku(scene: Scene) -> None:
    order = scene.order(scene.line(), scene.line())
    case = _return(scene, order, line_id=False)
    scene.expect(case, case.pieces[0], "refund", line_id=order["order_lines"][0]["order_line_id"], note="exactly one line has the SKU")


def refunded_by_hand(scene: Scene) -> None:
    order = scene.order(scene.line())
    add_refund(order, 1, order["order_lines"][0]["price"], 1, scene.market.refund_reason, moment(order["last_updated_date"]))
    case = _return(scene, order)
    scene.expect(case, case.pieces[0], "no_refund", note="a person refunded the line in Mirakl before: nothing is left to pay")


def partly_refunded_by_hand(scene: Scene) -> None:
    order = scene.order(scene.line(2, "50.00"))
    add_refund(order, 1, share(Decimal("50.00"), 1, 2), 1, scene.market.refund_reason, moment(order["last_updated_date"]))
    case = _return(scene, order, count=2)
    first, second = case.pieces
    scene.expect(case, first, "no_refund", note="one of the two units was refunded by hand before")
    scene.expect(case, second, "refund", note="25.00, the half that is left")


def goodwill(scene: Scene) -> None:
    order = scene.order(scene.line(price="50.00"))
    add_refund(order, 1, Decimal("5.00"), 0, scene.market.refund_reason, moment(order["last_updated_date"]))
    case = _return(scene, order)
    scene.expect(
        case, case.pieces[0], "exception", exception_class="logical", note="5.00 were given before: the full share is over the remainder"
    )


def partly_cancelled(scene: Scene) -> None:
    order = scene.order(scene.line(3, "30.00"))
    add_cancelation(order, 1, 1, scene.market.cancel_reason, moment(order["created_date"]))
    case = _return(scene, order, count=2)
    for piece in case.pieces:
        scene.expect(case, piece, "refund", note="two of three were shipped, two came back")


def not_shipped(scene: Scene) -> None:
    order = scene.order(scene.line(), state="SHIPPING")
    case = _return(scene, order)
    scene.expect(case, case.pieces[0], "hold", note="ship it (POST /admin/line-state) and materialise again: refund")


def closed(scene: Scene) -> None:
    order = scene.order(scene.line(), state="CLOSED")
    case = _return(scene, order)
    scene.expect(case, case.pieces[0], "exception", exception_class="logical", note="no refund through the API once the line is closed")


def incident_open(scene: Scene) -> None:
    order = scene.order(scene.line(state="INCIDENT_OPEN"))
    case = _return(scene, order)
    scene.expect(case, case.pieces[0], "refund")


def mixed_states(scene: Scene) -> None:
    order = scene.order(scene.line(), scene.line(state="CLOSED"))
    case = _return(scene, order)
    scene.expect(case, case.pieces[0], "refund", note="the line decides, not the order: its neighbour is closed")


def unknown_order(scene: Scene) -> None:
    ghost = scene.order(scene.line())
    scene.orders.remove(ghost)
    case = _return(scene, ghost)
    scene.expect(case, case.pieces[0], "exception", exception_class="logical", note="the marketplace has no such order")


def unknown_line(scene: Scene) -> None:
    order = scene.order(scene.line())
    piece = replace(scene.pieces(order)[0], line_id=f"{order['order_id']}-9", sku="NO-SUCH-SKU")
    case = scene.case(order["order_id"], piece)
    scene.journey(case)
    scene.registered(case, 0, 9)
    scene.expect(case, piece, "exception", exception_class="logical", note="the order has no such line and no such SKU")


def other_sku(scene: Scene) -> None:
    order = scene.order(scene.line())
    stranger = next(product for product in catalogue() if product.sku != order["order_lines"][0]["offer_sku"])
    piece = replace(scene.pieces(order)[0], sku=stranger.sku, ean=stranger.ean)
    case = scene.case(order["order_id"], piece)
    scene.journey(case)
    scene.registered(case, 0, 9)
    scene.expect(case, piece, "exception", exception_class="logical", note="the line is named, and another article came back")
