"""The command line on a real sandbox: what a person does from a directory of files to refunds."""

import re
from pathlib import Path

import duckdb
import pytest

from tests.operations.conftest import DAY, Cli, World, copied, in_a_shell
from tests.sandbox_fixture import ROOT

RUN = ("run", "--day", str(DAY), "--marketplace", "nordhaus")


@pytest.fixture
def imported(world: World, cli: Cli) -> World:
    result = cli("inbox", "import", str(world.drop), "--received-at", "mtime")
    assert result.exit_code == 0
    assert f"{DAY}  " in result.output
    return world


def paid(world: World) -> list[str]:
    return [refund["refund_id"] for refund in world.sandbox.refunds("nordhaus") if refund["source"] == "api"]


def test_importing_twice_stores_nothing_twice(imported: World, cli: Cli) -> None:
    again = cli("inbox", "import", str(imported.drop), "--received-at", "mtime")
    assert ", 0 new" in again.output
    listed = cli("inbox", "list").output
    assert str(DAY) in listed
    documents = cli("inbox", "list", "--day", str(DAY)).output
    assert "refund-registered" in documents
    number = documents.splitlines()[2].split()[0]
    assert cli("inbox", "show", number).output.startswith("{")


def test_a_channel_that_no_profile_has_is_named_and_the_others_are_imported(cli: Cli, world: World) -> None:
    (world.drop / "gossip").mkdir()
    (world.drop / "gossip" / "a.json").write_text('{"order": {}}')
    result = cli("inbox", "import", str(world.drop), "--received-at", "mtime")
    assert result.exit_code == 3
    assert "not taken, no channel of rebound.yaml: gossip/; there are tracking" in result.output
    listed = cli("inbox", "list", "--day", str(DAY)).output
    assert "refund-registered" in listed
    assert "gossip" not in listed


def test_a_folder_without_any_channel_is_refused(cli: Cli, world: World) -> None:
    channels = ", ".join(sorted(path.name for path in world.drop.iterdir()))
    for wrong in (world.drop / "refund-registered", world.home):  # one too deep, and something else altogether
        result = cli("inbox", "import", str(wrong), "--received-at", "now")
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: {wrong} has no folder of a channel; rebound.yaml has: ")
        assert all(channel in result.output for channel in channels.split(", "))
    assert cli("inbox", "list").output.splitlines()[2:] == []


