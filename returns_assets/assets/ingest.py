"""Group ingest: what ReBound and the warehouse sent, and what Mirakl knows about the orders that it names."""

from typing import Any

import dagster as dg

from returns_assets.assets.describe import table_metadata, written
from returns_assets.partitions import day_slice, marketplace_slice
from returns_assets.steps.context import StepContext
from returns_assets.steps.inbox import pick_up_returns
from returns_assets.steps.ingest_mirakl import ingest_orders, ingest_reference
from returns_assets.steps.ingest_rebound import ingest_documents, ingest_returns
from returns_assets.steps.ingest_warehouse import ingest_warehouse
from returns_assets.steps.polls import poll_rebound
from returns_assets.steps.sftp import pick_up_sftp

GROUP = "ingest"
# Writers of the warehouse. No limit by default: a DuckDB file's writers queue by themselves (warehouse/connection.py), and a slot would be
# lost with a killed run. An installation with many workers may set one.
POOL = "warehouse"
Steps = dg.ResourceParam[StepContext]
Result = dg.MaterializeResult[Any]
# One partition a run: a ranged run would give the checks one verdict for the whole range.
ONE_BY_ONE = dg.BackfillPolicy.multi_run(1)


def rebound_assets(days: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """By day alone: a document has no marketplace until it is routed."""

    @dg.asset(group_name=GROUP, kinds={"file"})
    def returns(steps: Steps) -> Result:
        """Files that ReBound or the warehouse dropped here or at an SFTP server, taken into the inbox; half-written files are left alone,
        bad ones kept aside."""
        local = pick_up_returns(steps)
        servers = pick_up_sftp(steps)
        looks = [local, *servers.values()]
        days = sorted({day.isoformat() for look in looks for day in look.days})
        counts = {name: sum(look.counts()[name] for look in looks) for name in ("taken", "new", "waiting", "unreadable")}
        failed = [*local.failed, *(sentence for look in servers.values() for sentence in look.sentences())]
        sftp = {name: look.counts() for name, look in servers.items()}
        return dg.MaterializeResult(metadata={**counts, "days": days, "failed": failed, "sftp": sftp})

    @dg.asset(group_name=GROUP, kinds={"api"})
    def rebound_polls(steps: Steps) -> Result:
        """What ReBound accounts that do not push have to say, polled into the inbox; says so when rebound.yaml names no poll."""
        reports = poll_rebound(steps)
        state = "; ".join(f"{report.poll}: {report.state}" for report in reports) or "nothing to poll: rebound.yaml names no poll"
        days = sorted({day.isoformat() for report in reports for day in report.days})
        counts = {"taken": sum(report.taken for report in reports), "new": sum(report.new for report in reports)}
        polls = {report.poll: report.counts() for report in reports}
        profiles = steps.mappings.rebound.profile
        return dg.MaterializeResult(metadata={"profiles": profiles, "state": state, **counts, "polls": polls, "days": days})

    @dg.asset(deps=[returns, rebound_polls], partitions_def=days, group_name=GROUP, kinds={"duckdb"}, backfill_policy=ONE_BY_ONE, pool=POOL,
              metadata=table_metadata("rebound_documents"))  # fmt: skip
    def rebound_documents(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """The day's documents as received: one row each, with what could be read of them."""
        day = day_slice(context.partition_key)
        return written(steps, "rebound_documents", {"day": day}, ingest_documents(steps, day))

    @dg.asset(deps=[rebound_documents], partitions_def=days, group_name=GROUP, kinds={"duckdb"}, backfill_policy=ONE_BY_ONE, pool=POOL,
              metadata=table_metadata("rebound_returns"))  # fmt: skip
    def rebound_returns(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """The day's return events, ReBound's and the warehouse's, in the product's own words, each routed to its marketplace."""
        day = day_slice(context.partition_key)
        return written(steps, "rebound_returns", {"day": day}, ingest_returns(steps, day))

    @dg.asset(deps=[rebound_documents, rebound_returns], partitions_def=days, group_name=GROUP, kinds={"duckdb"},
              backfill_policy=ONE_BY_ONE, pool=POOL, metadata=table_metadata("warehouse_events"))  # fmt: skip
    def warehouse_events(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """What the warehouse's files of the day told: put away, inspected, received, dispatched; its word about pieces is in
        rebound_returns, too."""
        day = day_slice(context.partition_key)
        return written(steps, "warehouse_events", {"day": day}, ingest_warehouse(steps, day))

    return [returns, rebound_polls, rebound_documents, rebound_returns, warehouse_events]


def mirakl_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """By day and marketplace."""

    @dg.asset(partitions_def=partitions, group_name=GROUP, kinds={"api", "duckdb"}, backfill_policy=ONE_BY_ONE,
              metadata=table_metadata("mirakl_reference"))  # fmt: skip
    def mirakl_reference(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """The operator's live lists: refund reasons, taxes, currencies, platform configuration, balance."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "mirakl_reference", partition, ingest_reference(steps, marketplace, day))

    @dg.asset(deps=["rebound_returns"], partitions_def=partitions, group_name=GROUP, kinds={"api", "duckdb"}, backfill_policy=ONE_BY_ONE,
              metadata=table_metadata("mirakl_orders"))  # fmt: skip
    def mirakl_orders(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Orders changed in the window and every order that the day's returns name, with lines and refunds."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "mirakl_orders", partition, ingest_orders(steps, marketplace, day))

    return [mirakl_reference, mirakl_orders]
