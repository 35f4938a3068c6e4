"""The stock file and what its answers prove; and what a quantity says of a file whose answer was lost."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returns_assets.mirakl.client import MiraklClient
from returns_assets.mirakl.errors import MiraklUnreadableError
from returns_assets.mirakl.stock_call import StockLine, read_import, send_stock, stock_file
from returns_assets.mirakl.stock_facts import Sale, all_offers, read_offers, sales_of
from returns_assets.mirakl.stock_rules import Standing, judge
from returns_assets.steps.stock_baseline import Baseline, baseline_of, sold_since
from returns_assets.wire.answers import Verdict


def client(answer: Any) -> MiraklClient:
    return MiraklClient("http://127.0.0.1", "secret", "1", transport=httpx.MockTransport(answer))


def test_the_file_is_as_published() -> None:
    content = stock_file([StockLine('B "1"', 3, "EAST"), StockLine("Ä;2", 0, None, "")])
    assert content.splitlines()[0] == b'"offer-sku";"quantity";"warehouse-code";"update-delete"'
    assert list(csv.reader(io.StringIO(content.decode()), delimiter=";"))[1:] == [['B "1"', "3", "EAST", "update"], ["Ä;2", "0", "", ""]]


@pytest.mark.parametrize(
    ("status", "body", "verdict", "import_id"),
    [
        (201, b'{"import_id": "7"}', Verdict.ACCEPTED, "7"),
        (201, b'{"import_id": 7}', Verdict.ACCEPTED, "7"),
        (201, b"{}", Verdict.UNKNOWN, None),
        (201, b"[]", Verdict.UNKNOWN, None),
        (400, b'{"message": "no"}', Verdict.REFUSED, None),
        (429, b"", Verdict.LIMITED, None),
        (401, b"", Verdict.DENIED, None),
        (500, b"", Verdict.UNKNOWN, None),
    ],
)
def test_an_answer_accepts_with_an_id_or_proves_less(status: int, body: bytes, verdict: Verdict, import_id: str | None) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, content=body)

    found = send_stock(client(answer), [StockLine("S", 1, None)])
    assert (found.verdict, found.external_id, len(seen)) == (verdict, import_id, 1)
    assert seen[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert seen[0].headers["authorization"] == "secret"
    assert b'name="file"; filename="stock.csv"' in seen[0].read()


REPORT = '"line-number";"error-reason";"offer-sku";"quantity"\n"3";"no such ""offer""";" s1 ";"4"\n"4";"again";"S1";"5"\n'


@pytest.mark.parametrize(
    ("status", "report", "expected"),
    [
        ({"status": "RUNNING"}, "", (True, {}, False)),
        ({"status": "COMPLETE", "has_error_report": True, "lines_in_error": 2}, REPORT, (False, {"S1": 'no such "offer"'}, False)),
        ({"status": "COMPLETE", "has_error_report": False, "lines_in_error": 1}, "", (False, {}, True)),
        ({"status": "COMPLETE"}, "", (False, {}, False)),
        ({"status": "FAILED"}, "", (False, {}, False)),
    ],
)
def test_how_an_import_stands(status: dict[str, Any], report: str, expected: tuple[bool, dict[str, str], bool]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=report) if request.url.path.endswith("error_report") else httpx.Response(200, json=status)

    found = read_import(client(answer), "a/b")
    assert found is not None
    assert (found.under_way, dict(found.errors), found.unexplained) == expected


@pytest.mark.parametrize(("code", "report"), [(404, b'{"message": "no"}'), (403, b"{}"), (200, b"\xff\xfe no text")])
def test_a_report_that_cannot_be_had_leaves_its_import_unexplained(code: int, report: bytes) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.path.endswith("error_report")
        return httpx.Response(code, content=report) if asked else httpx.Response(200, json={"status": "COMPLETE", "has_error_report": True})

    found = read_import(client(answer), "7")
    assert found is not None
    assert (found.under_way, dict(found.errors), found.unexplained) == (False, {}, True)


