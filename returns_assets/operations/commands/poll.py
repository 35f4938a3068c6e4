"""`returns poll`: ask the ReBound accounts that do not push what is new."""

import click

from returns_assets.operations.session import session
from returns_assets.steps.polls import poll_rebound


@click.command()
@click.option("--if-due", is_flag=True, help="Only what was not polled within its interval_seconds, as the schedules do.")
def poll(if_due: bool) -> None:
    """Poll ReBound into the inbox, as the profiles in rebound.yaml say."""
    with session() as ctx:
        profiles = ctx.mappings.rebound.profile
        reports = poll_rebound(ctx, even_if_recent=not if_due)
    if not reports:
        click.echo(f"nothing to poll: profile in rebound.yaml is {', '.join(profiles)}; g3_rest_poll and g1_legacy_poll are polled")
    for report in reports:
        restarted = "; the cursor had expired, began again at the watermark" if report.restarted else ""
        click.echo(f"{report.poll}: {report.state}, {report.taken} documents, {report.new} new, {report.skipped} not kept{restarted}")
        for record in report.failed:
            click.echo(f"failed: {record.detail}", err=True)
    if any(report.failed for report in reports):
        raise click.exceptions.Exit(1)
