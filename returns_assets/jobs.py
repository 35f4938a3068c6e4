"""The jobs that schedules, sensors and people start. Two kinds of partitions cannot share a job, so taking in and acting are two."""

# pyright: reportUnknownMemberType=false
# Dagster's decorators annotate metadata with an open os.PathLike, so that all of them count as partly unknown.

from collections.abc import Mapping, Sequence
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


# Tags that dagster.yaml's limits and Dagster's queue look at: refunds come first, and the flows beside them never take every slot of a run.
FIRST = {"dagster/priority": "10"}
BESIDE = {"returns/beside": "refunds"}
ALONE = "returns/alone"  # one run of a job for a partition at a time; of another job for the same partition as many as want


def build_jobs(days: dg.PartitionsDefinition, partitions: dg.PartitionsDefinition) -> Jobs:
    """Selecting assets selects their checks, too: a run of the main job always has its gate."""
    return Jobs(
        _job("ingest_returns", INGESTED, days, FIRST, "Pick dropped files up, poll ReBound, read the day's documents into return events"),
        _job("process_returns", PROCESSED, partitions, FIRST,
             "The main job: orders, decisions, checks, refunds and metrics of one day of one marketplace"),
        _job("return_status", STATUS, partitions, BESIDE, "Mirakl's returns follow ReBound's: received, assessed, closed, cancelled"),
        _job("process_dispatches", DISPATCHED, partitions, BESIDE,
             "Dispatches of one day of one marketplace: orders, carriers, checks, tracking and shipping"),
        _job("process_rebound_orders", SALES, partitions, BESIDE, "Shipped orders of one day of one marketplace are told to ReBound"),
        _job("restock", RESTOCKED, partitions, BESIDE,
             "Restock of one day of one marketplace: pieces decided, checked, quantities set or signalled"),
        _job("nightly_drift", ("stock_drift",), partitions, BESIDE, "Today's quantities against what they should be"),
        _job("authorise_returns", AUTHORISED, partitions, BESIDE,
             "Requests for returns: judged by the order's live lines, authorised at ReBound, written back"),
        dg.define_asset_job("publish", AssetSelection.assets("published_warehouse"),
                            description="Swap in a fresh read-only copy of the warehouse"),
    )  # fmt: skip


def _job(
    name: str, assets: Sequence[str], partitions: dg.PartitionsDefinition, tags: Mapping[str, str], description: str
) -> UnresolvedAssetJobDefinition:
    of_partition = dg.PartitionedConfig(
        partitions_def=partitions,
        run_config_for_partition_key_fn=lambda _key: {},
        tags_for_partition_key_fn=lambda key: {ALONE: f"{name} {key}"},
    )
    return dg.define_asset_job(
        name, AssetSelection.assets(*assets), config=of_partition, partitions_def=partitions, tags=tags, description=description
    )
