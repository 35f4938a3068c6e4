"""`returns exceptions`: the queue of what a person or time must clear."""

from datetime import date

import click

from returns_assets.ledger.exceptions import OpenException
from returns_assets.operations.console import moment, shortened, table
from returns_assets.operations.session import DAY, actor_option, session


@click.group()
def exceptions() -> None:
    """The exception queue: what keeps a piece or a document from being settled, and what to do about it.

    An exception whose cause is fixed closes by itself when its partition is run again.
    """


@exceptions.command("list")
@click.option("--marketplace", help="Only this marketplace.")
@click.option("--day", type=DAY, help="Only this partition day.")
@click.option("--class", "exception_class", type=click.Choice(["technical", "mapping", "logical", "policy"]), help="Only this class.")
@click.option("--cause", help="Only this cause.")
@click.option("--all", "resolved_too", is_flag=True, help="Resolved ones too.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
def list_exceptions(
    marketplace: str | None, day: date | None, exception_class: str | None, cause: str | None, resolved_too: bool, limit: int
) -> None:
    """Open exceptions, oldest first."""
    with session() as ctx:
        if marketplace is not None:
            ctx.mappings.marketplace(marketplace)
        found = ctx.ledger.exceptions.list(
            None if resolved_too else "open",
            marketplace=marketplace,
            day=day,
            exception_class=exception_class,
            cause=cause,
            limit=limit + 1,
        )
    if not found:
        click.echo("No exceptions.")
        return
    rows = [
        (e.id, e.day, e.marketplace, e.exception_class, e.cause, shortened(e.subject, 60), e.count, e.state, shortened(e.todo, 60))
        for e in found[:limit]
    ]
    click.echo(table(["id", "day", "marketplace", "class", "cause", "subject", "seen", "state", "what to do"], rows, right=["id", "seen"]))
    if len(found) > limit:
        click.echo(f"... more than {limit}; --limit shows more, --cause and --marketplace fewer")


@exceptions.command("show")
@click.argument("exception_id", type=int)
def show_exception(exception_id: int) -> None:
    """One exception with its history."""
    with session() as ctx:
        found = ctx.ledger.exceptions.get(exception_id)
        history = ctx.ledger.exceptions.history(exception_id)
    if found is None:
        raise click.ClickException(f"there is no exception {exception_id}; `returns exceptions list --all` shows them")
    for name, value in (
        ("exception", found.id),
        ("state", found.state),
        ("class", found.exception_class),
        ("cause", found.cause),
        ("marketplace", found.marketplace),
        ("day", found.day),
        (found.subject_kind, found.subject),
        ("detail", found.detail),
        ("what to do", found.todo),
        ("seen", _seen(found)),
        ("note", found.note),
    ):
        if value not in (None, ""):
            click.echo(f"{name:<12} {value}")
    click.echo()
    click.echo(table(["at", "event", "by", "note"], [(moment(e.at), e.event, e.actor, e.note) for e in history]))


def _seen(found: OpenException) -> str:
    if found.count == 1:
        return f"once, {moment(found.first_seen)}"
    return f"{found.count} times, {moment(found.first_seen)} to {moment(found.last_seen)}"


@exceptions.command("resolve")
@click.argument("exception_id", type=int)
@click.option("--note", required=True, help="What was done; kept for ever.")
@actor_option
def resolve_exception(exception_id: int, note: str, actor: str) -> None:
    """Close an exception by hand. It is reopened if the next run still finds its cause."""
    with session(actor) as ctx:
        if not ctx.ledger.exceptions.resolve(exception_id, actor, note, now=ctx.now()):
            known = ctx.ledger.exceptions.get(exception_id)
            state = "there is no such exception" if known is None else f"it is {known.state} (by {known.resolved_by}: {known.note})"
            raise click.ClickException(f"exception {exception_id} was not open: {state}")
    click.echo(f"resolved {exception_id}")
