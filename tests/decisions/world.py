"""Small worlds in a real DuckDB for the decision tests: events, order lines, refunds and reasons of one partition."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from returns_assets.decisions.plan import LIVE_PIECES, OUR_REFUNDS, OUR_TOP_UPS, WAITING_TOP_UPS, Held, plan
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import Mappings
from returns_assets.warehouse.connection import schema_statements

DAY = date(2025, 3, 5)
RANKS = {
    "RETURN_REGISTERED": 10, "PARCEL_IN_NETWORK": 20, "REFUND_ADVICE": 25, "PARCEL_AT_HUB": 30, "PARCEL_DELIVERED": 40,
    "ITEM_REGISTERED": 50, "ITEM_GRADED": 60, "ITEM_DISPOSITIONED": 65, "ITEM_INSPECTED": 66, "PUTAWAY_COMPLETED": 70, "RETURN_CLOSED": 80,
}  # fmt: skip
MAPPINGS = load_mappings(Path(__file__).parents[2] / "mappings")


class World:
    """One marketplace's partition under construction; times are minutes of the partition day."""

    def __init__(self, con: duckdb.DuckDBPyConnection, marketplace: str = "nordhaus", mappings: Mappings = MAPPINGS) -> None:
        self.con, self.key, self.mappings = con, marketplace, mappings
        self.documents = 0
        self.live: list[dict[str, Any]] = []
        self.ours: list[dict[str, Any]] = []
        self.top_ups: list[dict[str, Any]] = []
        self.waiting_top_ups: list[dict[str, Any]] = []
        reasons = {"17": True, "14": False, "ITEM_RETURNED": True}
        for code, right in reasons.items():
            self.insert(
                "mirakl_reference", day=DAY, list="refund_reason", code=code, attributes=f'{{"is_shop_right": {str(right).lower()}}}'
            )

    def insert(self, table: str, **values: Any) -> None:
        values.setdefault("marketplace", self.key)
        columns = ", ".join(values)
        self.con.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(values))})", list(values.values()))

    def event(
        self, piece: str, event: str = "ITEM_REGISTERED", *, order: str = "NOR-1-A", minute: int = 0, day: date = DAY, **values: Any
    ) -> None:
        self.documents += 1
        midnight = datetime.combine(day, time())
        row: dict[str, Any] = {
            "day": day, "event_key": f"k{self.documents}", "document_id": self.documents, "event": event, "event_rank": RANKS[event],
            "event_time": midnight + timedelta(minutes=minute), "received_at": midnight, "return_id": "R1", "order_id": order,
            "piece_id": piece, "line_ref": f"{order}-1", "sku": "S1", "quantity": 1, "reason_raw": "Too large",
            "reason": "SIZE_TOO_LARGE", "verification": "MATCH", "grade": "U", "disposition": "NONE",
        }  # fmt: skip
        self.insert("rebound_returns", **{**row, **values})

    def order(self, *lines: dict[str, Any], order: str = "NOR-1-A", commercial: str | None = None) -> None:
        self.insert("mirakl_orders", day=DAY, order_id=order, commercial_id=commercial or order.removesuffix("-A"), currency="EUR")
        for index, line in enumerate(lines or ({},), start=1):
            row: dict[str, Any] = {
                "day": DAY, "order_id": order, "order_line_id": f"{order}-{index}", "line_index": index, "line_state": "RECEIVED",
                "offer_sku": "S1", "product_sku": f"P{index}", "quantity": 1, "price": Decimal("10.00"), "shipping_price": Decimal(0),
                "currency": "EUR", "tax_mode": "TAX_INCLUDED", "taxes": "[]", "shipping_taxes": "[]",
            }  # fmt: skip
            row.update(line)
            if "price_unit" not in row:
                row["price_unit"] = row["price"] / row["quantity"]
            self.insert("mirakl_order_lines", **row)

    def refund(self, amount: str, *, line: str = "NOR-1-A-1", refund_id: str = "F1", shipping: str = "0", ours: bool = False) -> None:
        self.insert("mirakl_refunds", day=DAY, order_id=line.rsplit("-", 1)[0], order_line_id=line, refund_id=refund_id,
                    amount=Decimal(amount), shipping_amount=Decimal(shipping), refund_state="REFUNDED")  # fmt: skip
        if ours:
            self.ours.append({"order_line_id": line, "refund_id": refund_id})

    def paid(
        self, piece: str, *, line: str = "NOR-1-A-1", unit_from: int = 0, quantity: int = 1, shipping: str = "0", in_flight: bool = False
    ) -> None:
        effect = {"effect_key": f"e-{piece}", "shipping_amount": Decimal(shipping), "in_flight": in_flight}
        self.live.append({"piece_id": piece, "order_line_id": line, "unit_from": unit_from, "quantity": quantity, **effect})

    def topped_up(self, line: str = "NOR-1-A-1", *, shipping: str = "3.00", day: date = DAY) -> None:
        """A refund of shipping alone that is in flight or confirmed."""
        entry = {"order_line_id": line, "day": day, "shipping_amount": Decimal(shipping), "reason_code": "15"}
        self.top_ups.append({**entry, "shipping_taxes": '[{"code": "VAT", "amount": 0.48}]'})

    def top_up_waits(self, line: str = "NOR-1-A-1", *, day: date = DAY) -> None:
        """A refund of shipping alone that is registered and not made."""
        self.waiting_top_ups.append({"order_line_id": line, "day": day})

    def rows(self, day: date = DAY) -> dict[str, dict[str, Any]]:
        tables = (
            (self.live, LIVE_PIECES), (self.ours, OUR_REFUNDS), (self.top_ups, OUR_TOP_UPS), (self.waiting_top_ups, WAITING_TOP_UPS),
        )  # fmt: skip
        held = Held(*(pa.Table.from_pylist(rows, schema) for rows, schema in tables))
        text, parameters = plan(
            self.con,
            self.mappings,
            self.mappings.marketplace(self.key),
            day,
            decided_at=datetime(2025, 3, 6, tzinfo=UTC),
            held=lambda _: held,
        )
        cursor = self.con.execute(text, parameters)
        names = [column[0] for column in cursor.description or []]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        assert len({row["piece_id"] for row in found}) == len(found), "a piece appears twice"
        assert all(row["outcome"] in ("refund", "no_refund", "hold", "exception") for row in found)
        return {row["piece_id"]: row for row in sorted(found, key=lambda row: row["piece_id"])}


@contextmanager
def new_world(marketplace: str = "nordhaus", mappings: Mappings = MAPPINGS) -> Generator[World]:
    con = duckdb.connect()
    try:
        for statement in schema_statements():
            con.execute(statement)
        yield World(con, marketplace, mappings)
    finally:
        con.close()
