"""Group translate: return events become decisions."""

import dagster as dg

from returns_assets.assets.describe import table_metadata, written
from returns_assets.assets.ingest import ONE_BY_ONE, POOL, Result, Steps
from returns_assets.partitions import marketplace_slice
from returns_assets.steps.act import read_back_lost_answers
from returns_assets.steps.translate import map_dispositions

# Where the translated codes come from, for the column lineage in the UI.
LINEAGE = {
    "reason": [("rebound_returns", "reason_raw"), ("rebound_returns", "reason")],
    "disposition": [("rebound_returns", "disposition_raw"), ("rebound_returns", "disposition")],
    "refund_reason_code": [("rebound_returns", "reason"), ("mirakl_reference", "code")],
    "order_line_id": [
        ("rebound_returns", "line_ref"),
        ("rebound_returns", "sku"),
        ("rebound_returns", "ean"),
        ("mirakl_orders", "order_id"),
    ],
    "line_state": [("mirakl_orders", "order_state")],
}


def translate_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """By day and marketplace."""

    @dg.asset(deps=["rebound_returns", "mirakl_orders", "mirakl_reference"], partitions_def=partitions, group_name="translate",
              kinds={"duckdb"}, backfill_policy=ONE_BY_ONE, pool=POOL, metadata=table_metadata("mapped_dispositions"))  # fmt: skip
    def mapped_dispositions(context: dg.AssetExecutionContext, steps: Steps) -> Result:
        """Every piece with a definitive event: matched, translated, decided, priced. Its checks decide whether anything is sent."""
        marketplace, day = marketplace_slice(context.partition_key)
        partition = {"marketplace": marketplace, "day": day}
        read_back_lost_answers(steps, marketplace, day)  # before planning, which nets what was paid; and even if the checks block the push
        return written(steps, "mapped_dispositions", partition, map_dispositions(steps, marketplace, day), lineage=LINEAGE)

    return [mapped_dispositions]
