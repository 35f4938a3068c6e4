"""`make demo`: several days of returns on three marketplaces and all flows, told with the real product against the sandbox.

Told again on the same home it runs the same partitions once more and must refund nothing twice.
"""

import logging
import shlex
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import click

from returns_assets.operations.console import heading, here, nearby, program
from returns_assets.operations.demo.books import compare_books, compare_other_books
from returns_assets.operations.demo.history import hurried_history
from returns_assets.operations.demo.sandbox_process import Sandbox, SandboxError, ended_by_signals, running_sandbox
from returns_assets.operations.demo.stage import LEASE_SECONDS, DemoError, Stage, Story
from returns_assets.operations.demo.telling import Telling
from returns_assets.operations.summary import collect, render

HOME = Path("var/demo")
LOST_ON, LOST_AT, LOST = 1, "nordhaus", 2  # second day: so many refunds are executed there and not answered
GONE_ON, GONE_AT, GONE, INSTEAD = 2, "albion", "FAULTY_ITEM", "NOT_AS_DESCRIBED"  # third day: the operator withdraws a reason code
SETTLE_LOOKS = 4
NAMED_AT, NAMED = "maplewood", "Radkurier Nord"  # a carrier without a code there, which its operator takes by name
AGAIN = (  # the nightly look-backs do it by themselves
    ("dispatches", NAMED_AT, f"{NAMED!r} has a name there now"),
    ("authorise", LOST_AT, "orders that were not shipped then are shipped now"),
    ("return-status", GONE_AT, "its returns are closed after their refunds"),
)
LABEL, LABEL_MEANS = "Zu groß", "SIZE_TOO_LARGE"  # a reason label that no map knows at first


@click.command()
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), default=HOME, show_default=True, help="The demo's own folder.")
@click.option("--days", type=click.IntRange(3, 28), default=3, show_default=True, help="How many days, the last being yesterday (UTC).")
@click.option("--returns-per-day", type=click.IntRange(1, 10_000), default=12, show_default=True, help="Ordinary returns, per marketplace.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Another seed, another world.")
def demo(home: Path, days: int, returns_per_day: int, seed: int) -> None:
    """Several days of returns on three marketplaces against the sandbox, then a summary. Nothing outside --home is touched."""
    began = time.monotonic()
    stage = Stage(home)
    again = stage.told
    try:
        story = stage.story(days, seed)
        with ended_by_signals(), running_sandbox(stage.home) as sandbox:
            stage.enter(sandbox.env)
            agree = _tell(stage, story, sandbox, again, returns_per_day)
    except (DemoError, SandboxError) as error:
        raise click.ClickException(str(error)) from error
    _what_next(stage, time.monotonic() - began)
    if not agree:
        raise click.ClickException("our ledger and the sandbox do not agree; that is a bug, please report it with the lines above")


def _tell(stage: Stage, story: Story, sandbox: Sandbox, again: bool, returns_per_day: int) -> bool:
    """The whole story; whether both sides' books agree at the end."""
    click.secho("ReBound's returns to Mirakl: a demo on this machine", bold=True)
    click.echo(f"sandbox of both APIs at {sandbox.url}; everything is under {stage.home}")
    if again:
        click.echo(f"a demo was told here before ({story.first_day} to {story.last_day}): the same partitions run once more")
    elif stage.begun:
        click.echo(f"a demo was interrupted here ({story.first_day} to {story.last_day}): it is told from its beginning on the same world")
    else:
        _make_world(story, sandbox, returns_per_day)
        stage.remember(story, told=False)
    refunds_before = len(sandbox.get("refunds")["refunds"])
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with hurried_history(stage.home / "dagster"), Telling.begin(stage, sandbox) as telling:
        for number, day in enumerate(story.all_days):
            heading(f"Day {number + 1} of {story.days}: {day}")
            if not again:
                _mishap(number, sandbox)
            telling.day(day)
            sandbox.delete("faults")
            if number and not again:
                _customer_asks(sandbox)
            telling.flows(day)
        if not again:
            _mend(stage, telling, story)
        _settle(telling)
        telling.publish()
        heading(f"Summary, {story.first_day} to {story.last_day}")
        with telling.session() as ctx:
            click.echo(render(collect(ctx, story.first_day, story.last_day), _program(stage)))
            heading("Do the books agree?")
            new_refunds = len(sandbox.get("refunds")["refunds"]) - refunds_before
            agree = compare_books(ctx, sandbox, new_refunds, again)
            agree = compare_other_books(ctx, sandbox) and agree
    stage.remember(story, told=True)
    return agree


def _make_world(story: Story, sandbox: Sandbox, returns_per_day: int) -> None:
    """Every scenario of the reference on nordhaus; albion, whose gate is the partition, without those that nobody can mend in a demo."""
    sandbox.post("clock", now=datetime.combine(story.first_day, datetime.min.time(), UTC).isoformat())
    harmless = [s["name"] for s in sandbox.get("world/truth")["scenarios"] if not s["trouble"]]
    made = sandbox.post(
        "world",
        seed=story.seed,
        first_day=str(story.first_day),
        days=story.days,
        orders_per_day=returns_per_day * 3,
        returns_per_day=returns_per_day,
        scenarios={"nordhaus": True, "albion": harmless, "maplewood": False},
        marketplace_returns=True,
        dispatches_per_day=returns_per_day // 4 + 1,
        warehouse=True,
    )
    # on the day on which the reason is gone there is surely a piece that needs it
    needs_it = {"marketplaces": [GONE_AT], "scenarios": ["defect_confirmed"], "orders_per_day": 0, "returns_per_day": 0}
    sandbox.post("world", seed=story.seed + 1, first_day=str(story.all_days[GONE_ON]), days=1, **needs_it)
    orders = ", ".join(f"{number} orders on {key}" for key, number in made["orders"].items())
    click.echo(f"a world with {orders}; {made['pieces']} pieces will come back, told in {made['documents']} documents")


