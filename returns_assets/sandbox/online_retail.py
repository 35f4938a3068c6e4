"""Real input: the UCI "Online Retail" transactions as Mirakl orders and ReBound returns, by the rule that docs/sandbox.md states.

The rule is exact, so that an independent calculation from the same Parquet file comes to the same orders, matches and money. Nothing
here is random.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq

from returns_assets.sandbox import documents as rebound
from returns_assets.sandbox.documents import Case, Json, Piece
from returns_assets.sandbox.orders import RECEIVED_AFTER, Customer, Line, Market, cents, make_order
from returns_assets.sandbox.world_catalogue import REASONS, hub
from returns_assets.sandbox.world_generator import ONLINE_RETAIL
from returns_assets.sandbox.world_plan import Expectation, Plan, plain_id

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
WHEN = COLUMNS.index("InvoiceDate")
ALBION, NORDHAUS, MAPLEWOOD = "albion", "nordhaus", "maplewood"
PREFIXES = {ALBION: "ALB", NORDHAUS: "NOR", MAPLEWOOD: "MAP"}
SCAN_BEFORE = timedelta(days=2)
LABELS = tuple(sorted(REASONS))
SCENARIO = "online_retail"


@dataclass(slots=True)
class SoldLine:
    """One sales row: an order line and how many of its units no credit row has taken yet."""

    order_id: str
    number: int
    stock_code: str
    title: str
    quantity: int
    price: Decimal
    sold_at: datetime
    left: int

    @property
    def line_id(self) -> str:
        return f"{self.order_id}-{self.number}"


@dataclass(slots=True)
class Invoice:
    """One sales invoice of one marketplace, lines in file order."""

    order_id: str
    created: datetime
    customer_id: int | None
    country: str
    lines: list[SoldLine] = field(default_factory=list[SoldLine])


@dataclass(slots=True)
class Credited:
    """One credit row (`C` invoice): what came back, and the order line that it is a return of, if there is one."""

    invoice: str
    number: int
    marketplace: str
    stock_code: str
    title: str
    quantity: int
    value: Decimal
    at: datetime
    line: SoldLine | None
    enough: bool


def marketplace_of(country: str, customer_id: int | None) -> str:
    """United Kingdom: customers without a number or with an even one albion, odd ones nordhaus. Every other country: maplewood."""
    if country != "United Kingdom":
        return MAPLEWOOD
    return ALBION if customer_id is None or customer_id % 2 == 0 else NORDHAUS


@cache
def reason_label(stock_code: str) -> str:
    """A label per stock code: the first four bytes of its SHA-256, modulo the number of labels, into the sorted labels."""
    return LABELS[int.from_bytes(hashlib.sha256(stock_code.encode()).digest()[:4], "big") % len(LABELS)]


def _rows(path: Path, from_day: date | None, to_day: date | None) -> Iterator[tuple[Any, ...]]:
    """The file's rows in file order; with days given, only rows of these invoice days (both included) exist."""
    first, last = from_day or date.min, to_day or date.max
    file: Any = pq.ParquetFile(path)
    missing = sorted(set(COLUMNS) - set(cast("list[str]", file.schema_arrow.names)))
    if missing:
        raise ValueError(f"{path.name}: column {', '.join(missing)} is missing; expected: {', '.join(COLUMNS)}")
    for batch in file.iter_batches(batch_size=20_000, columns=list(COLUMNS)):
        columns = [cast("list[Any]", batch.column(name).to_pylist()) for name in COLUMNS]
        for row in zip(*columns, strict=True):
            if first <= row[WHEN].date() <= last:
                yield row


class Ledger:
    """Sales and credits as the rule reads them, in one pass over the rows and one over the credits."""

    def __init__(self) -> None:
        self.invoices: dict[str, dict[str, Invoice]] = {ALBION: {}, NORDHAUS: {}, MAPLEWOOD: {}}
        self.credits: list[Credited] = []
        self._by_product: dict[tuple[str, int, str], tuple[list[datetime], list[SoldLine]]] = {}

    def sell(
        self, invoice: str, code: str, title: str, quantity: float, at: datetime, price: float, customer: int | None, country: str
    ) -> None:
        marketplace = marketplace_of(country, customer)
        order_id = f"{PREFIXES[marketplace]}-{invoice}-A"
        order = self.invoices[marketplace].get(invoice)
        if order is None:
            order = self.invoices[marketplace][invoice] = Invoice(order_id, at, customer, country)
        # the shortest decimal of the stored double is the price as it was printed
        total = cents(Decimal(repr(price)) * int(quantity))
        line = SoldLine(order_id, len(order.lines) + 1, code, title, int(quantity), total, at, int(quantity))
        order.lines.append(line)
        if customer is not None:
            times, lines = self._by_product.setdefault((marketplace, customer, code), ([], []))
            if times and at < times[-1]:
                raise ValueError(f"invoice {invoice}: rows must be in order of InvoiceDate")
            times.append(at)
            lines.append(line)

    def credit(self, row: tuple[Any, ...], number: int) -> None:
        """Must be called once all sales are known, in file order."""
        invoice, code, title, quantity, at, price, customer, country = row
        returned = int(-quantity)
        marketplace = marketplace_of(country, customer)
        times, lines = self._by_product.get((marketplace, customer, code), ([], [])) if customer is not None else ([], [])
        # sold strictly before the credit; the latest first, of the same moment the last in the file
        candidates = lines[: bisect_left(times, at)]
        chosen = next((line for line in reversed(candidates) if line.left >= returned), None)
        enough = chosen is not None
        if chosen is not None:
            chosen.left -= returned
        elif candidates:
            chosen = candidates[-1]
        value = cents(Decimal(repr(price)))
        self.credits.append(Credited(invoice, number, marketplace, code, title, returned, value, at, chosen, enough))


