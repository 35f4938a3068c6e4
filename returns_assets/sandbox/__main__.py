"""The sandbox's command line: `python -m returns_assets.sandbox serve`."""

from __future__ import annotations

import os
import socket
import tempfile
from functools import partial
from pathlib import Path

import click
import uvicorn

from returns_assets.sandbox.admin import admin_app
from returns_assets.sandbox.config import SandboxConfig, load_config
from returns_assets.sandbox.mirakl.operator import time_passed
from returns_assets.sandbox.mirakl.return_life import returns_overdue
from returns_assets.sandbox.mirakl.stock_imports import settle_all
from returns_assets.sandbox.rebound import Rebound
from returns_assets.sandbox.server import SandboxApp
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world import load_online_retail
from returns_assets.sandbox.world_routes import routes as world_routes


def build_app(state: State) -> SandboxApp:
    """The whole server on a state; jumps of the clock move orders, refunds and stock imports along."""
    state.on_time(partial(time_passed, state))
    state.on_time(partial(settle_all, state))
    rebound = Rebound(state)
    world = world_routes(state)
    state.on_time(partial(returns_overdue, state))  # after the world, which opens returns at their times
    return SandboxApp(state, rebound, admin_app(state, rebound, world))


def environment(base: str, config: SandboxConfig, state: State) -> dict[str, str]:
    """What a client needs to reach everything: the lines of the env file."""
    env = {"SANDBOX_URL": base}
    for key, place in state.marketplaces.items():
        name = key.upper().replace("-", "_")  # shells take no hyphen in a variable's name
        env[f"MIRAKL_{name}_URL"] = f"{base}/mirakl/{key}"
        env[f"MIRAKL_{name}_KEY"] = place.config.api_key
    account = config.rebound
    return env | {
        "REBOUND_BASE_URL": f"{base}/rebound",
        "REBOUND_TOKEN_URL": f"{base}/rebound/oauth/token",
        "REBOUND_CLIENT_ID": account.client_id,
        "REBOUND_CLIENT_SECRET": account.client_secret,
    }


def write_env(path: Path, env: dict[str, str]) -> None:
    """Atomically: whoever sees the file sees all of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in env.items())
    os.replace(name, path)


class _Server(uvicorn.Server):
    """Tells where it listens once it does."""

    def __init__(self, config: uvicorn.Config, announce: partial[None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


def _announced(base: str, config: SandboxConfig, state: State, env_file: Path | None) -> None:
    if env_file is not None:
        write_env(env_file, environment(base, config, state))
    click.echo(f"sandbox listens at {base}")


@click.group()
def main() -> None:
    """Stand-ins of Mirakl and ReBound, on this machine."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind; anything but loopback opens it to the network.")
@click.option("--port", default=0, show_default=True, help="0 takes a free one.")
@click.option("--env-file", type=click.Path(path_type=Path, dir_okay=False), help="Written when it listens: KEY=VALUE lines.")
@click.option("--state", "state_path", default=":memory:", show_default=True, help="SQLite file that survives a restart.")
@click.option("--config", "config_path", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="YAML: marketplaces, rebound.")
@click.option("--seed", default=1, show_default=True, help="For faults by rate and the world.")
@click.option("--online-retail", type=click.Path(exists=True, dir_okay=False), help="Parquet of real sales and returns to load first.")
def serve(
    host: str, port: int, env_file: Path | None, state_path: str, config_path: Path | None, seed: int, online_retail: str | None
) -> None:
    """Serve until SIGINT or SIGTERM."""
    try:
        config = load_config(config_path, seed)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    state = State(config, path=state_path)
    app = build_app(state)
    if online_retail is not None:
        load_online_retail(state, online_retail, None, None)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    base = f"http://{shown}:{listener.getsockname()[1]}"
    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
        backlog=1024,
    )
    _Server(settings, partial(_announced, base, config, state, env_file)).run(sockets=[listener])
    state.close()


if __name__ == "__main__":
    main()