def _mishap(number: int, sandbox: Sandbox) -> None:
    if number == LOST_ON:
        sandbox.post("faults", operation="OR28", marketplace=LOST_AT, fault="cut_after", times=LOST)
        click.echo(f"  mishap: {LOST_AT} will execute {LOST} refunds and cut the connection before it answers")
    if number == GONE_ON:
        sandbox.post("reasons", marketplace=GONE_AT, withdraw=GONE)
        click.echo(f"  mishap: {GONE_AT}'s operator withdraws the refund reason {GONE}")


def _customer_asks(sandbox: Sandbox) -> None:
    """A customer opens a return in the shop: of an order that came, that ReBound knows since yesterday, and that nobody else returns."""
    returned = {each["order_id"] for each in sandbox.get("returns", marketplace=LOST_AT)["returns"]}
    returned |= {piece["order_id"] for piece in sandbox.get("world/truth")["pieces"]}
    for known in sandbox.get("rebound/sales-orders")["sales_orders"]:
        order_id = str(known["order"]["clientOrderId"])
        if order_id.startswith(LOST_AT[:3].upper()) and order_id not in returned:
            lines = [{"order_line_id": f"{order_id}-1"}]
            sandbox.post("returns", marketplace=LOST_AT, order_id=order_id, lines=lines, reason_code="RETURN_OTHER")
            click.echo(f"  a customer of {LOST_AT} asks in the shop to return a line of {order_id}")
            return


def _mend(stage: Stage, telling: Telling, story: Story) -> None:
    """What people and time do about it: edit the mapping tables, and run the partitions again."""
    heading("What a person does now")
    reasons = stage.map_reason(GONE_AT, GONE, INSTEAD)
    click.echo(f"  return_reasons.csv: {', '.join(reasons)} of {GONE_AT} to {INSTEAD} instead of {GONE}")
    stage.map_label(LABEL, LABEL_MEANS)
    click.echo(f"  rebound.yaml: the label {LABEL!r} means {LABEL_MEANS}")
    stage.map_carrier(NAMED_AT, NAMED, "https://radkurier.example/track")
    click.echo(f"  carriers.csv: {NAMED_AT} takes {NAMED!r} by its name")
    click.echo("  and runs again what was blocked, unanswered or unmapped; the nightly look-back does the same")
    _run_again(telling, [*telling.unfinished(), *telling.with_label(LABEL)])
    for name, marketplace, why in AGAIN:
        click.echo(f"  {name} of {marketplace} again: {why}")
        telling.flow(name, story.all_days, marketplace)


def _settle(telling: Telling) -> None:
    """A lost answer is read back a moment later; a claim that an interrupted demo left behind, when its lease is over."""
    for _ in range(SETTLE_LOOKS):
        unfinished = telling.unfinished()
        if not unfinished:
            return
        time.sleep(LEASE_SECONDS / SETTLE_LOOKS)
        click.echo("  once more, for what still has no answer")
        _run_again(telling, unfinished)


def _run_again(telling: Telling, partitions: list[tuple[date, str]]) -> None:
    by_day: dict[date, set[str]] = {}
    for day, marketplace in partitions:
        by_day.setdefault(day, set()).add(marketplace)
    for day, marketplaces in sorted(by_day.items()):
        telling.day(day, sorted(marketplaces), deliver=False)


def _program(stage: Stage) -> str:
    """The command line on the demo's installation, wherever the person's own variables point."""
    return f". {here(stage.env_file)} && {program()}"


def _what_next(stage: Stage, seconds: float) -> None:
    usual = stage.home == HOME.absolute()  # what the Makefile's targets take
    published = nearby(stage.home / "published" / "returns.duckdb")
    look = f"import duckdb; print(duckdb.connect({published!r}, read_only=True).sql('FROM return_metrics'))"
    quoted = shlex.quote(look) if set(look) & set('"$`\\!') else f'"{look}"'  # the second is the one that people can read
    rows = [
        ("make ui" if usual else f"{program()} ui --home {here(stage.home)}", "assets, checks with sample rows, lineage, backfills"),
        ("make demo" if usual else f"{program()} demo --home {here(stage.home)}", "the same partitions once more, no second refund"),
        (f"{_program(stage)} exceptions list", "what waits for somebody"),
        (f"{_program(stage)} effects list", "every change made elsewhere with its state, the newest first (--limit)"),
        (f"{here(Path(sys.executable))} -c {quoted}", "the analysts' copy; queries in docs/data-dictionary.md"),
    ]
    heading("What to open next")
    for command, meaning in rows:
        click.echo(f"  {command}\n      {meaning}")
    click.echo(f"told in {seconds:.0f} s")
