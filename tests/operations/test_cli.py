"""The command line as a whole: every command is there, and whatever a person types wrong is answered by one sentence."""

from pathlib import Path

import click
import pytest
import yaml

from returns_assets.operations.cli import COMMANDS, Commands, returns
from returns_assets.operations.failures import explain, without_passwords
from tests.operations.conftest import Cli, subprocess_cli
from tests.sandbox_fixture import ROOT


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_resolves_and_explains_itself(name: str, cli: Cli) -> None:
    assert isinstance(returns, Commands)
    assert returns.get_command(click.Context(returns), name) is not None
    if name not in ("sandbox", "dagster"):  # they hand their arguments on to another program
        shown = cli(name, "--help")
        assert shown.exit_code == 0
        assert shown.output.startswith(f"Usage: returns {name}")


def test_help_lists_every_command(cli: Cli) -> None:
    output = cli("--help").output
    assert all(name in output for name in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--day", "3.3.2025"], "'3.3.2025' is no day; write it as YYYY-MM-DD"),
        (["run", "--day", "2024-01-01"], "is before first_day 2025-03-01"),
        (["run", "--day", "2999-01-01"], "has not begun"),
        (
            ["run", "--day", "2025-03-03", "--marketplace", "nowhere"],
            "unknown marketplace 'nowhere'; marketplaces.yaml has: nordhaus, albion, maplewood",
        ),
        (["run", "--day", "2025-03-03", "--no-dagster"], "the variable MIRAKL_NORDHAUS_URL is not set"),
        (["backfill", "--from", "2025-03-05", "--to", "2025-03-03"], "--to is before --from"),
        (["exceptions", "show", "7"], "there is no exception 7"),
        (["exceptions", "resolve", "7", "--note", "x"], "exception 7 was not open: there is no such exception"),
        (["exceptions", "resolve", "7"], "Missing option '--note'"),
        (["effects", "show", "7"], "there is no effect 7"),
        (["effects", "show", "abc"], "there is no effect abc"),
        (["effects", "decide", "7", "--note", "x"], "give exactly one of --executed REFUND_ID and --not-executed"),
        (["inbox", "import", "/nowhere", "--received-at", "now"], "Directory '/nowhere' does not exist"),
        (["inbox", "show", "7"], "there is no document 7"),
        (["mappings", "check", "--live"], "the variable MIRAKL_NORDHAUS_URL is not set"),
        (["mappings", "show", "feed"], "0 versions begin with 'feed'"),
        (["receive"], "the variable REBOUND_RECEIVER_SECRET is not set"),
        (["summary", "--from", "2025-03-05", "--to", "2025-03-03"], "--to is before --from"),
        (["nonsense"], "No such command 'nonsense'"),
    ],
)
def test_a_mistake_is_answered_in_one_sentence(arguments: list[str], said: str, cli: Cli) -> None:
    result = cli(*arguments)
    assert result.exit_code in (1, 2)
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"RETURNS_WAREHOUSE_URL": "mysql://x"},
            "RETURNS_WAREHOUSE_URL is 'mysql://x'; allowed: duckdb:PATH or ducklake:CATALOG?data_path=DIR",
        ),
        ({"RETURNS_LEDGER_URL": "nonsense"}, "RETURNS_LEDGER_URL: "),
        ({"RETURNS_LEDGER_URL": "oracel://a:secret@b/c"}, "allowed: sqlite:///PATH or postgresql://"),
        ({"RETURNS_LEDGER_URL": "postgresql://u:secret@127.0.0.1:1/x"}, "the ledger's database refused"),
        ({"RETURNS_MAPPINGS": "/nowhere"}, "/nowhere: no such directory; RETURNS_MAPPINGS names the folder with marketplaces.yaml"),
    ],
)
def test_a_wrong_setting_is_one_sentence_without_secrets(
    variables: dict[str, str], said: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = cli("summary")
    assert result.exit_code == 1
    assert said in result.output
    assert "secret" not in result.output


def test_a_wrong_table_names_file_and_line(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for table in (ROOT / "mappings").iterdir():
        (tmp_path / table.name).write_text(table.read_text().replace("currency: GBP", "currency: pounds"))
    monkeypatch.setenv("RETURNS_MAPPINGS", str(tmp_path))
    line = (tmp_path / "marketplaces.yaml").read_text().split("pounds")[0].count("\n") + 1
    result = cli("mappings", "check")
    assert result.exit_code == 1
    assert f"{tmp_path / 'marketplaces.yaml'}:{line}: marketplaces.albion.currency" in result.output


def test_the_installed_command_shows_no_traceback(tmp_path: Path) -> None:
    done = subprocess_cli(tmp_path, "run", "--day", "2025-03-03", "--no-dagster", MIRAKL_NORDHAUS_URL="")
    assert done.returncode == 1
    assert done.stderr.startswith("failed   2025-03-03 nordhaus: marketplace nordhaus: the variable MIRAKL_NORDHAUS_URL is not set")
    assert "Traceback" not in done.stderr


def test_a_bug_keeps_its_traceback() -> None:
    assert explain(ZeroDivisionError("x")) is None
    assert explain(KeyError("x")) is None


def test_passwords_are_left_out() -> None:
    assert without_passwords("cannot reach postgresql://u:p%40ss@host/db now") == "cannot reach postgresql://u:***@host/db now"


def test_the_readme_and_the_runbook_name_only_commands_that_exist() -> None:
    for page in ("README.md", "docs/operations.md", "docs/configuration.md"):
        for line in (ROOT / page).read_text().splitlines():
            for part in line.split("returns ")[1:]:
                word = part.split()[0].strip("`),.;") if part.split() else ""
                before = line.split(f"returns {word}")[0]
                if word and before.endswith(("`", "bin/")):
                    assert word in COMMANDS, f"{page}: {line}"


def test_every_setting_of_the_tables_is_in_the_configuration_page() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    tables = yaml.safe_load((ROOT / "mappings/marketplaces.yaml").read_text())
    fields = {*tables["defaults"], *(name for entry in tables["marketplaces"].values() for name in entry)}
    fields |= {f"limits.{name}" for name in tables["defaults"]["limits"]} | {f"calls.{name}" for name in tables["defaults"]["calls"]}
    fields |= set(yaml.safe_load((ROOT / "mappings/rebound.yaml").read_text()))
    for field in fields - {"limits", "calls", "receiver"}:
        assert f"`{field}`" in page, field
