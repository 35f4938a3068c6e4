"""`make ui`: the sandbox and `dagster dev` together on the demo's home, both ended by Ctrl-C or by the end of either."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click
import httpx

from returns_assets.operations.dagster_home import prepare_dagster_home
from returns_assets.operations.demo.sandbox_process import Sandbox, SandboxError, ended_by_signals, running_sandbox
from returns_assets.operations.demo.stage import DemoError, Stage
from returns_assets.operations.demo.story import HOME, demo
from returns_assets.settings import load_settings

LISTEN_SECONDS = 180.0
END_SECONDS = 30.0


@click.command()
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), default=HOME, show_default=True, help="The demo's own folder.")
@click.option("--port", type=click.IntRange(0, 65535), default=3000, show_default=True, help="Of Dagster's UI; 0 takes a free one.")
@click.pass_context
def ui(ctx: click.Context, home: Path, port: int) -> None:
    """The sandbox and Dagster's UI together, on the demo's history (which is made first where there is none). Ctrl-C ends both."""
    stage = Stage(home)
    if not stage.told:
        ctx.invoke(demo, home=home)
    if not Path("workspace.yaml").exists():
        raise click.ClickException("run this in the repository's folder: there is no workspace.yaml here")
    port = _free(port)
    try:
        with ended_by_signals(), running_sandbox(stage.home) as sandbox:
            stage.enter(sandbox.env)
            prepare_dagster_home(load_settings())
            _serve(sandbox, port, stage.home / "dagster-dev.log")
    except (DemoError, SandboxError) as error:
        raise click.ClickException(str(error)) from error


def _serve(sandbox: Sandbox, port: int, log: Path) -> None:
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    url = f"http://127.0.0.1:{port}"
    with log.open("ab") as output:
        # its own process group: dagster dev has children of its own, and all of them end with it
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        click.echo(f"starting Dagster (its own output: {log})")
        _wait_for(url, process, log)
        click.echo(f"Dagster's UI     {url}/locations/returns/asset-groups/act")
        click.echo(f"sandbox          {sandbox.url}/admin/totals")
        click.echo("Ctrl-C ends both")
        process.wait()
        raise SandboxError(f"dagster dev ended by itself (exit {process.returncode}); see {log}")
    except KeyboardInterrupt:
        click.echo("\nending Dagster and the sandbox")
    finally:
        _end(process)


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + LISTEN_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SandboxError(f"dagster dev did not start (exit {process.returncode}); see {log}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/server_info", timeout=5.0).is_success:
                return
        time.sleep(0.2)
    raise SandboxError(f"Dagster's UI did not answer within {LISTEN_SECONDS:.0f} s; see {log}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM to dagster dev, which ends its children in good order, then SIGKILL to the whole group: nothing that we started stays."""
    with contextlib.suppress(ProcessLookupError):
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free(port: int) -> int:
    """The port if it is free (0: any); a clear refusal if it is not."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise click.ClickException(f"port {port} is in use; choose another one: returns ui --port {port + 1}") from None
        return int(probe.getsockname()[1])
