"""Scenarios about orders that leave the warehouse: the carrier's many names, parts, repetitions, and notices that cannot be true."""

from datetime import timedelta
from typing import Any

from returns_assets.sandbox.documents import Json
from returns_assets.sandbox.scenarios_scene import Scene
from returns_assets.sandbox.warehouse_files import Notice
from returns_assets.sandbox.world_warehouse import Parcel, expect_parcel, hall, leave

UNKNOWN = "Radkurier Nord"


def _order(scene: Scene, *quantities: int, state: str = "SHIPPING", tracked: bool = False) -> Json:
    order = scene.order(*(scene.line(quantity) for quantity in quantities), state=state)
    if tracked:
        order |= {"shipping_type_code": "TRK", "shipping_type_label": "Tracked"}
    return order


def _parcel(scene: Scene, order: Json, day: int, hour: float, carrier: str = "DPD", **units: int) -> Parcel:
    """`units` by line number (`_1=2`); none: the whole order."""
    lines = {line["order_line_id"]: line["quantity"] for line in order["order_lines"]}
    if units:
        lines = {f"{order['order_id']}-{number.removeprefix('_')}": count for number, count in units.items()}
    return Parcel(scene.plan.at(scene.start + day, hour), carrier, f"{scene.rng.randrange(10**14):014d}", lines)


def _leave(scene: Scene, order: Json, parcel: Parcel, *, complete: bool = True, **more: Any) -> list[Notice]:
    notices = leave(scene.plan, order, parcel, hall(scene.market, order["order_id"]))
    expect_parcel(scene.plan, scene.market, scene.scenario, order["order_id"], parcel, complete, **more)
    return notices


def dispatched(scene: Scene) -> None:
    order = _order(scene, 2, 1)
    _leave(scene, order, _parcel(scene, order, 0, 14), note="'DPD' is another code at each operator")


def dispatched_tracked(scene: Scene) -> None:
    order = _order(scene, 1, tracked=True)
    _leave(scene, order, _parcel(scene, order, 0, 14, "dhl paket"))


def dispatched_by_unknown_carrier(scene: Scene) -> None:
    order = _order(scene, 1)
    _leave(scene, order, _parcel(scene, order, 0, 14, UNKNOWN), note="shipped once mappings/carriers.csv knows it")


def dispatched_in_parts(scene: Scene) -> None:
    order = _order(scene, 1, 1)
    _leave(scene, order, _parcel(scene, order, 0, 14, _1=1), complete=False)
    _leave(scene, order, _parcel(scene, order, 1, 14, _2=1))


def dispatched_unit_by_unit(scene: Scene) -> None:
    order = _order(scene, 3)
    _leave(scene, order, _parcel(scene, order, 0, 14, _1=2), complete=False)
    _leave(scene, order, _parcel(scene, order, 1, 14, _1=1))


def dispatched_twice(scene: Scene) -> None:
    order = _order(scene, 1)
    [notice] = _leave(scene, order, _parcel(scene, order, 0, 14), note="told three times, the last time under another event id: one parcel")
    scene.plan.yard.again(notice, notice.at + timedelta(hours=4))
    scene.plan.yard.again(notice, notice.at + timedelta(hours=8), event_id=f"{notice.row['event_id']}-2")


def dispatched_without_number(scene: Scene) -> None:
    order = _order(scene, 1, tracked=True)
    parcel = _parcel(scene, order, 0, 14)
    parcel.tracking_number = ""
    _leave(scene, order, parcel, outcome="tracking", note="the shipping type requires tracking")


def dispatched_by_sku(scene: Scene) -> None:
    order = _order(scene, 1, 1)
    yard = scene.plan.yard
    notices = _leave(scene, order, _parcel(scene, order, 0, 14), note="the warehouse names the lines by SKU only")
    yard.notices[-len(notices) :] = [Notice(notice.at, {**notice.row, "order_line_id": None}) for notice in notices]


def dispatched_early(scene: Scene) -> None:
    order = _order(scene, 1, state="WAITING_DEBIT")
    _leave(scene, order, _parcel(scene, order, 0, 14), outcome="state", note="debit it (POST /admin/debits): shipped")


def dispatched_too_many(scene: Scene) -> None:
    order = _order(scene, 1)
    _leave(scene, order, _parcel(scene, order, 0, 14, _1=2), outcome="logical", note="two left, one was sold")


def dispatched_unknown_order(scene: Scene) -> None:
    order = _order(scene, 1)
    scene.orders.remove(order)
    _leave(scene, order, _parcel(scene, order, 0, 14), outcome="logical", note="the marketplace has no such order")
