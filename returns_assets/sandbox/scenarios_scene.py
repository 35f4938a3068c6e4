"""The stage for planted scenarios: one order, its return, the documents about it, and what must become of each piece."""

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from returns_assets.sandbox import documents as rebound
from returns_assets.sandbox.documents import Case, Inspection, Json, Piece
from returns_assets.sandbox.orders import Line, Market, make_order
from returns_assets.sandbox.world_catalogue import catalogue, customer, hub
from returns_assets.sandbox.world_plan import Expectation, OddDocument, Plan, plain_id, units

ANNOUNCED, ON_THE_WAY, AT_HUB, DELIVERED = "returnOrderCreated", "postalIncoming", "arrivedAtHub", "delivered"
_LEAD = timedelta(days=6)


@dataclass
class Scene:
    """One scenario in one marketplace, starting on world day `start`. Days are counted from there, hours must rise from step to step."""

    plan: Plan
    market: Market
    scenario: str
    start: int
    rng: random.Random
    trouble: str = ""
    orders: list[Json] = field(default_factory=list[Json])

    def line(
        self, quantity: int = 1, price: str | None = None, like: Line | None = None, shipping: str = "0.00", state: str | None = None
    ) -> Line:
        """A line of a random product (or of the one on `like`) without taxes; `price` is the line total."""
        products = catalogue()
        product = products[self.rng.randrange(len(products))]
        total = product.price * quantity if price is None else Decimal(price)
        line = Line(product.sku, product.ean, product.title, quantity, total, Decimal(shipping), (), state)
        return line if like is None else replace(line, sku=like.sku, product_sku=like.product_sku, title=like.title)

    def order(self, *lines: Line, state: str = "RECEIVED") -> Json:
        """An order that was created six days before."""
        order_id = self.plan.next_order(self.market)
        created = self.plan.at(self.start, 8).replace(microsecond=0)
        order = make_order(self.market, order_id, customer(self.rng), list(lines), created - _LEAD, state)
        self.orders.append(order)
        return order

    def finished(self) -> list[Json]:
        """The scene's orders; refunds that others made leave the expected sum of a line open."""
        for order in self.orders:
            for line in order["order_lines"]:
                self.plan.line_money(self.market.key, line["order_line_id"], line["price"], line["quantity"], known=not line["refunds"])
        return self.orders

    def pieces(
        self, order: Json, index: int = 1, count: int = 1, reason: str | None = "Too large", quantity: str = "1"
    ) -> tuple[Piece, ...]:
        """`count` pieces of the order's line `index`, as the customer announced them."""
        line = order["order_lines"][index - 1]
        return tuple(
            Piece(
                self.plan.next_piece(), line["order_line_id"], line["offer_sku"], line["product_sku"], reason, quantity,
                line["product_title"], str(line["price_unit"]), self.market.currency,
            )
            for _ in range(count)
        )  # fmt: skip

    def case(self, order_id: str | None, *pieces: Piece, flow: str = "STANDARD") -> Case:
        return Case(
            self.plan.next_return(), order_id, f"ZZ{self.rng.randrange(10**9):09d}", hub(self.market), flow,
            f"RMA-{self.rng.randrange(10**6):06d}", self.market.shop_id, pieces,
        )  # fmt: skip

    def track(self, case: Case, status: str, day: int, hour: float, pieces: tuple[Piece, ...] | None = None) -> None:
        at = self.plan.at(self.start + day, hour)
        self.plan.send(at, rebound.TRACKING, rebound.tracking_update(case, status, at, pieces))

    def journey(self, case: Case, pieces: tuple[Piece, ...] | None = None) -> None:
        """Announced, scanned, at the hub: one, two and three o'clock of the first day."""
        for hour, status in enumerate((ANNOUNCED, ON_THE_WAY, AT_HUB), 1):
            self.track(case, status, 0, hour, pieces)

    def instant(self, case: Case, day: int, hour: float) -> None:
        self.plan.send(self.plan.at(self.start + day, hour), rebound.REFUND_INSTANT, rebound.refund_trigger(case))

    def registered(self, case: Case, day: int, hour: float, *pieces: Piece) -> None:
        payload = rebound.refund_trigger(case, pieces or None)
        self.plan.send(self.plan.at(self.start + day, hour), rebound.REFUND_REGISTERED, payload)

    def snapshot(self, case: Case, version: int, day: int, hour: float, *found: Inspection, status: str = "PROCESSING") -> None:
        at = self.plan.at(self.start + day, hour)
        dated = [replace(each, inspected_at=at) if each.verification != "MISSING" else each for each in found]
        payload = rebound.return_snapshot(
            case, dated, version=version, updated_at=at, registered_at=self.plan.at(self.start, 1), status=status
        )
        self.plan.send(at, rebound.SNAPSHOTS, payload)

    def expect(
        self, case: Case, piece: Piece, outcome: str, *, paid: bool | None = None, exception_class: str | None = None, note: str = "",
        line_id: str | None = None,
    ) -> None:  # fmt: skip
        """`line_id`: the line that must be found where the piece itself does not name it."""
        self.plan.expect(
            Expectation(
                self.market.key, self.scenario, plain_id(case.return_id), plain_id(piece.item_id), case.order_id, line_id or piece.line_id,
                piece.sku, units(piece), outcome, outcome == "refund" if paid is None else paid, exception_class, note, self.trouble,
            )
        )  # fmt: skip

    def expect_document(self, channel: str, exception_class: str, note: str) -> None:
        self.plan.odd_documents.append(OddDocument(self.scenario, channel, exception_class, note))
