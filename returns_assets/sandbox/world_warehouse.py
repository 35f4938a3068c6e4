"""The everyday part of the warehouse's side: orders that leave it, and pieces that come back from the hub and go to the shelf."""

import random
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from returns_assets.sandbox.documents import Json
from returns_assets.sandbox.orders import Market, make_order, stamp
from returns_assets.sandbox.warehouse_files import CHANNEL, FileForm, Notice
from returns_assets.sandbox.warehouse_plan import DispatchExpectation, Returned, StockExpectation
from returns_assets.sandbox.world_catalogue import catalogue, customer
from returns_assets.sandbox.world_plan import Plan, plain_id, units
from returns_assets.sandbox.world_traffic import QUANTITIES, QUANTITY_WEIGHTS, make_line

# The warehouse's word -> standard code of the carrier, how often. The last one no operator knows.
CARRIERS: dict[str, tuple[str | None, int]] = {
    "DPD": ("dpd", 40),
    "dhl paket": ("dhl", 22),
    "Royal Mail 48": ("royal-mail", 18),
    "UPS Standard": ("ups", 12),
    "Radkurier Nord": (None, 8),
}
WAREHOUSES = {"DEU": "DE-01", "GBR": "UK-01", "USA": "US-01"}
PUTAWAY_SHARE = 85  # percent of the sellable pieces that reach the shelf within the world


def carrier_code(market: Market, carrier: str) -> str | None:
    """What the operator calls the carrier that the warehouse writes so."""
    standard = CARRIERS.get(carrier, (None, 0))[0]
    return dict(market.carriers).get(standard or "")


def hall(market: Market, what: str) -> str:
    """The one of the marketplace's warehouses that a piece or an order belongs to, as Mirakl names them where it does."""
    if market.warehouses:
        return market.warehouses[zlib.crc32(what.encode()) % len(market.warehouses)]
    return WAREHOUSES.get(market.country, f"{market.country[:2]}-01")


@dataclass
class Parcel:
    """What leaves together: units by order line."""

    at: datetime
    carrier: str
    tracking_number: str
    lines: dict[str, int]


def leave(plan: Plan, order: Json, parcel: Parcel, warehouse: str) -> list[Notice]:
    """The notices of one parcel."""
    lines = {line["order_line_id"]: line for line in order["order_lines"]}
    return [
        plan.yard.report(
            "DISPATCHED", parcel.at, warehouse, order_id=order["order_id"], order_line_id=line_id, sku=lines[line_id]["offer_sku"],
            ean=lines[line_id]["product_sku"], quantity=count, carrier=parcel.carrier, tracking_number=parcel.tracking_number,
        )
        for line_id, count in parcel.lines.items()
    ]  # fmt: skip


def expect_parcel(
    plan: Plan, market: Market, scenario: str, order_id: str, parcel: Parcel, complete: bool, outcome: str | None = None, note: str = ""
) -> None:
    """`outcome` None: shipped, or carrier where the operator has none for the word."""
    code = carrier_code(market, parcel.carrier)
    plan.yard.dispatches.append(
        DispatchExpectation(
            market.key, scenario, order_id, stamp(parcel.at), parcel.carrier, code, parcel.tracking_number,
            [{"order_line_id": line_id, "quantity": count} for line_id, count in parcel.lines.items()], complete,
            outcome or ("carrier" if code is None else "shipped"), note,
        )
    )  # fmt: skip


def _parcels(plan: Plan, order: Json, day: int, rng: random.Random) -> list[Parcel]:
    """All of the order in the afternoon; of one in seven that can be split a part leaves the next evening."""
    carrier = rng.choices(tuple(CARRIERS), [weight for _, weight in CARRIERS.values()])[0]
    first = Parcel(plan.at(day, 13 + rng.random() * 6), carrier, f"{rng.randrange(10**12):012d}", {})
    second = Parcel(plan.at(day + 1, 19.5 + rng.random() * 2), carrier, f"{rng.randrange(10**12):012d}", {})
    pieces = [line["order_line_id"] for line in order["order_lines"] for _ in range(line["quantity"])]
    kept = rng.randrange(1, len(pieces)) if len(pieces) > 1 and rng.randrange(7) == 0 else len(pieces)
    for place, line_id in enumerate(pieces):
        lines = first.lines if place < kept else second.lines
        lines[line_id] = lines.get(line_id, 0) + 1
    return [parcel for parcel in (first, second) if parcel.lines]


def _as_is(orders: list[Json]) -> Iterator[Json]:
    yield from orders


