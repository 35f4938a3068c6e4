"""The README's commands without an account, as a stranger copies them: only folder, port and the number of days are others."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox_fixture import ROOT


def block(containing: str) -> str:
    """The README's shell block with this text in it."""
    (found,) = [text for text in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL) if containing in text]
    return found


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README calls curl")
def test_the_sandbox_block_ends_in_refunds_and_a_summary(tmp_path: Path) -> None:
    script = block("/admin/world/deliver")
    for old, new in (
        (".venv/bin/returns", str(Path(sys.executable).with_name("returns"))),
        ("$PWD/var/try", str(tmp_path / "try")),
        ("--port 8090", "--port 0"),
        ('"days": 3', '"days": 1'),
        ("--to 2025-03-03", "--to 2025-03-01"),
    ):
        assert old in script
        script = script.replace(old, new)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RETURNS_", "DAGSTER_", "MIRAKL_", "REBOUND_"))}
    process = subprocess.Popen(
        ["bash", "-c", script],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # the sandbox is in the group, and ends with it
    )
    try:
        output, _ = process.communicate(timeout=600)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert re.search(r"2025-03-01 nordhaus .* refunds: \d+ confirmed; ", output), output
    assert re.search(r"\d+ documents, \d+ new", output)
    summary = output.split("documents received")[1]
    assert all(key in summary for key in ("nordhaus", "albion", "maplewood", "What to look at next"))
    assert "Error" not in output
    assert "Traceback" not in output
