"""The stranger's order of things, as the README says it: a marketplace added, a reason mapped, a marketplace removed, by tables only."""

import shutil
from pathlib import Path

import pytest

from returns_assets.build import build_definitions
from returns_assets.settings import load_settings
from tests.operations.conftest import DAY, Cli
from tests.sandbox_fixture import ROOT, Sandbox, running_sandbox

ENTRY = """
  operator_de:
    label: Operator DE
    base_url_env: MIRAKL_OPERATOR_DE_URL
    api_key_env: MIRAKL_OPERATOR_DE_KEY
    shop_id: "2009"
    currency: EUR
    order_id_prefixes: ["OPE-"]
"""


def partitions() -> set[str]:
    """The marketplaces that Dagster shows after its code location is reloaded."""
    job = build_definitions(settings=load_settings()).resolve_job_def("process_returns")
    assert job.partitions_def is not None
    return {key.split("|")[1] for key in job.partitions_def.get_partition_keys()}


@pytest.fixture
def tables(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = Path(shutil.copytree(ROOT / "mappings", tmp_path / "my-mappings"))
    monkeypatch.setenv("RETURNS_MAPPINGS", str(copy))
    return copy


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refunds(sandbox: Sandbox) -> int:
    return len([refund for refund in sandbox.refunds("operator_de") if refund["source"] == "api"])


def test_added_mapped_removed(tables: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sandbox").mkdir()
    with running_sandbox(tmp_path / "sandbox", clock=f"{DAY}T00:00:00Z") as sandbox:
        sandbox.post("marketplaces", key="operator_de", shop_id="2009", api_key="k9", currency="EUR")
        sandbox.post(
            "world", seed=5, first_day=str(DAY), days=1, marketplaces=["operator_de"], orders_per_day=0, returns_per_day=0,
            scenarios=["duplicates", "unknown_reason"],
        )  # fmt: skip
        sandbox.post("clock", now=f"{DAY}T23:59:59Z")
        sandbox.post("world/deliver", mode="files", directory=str(tmp_path / "drop"))
        for name, value in {**sandbox.env, "MIRAKL_OPERATOR_DE_KEY": "k9"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MIRAKL_OPERATOR_DE_URL", sandbox.base_url("operator_de"))
        cli("inbox", "import", str(tmp_path / "drop"), "--received-at", "mtime")
        run = ("run", "--day", str(DAY), "--no-dagster", "--marketplace", "operator_de")

        # before: nobody knows where these returns belong
        assert "unknown marketplace 'operator_de'" in cli(*run).output
        assert cli("run", "--day", str(DAY), "--no-dagster", "--marketplace", "nordhaus").exit_code == 0
        assert "unroutable" in cli("exceptions", "list").output

        # a marketplace is added
        with (tables / "marketplaces.yaml").open("a") as file:
            file.write(ENTRY)
        assert cli("mappings", "check", "--live", "--marketplace", "operator_de").exit_code == 0
        assert cli(*run).exit_code == 0
        assert "operator_de" in partitions()
        assert refunds(sandbox) == 1
        assert "unroutable" not in cli("exceptions", "list").output
        assert "unknown_reason" in cli("exceptions", "list", "--marketplace", "operator_de").output

        # a reason is mapped
        edit(tables / "rebound.yaml", "\nreason_map:", "\nreason_map:\n  Zu groß: SIZE_TOO_LARGE\n  #")
        assert cli(*run).exit_code == 0
        assert refunds(sandbox) == 2
        assert "unknown_reason" not in cli("exceptions", "list").output

        # a marketplace is removed
        edit(tables / "marketplaces.yaml", ENTRY, "\n")
        assert cli("mappings", "check").exit_code == 0
        assert "operator_de" not in partitions()
        summary = cli("summary").output
        assert next(line for line in summary.splitlines() if line.startswith("operator_de")).split()[7] == "2"
        assert cli("run", "--day", str(DAY), "--no-dagster", "--marketplace", "nordhaus").exit_code == 0
        assert "unroutable" in cli("exceptions", "list").output
        assert refunds(sandbox) == 2


def test_rows_left_behind_by_a_removed_marketplace_are_named(tables: Path, cli: Cli) -> None:
    text = (tables / "marketplaces.yaml").read_text()
    albion = text[text.index("  albion:") : text.index("  maplewood:")]
    edit(tables / "marketplaces.yaml", albion, "")
    result = cli("mappings", "check")
    assert result.exit_code == 1
    assert "return_reasons.csv:10: marketplace: 'albion' is not in marketplaces.yaml" in result.output
