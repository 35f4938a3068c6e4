"""Scenarios about the way of parcels and notifications: what arrives, when, how often, in which order, and what never proves receipt."""

from dataclasses import replace
from datetime import timedelta

from returns_assets.sandbox import documents as rebound
from returns_assets.sandbox.documents import Inspection
from returns_assets.sandbox.scenarios_scene import ANNOUNCED, AT_HUB, DELIVERED, ON_THE_WAY, Scene
from returns_assets.sandbox.world_plan import Expectation, plain_id


def happy_path(scene: Scene) -> None:
    order = scene.order(scene.line(2, "25.99", shipping="4.95"))
    case = scene.case(order["order_id"], *scene.pieces(order, count=2))
    scene.journey(case)
    scene.registered(case, 1, 9)
    scene.snapshot(case, 1, 1, 12, *(Inspection(piece, "MATCH", "A", "RESTOCK") for piece in case.pieces), status="COMPLETED")
    for piece in case.pieces:
        scene.expect(case, piece, "refund")


def label_in_box(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order), flow="RLIB")
    scene.track(case, ON_THE_WAY, 0, 2, pieces=())
    scene.track(case, AT_HUB, 0, 3, pieces=())
    scene.snapshot(case, 1, 0, 4, status="OPEN")
    scene.registered(case, 1, 9)
    scene.expect(case, case.pieces[0], "refund")


def direct_to_retailer(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order), flow="DTR")
    scene.track(case, ANNOUNCED, 0, 1)
    scene.snapshot(case, 1, 0, 1.5, status="OPEN")
    scene.track(case, ON_THE_WAY, 0, 2)
    scene.instant(case, 0, 2)
    scene.track(case, DELIVERED, 1, 10)
    scene.expect(case, case.pieces[0], "none", note="only the retailer's own inspection decides; the parcel never meets a hub")


def duplicates(scene: Scene) -> None:
    order = scene.order(scene.line(2))
    case = scene.case(order["order_id"], *scene.pieces(order))
    scene.journey(case)
    body = rebound.render(rebound.refund_trigger(case))
    for hour, copy in ((9, body), (10, body), (11, rebound.reserialised(body))):
        scene.plan.send(scene.plan.at(scene.start, hour), rebound.REFUND_REGISTERED, copy)
    scene.plan.send(scene.plan.at(scene.start + 1, 12), rebound.REFUND_REGISTERED, body)
    scene.expect(case, case.pieces[0], "refund")


def hub_before_scan(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order))
    scene.track(case, ANNOUNCED, 0, 1)
    scene.track(case, AT_HUB, 0, 4)
    scene.registered(case, 0, 9)
    scanned = scene.plan.at(scene.start, 2)
    scene.plan.send(scene.plan.at(scene.start, 11), rebound.TRACKING, rebound.tracking_update(case, ON_THE_WAY, scanned))
    scene.expect(case, case.pieces[0], "refund")


def after_close(scene: Scene) -> None:
    order = scene.order(scene.line(2, "31.99"))
    case = scene.case(order["order_id"], *scene.pieces(order, count=2))
    first, second = case.pieces
    scene.journey(case)
    scene.registered(case, 0, 9, first)
    scene.snapshot(case, 1, 0, 11, Inspection(first, "MATCH", "A", "RESTOCK"), status="COMPLETED")
    scene.registered(case, 1, 12, second)
    scene.expect(case, first, "refund")
    scene.expect(case, second, "refund", note="registered after the case was closed")


def two_parcels(scene: Scene) -> None:
    order = scene.order(scene.line(2, "49.99"), scene.line())
    pieces = (*scene.pieces(order, 1, 2), *scene.pieces(order, 2))
    case = scene.case(order["order_id"], *pieces)
    second = replace(case, tracking_number=f"{case.tracking_number}-2")
    scene.journey(case)
    scene.registered(case, 0, 9, pieces[0])
    scene.track(second, ON_THE_WAY, 4, 10)
    scene.registered(second, 5, 11, *pieces[1:])
    for piece in pieces:
        scene.expect(case, piece, "refund")


def two_returns(scene: Scene) -> None:
    order = scene.order(scene.line(2, "19.99"))
    for day, piece in enumerate(scene.pieces(order, count=2)):
        case = scene.case(order["order_id"], piece)
        scene.track(case, ON_THE_WAY, day, 3 + day)
        scene.registered(case, day, 9 + day)
        scene.expect(case, piece, "refund")


def instant_then_registered(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order))
    scene.journey(case)
    scene.instant(case, 0, 4)
    scene.registered(case, 1, 9)
    scene.expect(case, case.pieces[0], "refund", note="paid once, for the registration")


def instant_only(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order))
    scene.journey(case)
    scene.instant(case, 0, 4)
    scene.expect(case, case.pieces[0], "none", note="an instant trigger is advice: the parcel was not opened")


def never_inspected(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order))
    scene.journey(case)
    scene.expect(case, case.pieces[0], "none", note="at the hub and never opened: the legal deadline runs, nothing is definitive")


def cancelled_return(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order))
    scene.track(case, ANNOUNCED, 0, 1)
    scene.snapshot(case, 1, 0, 5, status="CANCELLED")
    scene.expect(case, case.pieces[0], "none", note="cancelled before the parcel was sent")


def unknown_status(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order))
    scene.journey(case)
    scene.track(case, "customsHold", 0, 5)
    scene.registered(case, 0, 9)
    scene.expect(case, case.pieces[0], "refund", note="the unknown status is reported and stops nothing")
    scene.expect_document(rebound.TRACKING, "mapping", "unknown statusDescription customsHold")


def unknown_reason(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order, reason="Zu groß"))
    scene.journey(case)
    scene.registered(case, 0, 9)
    scene.expect(case, case.pieces[0], "exception", exception_class="mapping", note="refund once reason_map knows 'Zu groß'")


def reason_not_given(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order, reason=None))
    scene.journey(case)
    scene.registered(case, 0, 9)
    scene.expect(case, case.pieces[0], "exception", exception_class="mapping", note="no reason, so no refund reason of the operator's")


def half_document(scene: Scene) -> None:
    order = scene.order(scene.line())
    case = scene.case(order["order_id"], *scene.pieces(order))
    body = rebound.render(rebound.refund_trigger(case))
    at = scene.plan.at(scene.start, 9)
    scene.plan.send(at, rebound.REFUND_REGISTERED, body[: len(body) // 2])
    scene.plan.send(at + timedelta(hours=1), rebound.REFUND_REGISTERED, body)
    scene.expect_document(rebound.REFUND_REGISTERED, "technical", "cut in the middle; sent whole an hour later")
    scene.expect(case, case.pieces[0], "refund")


def unroutable(scene: Scene) -> None:
    order = scene.order(scene.line())
    piece = replace(scene.pieces(order)[0], line_id=None)
    case = scene.case("ZZZ-000000001-A", piece)
    scene.registered(case, 0, 9)
    scene.expect_document(rebound.REFUND_REGISTERED, "mapping", f"no marketplace's orders look like {case.order_id}")
    scene.plan.expect(
        Expectation(
            "", scene.scenario, plain_id(case.return_id), plain_id(piece.item_id), case.order_id, None, piece.sku, 1,
            "exception", False, "mapping", "belongs to no marketplace",
        )
    )  # fmt: skip
