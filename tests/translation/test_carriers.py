"""carriers.csv: each fault names file and line; the row in force decides; blanks and case do not count."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import MappingError

SHIPPED = Path(__file__).parents[2] / "mappings"
HEADER = "marketplace,carrier,carrier_code,carrier_name,carrier_url,valid_from,valid_to"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "mappings"))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("nowhere,DPD,X,,,2010-01-01,", "marketplace: 'nowhere' is not in marketplaces.yaml; allowed: nordhaus, albion, maplewood"),
        ("*,DPD,X,,,2010-01-01,", "marketplace: '*' is not in marketplaces.yaml"),
        ("albion,DPD,,,,2010-01-01,", "give either carrier_code or carrier_name"),
        ("albion,DPD,X,Name,https://x.example,2010-01-01,", "give either carrier_code or carrier_name"),
        ("albion,DPD,,Name,,2010-01-01,", "carrier_name and carrier_url are given together"),
        ("albion,DPD,X,,https://x.example,2010-01-01,", "carrier_name and carrier_url are given together"),
        ("albion,DPD,X,,,2010-01-02,2010-01-01", "valid_to is before valid_from"),
        ("albion,,X,,,2010-01-01,", "carrier"),
        ("albion, ups ,X,,,2010-01-01,", "albion, 'ups' is already mapped for these days in line 2"),
    ],
)
def test_a_fault_names_file_and_line(tables: Path, row: str, says: str) -> None:
    path = tables / "carriers.csv"
    path.write_text(f"{HEADER}\nalbion,UPS,UPS,,,2009-01-01,\n{row}\n")
    with pytest.raises(MappingError) as raised:
        load_mappings(tables)
    assert f"{path}:3: " in str(raised.value)
    assert says in str(raised.value)


def test_the_row_in_force_decides(tables: Path) -> None:
    (tables / "carriers.csv").write_text(f"{HEADER}\nalbion,DPD,OLD,,,2010-01-01,2025-03-09\nalbion,dpd,NEW,,,2025-03-10,\n")
    mappings = load_mappings(tables)
    codes = {day: [row.carrier_code for row in mappings.carriers_of("albion", date(2025, 3, day))] for day in (9, 10)}
    assert codes == {9: ["OLD"], 10: ["NEW"]}
    assert mappings.carriers_of("nordhaus", date(2025, 3, 9)) == []