def dispatches(plan: Plan, market: Market, seed: int, per_day: int) -> None:
    """Orders that are created in a night of the world, wait in SHIPPING and leave the warehouse that afternoon; nobody tells Mirakl.

    One in five goes by the shipping type that requires tracking.
    """
    made: list[Json] = []
    for day in range(plan.days):
        rng = random.Random(f"{seed}/{market.key}/dispatch/{day}")
        for _ in range(per_day):
            created = plan.at(day, 0) + timedelta(seconds=rng.randrange(10 * 3600))
            products = catalogue()
            lines = [
                make_line(products[rng.randrange(len(products))], rng.choices(QUANTITIES, QUANTITY_WEIGHTS)[0], market, rng)
                for _ in range(rng.randrange(1, 4))
            ]
            order = make_order(market, plan.next_order(market), customer(rng), lines, created, "SHIPPING")
            if rng.randrange(5) == 0:
                order |= {"shipping_type_code": "TRK", "shipping_type_label": "Tracked"}
            warehouse = hall(market, order["order_id"])
            if market.warehouses:
                for line in order["order_lines"]:
                    line["shipping_from"]["warehouse"] = {"code": warehouse}
            made.append(order)
            parcels = _parcels(plan, order, day, rng)
            for parcel in parcels:
                leave(plan, order, parcel, warehouse)
                expect_parcel(plan, market, "traffic", order["order_id"], parcel, parcel is parcels[-1])
    plan.add_orders(market.key, partial(_as_is, made))


def shelve(plan: Plan, markets: Mapping[str, Market], seed: int) -> None:
    """What the warehouse says of the pieces that the hub sent on: those graded RESTOCK are put away, ungraded ones are looked at first."""
    for returned in plan.yard.returned:
        rng = random.Random(f"{seed}/shelve/{returned.piece.item_id}")
        graded, warehouse = returned.found, hall(markets[returned.marketplace], returned.piece.item_id)
        if graded is not None and graded.disposition != "RESTOCK":
            expect_stock(plan, returned, "traffic", warehouse, putaway=False, disposition=False)
            continue
        _to_the_shelf(plan, returned, warehouse, rng)


def _to_the_shelf(plan: Plan, returned: Returned, warehouse: str, rng: random.Random) -> None:
    latest = plan.at(plan.days - 1, 21.5)
    came = max(min(returned.at + timedelta(hours=18 + rng.random() * 12), latest), returned.at + timedelta(hours=1))
    named = rng.randrange(4) > 0  # the warehouse does not always read ReBound's label
    row = piece_row(returned, named=named)
    shelved = rng.randrange(100) < PUTAWAY_SHARE
    if returned.found is None:
        plan.yard.report("RECEIVED", came, warehouse, **row)
        if shelved:
            found = {"verification": "MATCH", "grade": "A", "disposition": "RESTOCK"}
            plan.yard.report("INSPECTED", came + timedelta(minutes=20), warehouse, **row, **found)
    if shelved:
        grade = "A" if returned.found is None else returned.found.grade
        bin_ = f"{rng.choice('ABCDEF')}-{rng.randrange(1, 60):02d}-{rng.randrange(1, 9)}"
        shelf = {"location": bin_, "grade": grade, "disposition": "RESTOCK"}
        plan.yard.report("PUTAWAY", came + timedelta(minutes=50), warehouse, **row, **shelf)
    expect_stock(plan, returned, "traffic", warehouse, putaway=shelved, disposition=returned.found is not None)


def piece_row(returned: Returned, *, named: bool = True) -> Json:
    """A notice's columns that say which piece it is; without its id the return, the line and the SKU remain."""
    piece = returned.piece
    return {
        "order_id": returned.case.order_id,
        "order_line_id": piece.line_id,
        "sku": piece.sku,
        "ean": piece.ean,
        "quantity": units(piece),
        "piece_id": plain_id(piece.item_id) if named else None,
        "return_id": plain_id(returned.case.return_id),
    }


def expect_stock(
    plan: Plan, returned: Returned, scenario: str, warehouse: str, *, putaway: bool, disposition: bool, note: str = ""
) -> None:
    case, piece = returned.case, returned.piece
    plan.yard.stock.append(
        StockExpectation(
            returned.marketplace, scenario, plain_id(case.return_id), plain_id(piece.item_id), case.order_id, piece.line_id, piece.sku,
            units(piece), warehouse, putaway, disposition, note,
        )
    )  # fmt: skip


def send_files(plan: Plan, form: FileForm) -> None:
    for at, body in plan.yard.files(form):
        plan.send(at, CHANNEL, body, form.format)
    plan.yard.notices.clear()
