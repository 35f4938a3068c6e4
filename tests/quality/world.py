"""A small real installation: warehouse and ledger in a temporary folder, one day's events and orders of one marketplace, decided by the
product's own step. Tests then damage one thing and look which checks turn red.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Intent, Outcome, PieceUse
from returns_assets.quality.findings import Finding
from returns_assets.quality.gate import validate_partition
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext
from returns_assets.steps.translate import map_dispositions
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import Mappings
from returns_assets.warehouse.connection import Warehouse

DAY = date(2025, 3, 5)
NOON = datetime(2025, 3, 5, 12, tzinfo=UTC)
MAPPINGS = load_mappings(Path(__file__).parents[2] / "mappings")
RANKS = {"PARCEL_AT_HUB": 30, "ITEM_REGISTERED": 50, "ITEM_GRADED": 60}
PREFIX = {"nordhaus": "NOR", "albion": "ALB", "maplewood": "MAP"}


def no_http(key: str) -> NoReturn:
    raise AssertionError(f"a Mirakl client of {key} was asked for")


class World:
    """One marketplace's day under construction."""

    def __init__(self, ctx: StepContext, marketplace: str) -> None:
        self.ctx, self.key = ctx, marketplace
        self.shop = ctx.mappings.marketplace(marketplace)
        self.documents = 0

    def insert(self, table: str, **values: Any) -> None:
        columns = ", ".join(values)
        self.sql(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(values))})", *values.values())

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.ctx.warehouse.transaction() as con:
            return con.execute(query, list(parameters)).fetchall()

    def reasons(self, **right: bool) -> None:
        for code, shop_right in right.items():
            self.insert("mirakl_reference", marketplace=self.key, day=DAY, list="refund_reason", code=code.removeprefix("_"),
                        attributes=json.dumps({"is_shop_right": shop_right}), fetched_at=NOON.replace(tzinfo=None))  # fmt: skip

    def order(self, number: int = 1, *, quantity: int = 2, price: str = "20.00", shipping: str = "4.90", **line: Any) -> str:
        order = f"{PREFIX[self.key]}-{number}-A"
        self.insert("mirakl_orders", commercial_id=order.removesuffix("-A"), order_state="RECEIVED", **self._common(order))
        self.line(order, 1, quantity=quantity, price=price, shipping=shipping, **line)
        return order

    def line(self, order: str, index: int, *, quantity: int, price: str, shipping: str, **line: Any) -> None:
        row = {"order_line_id": f"{order}-{index}", "line_index": index, "line_state": "RECEIVED", "offer_sku": f"S{index}",
               "quantity": quantity, "price": Decimal(price), "price_unit": Decimal(price) / quantity, "shipping_price": Decimal(shipping),
               "can_refund": True, "taxes": "[]", "shipping_taxes": "[]"}  # fmt: skip
        self.insert("mirakl_order_lines", **self._common(order), **{**row, **line})

    def _common(self, order: str) -> dict[str, Any]:
        return {"marketplace": self.key, "day": DAY, "order_id": order, "currency": self.shop.currency,
                "tax_mode": self.shop.order_tax_mode, "fetched_at": NOON.replace(tzinfo=None)}  # fmt: skip

    def paid_the_day_before(self, piece: str, order: str) -> None:
        """A piece of the order's first line, of one unit for 20.00, that yesterday's partition refunded without shipping."""
        line, ledger, yesterday = f"{order}-1", self.ctx.ledger.effects, DAY - timedelta(days=1)
        self.event(piece, order, day=yesterday)
        wanted = Intent(order, line, {"refunds": []}, Decimal(20), Decimal(0), self.shop.currency, [PieceUse(piece)])
        by = {"run_id": "run-0", "actor": "tester", "now": NOON}
        ledger.register(self.key, yesterday, "refund", [wanted], [], validation_id=1, mapping_version="v", **by)
        (effect,) = ledger.of_partition(self.key, yesterday, "refund")
        ledger.claim({effect.id: []}, token="t", lease=60, **by)
        ledger.settle([Outcome(effect.id, "t", "confirmed", f"R-{piece}")], NOON)
        self.insert("mirakl_refunds", marketplace=self.key, day=DAY, order_id=order, order_line_id=line, refund_id=f"R-{piece}",
                    amount=Decimal(20), shipping_amount=Decimal(0))  # fmt: skip

    def event(self, piece: str, order: str, event: str = "ITEM_REGISTERED", *, day: date = DAY, **values: Any) -> None:
        self.documents += 1
        at = datetime.combine(day, time()) + timedelta(minutes=self.documents)
        row = {"day": day, "event_key": f"k{self.documents}", "document_id": self.documents, "received_at": at, "event_time": at,
               "event": event, "event_rank": RANKS[event], "kind": "refund_registered", "marketplace": self.key, "return_id": f"R-{order}",
               "order_id": order, "piece_id": piece, "line_ref": f"{order}-1", "sku": "S1", "quantity": 1, "reason_raw": "Too large",
               "reason": "SIZE_TOO_LARGE", "verification": "MATCH", "grade": "U", "disposition": "NONE"}  # fmt: skip
        self.insert("rebound_returns", **{**row, **values})

    def good(self) -> None:
        """Two pieces of one line and one of another that are refunded, one that a policy row holds, one parcel event."""
        self.reasons(**({"ITEM_RETURNED": True, "OUT_OF_STOCK": False} if self.key == "albion" else {"_17": True, "_14": False}))
        first, second = self.order(1), self.order(2, quantity=1, price="7.01")
        self.event("P1", first)
        self.event("P2", first)
        self.event("P3", second)
        self.event("P4", second, "PARCEL_AT_HUB")
        third = self.order(3)
        self.event("P5", third, "ITEM_GRADED", grade="C")

    def map(self) -> None:
        map_dispositions(self.ctx, self.key, DAY)

    def validate(self) -> dict[str, Finding]:
        return {finding.name: finding for finding in validate_partition(self.ctx, self.key, DAY)}

    def red(self) -> set[str]:
        return {name for name, finding in self.validate().items() if not finding.passed}

    def latest(self) -> Any:
        return self.ctx.ledger.validations.latest("mapped_dispositions", self.key, DAY)


@contextmanager
def new_world(home: Path, marketplace: str = "nordhaus", mappings: Mappings = MAPPINGS) -> Generator[World]:
    settings = Settings(home=home)
    ledger = Ledger.open(settings.resolved_ledger_url)
    try:
        warehouse = Warehouse(settings.resolved_warehouse_url)
        yield World(StepContext(settings, mappings, warehouse, ledger, no_http, "run-1", "tester", lambda: NOON), marketplace)
    finally:
        ledger.close()
