"""Group stock: what came back and is sellable goes back on sale. Beside the refunds and independent of them."""

import dagster as dg

from returns_assets.assets.act import GATED
from returns_assets.assets.describe import table_metadata, written
from returns_assets.assets.ingest import ONE_BY_ONE, POOL, Result, Steps
from returns_assets.partitions import marketplace_slice
from returns_assets.steps.stock_drift import measure_drift
from returns_assets.steps.stock_ingest import ingest_stock_offers
from returns_assets.steps.stock_plan import plan_stock
from returns_assets.steps.stock_push import follow_stock, push_stock
from returns_assets.steps.stock_signals import write_signals

GROUP = "stock"
LINEAGE = {
    "disposition": [("rebound_returns", "disposition")],
    "shelf_sku": [("warehouse_events", "sku")],
    "sku": [("stock_offers", "sku"), ("mirakl_orders", "order_id")],
}


def stock_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """By day and marketplace."""

    @dg.asset(deps=["mirakl_orders"], partitions_def=partitions, group_name=GROUP, kinds={"api", "duckdb"}, backfill_policy=ONE_BY_ONE,
              metadata=table_metadata("stock_offers"))  # fmt: skip
    def stock_offers(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Offers of the SKUs that the day's returns may put back on sale, as they are now (OF21)."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "stock_offers", partition, ingest_stock_offers(steps, marketplace, day))

    @dg.asset(deps=["rebound_returns", "warehouse_events", "mirakl_orders", "stock_offers"], partitions_def=partitions, group_name=GROUP,
              kinds={"duckdb"}, backfill_policy=ONE_BY_ONE, pool=POOL, metadata=table_metadata("stock_actions"))  # fmt: skip
    def stock_actions(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Pieces whose trigger event arrived: which go back on sale, and why the others do not. Nothing new is sent."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        follow_stock(steps, marketplace, day)  # before planning, and even if the checks block the push
        return written(steps, "stock_actions", partition, plan_stock(steps, marketplace, day), lineage=LINEAGE)

    @dg.asset(deps=["stock_actions"], partitions_def=partitions, group_name=GROUP, kinds={"api", "ledger"}, backfill_policy=ONE_BY_ONE,
              automation_condition=GATED, metadata=table_metadata("stock_pushes"))  # fmt: skip
    def stock_pushes(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Units added to Mirakl's quantity (STO01, followed to its end), each at most once; or registered as signals."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "stock_pushes", partition, push_stock(steps, marketplace, day))

    @dg.asset(deps=["stock_pushes"], partitions_def=partitions, group_name=GROUP, kinds={"duckdb", "file"}, backfill_policy=ONE_BY_ONE,
              pool=POOL, metadata=table_metadata("stock_signals"))  # fmt: skip
    def stock_signals(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """The feed for the retailer's ERP: a row and a line a unit, with a stable id."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "stock_signals", partition, write_signals(steps, marketplace, day))

    @dg.asset(partitions_def=partitions, group_name=GROUP, kinds={"api", "duckdb"}, backfill_policy=ONE_BY_ONE,
              metadata=table_metadata("stock_drift"))  # fmt: skip
    def stock_drift(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Every night, quantities as read against what they should be since the reading before; the difference named."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "stock_drift", partition, measure_drift(steps, marketplace, day))

    return [stock_offers, stock_actions, stock_pushes, stock_signals, stock_drift]
