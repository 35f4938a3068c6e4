"""Group act: the only assets that change something outside. Three gates stand before each: the blocking checks of the run, the
automation condition, and the step itself, which acts on nothing that is not validated as it is now.
"""

import dagster as dg

from returns_assets.assets.describe import table_metadata, written
from returns_assets.assets.ingest import ONE_BY_ONE, Result, Steps
from returns_assets.partitions import marketplace_slice
from returns_assets.steps.act import push_refunds, register_refunds

# The blocking checks of direct dependencies only are looked at: whatever acts names mapped_dispositions as one.
GATED = dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()


def act_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """By day and marketplace."""

    @dg.asset(deps=["mapped_dispositions"], partitions_def=partitions, group_name="act", kinds={"ledger"}, backfill_policy=ONE_BY_ONE,
              automation_condition=GATED, metadata=table_metadata("refund_actions"))  # fmt: skip
    def refund_actions(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Pieces to be refunded, registered in the ledger: one effect an order line and reason. Sends nothing."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "refund_actions", partition, register_refunds(steps, marketplace, day))

    @dg.asset(deps=["refund_actions", "mapped_dispositions"], partitions_def=partitions, group_name="act", kinds={"api", "ledger"},
              backfill_policy=ONE_BY_ONE, automation_condition=GATED, metadata=table_metadata("refund_pushes"))  # fmt: skip
    def refund_pushes(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Registered refunds sent to Mirakl (OR28), each at most once, and what became of them."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        return written(steps, "refund_pushes", partition, push_refunds(steps, marketplace, day))

    return [refund_actions, refund_pushes]
