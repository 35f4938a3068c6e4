"""One partition's requests as the warehouse has them: returns opened in Mirakl on the day, returns registered at ReBound on the day."""

import json
from collections.abc import Collection
from datetime import date

import duckdb
import pyarrow as pa

from returns_assets.decisions.plan import sql
from returns_assets.decisions.request_case import Item, ReboundCase
from returns_assets.mirakl.seen import SeenReturn, lines_of
from returns_assets.warehouse.partitions import dict_rows


def opened_returns(con: duckdb.DuckDBPyConnection, marketplace: str, day: date) -> dict[str, SeenReturn]:
    """Mirakl's returns of the day by id, as they were last read."""
    rows = dict_rows(con.execute(sql("request_returns"), {"marketplace": marketplace, "day": day}))
    return {
        row["mirakl_return_id"]: SeenReturn(
            id=row["mirakl_return_id"],
            order_id=row["order_id"] or "",
            commercial_id=row["commercial_id"] or "",
            state=row["state"] or "",
            rma=row["rma"],
            method_code=row["method_code"],
            tracking_number=row["tracking_number"],
            created_at=row["created_at"],
            lines=lines_of(json.loads(row["lines"] or "[]")),
        )
        for row in rows
    }


def rebound_cases(con: duckdb.DuckDBPyConnection, marketplace: str, day: date, order_ids: Collection[str]) -> list[ReboundCase]:
    """ReBound's returns that are new on the day, and the others of those orders and of `order_ids`."""
    con.register("asked_orders", pa.table({"order_id": pa.array(sorted(order_ids), pa.string())}))
    rows = dict_rows(con.execute(sql("request_cases"), {"marketplace": marketplace, "day": day}))
    con.unregister("asked_orders")
    return [
        ReboundCase(
            return_id=row["return_id"],
            order_ref=row["order_ref"],
            rma=row["rma"],
            mirakl_return_id=row["mirakl_return_id"],
            started_at=row["started_at"],
            new=row["is_new"],
            over=row["is_over"],
            arrived=row["has_arrived"],
            items=tuple(Item(**item) for item in row["items"]),
        )
        for row in rows
    ]
