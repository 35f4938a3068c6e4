"""Group dispatch: what left the warehouse is told to Mirakl. Beside the refunds and independent of them."""

import dagster as dg

from returns_assets.assets.act import GATED
from returns_assets.assets.describe import table_metadata, written
from returns_assets.assets.ingest import ONE_BY_ONE, POOL, Result, Steps
from returns_assets.partitions import marketplace_slice
from returns_assets.steps.dispatch import push_dispatches, read_back_lost_dispatches
from returns_assets.steps.dispatch_ingest import ingest_dispatch_orders
from returns_assets.steps.dispatch_late import find_late_dispatches
from returns_assets.steps.dispatch_notices import plan_dispatches

GROUP = "dispatch"
LINEAGE = {
    "carrier_code": [("dispatch_orders", "carrier_code")],
    "order_state": [("dispatch_orders", "order_state")],
    "shipping_deadline": [("dispatch_orders", "shipping_deadline")],
}


def dispatch_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """By day and marketplace."""

    @dg.asset(deps=["warehouse_events"], partitions_def=partitions, group_name=GROUP, kinds={"api", "duckdb"}, backfill_policy=ONE_BY_ONE,
              metadata=table_metadata("dispatch_orders"))  # fmt: skip
    def dispatch_orders(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Every order that the day's dispatches (warehouse_events) name, read fresh, with its shipments; and the operator's carriers."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "dispatch_orders", partition, ingest_dispatch_orders(steps, marketplace, day))

    @dg.asset(deps=["dispatch_orders"], partitions_def=partitions, group_name=GROUP, kinds={"duckdb"}, backfill_policy=ONE_BY_ONE,
              pool=POOL, metadata=table_metadata("dispatch_notices"))  # fmt: skip
    def dispatch_notices(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """What left the warehouse, matched to orders, its carriers translated. Its checks decide whether anything is told."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        read_back_lost_dispatches(steps, marketplace, day)  # before planning, and even if the checks block the push
        return written(steps, "dispatch_notices", partition, plan_dispatches(steps, marketplace, day), lineage=LINEAGE)

    @dg.asset(deps=["dispatch_notices"], partitions_def=partitions, group_name=GROUP, kinds={"api", "ledger"}, backfill_policy=ONE_BY_ONE,
              automation_condition=GATED, metadata=table_metadata("dispatch_pushes"))  # fmt: skip
    def dispatch_pushes(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Dispatches told to Mirakl (OR23 and OR24, or ST01, ST23 and ST24), each at most once, and what became of them."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "dispatch_pushes", partition, push_dispatches(steps, marketplace, day))

    @dg.asset(deps=["dispatch_notices", "dispatch_pushes"], partitions_def=partitions, group_name=GROUP, kinds={"duckdb"},
              backfill_policy=ONE_BY_ONE, pool=POOL, metadata=table_metadata("late_dispatches"))  # fmt: skip
    def late_dispatches(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Orders that left the warehouse and are not shipped in Mirakl, with age and deadline; empty once all of them are told.

        Planning and push write it, too, so that it is right where a check or a failed push keeps this from being run.
        """
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "late_dispatches", partition, find_late_dispatches(steps, marketplace, day))

    return [dispatch_orders, dispatch_notices, dispatch_pushes, late_dispatches]
