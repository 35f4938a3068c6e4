"""What a made-up world consists of before it meets the server: orders, documents with the time they are due, and what was planted."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from returns_assets.sandbox.documents import Json, Piece, render, sscc
from returns_assets.sandbox.orders import Market, share
from returns_assets.sandbox.warehouse_plan import Yard

RETURN, PIECE = 3, 9  # SSCC extension digits: returns and pieces never share an id

OUTCOMES = ("refund", "no_refund", "hold", "exception", "none")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One document: when it is sent (aware UTC), on which channel, the bytes. `seq` orders documents of the same moment; `suffix` is
    the kind of file: json from ReBound, csv or ndjson from the warehouse."""

    at: datetime
    seq: int
    channel: str
    body: bytes
    suffix: str = "json"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must have become of one piece once every document is processed.

    `outcome`: refund | no_refund | hold | exception | none (nothing definitive ever arrives). `paid`: money for this piece moves
    exactly once; it differs from outcome == 'refund' where a later correction cannot be clawed back. `trouble` names what kind of bad
    row it is for a marketplace whose whole partition is blocked by such rows: '' | 'code' | 'state'.
    """

    marketplace: str
    scenario: str
    return_id: str
    piece_id: str
    order_id: str | None
    order_line_id: str | None
    sku: str | None
    quantity: int
    outcome: str
    paid: bool
    exception_class: str | None = None
    note: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class OddDocument:
    """A document that must be reported as a whole: unreadable or unroutable."""

    scenario: str
    channel: str
    exception_class: str
    note: str


@dataclass(frozen=True, slots=True)
class LineMoney:
    """A line's total and quantity, for the expected sum; `known` is False where refunds by others make the sum depend on more."""

    price: Decimal
    quantity: int
    known: bool = True


@dataclass(frozen=True, slots=True)
class Opening:
    """A return that a customer opens on the marketplace at `at`. `lines`: order line id, units, reason as ReBound labels it."""

    at: datetime
    marketplace: str
    name: str
    order_id: str
    lines: tuple[tuple[str, int, str], ...]
    kind: str
    rebound_return_id: str | None = None


@dataclass
class Plan:
    """Collects a world. Ids are counted per world, so that worlds of different numbers (0..9999) never share one.

    `settled`: its orders are loaded as they are, whatever the clock says.
    """

    number: int
    first_day: date
    days: int
    settled: bool = False
    documents: list[Scheduled] = field(default_factory=list[Scheduled])
    truth: list[Expectation] = field(default_factory=list[Expectation])
    odd_documents: list[OddDocument] = field(default_factory=list[OddDocument])
    openings: list[Opening] = field(default_factory=list[Opening])
    lines: dict[tuple[str, str], LineMoney] = field(default_factory=dict[tuple[str, str], LineMoney])
    yard: Yard = field(init=False)
    sources: dict[str, list[Callable[[], Iterable[Json]]]] = field(default_factory=dict[str, list[Callable[[], Iterable[Json]]]])
    _returns: int = 0
    _pieces: int = 0
    _numbers: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self.yard = Yard(self.number)

    def next_return(self) -> str:
        self._returns += 1
        return sscc(RETURN, self.number * 10**9 + self._returns)

    def next_piece(self) -> str:
        self._pieces += 1
        return sscc(PIECE, self.number * 10**9 + self._pieces)

    def next_order(self, market: Market) -> str:
        """Logistic order ids `<PREFIX>-<world><counter>-A`."""
        count = self._numbers[market.key] = self._numbers.get(market.key, 0) + 1
        return f"{market.prefix}-{self.number:04d}{count:07d}-A"

    def at(self, day: int, hour: float) -> datetime:
        """A moment in the world; days beyond the last one fall on the last one, so authors let hours rise from step to step."""
        inside = max(0, min(day, self.days - 1))
        return datetime.combine(self.first_day, time(), UTC) + timedelta(days=inside, seconds=round(hour * 3600))

    def add_orders(self, marketplace: str, make: Callable[[], Iterable[Json]]) -> None:
        """`make` is called when the orders are loaded: they are many and need not all exist at once."""
        self.sources.setdefault(marketplace, []).append(make)

    def orders(self, marketplace: str) -> Iterator[Json]:
        for make in self.sources.get(marketplace, ()):
            yield from make()

    def send(self, at: datetime, channel: str, payload: Json | bytes, suffix: str = "json") -> None:
        body = payload if isinstance(payload, bytes) else render(payload)
        self.documents.append(Scheduled(at, len(self.documents), channel, body, suffix))

    def line_money(self, marketplace: str, line_id: str, price: Decimal, quantity: int, *, known: bool = True) -> None:
        self.lines[marketplace, line_id] = LineMoney(price, quantity, known)

    def expect(self, expectation: Expectation) -> None:
        if expectation.outcome not in OUTCOMES:
            raise ValueError(f"unknown outcome {expectation.outcome}")
        self.truth.append(expectation)

    def finished(self) -> "Plan":
        """Documents in the order in which they are sent."""
        ordered = sorted(self.documents, key=lambda document: (document.at, document.seq))
        self.documents = [replace(document, seq=seq) for seq, document in enumerate(ordered)]
        return self


def plain_id(item_id: str) -> str:
    """An SSCC without its `(00)`."""
    return item_id.removeprefix("(00)")


def units(piece: Piece) -> int:
    """A piece's quantity as a number; 0 where it is not one."""
    return int(piece.quantity) if piece.quantity.isdigit() else 0


def truth_rows(plan: Plan) -> list[dict[str, Any]]:
    return [asdict(row) for row in plan.truth]


def expected_lines(plan: Plan) -> list[dict[str, Any]]:
    """Per order line that is to be refunded: units, and the product amount (without shipping) by cumulative rounding, as text.

    `amount` is null where refunds by other people make it depend on more than the line.
    """
    paid: dict[tuple[str, str], int] = {}
    orders: dict[tuple[str, str], str | None] = {}
    for row in plan.truth:
        if row.paid and row.order_line_id is not None:
            key = (row.marketplace, row.order_line_id)
            paid[key] = paid.get(key, 0) + row.quantity
            orders[key] = row.order_id
    rows: list[dict[str, Any]] = []
    for (marketplace, line_id), count in paid.items():
        money = plan.lines.get((marketplace, line_id))
        amount = None if money is None or not money.known else str(share(money.price, count, money.quantity))
        rows.append(
            {
                "marketplace": marketplace,
                "order_id": orders[marketplace, line_id],
                "order_line_id": line_id,
                "units": count,
                "amount": amount,
            }
        )
    return rows
