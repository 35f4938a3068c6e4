"""`returns poll`: ask ReBound and the SFTP servers what is new."""

import click

from returns_assets.operations.session import session
from returns_assets.steps.polls import poll_rebound
from returns_assets.steps.sftp import pick_up_sftp


@click.command()
@click.option("--if-due", is_flag=True, help="Only what was not polled within its interval_seconds, as the schedules do.")
def poll(if_due: bool) -> None:
    """Poll ReBound, as the profiles in rebound.yaml say, and look at the SFTP servers of rebound.yaml and warehouse.yaml.

    A file at a server is taken once it has not changed for quiet_seconds, so it needs two looks.
    """
    with session() as ctx:
        profiles = ctx.mappings.rebound.profile
        servers = pick_up_sftp(ctx)
        reports = poll_rebound(ctx, even_if_recent=not if_due)
    failed = [f"sftp {name}: {sentence}" for name, look in servers.items() for sentence in look.sentences()]
    for name, look in servers.items():
        click.echo(f"sftp {name}: {', '.join(f'{number} {what}' for what, number in look.counts().items())}")
    if not reports and not servers:
        click.echo(f"nothing to poll: profile in rebound.yaml is {', '.join(profiles)}; g3_rest_poll, g1_legacy_poll and sftp are polled")
    for report in reports:
        restarted = "; the cursor had expired, began again at the watermark" if report.restarted else ""
        click.echo(f"{report.poll}: {report.state}, {report.taken} documents, {report.new} new, {report.skipped} not kept{restarted}")
        failed += [record.detail for record in report.failed]
    for sentence in failed:
        click.echo(f"failed: {sentence}", err=True)
    if failed:
        raise click.exceptions.Exit(1)
