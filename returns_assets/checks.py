"""The suites of quality/ as asset checks: one op an asset, one check an expectation, blocking where the table says critical.

What is expected is in quality/suites.py; here is only how a finding looks in Dagster.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from returns_assets.assets.ingest import Steps
from returns_assets.partitions import day_slice, marketplace_slice
from returns_assets.quality.dispatch_suite import NOTICES
from returns_assets.quality.findings import Finding, markdown_table
from returns_assets.quality.gate import validate_actions, validate_dataset
from returns_assets.quality.rebound_orders_suite import SALES
from returns_assets.quality.request_suite import REQUESTS
from returns_assets.quality.status_suite import STATUS
from returns_assets.quality.stock_suite import STOCK
from returns_assets.quality.suites import MAPPED, ORDERS, PARTITION_GATE, RETURNS, WAREHOUSE, suite

GATE_SAYS = "where the marketplace's gate is `partition`: no row's code or state fails to validate (see codes_validate, states_validate)"


def check_specs(asset: str, partitions: dg.PartitionsDefinition) -> list[dg.AssetCheckSpec]:
    """One spec an expectation of the asset. With partitions_def, so that a verdict is kept for each partition."""
    specs = [
        dg.AssetCheckSpec(
            e.name, asset=asset, description=e.says, blocking=e.blocking, partitions_def=partitions, metadata={"todo": e.todo}
        )
        for e in suite(asset)
    ]
    if asset == MAPPED:
        specs.append(dg.AssetCheckSpec(PARTITION_GATE, asset=asset, description=GATE_SAYS, blocking=True, partitions_def=partitions))
    return specs


def results(asset: str, findings: Sequence[Finding]) -> Iterator[dg.AssetCheckResult]:
    """Findings as check results: counts, percentage, and a table of sample keys. A broken check is an error, whatever its severity."""
    for finding in findings:
        error = finding.severity == "critical" or bool(finding.broken)
        yield dg.AssetCheckResult(
            asset_key=asset,
            check_name=finding.name,
            passed=finding.passed,
            severity=dg.AssetCheckSeverity.ERROR if error else dg.AssetCheckSeverity.WARN,
            description=finding.sentence(),
            metadata={
                "evaluated": finding.evaluated,
                "unexpected": finding.unexpected,
                "unexpected_percent": round(finding.percent, 3),
                "broken": bool(finding.broken),
                "sample": dg.MetadataValue.md(markdown_table(finding.sample)),
            },
        )


def asset_checks(days: dg.PartitionsDefinition, partitions: dg.PartitionsDefinition) -> list[dg.AssetChecksDefinition]:
    """All checks of the location. None can be run in part: the verdict is about the whole suite."""

    @dg.multi_asset_check(name="check_rebound_returns", specs=check_specs(RETURNS, days))
    def check_rebound_returns(context: dg.AssetCheckExecutionContext, steps: Steps) -> Iterator[dg.AssetCheckResult]:
        yield from results(RETURNS, validate_dataset(steps, RETURNS, None, day_slice(context.partition_key)))

    @dg.multi_asset_check(name="check_warehouse_events", specs=check_specs(WAREHOUSE, days))
    def check_warehouse_events(context: dg.AssetCheckExecutionContext, steps: Steps) -> Iterator[dg.AssetCheckResult]:
        yield from results(WAREHOUSE, validate_dataset(steps, WAREHOUSE, None, day_slice(context.partition_key)))

    @dg.multi_asset_check(name="check_mirakl_orders", specs=check_specs(ORDERS, partitions))
    def check_mirakl_orders(context: dg.AssetCheckExecutionContext, steps: Steps) -> Iterator[dg.AssetCheckResult]:
        yield from results(ORDERS, validate_dataset(steps, ORDERS, *marketplace_slice(context.partition_key)))

    acted_on = [_acted_on(asset, partitions) for asset in (MAPPED, STATUS, NOTICES, SALES, STOCK, REQUESTS)]
    return [check_rebound_returns, check_warehouse_events, check_mirakl_orders, *acted_on]


def _acted_on(asset: str, partitions: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """The checks of a dataset that something is sent because of: their verdict is recorded, and releases its effects."""

    @dg.multi_asset_check(name=f"check_{asset}", specs=check_specs(asset, partitions))
    def check(context: dg.AssetCheckExecutionContext, steps: Steps) -> Iterator[dg.AssetCheckResult]:
        yield from results(asset, validate_actions(steps, asset, *marketplace_slice(context.partition_key)))

    return check
