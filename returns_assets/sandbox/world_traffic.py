"""The everyday part of a made-up world: orders and returns at any volume, without anything odd about them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from returns_assets.sandbox import documents as rebound
from returns_assets.sandbox.documents import Case, Inspection, Json, Piece
from returns_assets.sandbox.orders import RECEIVED_AFTER, ZERO, Customer, Line, Market, cents, make_order
from returns_assets.sandbox.warehouse_plan import Returned
from returns_assets.sandbox.world_catalogue import DEFECT_REASONS, Product, catalogue, customer, hub, reason, taxes
from returns_assets.sandbox.world_plan import Expectation, Plan, plain_id, units
from returns_assets.sandbox.world_returns import Openings

LINE_COUNTS, LINE_WEIGHTS = (1, 2, 3, 4), (35, 40, 15, 10)  # two lines an order on average
QUANTITIES, QUANTITY_WEIGHTS = (1, 2, 3), (80, 14, 6)
RETURN_WITHIN_DAYS = 10
GRADES: tuple[tuple[int, str, str], ...] = (
    (70, "A", "RESTOCK"),
    (12, "B", "RESTOCK"),
    (4, "B", "REFURBISH"),
    (6, "C", "SECONDARY_SALE"),
    (8, "D", "DESTROY"),
)


@dataclass(slots=True)
class Sold:
    """An order before it is written out: small, so that a hundred thousand of them fit."""

    order_id: str
    created: datetime
    customer: Customer
    lines: list[Line]


def uneven(total: Decimal, quantity: int, rng: random.Random) -> Decimal:
    """A line total that does not divide evenly by its quantity: a bundle price of about 10 % less."""
    if quantity == 1 or rng.randrange(3):
        return total
    price = cents(total * Decimal("0.9"))
    return price + Decimal("0.01") if (price * 100) % quantity == 0 else price


def make_line(product: Product, quantity: int, market: Market, rng: random.Random) -> Line:
    shipping = rng.choice((ZERO, ZERO, Decimal("2.95"), Decimal("4.95")))
    price = uneven(product.price * quantity, quantity, rng)
    return Line(product.sku, product.ean, product.title, quantity, price, shipping, taxes(market, rng))


def sell(plan: Plan, market: Market, day: int, rng: random.Random) -> Sold:
    """One order that its customer received on world day `day`; one in 12 names a product on two lines, at equal or different prices."""
    products = catalogue()
    lines: list[Line] = []
    for _ in range(rng.choices(LINE_COUNTS, LINE_WEIGHTS)[0]):
        quantity = rng.choices(QUANTITIES, QUANTITY_WEIGHTS)[0]
        lines.append(make_line(products[rng.randrange(len(products))], quantity, market, rng))
    if rng.randrange(12) == 0:
        first = lines[0]
        price = first.price if rng.randrange(2) else cents(first.price * Decimal("0.85"))
        lines.append(Line(first.sku, first.product_sku, first.title, first.quantity, price, ZERO, first.taxes))
    received = plan.at(day, 0) + timedelta(seconds=rng.randrange(20 * 3600))
    return Sold(plan.next_order(market), received - RECEIVED_AFTER, customer(rng), lines)


def _written_out(sold: list[Sold], market: Market) -> Iterator[Json]:
    for each in sold:
        yield make_order(market, each.order_id, each.customer, each.lines, each.created)


class Traffic:
    """One marketplace's days, in order: each day sells, then some of the last ten days' orders come back, each order at most once.

    With `openings` some of these returns are opened on the marketplace first.
    """

    def __init__(self, plan: Plan, market: Market, seed: int, graded_share: float, openings: Openings | None = None) -> None:
        self.plan, self.market, self.seed, self.graded_share = plan, market, seed, graded_share
        self.openings = openings
        self._open: list[list[Sold]] = []

    def day(self, day: int, orders: int, returns: int) -> None:
        rng = random.Random(f"{self.seed}/{self.market.key}/{day}")
        sold = [sell(self.plan, self.market, day, rng) for _ in range(orders)]
        self.plan.add_orders(self.market.key, partial(_written_out, sold, self.market))
        shuffled = list(sold)
        rng.shuffle(shuffled)
        self._open = [*self._open[-(RETURN_WITHIN_DAYS - 1) :], shuffled]
        for _ in range(returns):
            pools = [pool for pool in self._open if pool]
            if not pools:
                raise ValueError("returns_per_day must not be above orders_per_day: every return needs an order")
            self._send_back(rng.choice(pools).pop(), day, rng)

    def _send_back(self, sold: Sold, day: int, rng: random.Random) -> None:
        market, plan = self.market, self.plan
        case = Case(
            return_id=plan.next_return(),
            order_id=sold.order_id,
            tracking_number=f"ZZ{rng.randrange(10**9):09d}",
            location=hub(market),
            rma=f"RMA-{rng.randrange(10**6):06d}",
            shop_id=market.shop_id,
        )
        chosen = range(1, len(sold.lines) + 1) if rng.randrange(10) < 3 else [rng.randrange(len(sold.lines)) + 1]
        pieces: list[Piece] = []
        for index in chosen:
            pieces.extend(self._pieces(sold, index, rng))
        case = replace(case, pieces=tuple(pieces))
        hour = 6 + rng.random() * 12
        steps = (("returnOrderCreated", day - 4), ("postalIncoming", day - 2), ("arrivedAtHub", day - 1))
        for n, (status, when) in enumerate(steps):
            # what would lie before the first day happens in its early morning, in the same order
            at = plan.at(when, hour - 5 + n) if when >= 0 else plan.at(0, 0.25 + n / 4)
            plan.send(at, rebound.TRACKING, rebound.tracking_update(case, status, at))
            if n == 0 and self.openings is not None:
                self.openings.consider(case, sold.created, at)
            if status == "postalIncoming" and rng.randrange(10) == 0:
                plan.send(at, rebound.REFUND_INSTANT, rebound.refund_trigger(case))
        at = plan.at(day, hour)
        if rng.random() < self.graded_share:
            self._graded(case, at, rng)
            return
        plan.send(at, rebound.REFUND_REGISTERED, rebound.refund_trigger(case))
        for piece in pieces:
            self._expect(case, piece, "refund")
            plan.yard.returned.append(Returned(market.key, case, piece, at, None))

    def _pieces(self, sold: Sold, index: int, rng: random.Random) -> list[Piece]:
        line = sold.lines[index - 1]
        line_id = f"{sold.order_id}-{index}"
        count = rng.randrange(line.quantity) + 1
        self.plan.line_money(self.market.key, line_id, line.price, line.quantity)
        label = reason(rng)

        def piece(quantity: int) -> Piece:
            value = str(cents(line.price / line.quantity))
            return Piece(
                self.plan.next_piece(), line_id, line.sku, line.product_sku, label, str(quantity), line.title, value, self.market.currency
            )

        # a hub that counts a bundle as one item sends one lot instead of several pieces
        return [piece(count)] if count > 1 and rng.randrange(10) == 0 else [piece(1) for _ in range(count)]

    def _graded(self, case: Case, at: datetime, rng: random.Random) -> None:
        found: list[Inspection] = []
        for piece in case.pieces:
            _, grade, disposition = rng.choices(GRADES, [weight for weight, _, _ in GRADES])[0]
            found.append(Inspection(piece, "MATCH", grade, disposition, inspected_at=at))
            held = grade == "C" or (grade == "D" and piece.reason not in DEFECT_REASONS)
            self._expect(case, piece, "hold" if held else "refund")
            self.plan.yard.returned.append(Returned(self.market.key, case, piece, at, found[-1]))
        payload = rebound.return_snapshot(case, found, version=1, updated_at=at, registered_at=at - timedelta(days=1), status="COMPLETED")
        self.plan.send(at, rebound.SNAPSHOTS, payload)

    def _expect(self, case: Case, piece: Piece, outcome: str) -> None:
        self.plan.expect(
            Expectation(
                marketplace=self.market.key,
                scenario="traffic",
                return_id=plain_id(case.return_id),
                piece_id=plain_id(piece.item_id),
                order_id=case.order_id,
                order_line_id=piece.line_id,
                sku=piece.sku,
                quantity=units(piece),
                outcome=outcome,
                paid=outcome == "refund",
            )
        )
