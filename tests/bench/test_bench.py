"""The benchmarks run, and refuse to give figures for sides that computed something else. Never a time: that is the machine's matter."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from bench import __main__ as command
from bench import planning
from bench.measure import Differs, Side, same

ROOT = Path(__file__).parents[2]


def side(money: object) -> Side:
    return Side(1.0, 1.0, 1, (1.0,), {"money": money})


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ("planning", ["planning 10,000 pieces, pandas", "planning 10,000 pieces, bare query", "planning 10,000 pieces, memory"]),
        ("ingest", ["ingesting 1,000 orders, 2,000 lines"]),
        ("push", ["pushing 50 refunds, 8 at once", "calls a refund"]),
        ("job", ["main job, 100 pieces, Dagster", "main job, empty partition, Dagster", "main job, 100 pieces, steps"]),
        ("dispatch", ["telling 100 dispatches, 8 at once", "calls a dispatch"]),
        ("restock", ["restock of 1,000 units of 100 SKUs", "calls of the restock"]),
        ("status", ["status of 100 returns, 100 a call", "calls in all"]),
    ],
)
def test_it_runs_and_both_sides_come_to_the_same(part: str, shown: list[str]) -> None:
    run = [sys.executable, "-m", "bench", part, "--scale", "0.01", "--repeat", "1"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for row in shown:
        assert re.search(rf"^{row}  .*\d", done.stdout, re.MULTILINE), done.stdout


def test_sides_that_differ_are_refused() -> None:
    same("money", {"product": side(["1.00"]), "bare": side(["1.00"])})
    with pytest.raises(Differs, match=r"money differs.*1\.01"):
        same("money", {"product": side(["1.00"]), "bare": side(["1.01"])})


def test_a_part_whose_sides_differ_fails_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def differs(scale: float, repeat: int) -> list[object]:
        raise Differs("money differs")

    monkeypatch.setattr(planning, "bench", differs)
    monkeypatch.setattr(sys, "argv", ["bench", "planning"])
    assert command.main() == 1
    assert "money differs" in capsys.readouterr().out


def test_the_digest_sees_one_cent_of_one_piece(tmp_path: Path) -> None:
    path = str(tmp_path / "returns.duckdb")
    planning.make(path, 300)
    before = planning.product(path)["money"]
    with duckdb.connect(path) as con:
        con.execute("UPDATE mapped_dispositions SET amount = amount + 0.01 WHERE piece_id = 'P7'")
        con.execute("UPDATE mapped_dispositions SET amount = amount - 0.01 WHERE piece_id = 'P8'")
        after = planning.digest(con, "mapped_dispositions")["money"]
    assert after[:2] == before[:2]
    assert after[2] != before[2]
