"""Group authorise: who asks for a return, and what ReBound and Mirakl are told. Beside the refunds and independent of them."""

import dagster as dg

from returns_assets.assets.act import GATED
from returns_assets.assets.describe import table_metadata, written
from returns_assets.assets.ingest import ONE_BY_ONE, Result, Steps
from returns_assets.partitions import marketplace_slice
from returns_assets.steps.push_return_requests import push_return_requests, read_back_lost_requests
from returns_assets.steps.return_requests import plan_return_requests

GROUP = "authorise"


def authorise_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """By day and marketplace."""

    @dg.asset(deps=["rebound_returns", "marketplace_returns", "mirakl_reference"], partitions_def=partitions, group_name=GROUP,
              kinds={"api", "duckdb"}, backfill_policy=ONE_BY_ONE, metadata=table_metadata("return_requests"))  # fmt: skip
    def return_requests(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Returns that customers opened in Mirakl or registered at ReBound on the day, judged by their orders as they are now."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        read_back_lost_requests(steps, marketplace, day)  # before planning, and even if the checks block the push
        return written(steps, "return_requests", partition, plan_return_requests(steps, marketplace, day))

    @dg.asset(deps=["return_requests"], partitions_def=partitions, group_name=GROUP, kinds={"api", "ledger"}, backfill_policy=ONE_BY_ONE,
              automation_condition=GATED, metadata=table_metadata("return_request_pushes"))  # fmt: skip
    def return_request_pushes(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Accepted or refused (RT21), created (RT01), authorised at ReBound, written back (RT04): each at most once."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "return_request_pushes", partition, push_return_requests(steps, marketplace, day))

    return [return_requests, return_request_pushes]
