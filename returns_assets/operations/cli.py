"""The command line `returns`: the list of its commands, and every foreseeable failure as one sentence instead of a traceback.

Commands are imported when they are called, so that `returns --help` and shell completion do not wait for Dagster or DuckDB.
"""

import os
import sys
from importlib import import_module
from typing import Any

import click

from returns_assets.operations.failures import explain

# name: (module:attribute, one line for --help), in the order in which an installation meets them
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo.story:demo", "Several days of returns on three marketplaces against the sandbox, then a summary."),
    "ui": ("demo.ui:ui", "The sandbox and Dagster's UI together, on the demo's history; Ctrl-C ends both."),
    "mappings": ("commands.mappings:mappings", "Check and show the mapping tables."),
    "sandbox": ("commands.servers:sandbox", "Serve stand-ins of Mirakl and ReBound on loopback."),
    "receive": ("commands.servers:receive", "Serve the receiver that ReBound posts its notifications to."),
    "inbox": ("commands.inbox:inbox", "Documents: import, pick up, list."),
    "poll": ("commands.poll:poll", "Poll ReBound accounts that do not push."),
    "run": ("commands.runs:run", "One day's partitions through Dagster: ingest, decide, check, push."),
    "backfill": ("commands.runs:backfill", "A range of days, one partition after the other."),
    "dagster": ("commands.servers:dagster", "Dagster's own command line on this installation: `returns dagster dev` is its UI."),
    "publish": ("commands.reports:publish", "Write the read-only copy of the warehouse for analysts."),
    "summary": ("commands.reports:summary", "Documents, pieces, refunds and money by marketplace; exceptions by cause."),
    "links": ("commands.links:links", "From an id of ReBound's to the order and line, and from an order to all ids."),
    "exceptions": ("commands.exceptions:exceptions", "The exception queue: list, show, resolve."),
    "effects": ("commands.effects:effects", "The ledger of refunds: list, show, decide."),
    "data-dictionary": ("commands.reports:data_dictionary", "The tables and their columns as Markdown."),
}


class Commands(click.Group):
    """Resolves the table above and turns expected failures into `Error: ...` with exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"returns_assets.operations.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except Exception as error:
            sentence = explain(error)
            if sentence is None:  # not foreseen: the traceback is what a developer needs
                raise
            raise click.ClickException(sentence) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="returns-assets")
def returns() -> None:
    """From ReBound's returns to Mirakl refunds: mapped, checked, at most once.

    Settings come from the environment: RETURNS_HOME, RETURNS_MAPPINGS, RETURNS_WAREHOUSE_URL, RETURNS_LEDGER_URL
    (docs/configuration.md lists them all).
    """


def main() -> None:
    """The entry point; a closed pipe (`returns effects list | head`) ends it quietly."""
    try:
        returns(prog_name="returns")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes stdout once more on its way out
        sys.exit(141)


if __name__ == "__main__":
    main()
