"""Group authorise, first part: shipped orders are told to ReBound, so that a return can be made for them. Independent of the refunds."""

import dagster as dg

from returns_assets.assets.act import GATED
from returns_assets.assets.describe import table_metadata, written
from returns_assets.assets.ingest import ONE_BY_ONE, POOL, Result, Steps
from returns_assets.partitions import marketplace_slice
from returns_assets.steps.rebound_orders import plan_rebound_orders, push_rebound_orders

GROUP = "authorise"
LINEAGE = {
    "document": [("mirakl_orders", "order_id"), ("mirakl_orders", "commercial_id"), ("mirakl_orders", "created_at")],
    "country": [("mirakl_orders", "ship_to_country")],
}


def rebound_order_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """By day and marketplace."""

    @dg.asset(deps=["mirakl_orders"], partitions_def=partitions, group_name=GROUP, kinds={"duckdb"}, backfill_policy=ONE_BY_ONE, pool=POOL,
              metadata=table_metadata("rebound_orders"))  # fmt: skip
    def rebound_orders(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Orders of the partition as ReBound would get them, and why the others are not told. Its checks decide whether any is."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "rebound_orders", partition, plan_rebound_orders(steps, marketplace, day), lineage=LINEAGE)

    @dg.asset(deps=["rebound_orders"], partitions_def=partitions, group_name=GROUP, kinds={"api", "ledger"}, backfill_policy=ONE_BY_ONE,
              automation_condition=GATED, metadata=table_metadata("rebound_order_pushes"))  # fmt: skip
    def rebound_order_pushes(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Orders told to ReBound (POST /sales-orders), each content at most once, and what became of them."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "rebound_order_pushes", partition, push_rebound_orders(steps, marketplace, day))

    return [rebound_orders, rebound_order_pushes]
