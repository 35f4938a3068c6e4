"""Loading the mapping tables: the shipped ones are right, and every fault names its file, line, field and what is allowed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import MappingError

SHIPPED = Path(__file__).parents[2] / "mappings"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "mappings"))


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, "the test's own search text is stale"
    path.write_text(text.replace(old, new, 1))


def line_of(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), start=1) if text in line)


def test_the_shipped_tables_load_and_defaults_are_merged_field_by_field(tables: Path) -> None:
    replace(tables / "marketplaces.yaml", "    gate: partition\n", "    gate: partition\n    calls: {concurrency: 2}\n")
    mappings = load_mappings(tables)
    assert list(mappings.marketplaces) == ["nordhaus", "albion", "maplewood"]
    assert mappings.marketplace("albion").calls.concurrency == 2
    assert mappings.marketplace("albion").calls.retry_seconds == mappings.marketplace("nordhaus").calls.retry_seconds


def test_the_version_is_the_content_not_the_layout(tables: Path) -> None:
    before = load_mappings(tables).version
    replace(tables / "return_reasons.csv", "*,SIZE", "# a remark\n\n*,SIZE")
    assert load_mappings(tables).version == before
    replace(tables / "return_reasons.csv", "SIZE_TOO_LARGE,17", "SIZE_TOO_LARGE,19")
    assert load_mappings(tables).version != before


FAULTS: list[tuple[str, str, str, str]] = [
    ("marketplaces.yaml", "gate: partition", "gate: sometimes", "'rows' or 'partition'"),
    ("marketplaces.yaml", "currency: GBP", "currency: pounds", "currency"),
    ("marketplaces.yaml", "    label: Albion UK", "    labell: Albion UK", "label"),
    ("marketplaces.yaml", "api_key_env: MIRAKL_ALBION_KEY", "api_key: SECRET", "api_key"),
    ("marketplaces.yaml", 'order_id_prefixes: ["ALB-"]', 'order_id_prefixes: ["NOR-"]', "already routes to nordhaus"),
    ("marketplaces.yaml", "HUB: [ITEM_REGISTERED,", "HUB: [RETURN_REGISTERED,", "ITEM_REGISTERED"),
    ("marketplaces.yaml", "max_exception_share: 0.5", "max_exception_share: 50", "less than or equal to 1"),
    ("marketplaces.yaml", "first_day: 2025-03-01", "first_day: soon", "first_day"),
    ("rebound.yaml", "postalIncoming: PARCEL_IN_NETWORK", "postalIncoming: ARRIVED", "PARCEL_IN_NETWORK"),
    ("rebound.yaml", "null_tokens", "nul_tokens", "nul_tokens"),
    ("return_reasons.csv", "*,SIZE_TOO_LARGE,17,2010-01-01,", "*,SIZE_TO_LARGE,17,2010-01-01,", "no target of reason_map"),
    ("return_reasons.csv", "albion,SIZE_TOO_LARGE", "albino,SIZE_TOO_LARGE", "not in marketplaces.yaml"),
    ("return_reasons.csv", "*,SIZE_TOO_SMALL,17,2010-01-01,", "*,SIZE_TOO_LARGE,18,2012-01-01,", "already mapped for these days"),
    ("return_reasons.csv", "*,SIZE_TOO_SMALL,17,2010-01-01,", "*,SIZE_TOO_SMALL,17,01.02.2010,", "valid_from"),
    ("return_reasons.csv", "*,SIZE_TOO_SMALL,17,2010-01-01,", "*,SIZE_TOO_SMALL,17,2010-01-01,2009-01-01", "before valid_from"),
    ("return_reasons.csv", "*,SIZE_TOO_SMALL,17,2010-01-01,", "*,SIZE_TOO_SMALL,17", "cells"),
    ("return_reasons.csv", "canonical_reason", "reason", "header must be"),
    ("dispositions.csv", "DONATE,yes,no,", "DONATED,yes,no,", "DONATE"),
    ("refund_policy.csv", "hold,,,next inspection event,", "hold,,,,", "waits_for"),
    ("refund_policy.csv", "*,MATCH,C,*,*", "*,MATCH,E,*,*", "allowed: *, A, B, C, D, U"),
    ("refund_policy.csv", "D,*,DEFECTIVE|", "D,*,DEFECTIV|", "allowed: *, ARRIVED_LATE"),
    ("marketplaces.yaml", "api_key_env: MIRAKL_ALBION_KEY", "api_key_env: 3f2a9c-secret-key", "should match pattern"),
    ("refund_policy.csv", "refund,1,default,,\nregistration_is_final,", "refund,1.5,default,,\nregistration_is_final,", "share"),
    ("refusals.csv", "policy,retry", "policy,resend", "'retry', 'hold' or 'reject'"),
    ("refusals.csv", "refund,sufficient payable", "Refund!,sufficient payable", "kinds"),
    ("compliance.csv", "*,WRONG_ITEM,*,*,no", "*,WRONG_ITM,*,*,no", "allowed: *, MATCH"),
    (
        "marketplaces.yaml",
        "eligible_line_states: [SHIPPED, RECEIVED, INCIDENT_OPEN]   #",
        "eligible_line_states: [SHIPPING]   #",
        "'SHIPPED'",
    ),
    ("marketplaces.yaml", "[SHIPPED, RECEIVED, INCIDENT_OPEN]   #", "[TO_COLLECT]   #", "eligible or waiting, not both: TO_COLLECT"),
    ("return_rejections.csv", "nordhaus,REFUNDED", "nordhouse,REFUNDED", "not in marketplaces.yaml"),
    ("return_rejections.csv", "nordhaus,REFUNDED", "*,REFUNDED", "already in line 4"),
    ("return_rejections.csv", "*,QUANTITY", "*,TOO_MANY", "rejected_for"),
    ("request_reasons.csv", "TOO_BIG,SIZE_TOO_LARGE", "TOO_BIG,TOO_LARGE", "no target of reason_map"),
    ("compliance.csv", "albion,MISSING", "albino,MISSING", "not in marketplaces.yaml"),
    ("compliance.csv", "*,OVER_QUANTITY,*,*,yes,", "*,OVER_QUANTITY,*,*,no,", "needs the operator's code"),
    ("compliance.csv", "*,OVER_QUANTITY,*,*,yes,", "*,OVER_QUANTITY,*,*,yes,ANY", "has no code"),
    ("marketplaces.yaml", "DTR: [PARCEL_DELIVERED, ITEM_INSPECTED]", "DTR: [PARCEL_IN_NETWORK]", "PARCEL_AT_HUB"),
    ("marketplaces.yaml", "      closed: [RECEIVED]", "      closd: [RECEIVED]", "'closed' or 'cancelled'"),
    ("marketplaces.yaml", "    return_status: {close_after_refunds: yes}", "    return_status: {from_states: {}}", "nothing is given for"),
    ("marketplaces.yaml", "status_limit_hours: 48", "status_limit_hours: 0", "greater than 0"),
]


@pytest.mark.parametrize(("name", "old", "new", "says"), FAULTS, ids=lambda value: str(value)[:24])
def test_a_fault_names_file_line_field_and_what_is_allowed(tables: Path, name: str, old: str, new: str, says: str) -> None:
    replace(tables / name, old, new)
    with pytest.raises(MappingError) as caught:
        load_mappings(tables)
    text = str(caught.value)
    assert says in text
    assert name in text
    assert str(tables / name) in text
    expected_line = line_of(tables / name, new.split("\n")[0])
    fault_lines = {int(part.split(":")[1].rstrip(",")) for part in text.splitlines() if part.split(":")[1].strip().isdigit()}
    if fault_lines and "label" not in says and "api_key" not in says:
        assert any(abs(line - expected_line) <= 1 for line in fault_lines), f"line {expected_line} expected: {text}"


def test_a_secret_in_the_place_of_a_variables_name_is_not_shown(tables: Path) -> None:
    replace(tables / "marketplaces.yaml", "api_key_env: MIRAKL_ALBION_KEY", "api_key_env: 3f2a9c-secret-key")
    with pytest.raises(MappingError) as caught:
        load_mappings(tables)
    assert "3f2a9c" not in str(caught.value)


def test_all_faults_are_reported_at_once(tables: Path) -> None:
    replace(tables / "marketplaces.yaml", "currency: GBP", "currency: pounds")
    replace(tables / "refusals.csv", "policy,retry", "policy,resend")
    with pytest.raises(MappingError) as caught:
        load_mappings(tables)
    assert "marketplaces.yaml" in str(caught.value)
    assert "refusals.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda path: (path / "rebound.yaml").unlink(), "is missing"),
        (lambda path: (path / "rebound.yaml").write_bytes(b"\xff\xfe\x00"), "not UTF-8"),
        (lambda path: (path / "rebound.yaml").write_text("a: [1"), "not valid YAML"),
        (lambda path: (path / "rebound.yaml").write_text("- 1"), "must be a mapping"),
        (lambda path: (path / "marketplaces.yaml").write_text("first_day: 2025-01-01\n"), "at least one marketplace"),
        (lambda path: replace(path / "marketplaces.yaml", "  albion:", "  nordhaus:"), "given twice"),
        (lambda path: shutil.rmtree(path), "no such directory"),
    ],
)
def test_unreadable_files(tables: Path, break_it: Callable[[Path], object], says: str) -> None:
    break_it(tables)
    with pytest.raises(MappingError, match=says):
        load_mappings(tables)


def test_unknown_marketplace_lists_the_known_ones() -> None:
    with pytest.raises(MappingError, match="nordhaus, albion, maplewood"):
        load_mappings(SHIPPED).marketplace("nowhere")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("profile: g3_push ", "profile: [g3_push, g1_legacy_poll] ", "g1_legacy_poll cannot be combined"),
        ("profile: g3_push ", "profile: g2_order_push ", "profile"),
        ("date_format: YYYY/MM/DD", "date_format: YY/MM/DD", "a date format has YYYY, MM and DD once each"),
        ("time_zone: UTC", "time_zone: Mars/Olympus", "no such time zone"),
        ("channel: legacy-returns", "channel: elsewhere", "no channel elsewhere"),
    ],
)
def test_ways_that_do_not_fit_are_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "mappings")
    text = (folder / "rebound.yaml").read_text()
    assert old in text
    (folder / "rebound.yaml").write_text(text.replace(old, new))
    with pytest.raises(MappingError, match=sentence):
        load_mappings(folder)


SFTP = {
    "host": "sftp.example", "user": "u", "host_keys": '["ssh-ed25519 AAAA"]', "password_env": "SFTP_PASSWORD",
    "folders": "{tracking: /out}", "archive": "null", "error": "error", "quiet_seconds": "60", "timeout_seconds": "30",
    "look_seconds": "600", "max_file_bytes": "1000",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, ""),
        ({"host_keys": "[]"}, "the server's key must be known"),
        ({"host_keys": None}, "the server's key must be known"),
        ({"known_hosts": "known_hosts"}, "the server's key must be known"),
        ({"host_keys": '["any"]'}, "should match pattern"),
        ({"password_env": None}, "give password_env or private_key_file_env"),
        ({"private_key_file_env": "SFTP_KEY"}, "give password_env or private_key_file_env"),
        ({"password_env": "open-sesame"}, "password_env: String should match pattern"),
        ({"folders": "{}"}, "sftp.folders"),
        ({"folders": "{tracking: /out, snapshots: /out/}"}, "two channels share a folder"),
        ({"folders": "{elsewhere: /out}"}, "no channel elsewhere"),
        ({"archive": "error"}, "must be two folders"),
        ({"archive": "../up"}, "should match pattern"),
    ],
)
def test_an_sftp_account_that_does_not_fit_is_refused(tables: Path, changed: dict[str, str | None], sentence: str) -> None:
    fields = {name: value for name, value in (SFTP | changed).items() if value is not None}
    replace(tables / "rebound.yaml", "sftp: null", "sftp:\n" + "".join(f"  {name}: {value}\n" for name, value in fields.items()) + "#")
    if not sentence:
        assert load_mappings(tables).rebound.sftp is not None
        return
    with pytest.raises(MappingError) as caught:
        load_mappings(tables)
    assert sentence in str(caught.value)
    assert "open-sesame" not in str(caught.value)


def test_folders_at_an_sftp_server_have_the_kinds_that_fit(tables: Path) -> None:
    block = "".join(f"  {name}: {value}\n" for name, value in SFTP.items())
    replace(tables / "warehouse.yaml", "sftp: null", f"sftp:\n{block}#")
    with pytest.raises(MappingError, match=r"'tracking' carries no warehouse files; channels of rebound.yaml that do: warehouse"):
        load_mappings(tables)
    replace(tables / "warehouse.yaml", "{tracking: /out}", "{warehouse: /out}")
    replace(tables / "rebound.yaml", "sftp: null", f"sftp:\n{block}#")
    replace(tables / "rebound.yaml", "profile: g3_push ", "profile: g1_legacy_poll ")
    with pytest.raises(MappingError, match="one unit would count as two pieces"):
        load_mappings(tables)
    replace(tables / "rebound.yaml", "{tracking: /out}", "{legacy-returns: /out}")
    assert load_mappings(tables).warehouse.sftp is not None
