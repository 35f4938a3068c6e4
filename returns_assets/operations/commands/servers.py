"""`returns sandbox`, `returns receive` and `returns dagster`: the servers that this repository can be."""

import os
import socket
import sys
from typing import Any

import click

from returns_assets.operations.dagster_home import prepare_dagster_home
from returns_assets.operations.session import session
from returns_assets.settings import load_settings

HANDED_ON: dict[str, Any] = {"ignore_unknown_options": True, "help_option_names": []}  # --help, too, is the other program's


@click.command(context_settings=HANDED_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dagster(arguments: tuple[str, ...]) -> None:
    """Dagster's own command line on this installation's history, such as `returns dagster dev` in the repository's folder."""
    prepare_dagster_home(load_settings())
    os.execv(sys.executable, [sys.executable, "-m", "dagster", *arguments])


@click.command(context_settings=HANDED_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """Serve stand-ins of Mirakl and ReBound (all options of `python -m returns_assets.sandbox serve`)."""
    # The sandbox is a program of its own that the product must not import: this process becomes it.
    command = [sys.executable, "-m", "returns_assets.sandbox", *(() if arguments[:1] == ("serve",) else ("serve",)), *arguments]
    os.execv(sys.executable, command)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; put TLS in front of any other than loopback.")
@click.option("--port", type=click.IntRange(0, 65535), default=8085, show_default=True, help="0: a free one, printed.")
def receive(host: str, port: int) -> None:
    """Serve POST /returns/{channel}: a document is answered with 202 only after it is committed."""
    import uvicorn

    from returns_assets.rebound.receiver import create_receiver
    from returns_assets.steps.inbox import unreadable

    with session("receiver") as ctx:
        app = create_receiver(ctx.ledger.inbox.add, ctx.mappings.rebound, os.environ, ctx.now, unreadable(ctx.mappings))
        auth = ctx.mappings.rebound.receiver.auth.type
        if auth == "none":
            click.echo("warning: receiver.auth is `none`: whoever reaches this address can post returns", err=True)
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _bind(listener, host, port)
            shown = f"[{host}]" if ":" in host else host
            channels = ", ".join(ctx.mappings.rebound.channels)
            click.echo(f"receiving on http://{shown}:{listener.getsockname()[1]}/returns/CHANNEL ({channels}), authentication {auth}")
            uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


def _bind(listener: socket.socket, host: str, port: int) -> None:
    try:
        listener.bind((host, port))
        listener.listen(128)  # who reads the line below may post at once
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host} port {port}: {error.strerror}; --port chooses another") from None
