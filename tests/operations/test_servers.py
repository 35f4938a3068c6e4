"""`returns sandbox` and `returns receive` as processes: what they serve, and that they end when they are told."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.operations.conftest import Cli
from tests.sandbox_fixture import ROOT, read_env, stop


@contextmanager
def started(*arguments: str, **env: str) -> Generator["subprocess.Popen[str]"]:
    command = [str(Path(sys.executable).with_name("returns")), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1", **env}, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        stop(process)
        if process.stdout is not None:
            process.stdout.close()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_the_sandbox_is_served_and_ends_with_sigint(home: Path, tmp_path: Path) -> None:
    env_file = tmp_path / "s.env"
    with started("sandbox", "--port", "0", "--env-file", str(env_file)) as process:
        assert "listens" in first_line(process)
        env = read_env(env_file)
        answer = httpx.get(f"{env['MIRAKL_NORDHAUS_URL']}/api/version", headers={"Authorization": env["MIRAKL_NORDHAUS_KEY"]})
        assert answer.is_success
        process.send_signal(signal.SIGINT)
        process.wait(30)


def test_a_posted_document_is_in_the_inbox_when_it_is_answered(home: Path, cli: Cli) -> None:
    with started("receive", "--port", "0", REBOUND_RECEIVER_SECRET="s3cret") as process:
        url = first_line(process).split()[2].removesuffix("/CHANNEL")
        document = b'{"order": {"reboundOrderId": "R1", "items": []}}'
        refused = httpx.post(f"{url}/refund-registered", content=document, headers={"X-Returns-Key": "guess"})
        assert refused.status_code == 401
        for expected_new in (True, False):
            answer = httpx.post(f"{url}/refund-registered", content=document, headers={"X-Returns-Key": "s3cret"})
            assert answer.status_code == 202
            assert answer.json()["new"] is expected_new
        assert cli("inbox", "show", str(answer.json()["document_id"])).output_bytes == document
    assert cli("inbox", "list").output.splitlines()[-1].split()[-1] == "1"


def test_an_open_receiver_says_so(home: Path, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    for table in (ROOT / "mappings").iterdir():
        (tables / table.name).write_text(table.read_text().replace("{type: static_header, ", "{type: none, "))
    done = subprocess.Popen(
        [str(Path(sys.executable).with_name("returns")), "receive", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "RETURNS_MAPPINGS": str(tables)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert done.stderr is not None
        assert "whoever reaches this address can post returns" in done.stderr.readline()
        done.stderr.close()
    finally:
        stop(done)
