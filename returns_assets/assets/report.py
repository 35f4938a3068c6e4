"""Group report: figures for people. Nothing that acts depends on them."""

import dagster as dg

from returns_assets.assets.describe import table_metadata, written
from returns_assets.assets.ingest import ONE_BY_ONE, POOL, Result, Steps
from returns_assets.partitions import marketplace_slice
from returns_assets.steps.report import compute_metrics, publish


def report_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Metrics by day and marketplace; the published copy has no partitions."""

    @dg.asset(deps=["mapped_dispositions", "refund_pushes"], partitions_def=partitions, group_name="report", kinds={"duckdb"},
              backfill_policy=ONE_BY_ONE, pool=POOL, metadata=table_metadata("return_metrics"))  # fmt: skip
    def return_metrics(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Documents, pieces, refunds, money, exceptions, time to refund, return rates."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "return_metrics", partition, compute_metrics(steps, marketplace, day))

    @dg.asset(deps=["return_metrics"], group_name="report", kinds={"duckdb"}, pool=POOL)
    def published_warehouse(steps: Steps) -> Result:
        """The read-only copy of the warehouse that analysts open."""
        result = publish(steps)
        return dg.MaterializeResult(metadata={**result.metadata, "dagster/row_count": result.rows})

    return [return_metrics, published_warehouse]