def test_plain_steps_refund_once_and_say_what_they_did(imported: World, cli: Cli) -> None:
    first = cli(*RUN, "--no-dagster")
    assert first.exit_code == 0
    assert f"{DAY} nordhaus" in first.output
    assert "confirmed" in first.output
    refunds = paid(imported)
    assert refunds
    again = cli(*RUN, "--no-dagster")
    assert again.exit_code == 0
    assert paid(imported) == refunds

    summary = cli("summary").output
    row = next(line for line in summary.splitlines() if line.startswith("nordhaus"))
    assert f" {len(refunds)} " in row
    assert "unknown_reason" in summary
    assert "add the label to reason_map" in summary
    assert "quarantine" in summary
    assert "codes_validate" in summary
    assert summary.count("EUR") == 1

    assert f"mapped_dispositions/{DAY}|nordhaus/codes_validate" in cli("exceptions", "list", "--cause", "check_failed").output
    commands = copied(summary, "What to look at next")
    assert any(command.endswith("--cause unknown_reason") for command in commands)
    for command in commands:
        shown = in_a_shell(command, RETURNS_HOME=str(imported.home))
        assert shown.returncode == 0, shown.stderr
        assert command.split()[-1] in shown.stdout

    listed = cli("effects", "list", "--marketplace", "nordhaus", "--state", "confirmed").output
    assert all(refund in listed for refund in refunds)
    number = listed.splitlines()[2].split()[0]
    shown = cli("effects", "show", number).output
    assert '"order_line_id"' in shown
    assert "claimed" in shown
    key = next(line.split()[1] for line in shown.splitlines() if line.startswith("key"))
    assert cli("effects", "show", key).output == shown
    assert "only held ones wait for a person" in cli("effects", "decide", number, "--not-executed", "--note", "x").output

    assert "rows in" in cli("publish").output
    with duckdb.connect(str(imported.home / "published" / "returns.duckdb"), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM refund_pushes WHERE state = 'confirmed'").fetchone() == (len(refunds),)


def test_a_fixed_exception_closes_by_itself_and_a_resolved_one_comes_back(imported: World, cli: Cli) -> None:
    cli(*RUN, "--no-dagster")
    listed = cli("exceptions", "list", "--cause", "unknown_order", "--marketplace", "nordhaus").output
    number = listed.splitlines()[2].split()[0]
    assert "unknown_order" in cli("exceptions", "show", number).output
    assert cli("exceptions", "resolve", number, "--note", "asked ReBound", "--actor", "Ada").exit_code == 0
    assert "No exceptions." in cli("exceptions", "list", "--cause", "unknown_order").output
    assert "resolved" in cli("exceptions", "list", "--cause", "unknown_order", "--all").output
    cli(*RUN, "--no-dagster")
    history = cli("exceptions", "show", number).output
    assert "reopened" in history
    assert "Ada" in history
    assert "asked ReBound" in history


def test_through_dagster_the_run_is_in_the_history(imported: World, cli: Cli) -> None:
    result = cli(*RUN)
    assert result.exit_code == 0, result.output
    assert "confirmed" in result.output
    assert (imported.home / "dagster" / "dagster.yaml").exists()
    assert paid(imported)
    runs = sorted(path.name for path in (imported.home / "dagster").rglob("*.db"))
    assert any(name == "runs.db" for name in runs)


@pytest.mark.parametrize("mode", [[], ["--no-dagster"]])
def test_a_blocked_partition_sends_nothing_and_exits_with_3(
    mode: list[str], imported: World, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    for table in (ROOT / "mappings").iterdir():
        (tables / table.name).write_text(table.read_text().replace("gate: rows ", "gate: partition "))
    monkeypatch.setenv("RETURNS_MAPPINGS", str(tables))
    result = cli(*RUN, *mode)
    assert result.exit_code == 3, result.output
    assert "blocked by its checks, nothing sent" in result.output
    assert "partition_gate" in result.output
    assert paid(imported) == []

    path = tables / "rebound.yaml"
    path.write_text(path.read_text().replace("reason_map:", "reason_map:\n  Zu groß: SIZE_TOO_LARGE  #"))
    mended = cli("backfill", "--from", str(DAY), "--to", str(DAY), "--marketplace", "nordhaus", *mode)
    assert mended.exit_code == 0, mended.output
    assert paid(imported)


@pytest.mark.parametrize("mode", [[], ["--no-dagster"]])
def test_a_dead_marketplace_is_named_and_the_others_are_run(
    mode: list[str], imported: World, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRAKL_ALBION_KEY", "wrong")
    monkeypatch.delenv("MIRAKL_MAPLEWOOD_URL")
    result = cli("run", "--day", str(DAY), "--marketplace", "albion", "--marketplace", "maplewood", "--marketplace", "nordhaus", *mode)
    assert result.exit_code == 1
    assert re.search(rf"failed   {DAY} albion: Mirakl \(albion\): \S+: HTTP 401", result.output)  # Dagster may read orders first
    assert f"failed   {DAY} maplewood: marketplace maplewood: the variable MIRAKL_MAPLEWOOD_URL is not set" in result.output
    assert "confirmed" in next(line for line in result.output.splitlines() if line.startswith(f"{DAY} nordhaus"))
    assert paid(imported)
    assert "Traceback" not in result.output


def test_a_bug_in_plain_steps_is_not_taken_for_a_dead_marketplace(imported: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("returns_assets.operations.flows.run_partition", broken)
    with pytest.raises(ZeroDivisionError):
        cli(*RUN, "--no-dagster")


@pytest.mark.parametrize("how", [["--no-dagster"], []])
def test_the_return_status_is_a_flow_of_its_own(imported: World, cli: Cli, how: list[str]) -> None:
    result = cli(*RUN, "--flow", "return-status", *how)
    assert result.exit_code == 0, result.output
    assert "returns" in result.output
    assert "steps: " in result.output
    assert paid(imported) == [], "no refund is made by it"
