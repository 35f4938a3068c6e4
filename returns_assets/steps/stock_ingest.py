"""The dataset stock_offers: the offers of the SKUs that the day's returns may put back on sale, as Mirakl has them now (OF21)."""

import json
from datetime import UTC, date
from typing import Any

from returns_assets.mirakl.stock_facts import read_offers
from returns_assets.steps.context import StepContext, StepResult, names_marketplace
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

TABLE = "stock_offers"
# SKUs of the orders that the day's returns name: whether a piece of them is sellable is decided afterwards
SKUS = """
    WITH named AS (
        SELECT DISTINCT order_id FROM rebound_returns WHERE marketplace = $marketplace AND day = $day AND order_id IS NOT NULL
        UNION
        SELECT DISTINCT o.order_id FROM rebound_returns o WHERE o.marketplace = $marketplace AND o.day < $day AND o.return_id IN
            (SELECT return_id FROM rebound_returns WHERE marketplace = $marketplace AND day = $day)
    )
    SELECT DISTINCT l.offer_sku
    FROM mirakl_order_lines l
    LEFT JOIN mirakl_orders o ON o.marketplace = l.marketplace AND o.day = l.day AND o.order_id = l.order_id
    WHERE l.marketplace = $marketplace AND l.day = $day AND trim(coalesce(l.offer_sku, '')) <> ''
        AND (l.order_id IN (SELECT order_id FROM named) OR o.commercial_id IN (SELECT order_id FROM named))
    ORDER BY l.offer_sku
"""


@names_marketplace
def ingest_stock_offers(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition: only where this product sets the quantity, else it is empty. Raises MiraklError, nothing is written then."""
    partition: dict[str, Any] = {"marketplace": marketplace, "day": day}
    mode = ctx.mappings.marketplace(marketplace).stock.mode
    skus: list[str] = []
    if mode == "own":
        with ctx.warehouse.read() as con:
            skus = [str(row[0]) for row in con.execute(SKUS, partition).fetchall()]
    fetched_at = ctx.now().astimezone(UTC).replace(tzinfo=None)
    offers = read_offers(ctx.mirakl(marketplace), skus) if skus else {}
    rows = [
        {
            **partition,
            "sku": offer.sku,
            "offer_id": offer.offer_id,
            "quantity": offer.quantity,
            "warehouses": json.dumps(offer.warehouses, sort_keys=True),
            "active": offer.active,
            "fetched_at": fetched_at,
        }
        for _, offer in sorted(offers.items())
    ]
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, TABLE, partition, arrow_rows(con, TABLE, rows))
    return StepResult(written, {"mode": mode, "asked": len(skus), "not_listed": len(skus) - len(offers)})
