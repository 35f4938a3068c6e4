"""`returns mappings check --live`: a code that the operator does not have is found before the first refusal."""

from collections.abc import Generator
from pathlib import Path

import pytest

from returns_assets.warehouse.connection import Warehouse
from tests.operations.conftest import Cli
from tests.sandbox_fixture import ROOT, Sandbox, running_sandbox


@pytest.fixture
def sandbox(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Sandbox]:
    with running_sandbox(tmp_path) as started:
        for name, value in started.env.items():
            monkeypatch.setenv(name, value)
        yield started


def test_the_shipped_tables_fit_the_sandbox(sandbox: Sandbox, cli: Cli) -> None:
    result = cli("mappings", "check", "--live")
    assert result.exit_code == 0, result.output
    assert "live lists of nordhaus, albion, maplewood: every mapped code is there and may be used" in result.output


def test_a_withdrawn_code_is_named_with_what_is_there(sandbox: Sandbox, cli: Cli) -> None:
    sandbox.post("reasons", marketplace="albion", withdraw="FAULTY_ITEM")
    result = cli("mappings", "check", "--live")
    assert result.exit_code == 1
    assert "albion: return_reasons.csv maps DEFECTIVE to 'FAULTY_ITEM', which is not in the live list: " in result.output
    assert "GOODWILL" in result.output
    assert "2 differences" in result.output  # DEFECTIVE and DAMAGED_IN_TRANSIT
    assert cli("mappings", "check", "--live", "--marketplace", "nordhaus").exit_code == 0


def test_withdrawn_codes_of_requests_are_named_where_the_operator_has_returns(sandbox: Sandbox, cli: Cli) -> None:
    for kind, code in (("RETURN_REJECTION", "RETURN_REJECTION_WINDOW_CLOSED"), ("RETURN", "RETURN_PDNT_TOO_SMALL")):
        sandbox.post("reasons", marketplace="nordhaus", type=kind, withdraw=code)
    result = cli("mappings", "check", "--live", "--marketplace", "nordhaus")
    assert "return_rejections.csv maps CLOSED to 'RETURN_REJECTION_WINDOW_CLOSED', which is not in the live list: " in result.output
    assert "request_reasons.csv maps SIZE_TOO_SMALL to 'RETURN_PDNT_TOO_SMALL'" in result.output
    sandbox.post("marketplaces", key="nordhaus", features={"returns.marketplace": False})
    assert cli("mappings", "check", "--live", "--marketplace", "nordhaus").exit_code == 0


def test_a_withdrawn_carrier_is_named_with_a_proposal(sandbox: Sandbox, cli: Cli) -> None:
    new = {"code": "DPD-NEW", "label": "DPD", "standard_code": "dpd", "tracking_url": None}
    sandbox.post("carriers", marketplace="albion", withdraw="DPD-UK", add=new)
    result = cli("mappings", "check", "--live", "--marketplace", "albion")
    assert result.exit_code == 1
    assert "carriers.csv maps DPD to 'DPD-UK', which is not in the live list: DHL-PARCEL-UK, DPD-NEW, RM48" in result.output
    assert "proposal by standard_code: DPD-NEW" in result.output


def test_a_carrier_that_the_warehouse_named_gets_a_proposal_and_nothing_is_applied(sandbox: Sandbox, cli: Cli, home: Path) -> None:
    with Warehouse(f"duckdb:{home / 'returns.duckdb'}").transaction() as con:
        con.execute("INSERT INTO warehouse_events (marketplace, event, carrier) VALUES ('albion', 'DISPATCHED', 'Royal-Mail')")
    result = cli("mappings", "check", "--live", "--marketplace", "albion")
    assert "the warehouse names the carrier 'Royal-Mail', which carriers.csv does not map; proposal by standard_code: RM48" in result.output
    assert "Royal-Mail" not in (ROOT / "mappings" / "carriers.csv").read_text()


def test_a_code_that_shops_may_not_use_is_named(sandbox: Sandbox, cli: Cli) -> None:
    sandbox.post("reasons", marketplace="nordhaus", add={"code": "17", "label": "Item returned", "is_shop_right": False})
    result = cli("mappings", "check", "--live", "--marketplace", "nordhaus")
    assert "'17', which shops may not use; they may use: 15, 16, 18, 19" in result.output


def test_another_shop_and_another_currency_are_named(sandbox: Sandbox, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    for table in (ROOT / "mappings").iterdir():
        (tables / table.name).write_text(table.read_text().replace('"2001"', '"2999"').replace("currency: USD", "currency: CAD"))
    monkeypatch.setenv("RETURNS_MAPPINGS", str(tables))
    foreign = cli("mappings", "check", "--live", "--marketplace", "nordhaus")
    assert foreign.exit_code == 1
    assert "nordhaus: not compared: Mirakl (nordhaus): RE01: HTTP 403" in foreign.output
    result = cli("mappings", "check", "--live", "--marketplace", "maplewood")
    assert result.exit_code == 1
    assert "maplewood: marketplaces.yaml says currency CAD, the account says USD" in result.output


def test_one_that_cannot_be_asked_does_not_hide_the_others(sandbox: Sandbox, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRAKL_NORDHAUS_KEY", "wrong")
    monkeypatch.delenv("MIRAKL_MAPLEWOOD_URL")
    sandbox.post("reasons", marketplace="albion", withdraw="FAULTY_ITEM")
    result = cli("mappings", "check", "--live")
    assert result.exit_code == 1
    assert "nordhaus: not compared: Mirakl (nordhaus): RE01: HTTP 401" in result.output
    assert "albion: return_reasons.csv maps DEFECTIVE to 'FAULTY_ITEM', which is not in the live list" in result.output
    assert "maplewood: not compared: marketplace maplewood: the variable MIRAKL_MAPLEWOOD_URL is not set" in result.output
    assert "2 differences from the live lists; not compared: nordhaus, maplewood" in result.output


def test_a_version_can_be_shown_again(sandbox: Sandbox, cli: Cli) -> None:
    shown = cli("mappings", "show")
    assert '"nordhaus"' in shown.output
    version = cli("mappings", "versions").output.split()[0]
    assert cli("mappings", "show", version[:10]).output == shown.output
