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
AUTHORISED = ("mirakl_reference", "marketplace_returns", "return_requests", "return_request_pushes")
DISPATCHED = ("dispatch_orders", "dispatch_notices", "dispatch_pushes", "late_dispatches")


class Jobs(NamedTuple):
    """`ingest`: a day's documents. `process`: the main job, one day of one marketplace. `status`: Mirakl's returns follow. `dispatch`: what
    left the warehouse. `authorise`: requests for returns. `publish`: the copy for analysts. The flows beside the main job are jobs of
    their own, so that a failing one stops nothing else."""

    ingest: UnresolvedAssetJobDefinition
    process: UnresolvedAssetJobDefinition
    status: UnresolvedAssetJobDefinition
    dispatch: UnresolvedAssetJobDefinition
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
        dg.define_asset_job("authorise_returns", AssetSelection.assets(*AUTHORISED), partitions_def=partitions,
                            description="Requests for returns: judged by the order's live lines, authorised at ReBound, written back"),
        dg.define_asset_job("publish", AssetSelection.assets("published_warehouse"),
                            description="Swap in a fresh read-only copy of the warehouse"),
    )  # fmt: skip
