"""`returns effects`: what was, will be or may have been changed in Mirakl, and a person's word on what nobody else can know."""

import json

import click
from sqlalchemy.exc import IntegrityError

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Effect
from returns_assets.ledger.states import STATES
from returns_assets.mirakl.errors import MiraklError
from returns_assets.operations.console import moment, money, shortened, table
from returns_assets.operations.session import actor_option, session
from returns_assets.steps.act_decide import doubt
from returns_assets.steps.context import StepContext
from returns_assets.translation.model import MappingError

REFUND = "refund"  # the one kind whose change a person can name by an id that Mirakl shows; for the others the person's word counts


@click.group()
def effects() -> None:
    """The ledger of effects: each refund once, with every step of its life."""


@effects.command("list")
@click.option("--marketplace", help="Only this marketplace.")
@click.option("--state", type=click.Choice(STATES), help="Only this state.")
@click.option("--order", "order_id", help="Only this Mirakl order.")
@click.option("--line", "order_line_id", help="Only this order line.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
def list_effects(marketplace: str | None, state: str | None, order_id: str | None, order_line_id: str | None, limit: int) -> None:
    """Effects, newest first."""
    with session() as ctx:
        if marketplace is not None:
            ctx.mappings.marketplace(marketplace)
        found = ctx.ledger.effects.search(marketplace=marketplace, state=state, order_id=order_id, subject=order_line_id, limit=limit)
    if not found:
        click.echo("No effects.")
        return
    rows = [
        (
            e.id,
            e.kind,
            e.day,
            e.marketplace,
            e.subject,
            e.state,
            e.cause,
            money(e.amount),
            money(e.shipping_amount),
            e.currency,
            e.external_id,
        )
        for e in found
    ]
    headers = ["id", "kind", "day", "marketplace", "order line", "state", "cause", "amount", "shipping", "", "refund id"]
    click.echo(table(headers, rows, right=["id", "amount", "shipping"]))


@effects.command("show")
@click.argument("number", metavar="ID_OR_KEY")
def show_effect(number: str) -> None:
    """One effect by its id or key: the request, its pieces, every transition."""
    with session() as ctx:
        effect = _one(ctx.ledger, number)
        transitions = ctx.ledger.effects.transitions(effect.id)
    for name, value in (
        ("effect", effect.id),
        ("key", effect.key),
        ("kind", effect.kind),
        ("state", effect.state),
        ("cause", effect.cause),
        ("partition", f"{effect.day} {effect.marketplace}"),
        ("order line", f"{effect.subject} of order {effect.order_id}"),
        ("amount", f"{money(effect.amount, effect.currency)} and shipping {money(effect.shipping_amount, effect.currency)}"),
        ("refund id", effect.external_id),
        ("pieces", ", ".join(f"{p.piece_id} ({p.quantity} from unit {p.unit_from})" for p in effect.pieces)),
        ("foreign ids", ", ".join(effect.foreign_ids)),
        ("mappings", effect.mapping_version),
        ("validation", effect.validation_id),
        ("last error", effect.last_error),
        ("request", json.dumps(effect.request, default=str, sort_keys=True)),
    ):
        if value not in (None, ""):
            click.echo(f"{name:<12} {value}")
    click.echo()
    rows = [
        (moment(t.at), t.from_state, t.to_state, t.attempt, t.actor, t.run_id[:12], shortened(json.dumps(t.detail, default=str), 80))
        for t in transitions
    ]
    click.echo(table(["at", "from", "to", "attempt", "by", "run", "detail"], rows, right=["attempt"]))


@effects.command("decide")
@click.argument("number", metavar="ID_OR_KEY")
@click.option("--executed", "refund_id", help="It was executed: the change's id there; a refund's is compared with the order in Mirakl.")
@click.option("--not-executed", is_flag=True, help="It was not executed: plan it again.")
@click.option("--without-check", is_flag=True, help="With --executed: do not ask Mirakl, for when it cannot be reached.")
@click.option("--note", required=True, help="How you know; kept for ever.")
@actor_option
def decide_effect(number: str, refund_id: str | None, not_executed: bool, without_check: bool, note: str, actor: str) -> None:
    """A person's word on a held effect whose outcome nobody else can know. Look at the order in Mirakl first."""
    if not_executed == (refund_id is not None):
        raise click.UsageError("give exactly one of --executed REFUND_ID and --not-executed")
    if without_check and refund_id is None:
        raise click.UsageError("--without-check goes with --executed REFUND_ID")
    with session(actor) as ctx:
        effect = _one(ctx.ledger, number)
        if effect.state != "held":
            raise click.ClickException(f"effect {effect.id} is {effect.state}; only held ones wait for a person")
        if refund_id is not None and without_check:
            note = f"{note} (not compared with Mirakl)"
        elif refund_id is not None and effect.kind == REFUND:
            _compare(ctx, effect, refund_id)
        state = "planned" if not_executed else "confirmed"
        try:
            ctx.ledger.effects.decide(effect.id, state, actor=actor, note=note, now=ctx.now(), external_id=refund_id, run_id=ctx.run_id)
        except IntegrityError as error:
            raise click.ClickException(f"refund {refund_id} is already another effect's; `returns effects list` shows whose") from error
    click.echo(f"effect {effect.id} is now {state}")


def _compare(ctx: StepContext, effect: Effect, refund_id: str) -> None:
    """Refuse a refund that Mirakl shows to be another one."""
    try:
        said = doubt(ctx, effect.marketplace, effect, refund_id)
    except (MappingError, MiraklError) as error:
        raise click.ClickException(f"{error}; if Mirakl cannot be reached, --without-check takes your word for it") from error
    if said:
        raise click.ClickException(f"effect {effect.id} stays held: {said}")


def _one(ledger: Ledger, number: str) -> Effect:
    found = ledger.effects.by_ids([int(number)]) if number.isdecimal() else [ledger.effects.get(number)]
    if not found or found[0] is None:
        raise click.ClickException(f"there is no effect {number}; `returns effects list` shows them")
    return found[0]
