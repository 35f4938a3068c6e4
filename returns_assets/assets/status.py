"""Group status: Mirakl's return follows ReBound's. A flow of its own: it neither waits for refunds nor holds them up."""

import dagster as dg

from returns_assets.assets.act import GATED
from returns_assets.assets.describe import table_metadata, written
from returns_assets.assets.ingest import GROUP as INGEST
from returns_assets.assets.ingest import ONE_BY_ONE, POOL, Result, Steps
from returns_assets.partitions import marketplace_slice
from returns_assets.steps.ingest_marketplace_returns import ingest_marketplace_returns
from returns_assets.steps.push_return_status import push_return_status
from returns_assets.steps.return_status import plan_return_status

GROUP = "status"


def status_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """By day and marketplace."""

    @dg.asset(deps=["rebound_returns", "mirakl_reference"], partitions_def=partitions, group_name=INGEST, kinds={"api", "duckdb"},
              backfill_policy=ONE_BY_ONE, metadata=table_metadata("marketplace_returns"))  # fmt: skip
    def marketplace_returns(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Returns as Mirakl lists them (RT11): changed on the day, or of an order that the day's ReBound events name."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "marketplace_returns", partition, ingest_marketplace_returns(steps, marketplace, day))

    @dg.asset(deps=["rebound_returns", "marketplace_returns", "mirakl_reference"], partitions_def=partitions, group_name=GROUP,
              kinds={"duckdb"}, backfill_policy=ONE_BY_ONE, pool=POOL, metadata=table_metadata("return_status_actions"))  # fmt: skip
    def return_status_actions(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """What Mirakl's return should show of each ReBound return: received, assessed, closed or cancelled. Sends nothing."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "return_status_actions", partition, plan_return_status(steps, marketplace, day))

    @dg.asset(deps=["return_status_actions"], partitions_def=partitions, group_name=GROUP, kinds={"api", "ledger"},
              backfill_policy=ONE_BY_ONE, automation_condition=GATED, metadata=table_metadata("return_status_pushes"))  # fmt: skip
    def return_status_pushes(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Steps sent to Mirakl (RT25, RT26, RT27, RT29), each at most once, and how long Mirakl's status was behind."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "return_status_pushes", partition, push_return_status(steps, marketplace, day))

    return [marketplace_returns, return_status_actions, return_status_pushes]
