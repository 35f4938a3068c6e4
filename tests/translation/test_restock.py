"""restock.csv and the marketplaces' stock settings: each fault names file and line; nothing can be made sellable that never is."""

import shutil
from pathlib import Path

import pytest

from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import MappingError

SHIPPED = Path(__file__).parents[2] / "mappings"
HEADER = "rule,marketplace,verification,grade,disposition,lane,sellable"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "mappings"))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("good,*,MATCH,A,RESTOCK,*,yes", "rule: good is already in line 2"),
        ("x,nowhere,MATCH,A,RESTOCK,*,yes", "marketplace: 'nowhere' is not in marketplaces.yaml; allowed: *, nordhaus, albion, maplewood"),
        ("x,*,MATCH,E,RESTOCK,*,yes", "grade: 'E'; allowed: *, A, B, C, D, U"),
        ("x,*,MATCH,A,RESTOCK,SEA,yes", "lane: 'SEA'; allowed: *, HUB, DTR, RLIB"),
        ("x,*,MATCH,A,RESTOCK,*,maybe", "sellable"),
        ("x,*,MATCH|WRONG_ITEM,A,RESTOCK,*,yes", "verification: 'WRONG_ITEM' can never be sold again; allowed with sellable=yes: MATCH"),
        ("x,*,UNEXPECTED_EXTRA,A,RESTOCK,*,yes", "verification: 'UNEXPECTED_EXTRA' can never be sold again"),
        ("x,*,*,A,RESTOCK,*,yes", "verification: '*' can never be sold again"),
        ("x,*,MATCH,D,RESTOCK,*,yes", "grade: 'D' can never be sold again; allowed with sellable=yes: A, B, C, U"),
        ("x,*,MATCH,*,RESTOCK,*,yes", "grade: '*' can never be sold again"),
        ("x,*,MATCH,A,DESTROY,*,yes", "disposition: 'DESTROY' can never be sold again; allowed with sellable=yes: RESTOCK"),
        ("x,*,MATCH,A,*,*,yes", "disposition: '*' can never be sold again"),
    ],
)
def test_a_fault_names_file_line_field_and_what_is_allowed(tables: Path, row: str, says: str) -> None:
    path = tables / "restock.csv"
    path.write_text(f"{HEADER}\ngood,*,MATCH,A|B,RESTOCK,*,yes\n{row}\n")
    with pytest.raises(MappingError) as raised:
        load_mappings(tables)
    assert f"{path}:3: " in str(raised.value)
    assert says in str(raised.value)


def test_a_row_that_says_no_may_name_anything(tables: Path) -> None:
    (tables / "restock.csv").write_text(f"{HEADER}\nnever,*,*,*,*,*,no\n")
    assert load_mappings(tables).restock[0].sellable is False


def test_what_dispositions_csv_calls_sellable_may_be(tables: Path) -> None:
    path = tables / "dispositions.csv"
    path.write_text(path.read_text().replace("NONE,yes,no", "NONE,yes,yes"))
    (tables / "restock.csv").write_text(f"{HEADER}\nunseen,*,MATCH,U,NONE,*,yes\n")
    assert load_mappings(tables).restock[0].disposition == "NONE"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("stock: {mode: own}", "stock: {mode: erp}", "Input should be 'own', 'signal' or 'off'; given: 'erp'"),
        ("stock: {mode: own}", "stock: {mode: own, trigger: refund}", "Input should be 'putaway', 'disposition' or 'delivered'"),
        ("stock: {mode: own}", "stock: {mode: own, drift_limit: -1}", "drift_limit"),
        ("stock: {mode: own}", "stock: {mode: own, warehouse: X}", "warehouse"),
    ],
)
def test_settings_are_checked(tables: Path, old: str, new: str, says: str) -> None:
    path = tables / "marketplaces.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(MappingError) as raised:
        load_mappings(tables)
    assert str(path) in str(raised.value)
    assert says in str(raised.value)


def test_settings_are_laid_over_the_defaults_and_off_is_a_word(tables: Path) -> None:
    path = tables / "marketplaces.yaml"
    path.write_text(path.read_text().replace("stock: {mode: signal}", "stock: {mode: off, drift_limit: 2}", 1))
    stock = load_mappings(tables).marketplace("albion").stock
    assert (stock.mode, stock.trigger, stock.drift_limit) == ("off", "putaway", 2)
