"""The form of the warehouse's files: whatever a spreadsheet, a WMS or a line of JSON makes of them, rows are read or named."""

import codecs
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from returns_assets.warehouse_files.facts import WarehouseFile, read_file
from returns_assets.warehouse_files.profile import compile_profile
from tests.rebound.payloads import MAPPINGS

RECEIVED = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
HEADER = "event;event_time;order_id;piece_id;return_id;quantity;disposition"
ROW = "PUTAWAY;2025-03-09 10:00:00;NOR-1-A;0090;0030;1,0;RESTOCK"


def read(content: "bytes | str", **changed: Any) -> WarehouseFile:
    profile = compile_profile(MAPPINGS.warehouse.model_copy(update=changed))
    return read_file(content if isinstance(content, bytes) else content.encode(), profile, "x.csv", RECEIVED)


def text(*rows: str, header: str = HEADER) -> str:
    return "\r\n".join([header, *rows, ""])


def test_semicolons_byte_order_mark_decimal_comma_and_ids_as_text():
    (fact,) = read(codecs.BOM_UTF8 + text(ROW).encode()).facts
    assert (fact.line, fact.event, fact.quantity, fact.piece_id, fact.return_id) == (2, "PUTAWAY", 1, "0090", "0030")
    assert fact.event_time == datetime(2025, 3, 9, 9, 0, tzinfo=UTC), "Berlin's clock"


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_both_delimiters_are_told_apart_by_the_columns_and_order_is_free(delimiter: str):
    header = delimiter.join(["note", "quantity", "event_time", "event", "piece_id"])
    row = delimiter.join(["customer@example.org", "2", "2025-03-09 10:00", "PUTAWAY", "P1"])
    file = read(text(row, header=header))
    assert [(fact.piece_id, fact.quantity) for fact in file.facts] == [("P1", 2)]


def test_one_json_object_a_line_is_the_same_fact_as_its_csv_row():
    values = {"event": "PUTAWAY", "event_time": "2025-03-09 10:00:00", "order_id": "NOR-1-A", "piece_id": "0090", "return_id": "0030"}
    lines = [json.dumps({**values, "quantity": quantity, "disposition": "RESTOCK", "name": "x"}) for quantity in (1, 1.0, "1,0")]
    facts = read("\n".join(lines)).facts
    assert {fact.event_key for fact in facts} == {read(text(ROW)).facts[0].event_key}
    assert [fact.line for fact in facts] == [1, 2, 3]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2025-07-01 10:00:00", "2025-07-01T08:00:00"),
        ("2025-07-01T10:00:00Z", "2025-07-01T10:00:00"),
        ("2025-10-26 02:30:00", "2025-10-26T00:30:00"),  # twice: the first
        ("2025-03-30 02:30:00", "2025-03-30T01:30:00"),  # never: as if the clock had not changed yet
    ],
)
def test_times_in_the_warehouses_zone(written: str, utc: str):
    (fact,) = read(text(ROW.replace("2025-03-09 10:00:00", written))).facts
    assert fact.event_time == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_zone_and_a_pattern_of_ones_own():
    row = ROW.replace("2025-03-09 10:00:00", "09.03.2025 10:00")
    (fact,) = read(text(row), timezone="America/New_York", time_format="%d.%m.%Y %H:%M").facts
    assert fact.event_time == datetime(2025, 3, 9, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        (ROW.replace("PUTAWAY", "PUTWAY"), "event", "'PUTWAY' is no event; warehouse.yaml has: PUTAWAY, INSPECTED, RECEIVED, DISPATCHED"),
        (ROW.replace("2025-03-09 10:00:00", "31.02.2025 10:00"), "event_time", "allowed: a date and time such as 2025-03-09 14:05:00"),
        (ROW.replace("2025-03-09", "2025-02-30"), "event_time", "no such time"),
        (ROW.replace("2025-03-09", "2027-03-09"), "event_time", "after the file's receipt"),
        (ROW.replace("2025-03-09 10:00:00", ""), "event_time", "missing"),
        (ROW.replace("1,0", "eins"), "quantity", "a whole number from 1 up"),
        (ROW.replace("1,0", "1.000"), "quantity", "with ',' before decimals"),
        (ROW.replace("1,0", "1,5"), "quantity", "a whole number"),
        (ROW.replace("1,0", "0"), "quantity", "a whole number from 1 up"),
        (ROW.replace("0090", "9,0E+17"), "piece_id", "a spreadsheet"),
        ("PUTAWAY;2025-03-09 10:00:00;;;;1;RESTOCK", "piece_id", "names nothing that came back"),
        ("DISPATCHED;2025-03-09 10:00:00;;;;1;", "order_id", "names its order"),
        ("DISPATCHED;2025-03-09 10:00:00;NOR-1-A;;;1;", "order_line_id", "names what left"),
        ("DISPATCHED;2025-03-09 10:00:00;NOR-1-A;;;;", "quantity", "how many units"),
        ("PUTAWAY;2025-03-09 10:00:00", "row", "2 cells; the header has 7"),
        (ROW + ";x", "row", "8 cells; the header has 7"),
    ],
)
def test_a_bad_row_is_named_with_line_field_and_what_is_allowed_and_the_others_go_on(row: str, field: str, says: str):
    file = read(text(ROW, row, ROW.replace("0090", "0091")))
    assert [fact.piece_id for fact in file.facts] == ["0090", "0091"]
    (bad,) = file.bad
    assert (bad.line, bad.field, file.rows, file.rows_refused) == (3, field, 3, 1)
    assert says in bad.fault