def read(path: Path, from_day: date | None = None, to_day: date | None = None) -> Ledger:
    """All orders and matched credits of the file. OSError when it cannot be read, ValueError when it is not this data set."""
    ledger = Ledger()
    credit_rows: list[tuple[Any, ...]] = []
    for invoice, code, title, quantity, at, price, customer, country in _rows(path, from_day, to_day):
        moment = at.replace(tzinfo=UTC)
        known = None if customer is None else int(customer)
        if invoice.startswith("C"):
            credit_rows.append((invoice, code, title or "", quantity, moment, price, known, country))
        elif quantity > 0 and price > 0 and not invoice.startswith("A"):
            ledger.sell(invoice, code, title or "", quantity, moment, price, known, country)
    numbers: dict[str, int] = {}
    for row in credit_rows:
        numbers[row[0]] = numbers.get(row[0], 0) + 1
        ledger.credit(row, numbers[row[0]])
    return ledger


def _orders(invoices: Mapping[str, Invoice], market: Market) -> Iterator[Json]:
    for invoice in invoices.values():
        number = invoice.customer_id or 0
        customer = Customer(
            number, "Customer", str(number or "unknown"), "Street 1", "00000", "Town", anonymised=invoice.customer_id is None
        )
        lines = [Line(line.stock_code, line.stock_code, line.title, line.quantity, line.price) for line in invoice.lines]
        yield make_order(market, invoice.order_id, customer, lines, invoice.created, "RECEIVED", invoice.created + RECEIVED_AFTER)


def _piece(plan: Plan, market: Market, credit: Credited) -> tuple[str, Piece]:
    """The order that the document names, and the item."""
    if credit.line is None:
        order_id = f"{PREFIXES[credit.marketplace]}-{credit.invoice}-A"
        line_id = f"{order_id}-{credit.number}"
    else:
        order_id, line_id = credit.line.order_id, credit.line.line_id
    item = Piece(
        plan.next_piece(), line_id, credit.stock_code, None, reason_label(credit.stock_code), str(credit.quantity),
        credit.title or None, str(credit.value), market.currency,
    )  # fmt: skip
    return order_id, item


def make_plan(path: Path, from_day: str | None, to_day: str | None, markets: Mapping[str, Market]) -> Plan:
    """Orders of the three marketplaces, one return per C invoice, its documents one per order that it returns goods of."""
    missing = sorted(set(PREFIXES) - set(markets))
    if missing:
        raise ValueError(f"online retail needs the marketplaces albion, nordhaus and maplewood; missing: {', '.join(missing)}")
    ledger = read(path, None if not from_day else date.fromisoformat(from_day), None if not to_day else date.fromisoformat(to_day))
    plan = Plan(ONLINE_RETAIL, date(2010, 12, 1), 1, settled=True)
    for key, invoices in ledger.invoices.items():
        plan.add_orders(key, partial(_orders, invoices, markets[key]))
    returns: dict[str, list[Credited]] = {}
    for credit in ledger.credits:
        returns.setdefault(credit.invoice, []).append(credit)
    for invoice, credits in returns.items():
        _send(plan, invoice, credits, markets)
    return plan.finished()


def _send(plan: Plan, invoice: str, credits: list[Credited], markets: Mapping[str, Market]) -> None:
    return_id = plan.next_return()
    by_order: dict[str, list[tuple[Credited, Piece]]] = {}
    for credit in credits:
        order_id, piece = _piece(plan, markets[credit.marketplace], credit)
        by_order.setdefault(order_id, []).append((credit, piece))
    for order_id, items in by_order.items():
        first = items[0][0]
        market = markets[first.marketplace]
        pieces = tuple(piece for _, piece in items)
        case = Case(return_id, order_id, f"OR{invoice}", hub(market), pieces=pieces)
        scanned = first.at - SCAN_BEFORE
        plan.send(scanned, rebound.TRACKING, rebound.tracking_update(case, "postalIncoming", scanned))
        plan.send(first.at, rebound.REFUND_REGISTERED, rebound.refund_trigger(case))
        for credit, piece in items:
            _expect(plan, case, credit, piece)


def _expect(plan: Plan, case: Case, credit: Credited, piece: Piece) -> None:
    if credit.line is None:
        outcome, note = "exception", "no earlier sale of this customer and stock code: the order is unknown"
    elif not credit.enough:
        outcome, note = "exception", "more units than the customer's earlier purchases have left"
    elif credit.line.price == 0:
        outcome, note = "no_refund", "the line cost nothing after rounding"
    else:
        outcome, note = "refund", ""
    if credit.line is not None:
        plan.line_money(credit.marketplace, credit.line.line_id, credit.line.price, credit.line.quantity)
    plan.expect(
        Expectation(
            credit.marketplace, SCENARIO, plain_id(case.return_id), plain_id(piece.item_id), case.order_id, piece.line_id, piece.sku,
            credit.quantity, outcome, outcome == "refund", "logical" if outcome == "exception" else None, note,
        )
    )  # fmt: skip
