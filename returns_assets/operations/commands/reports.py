"""`returns publish`, `returns summary`, `returns data-dictionary`: what others read."""

from datetime import date
from pathlib import Path

import click

from returns_assets.operations.console import program
from returns_assets.operations.dictionary import markdown
from returns_assets.operations.session import DAY, session
from returns_assets.operations.summary import collect, render
from returns_assets.warehouse.published import publish as write_copy


@click.command()
def publish() -> None:
    """Write the read-only copy of the warehouse, swapped in with one rename."""
    with session() as ctx:
        rows = write_copy(ctx.warehouse, ctx.settings.published_path)
        click.echo(f"{ctx.settings.published_path}: {sum(rows.values())} rows in {len(rows)} tables")


@click.command()
@click.option("--from", "first_day", type=DAY, help="First partition day.")
@click.option("--to", "last_day", type=DAY, help="Last partition day.")
def summary(first_day: date | None, last_day: date | None) -> None:
    """Documents, pieces, refunds and money by marketplace; open exceptions by cause and what to do about each."""
    if first_day is not None and last_day is not None and last_day < first_day:
        raise click.UsageError("--to is before --from")
    with session() as ctx:
        click.echo(render(collect(ctx, first_day, last_day), program()))


@click.command("data-dictionary")
@click.option("--write", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
@click.option("--check", "expected", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Fail if this file differs.")
def data_dictionary(path: Path | None, expected: Path | None) -> None:
    """The warehouse's tables and columns with their meanings, and example queries, as Markdown."""
    text = markdown()
    if expected is not None and expected.read_text(encoding="utf-8") != text:
        raise click.ClickException(f"{expected} is not what the schema says; run `make docs`")
    if path is not None:
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {path}")
    elif expected is None:
        click.echo(text)