def test_a_dispatch_by_ean_alone_is_a_bad_row_rather_than_one_that_never_fits():
    header = "event;event_time;order_id;ean;sku;quantity"
    rows = ["DISPATCHED;2025-03-09 10:00:00;NOR-1-A;4006381333931;;1", "DISPATCHED;2025-03-09 10:00:00;NOR-1-A;4006381333931;S1;1"]
    file = read(text(*rows, header=header))
    assert [fact.sku for fact in file.facts] == ["S1"]
    assert [(bad.line, bad.field, bad.fault) for bad in file.bad] == [
        (2, "order_line_id", "a dispatch names what left; allowed: order_line_id or sku")
    ]


def test_the_quoted_row_has_no_columns_that_the_contract_does_not_know():
    file = read(text(ROW.replace("PUTAWAY", "PUTWAY") + ";Erika Mustermann", ROW + ";Max Mustermann", header=HEADER + ";customer"))
    assert file.bad[0].quoted.startswith("event=PUTWAY; event_time=2025-03-09 10:00:00; order_id=NOR-1-A; quantity=1,0; piece_id=0090")
    assert "Mustermann" not in str(file)


def test_above_the_share_of_bad_rows_the_file_is_refused_whole():
    rows = [ROW, ROW.replace("0090", "0091"), ROW.replace("PUTAWAY", "x"), ROW.replace("PUTAWAY", "y")]
    assert (len(read(text(*rows)).facts), read(text(*rows)).refused) == (2, False), "half of them is the limit"
    file = read(text(*rows), max_bad_ratio=Decimal("0.49"))
    assert (file.facts, file.refused, file.rows, file.rows_refused, len(file.bad)) == ([], True, 4, 4, 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("time;order\nx;y", "line 1: no column is event; warehouse.yaml has: event"),
        ("event;event_time;event\nx;y;z", "line 1: two columns are event"),
        (text(ROW, 'PUTAWAY;"2025', ROW), "line 3: not CSV"),
        ("{\n", "line 1: no JSON object in one line"),
        ("[{}]", "no JSON object in one line"),
    ],
)
def test_a_file_without_form_is_unreadable_as_a_whole(content: "bytes | str", says: str):
    file = read(content)
    assert file.fault.startswith("x.csv: ")
    assert says in file.fault
    assert (file.rows, file.facts) == (0, [])


def test_broken_lines_of_json_are_bad_rows():
    good = json.dumps({"event": "PUTAWAY", "event_time": "2025-03-09 10:00", "piece_id": "P1"})
    file = read("\n".join([good, "{", "[]", json.dumps({"event": "PUTAWAY", "order_id": {}}), good, good]))
    assert [bad.line for bad in file.bad] == [2, 3, 4]
    assert (len(file.facts), file.refused) == (3, False)


def test_an_unknown_word_or_carrier_is_no_bad_row():
    header = "event;event_time;order_id;sku;quantity;carrier;disposition;grade;verification;piece_id"
    rows = ["DISPATCHED;2025-03-09 10:00;NOR-1-A;S1;1;Radkurier Nord;;;;", "INSPECTED;2025-03-09 10:00;NOR-1-A;S1;1;;kaputt;Z;?;P1"]
    dispatch, inspection = read(text(*rows, header=header)).facts
    assert (dispatch.carrier, dispatch.problems) == ("Radkurier Nord", ())
    assert (inspection.verification, inspection.grade, inspection.disposition, inspection.disposition_raw) == (
        "UNKNOWN", "UNKNOWN", "UNKNOWN", "kaputt",
    )  # fmt: skip
    assert [str(found) for found in inspection.problems] == ["unknown_verification:?", "unknown_grade:Z", "unknown_disposition:kaputt"]


def test_the_same_fact_again_has_the_same_key_and_another_has_not():
    header = HEADER + ";event_id"
    named, nameless = ROW + ";{}", ROW.replace("0090", "") + ";{}"
    keys = [
        fact.event_key for fact in read(text(named.format(1), named.format(2), ROW.replace(";1,0;", ";1;") + ";3", header=header)).facts
    ]
    assert len(set(keys)) == 1, "another number of the warehouse's own says nothing new about a piece that is named"
    keys = [fact.event_key for fact in read(text(nameless.format(1), nameless.format(2), header=header)).facts]
    assert len(set(keys)) == 2, "two pieces without ids"


def test_the_examples_of_the_documentation_are_read_as_it_says():
    page = (Path(__file__).parents[2] / "docs" / "warehouse-files.md").read_text()
    examples = re.findall(r"```(csv|ndjson)\n(.*?)```", page, re.S)
    assert [kind for kind, _ in examples] == ["csv", "ndjson", "csv"]
    files = [read(body) for _, body in examples]
    assert [(file.fault, file.refused) for file in files] == [("", False)] * 3
    assert [len(file.facts) for file in files] == [4, 2, 1]
    assert [[bad.line for bad in file.bad] for file in files] == [[], [], [3]]