@pytest.mark.parametrize(
    ("status", "report", "unexplained"),
    [
        ({"lines_in_error": 3}, REPORT, True),
        ({}, f"{REPORT}garbage\n", True),
        ({"lines_in_error": 2, "lines_in_success": 0}, REPORT, False),
    ],
)
def test_one_readable_row_does_not_explain_the_others(status: dict[str, Any], report: str, unexplained: bool) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        complete = {"status": "COMPLETE", "has_error_report": True, **status}
        return httpx.Response(200, text=report) if request.url.path.endswith("error_report") else httpx.Response(200, json=complete)

    found = read_import(client(answer), "7")
    assert found is not None
    assert (found.unexplained, set(found.errors)) == (unexplained, {"S1"})
    assert (found.accounts_for(["s1"]), found.accounts_for(["S1", "S2"])) == (not unexplained, False)


def test_an_import_that_mirakl_does_not_know() -> None:
    assert read_import(client(lambda _: httpx.Response(404, json={"message": "no"})), "7") is None


def test_offers_are_read_page_by_page_and_with_their_warehouses() -> None:
    places = [{"code": "E", "quantity": 2}, {"code": "W", "quantity": 0}]
    rows = [{"shop_sku": f"s{n}", "offer_id": n, "quantity": n, "warehouses": places if n == 5 else None} for n in range(150)]

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        found = [row for row in rows if asked.get("sku") in (None, row["shop_sku"])]
        start = int(asked.get("offset", 0))
        return httpx.Response(200, json={"offers": found[start : start + int(asked["max"])], "total_count": len(found)})

    assert len(all_offers(client(answer))) == 150
    found = read_offers(client(answer), ["s5", "S7", "none"])
    assert {key: (offer.quantity, offer.at("E"), offer.at("N")) for key, offer in found.items()} == {"S5": (2, 2, 0)}
    assert set(read_offers(client(answer), [f"s{n}" for n in range(60)])) == {f"S{n}" for n in range(60)}
    with pytest.raises(MiraklUnreadableError):
        all_offers(client(lambda _: httpx.Response(200, json={"offers": [{"shop_sku": "s", "offer_id": 1, "quantity": 1.5}]})))


def test_sales_that_do_not_count_are_seen_all_the_same() -> None:
    line = {"order_line_id": "1", "offer_sku": " s ", "quantity": 2, "order_line_state": "CANCELED"}
    page = {
        "orders": [
            {"created_date": "2025-03-10T12:00:00Z", "order_lines": [line, {**line, "order_line_id": "2", "order_line_state": None}]}
        ]
    }
    assert [(sale.sku_key, sale.quantity, sale.counts) for sale in sales_of([json.dumps(page).encode()])] == [
        ("S", 2, False),
        ("S", 2, True),
    ]


def test_sales_before_the_window_of_a_baseline_are_none_of_its_sales() -> None:
    at = datetime(2025, 3, 10, 12, tzinfo=UTC)
    baseline = baseline_of(Baseline(10, 11, at, frozenset({"seen"})).known_ids())
    assert baseline == Baseline(10, 11, at, frozenset({"seen"}))
    sales = [Sale(name, "S", 1, at + timedelta(hours=hours), counts=True) for name, hours in (("before", -1), ("seen", 1), ("new", 0))]
    assert sold_since(baseline, sales) == 1


UNITS = st.integers(0, 30)


@settings(max_examples=60, deadline=None)
@given(before=st.integers(30, 60), units=st.integers(1, 5), lost=UNITS, after=UNITS, executed=st.booleans())
def test_writing_once_more_is_right_whatever_became_of_the_first_file(
    before: int, units: int, lost: int, after: int, executed: bool
) -> None:
    """`lost` units are sold between reading and file, `after` after it; the file arrived, or it did not."""
    now = before + units - after if executed else before - lost - after
    judged = judge(before, units, lost + after, now)
    assert (judged.standing is Standing.RIGHT) == (executed and lost == 0)
    if judged.standing is Standing.WRONG:
        assert now - judged.off == before + units - lost - after
    else:
        assert judged.standing is Standing.RIGHT


@pytest.mark.parametrize("now", [13, 9, 7])
def test_what_somebody_else_did_is_not_written_over(now: int) -> None:
    assert judge(before=10, units=2, sold=2, now=now).standing is Standing.OTHER
