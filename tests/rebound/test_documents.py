"""Bytes to payloads: the three groupings, encodings, and documents that are broken in part or whole."""

import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_assets.rebound.documents import parse


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": "1"}',
        codecs.BOM_UTF8 + b'{"a": "1"}',
        b' \n{\n "a":\n "1"}\n\n',
        b'[{"a": "1"}]',
        codecs.BOM_UTF8 + b'{"a": "1"}\r\n',
        '{"a": "1"}'.encode("utf-16"),
        '{"a": "1"}'.encode("utf-32-le"),
    ],
)
def test_one_payload_however_it_is_written(content: bytes):
    assert parse(content, "f").payloads == [{"a": "1"}]
    assert parse(content, "f").faults == []


def test_ndjson_with_byte_order_mark_blank_lines_and_windows_line_ends():
    parsed = parse(codecs.BOM_UTF8 + b'{"a": "1"}\r\n\r\n{"a": "2"}\r\n', "f")
    assert [p["a"] for p in parsed.payloads] == ["1", "2"]
    assert parsed.faults == []


def test_unicode_line_separators_inside_text_do_not_split_a_line():
    parsed = parse('{"a": "x\u2028y"}\n{"a": "\u0085"}\n'.encode(), "f")
    assert [p["a"] for p in parsed.payloads] == ["x\u2028y", "\u0085"]


def test_a_bad_line_is_named_and_the_others_are_read():
    parsed = parse(b'{"a": "1"}\n{"a": \n{"a": "3"}\n[1]\n"x"\n', "drop/f.json")
    assert [p["a"] for p in parsed.payloads] == ["1", "3"]
    assert not parsed.unreadable
    assert [fault[: len("drop/f.json: line 2")] for fault in parsed.faults] == [f"drop/f.json: line {n}" for n in (2, 4, 5)]
    assert "a JSON object is needed" in parsed.faults[1]


def test_a_bad_first_line_costs_only_itself():
    parsed = parse(b'{"a": \n{"a": "2"}\n{"a": "3"}', "f")
    assert [p["a"] for p in parsed.payloads] == ["2", "3"]
    assert len(parsed.faults) == 1
    assert "line 1, column" in parsed.faults[0]


def test_a_half_written_pretty_document_is_not_taken_for_lines():
    """Its items stand on lines of their own and are whole objects: read as payloads they would be invented returns."""
    whole = '{\n "order": {"reboundOrderId": "R"},\n "items": [\n{"reboundItemId": "P1"},\n{"reboundItemId": "P2"}\n]\n}'
    for cut in range(1, len(whole)):
        parsed = parse(whole[:cut].encode(), "f")
        assert parsed.unreadable, whole[:cut]
    assert len(parse(whole.encode(), "f").payloads) == 1


def test_entries_of_an_array_that_are_no_objects_are_named():
    parsed = parse(b'[{"a": "1"}, "x", null, [1], 3, true]', "f")
    assert parsed.payloads == [{"a": "1"}]
    assert [fault.split(" is ")[0] for fault in parsed.faults] == [f"f: entry {n}" for n in (2, 3, 4, 5, 6)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"[]", "the list is empty"),
        (b"null", "null"),
        (b'"x"', "text"),
        (b"<xml/>", "line 1, column 1"),
        (b'{"a": 1,\n"b"', "line 2"),
        (b'{"a": "Gr\xf6\xdfe"}', "byte 9"),
        (b'{"a": NaN}', "NaN"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_an_unreadable_document_says_where_and_what(content: bytes, words: str):
    parsed = parse(content, "drop/f.json")
    assert parsed.unreadable
    assert parsed.faults[0].startswith("drop/f.json: ")
    assert words in parsed.faults[0]


def test_a_fault_never_quotes_the_content():
    assert "secret" not in "".join(parse(b'{"email": "secret@example.org', "f").faults)


def test_numbers_keep_the_text_they_were_written_in():
    parsed = parse(b'{"a": 1.10, "b": 123456789012345678901234567890, "c": 1e999999999999999999999, "d": ' + b"9" * 9000 + b"}", "f")
    assert parsed.payloads[0]["a"] == "1.10"
    assert parsed.payloads[0]["b"] == "123456789012345678901234567890"
    assert len(parsed.payloads[0]["d"]) == 9000


@given(st.binary(max_size=200))
def test_any_bytes_give_payloads_or_faults(content: bytes):
    parsed = parse(content, "f")
    assert parsed.payloads or parsed.faults


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3), min_size=1, max_size=5))
def test_the_three_groupings_hold_the_same_payloads(payloads: list[dict[str, str]]):
    as_array = json.dumps(payloads, ensure_ascii=True).encode()
    as_lines = "\n".join(json.dumps(p) for p in payloads).encode()
    assert parse(as_array, "f").payloads == payloads
    assert parse(as_lines, "f").payloads == payloads
