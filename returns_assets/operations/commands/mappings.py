"""`returns mappings`: are the tables right in themselves, and do they still fit the operators' live lists."""

import json

import click

from returns_assets.mirakl.errors import MiraklError
from returns_assets.operations.live_lists import compare
from returns_assets.operations.session import session
from returns_assets.settings import load_settings
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import MappingError


@click.group()
def mappings() -> None:
    """The mapping tables in RETURNS_MAPPINGS: marketplaces, reasons, carriers, dispositions, policy, refusals, ReBound's profile."""


@mappings.command("check")
@click.option("--live", is_flag=True, help="Compare with each marketplace's live lists as well (needs URLs and keys).")
@click.option("--marketplace", "wanted", multiple=True, help="With --live: only this marketplace.")
def check(live: bool, wanted: tuple[str, ...]) -> None:
    """Validate every table; each fault is named with its file, line and what is allowed."""
    settings = load_settings()
    loaded = load_mappings(settings.mappings)
    keys = [loaded.marketplace(key).key for key in wanted] or list(loaded.marketplaces)
    click.echo(f"{settings.mappings}: {len(loaded.marketplaces)} marketplaces, version {loaded.version[:12]}: valid")
    if not live:
        return
    findings = 0
    unasked: list[str] = []
    with session() as ctx:
        for key in keys:
            try:
                found = compare(ctx, key)
            except (MappingError, MiraklError) as error:
                unasked.append(key)
                click.echo(f"{key}: not compared: {error}", err=True)
                continue
            findings += len(found)
            for finding in found:
                click.echo(f"{key}: {finding}")
    if findings or unasked:
        missed = f"; not compared: {', '.join(unasked)}" if unasked else ""
        raise click.ClickException(f"{findings} differences from the live lists{missed}")
    click.echo(f"live lists of {', '.join(keys)}: every mapped code is there and may be used")


@mappings.command("versions")
def versions() -> None:
    """The versions that runs have used, newest first; each decision names its version."""
    with session() as ctx:
        for version in ctx.ledger.mapping_versions.list():
            click.echo(f"{version.version}  first used {version.first_seen:%Y-%m-%d %H:%M:%S}")


@mappings.command("show")
@click.argument("version", required=False)
def show(version: str | None) -> None:
    """The content of a version (its full hash, or a beginning of it), by default of the tables as they are now."""
    with session() as ctx:
        known = [v.version for v in ctx.ledger.mapping_versions.list()]
        matching = [v for v in known if v.startswith(version)] if version else [ctx.mappings.version]
        if len(matching) != 1:
            raise click.ClickException(f"{len(matching)} versions begin with {version!r}; `returns mappings versions` lists them")
        click.echo(json.dumps(ctx.ledger.mapping_versions.get(matching[0]), indent=2, ensure_ascii=False, default=str))
