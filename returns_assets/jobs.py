"""The jobs that schedules, sensors and people start. Two kinds of partitions cannot share a job, so taking in and acting are two."""

# pyright: reportUnknownMemberType=false
# Dagster's decorators annotate metadata with an open os.PathLike, so that all of them count as partly unknown.

from typing import NamedTuple

import dagster as dg
from dagster import AssetSelection
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition  # what define_asset_job returns

INGESTED = ("returns", "rebound_polls", "rebound_documents", "rebound_returns", "warehouse_events")
PROCESSED = ("mirakl_reference", "mirakl_orders", "mapped_dispositions", "refund_actions", "refund_pushes", "return_metrics")
STATUS = ("mirakl_reference", "marketplace_returns", "return_status_actions", "return_status_pushes")
SALES = ("mirakl_orders", "rebound_orders", "rebound_order_pushes")
RESTOCKED = ("mirakl_orders", "stock_offers", "stock_actions", "stock_pushes", "stock_signals")
AUTHORISED = ("mirakl_reference", "marketplace_returns", "return_requests", "return_request_pushes")
DISPATCHED = ("dispatch_orders", "dispatch_notices", "dispatch_pushes", "late_dispatches")


class Jobs(NamedTuple):
    """`ingest`: a day's documents. `process`: the main job, one day of one marketplace. `status`: Mirakl's returns follow. `dispatch`: what
    left the warehouse. `authorise`: requests for returns. `orders`: what ReBound is told of. `restock`: what goes back on sale. `drift`:
    whether the quantities are right. `publish`: the copy for analysts. The flows beside the main job are jobs of their own, so that a
    failing one stops nothing else."""

    ingest: UnresolvedAssetJobDefinition
    process: UnresolvedAssetJobDefinition
    status: UnresolvedAssetJobDefinition
    dispatch: UnresolvedAssetJobDefinition
    orders: UnresolvedAssetJobDefinition
    restock: UnresolvedAssetJobDefinition
    drift: UnresolvedAssetJobDefinition
    authorise: UnresolvedAssetJobDefinition
    publish: UnresolvedAssetJobDefinition


def build_jobs(days: dg.PartitionsDefinition, partitions: dg.PartitionsDefinition) -> Jobs:
    """Selecting assets selects their checks, too: a run of the main job always has its gate."""
    return Jobs(
        dg.define_asset_job("ingest_returns", AssetSelection.assets(*INGESTED), partitions_def=days,
                            description="Pick dropped files up, poll ReBound, read the day's documents into return events"),
        dg.define_asset_job("process_returns", AssetSelection.assets(*PROCESSED), partitions_def=partitions,
                            description="The main job: orders, decisions, checks, refunds and metrics of one day of one marketplace"),
        dg.define_asset_job("return_status", AssetSelection.assets(*STATUS), partitions_def=partitions,
                            description="Mirakl's returns follow ReBound's: received, assessed, closed, cancelled"),
        dg.define_asset_job("process_dispatches", AssetSelection.assets(*DISPATCHED), partitions_def=partitions,
                            description="Dispatches of one day of one marketplace: orders, carriers, checks, tracking and shipping"),
        dg.define_asset_job("process_rebound_orders", AssetSelection.assets(*SALES), partitions_def=partitions,
                            description="Shipped orders of one day of one marketplace are told to ReBound"),
        dg.define_asset_job("restock", AssetSelection.assets(*RESTOCKED), partitions_def=partitions,
                            description="Restock of one day of one marketplace: pieces decided, checked, quantities set or signalled"),
        dg.define_asset_job("nightly_drift", AssetSelection.assets("stock_drift"), partitions_def=partitions,
                            description="Today's quantities against what they should be"),
        dg.define_asset_job("authorise_returns", AssetSelection.assets(*AUTHORISED), partitions_def=partitions,
                            description="Requests for returns: judged by the order's live lines, authorised at ReBound, written back"),
        dg.define_asset_job("publish", AssetSelection.assets("published_warehouse"),
                            description="Swap in a fresh read-only copy of the warehouse"),
    )  # fmt: skip
