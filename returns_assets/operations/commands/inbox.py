"""`returns inbox`: documents of ReBound and the warehouse, kept as they came."""

from datetime import date
from pathlib import Path
from typing import Literal

import click

from returns_assets.operations.console import moment, shortened, table
from returns_assets.operations.session import DAY, session
from returns_assets.rebound.importer import import_directory
from returns_assets.steps.inbox import keep, pick_up_returns

SHOWN = 10  # folders and files of no channel that are named
STRANGERS_EXIT = 3


@click.group()
def inbox() -> None:
    """Documents as they were received: the same bytes on the same channel are one document."""


@inbox.command("import")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--received-at",
    type=click.Choice(["mtime", "path", "now"]),
    required=True,
    help="The day each document belongs to: its file's time, a YYYY-MM-DD in its path, or today.",
)
def import_documents(directory: Path, received_at: Literal["mtime", "path", "now"]) -> None:
    """File past documents under their past days. DIRECTORY has one folder a channel (or one a day with such folders); files stay there.

    Exit code 3: something in DIRECTORY belongs to no channel and was left out; 1: a file of a channel was not taken.
    """
    with session() as ctx:
        known = list(ctx.mappings.rebound.channels)
        report = import_directory(directory, received_at, keep(ctx), channels=known, now=ctx.now)
        first_day = ctx.mappings.first_day
    if not report.channels:
        raise click.ClickException(f"{directory} has no folder of a channel; rebound.yaml has: {', '.join(known)}. Nothing was imported")
    click.echo(f"{report.documents} documents, {report.new} new")
    for day, number in sorted(report.days.items()):
        click.echo(f"  {day}  {number}")
    for sentence in report.refused:
        click.echo(f"not taken: {sentence}", err=True)
    if early := [day for day in report.days if day < first_day]:
        click.echo(f"warning: {min(early)} is before first_day {first_day} in marketplaces.yaml and has no partition", err=True)
    if report.strangers:
        more = f" and {len(report.strangers) - SHOWN} more" if len(report.strangers) > SHOWN else ""
        named = ", ".join(report.strangers[:SHOWN])
        click.echo(f"not taken, no channel of rebound.yaml: {named}{more}; there are {', '.join(known)}", err=True)
    if report.refused or report.strangers:
        raise click.exceptions.Exit(1 if report.refused else STRANGERS_EXIT)


@inbox.command("pickup")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    help="Seconds before the second look.",
)
def pickup(wait: float) -> None:
    """Take finished files from RETURNS_HOME/inbox/CHANNEL/: unchanged since the look before, or with NAME.done beside them."""
    with session() as ctx:
        report = pick_up_returns(ctx, look_again_after=wait)
    click.echo(f"{report.taken} taken, {report.new} new, {report.waiting} may still be written, {len(report.unreadable)} unreadable")
    for bad in report.unreadable:
        click.echo(f"unreadable: {bad.name}: {bad.fault}", err=True)
    for sentence in report.failed:
        click.echo(f"failed: {sentence}", err=True)


@inbox.command("list")
@click.option("--day", type=DAY, help="The documents of this day; without it, how many each day has.")
def list_documents(day: date | None) -> None:
    """What is in the inbox."""
    with session() as ctx:
        if day is None:
            click.echo(table(["day", "documents"], ctx.ledger.inbox.days(), right=["documents"]))
            return
        rows = [(d.id, moment(d.received_at), d.channel, len(d.content), shortened(d.name, 60)) for d in ctx.ledger.inbox.documents(day)]
    click.echo(table(["id", "received", "channel", "bytes", "name"], rows, right=["id", "bytes"]))


@inbox.command("show")
@click.argument("document_id", type=int)
def show_document(document_id: int) -> None:
    """One document's bytes, as they came."""
    with session() as ctx:
        found = ctx.ledger.inbox.get(document_id)
    if found is None:
        raise click.ClickException(f"there is no document {document_id}; `returns inbox list --day DAY` shows them")
    click.echo(found.content, nl=False)
