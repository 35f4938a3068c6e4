"""The client on a real server: headers, paging over a moving set, retries of reads only, errors by type."""

import json
from datetime import UTC, datetime

import pytest

from returns_assets.mirakl.client import MiraklClient
from returns_assets.mirakl.errors import (
    MiraklDeniedError,
    MiraklPermanentError,
    MiraklTransientError,
    MiraklUnreadableError,
)
from returns_assets.mirakl.refund_call import refund_body, send_refund
from returns_assets.wire.answers import Verdict, message_of, retry_after_of
from tests.mirakl.stub import Fault, Seen, StubMirakl

START = datetime(2025, 3, 1, tzinfo=UTC)
END = datetime(2025, 3, 9, tzinfo=UTC)


def ids_of(pages: list[bytes]) -> list[str]:
    return [order["order_id"] for page in pages for order in json.loads(page)["orders"]]


def fill(stub: StubMirakl, number: int) -> list[str]:
    names = [f"NOR-{n:04d}-A" for n in range(number)]
    for n, name in enumerate(names):
        stub.put_order(name, ["10.00"], created_date=f"2025-03-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z")
    return names


def test_every_call_carries_the_raw_key_the_shop_and_accept(stub: StubMirakl, client: MiraklClient) -> None:
    stub.put_order("NOR-1-A", ["10.00"])
    client.reasons()
    list(client.orders_by_id(["NOR-1-A"], "TAX_INCLUDED"))
    send_refund(client, body("NOR-1-A-1"))
    assert {seen.operation for seen in stub.seen} == {"RE01", "OR11", "OR28"}
    for seen in stub.seen:
        assert seen.headers["Authorization"] == "secret-key"
        assert [name.lower() for name in seen.header_names].count("authorization") == 1  # a server may refuse two keys
        assert seen.headers["Accept"] == "application/json"
        assert seen.params["shop_id"] == "2001"
    assert stub.calls("OR11")[0].params["order_tax_mode"] == "TAX_INCLUDED"
    assert stub.calls("OR28")[0].headers["Content-Type"] == "application/json"


def test_ids_are_asked_for_a_hundred_at_a_time(stub: StubMirakl, client: MiraklClient) -> None:
    names = fill(stub, 250)
    pages = list(client.orders_by_id([*names, "NOR-UNKNOWN-A"], "TAX_INCLUDED"))
    assert ids_of(pages) == names
    assert sorted(len(seen.params["order_ids"].split(",")) for seen in stub.calls("OR11")) == [51, 100, 100]


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 305])
@pytest.mark.parametrize("end", [None, END])
@pytest.mark.parametrize("link", [True, False])
def test_a_sweep_reads_every_page(stub: StubMirakl, client: MiraklClient, number: int, end: datetime | None, link: bool) -> None:
    stub.link_header = link
    names = fill(stub, number)
    assert sorted(set(ids_of(list(client.orders_updated(START, end, "TAX_INCLUDED"))))) == names


def test_a_server_with_smaller_pages_is_read_completely(stub: StubMirakl, client: MiraklClient) -> None:
    stub.page_cap = 40
    stub.link_header = False
    names = fill(stub, 130)
    for end in (None, END):
        assert sorted(set(ids_of(list(client.orders_updated(START, end, "TAX_INCLUDED"))))) == names


def test_orders_leaving_a_closed_window_push_none_past_the_reader(stub: StubMirakl, client: MiraklClient) -> None:
    names = fill(stub, 350)
    leaving = iter(names)

    def leave(seen: Seen) -> None:
        if seen.operation == "OR11":
            for _ in range(7):  # updated again: out of the window, everything behind moves up
                stub.orders[next(leaving)]["last_updated_date"] = "2025-04-01T00:00:00Z"

    stub.on_request = leave
    read = set(ids_of(list(client.orders_updated(START, END, "TAX_INCLUDED"))))
    still_there = [name for name in names if stub.orders[name]["last_updated_date"] < "2025-04-01"]
    assert read >= set(still_there)


def test_orders_entering_an_open_window_push_none_past_the_reader(stub: StubMirakl, client: MiraklClient) -> None:
    names = fill(stub, 350)
    counter = iter(range(100))

    def enter(seen: Seen) -> None:
        if seen.operation == "OR11":
            for _ in range(7):
                stub.put_order(f"OLD-{next(counter)}-A", ["1.00"], created_date="2024-01-01T00:00:00Z")

    stub.on_request = enter
    read = set(ids_of(list(client.orders_updated(START, None, "TAX_INCLUDED"))))
    assert read >= set(names)


@pytest.mark.parametrize(
    ("headers", "expected"), [({"Retry-After": "7"}, 7.0), ({}, None)], ids=["with Retry-After", "without Retry-After"]
)
def test_reads_wait_out_a_429(
    stub: StubMirakl, client: MiraklClient, waits: list[float], headers: dict[str, str], expected: float | None
) -> None:
    stub.faults.append(Fault("RE01", "status", 429, headers, times=2))
    assert b"17" in client.reasons()
    assert len(waits) == 2
    assert waits == [expected, expected] if expected else all(0 <= wait <= 60 for wait in waits)


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_reads_survive_cut_connections(stub: StubMirakl, client: MiraklClient, kind: str) -> None:
    stub.faults.append(Fault("RE01", kind, times=3))
    assert b"17" in client.reasons()
    assert len(stub.calls("RE01")) == 4


def test_a_server_that_stays_down_is_a_transient_error(stub: StubMirakl, client: MiraklClient) -> None:
    stub.faults.append(Fault("RE01", "status", 503, times=100))
    with pytest.raises(MiraklTransientError, match="RE01: HTTP 503"):
        client.reasons()


@pytest.mark.parametrize(("status", "error"), [(401, MiraklDeniedError), (403, MiraklDeniedError), (400, MiraklPermanentError)])
def test_permanent_errors_are_not_repeated(stub: StubMirakl, client: MiraklClient, status: int, error: type[Exception]) -> None:
    stub.faults.append(Fault("RE01", "status", status, body=b'{"status": 400, "message": "no such thing"}'))
    with pytest.raises(error, match="no such thing"):
        client.reasons()
    assert len(stub.calls("RE01")) == 1


def test_a_success_that_is_not_json_is_unreadable(stub: StubMirakl, client: MiraklClient) -> None:
    stub.faults.append(Fault("RE01", "garbage_after"))
    with pytest.raises(MiraklUnreadableError):
        client.reasons()


def test_errors_name_neither_key_nor_address(stub: StubMirakl, client: MiraklClient) -> None:
    stub.faults.append(Fault("RE01", "cut_before", times=100))
    with pytest.raises(MiraklTransientError) as raised:
        client.reasons()
    assert "secret-key" not in str(raised.value)
    assert "127.0.0.1" not in str(raised.value)


# -- the one write


def body(order_line_id: str) -> dict[str, object]:
    from decimal import Decimal

    return refund_body(
        order_line_id=order_line_id,
        amount=Decimal("10.0000"),
        shipping_amount=Decimal("0"),
        reason_code="17",
        quantity=1,
        currency="EUR",
        tax_mode="TAX_INCLUDED",
    )


@pytest.mark.parametrize(
    ("fault", "verdict", "booked"),
    [
        (None, Verdict.EXECUTED, 1),
        (Fault("OR28", "status", 400), Verdict.REFUSED, 0),
        (Fault("OR28", "status", 404), Verdict.REFUSED, 0),
        (Fault("OR28", "status", 401), Verdict.DENIED, 0),
        (Fault("OR28", "status", 403), Verdict.DENIED, 0),
        (Fault("OR28", "status", 429), Verdict.LIMITED, 0),
        (Fault("OR28", "status", 500), Verdict.UNKNOWN, 0),
        (Fault("OR28", "status", 408), Verdict.UNKNOWN, 0),
        (Fault("OR28", "status", 302, {"Location": "/api/orders/refund"}), Verdict.UNKNOWN, 0),
        (Fault("OR28", "status_after", 503), Verdict.UNKNOWN, 1),
        (Fault("OR28", "cut_before"), Verdict.UNKNOWN, 0),
        (Fault("OR28", "cut_after"), Verdict.UNKNOWN, 1),
        (Fault("OR28", "garbage_after"), Verdict.UNKNOWN, 1),
        (Fault("OR28", "status_after", 200, body=b'{"refunds": []}'), Verdict.UNKNOWN, 1),
        (Fault("OR28", "status_after", 200, body=b'{"refunds": [{"order_line_id": "X", "refund_id": "R9"}]}'), Verdict.UNKNOWN, 1),
        (Fault("OR28", "status_after", 204, body=b""), Verdict.UNKNOWN, 1),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else str(value),
)
def test_a_refund_is_sent_once_whatever_happens(
    stub: StubMirakl, client: MiraklClient, fault: Fault | None, verdict: Verdict, booked: int
) -> None:
    stub.put_order("NOR-1-A", ["10.00"])
    if fault:
        stub.faults.append(Fault(fault.operation, fault.kind, fault.status, fault.headers, fault.body, times=5))
    answer = send_refund(client, body("NOR-1-A-1"))
    assert answer.verdict is verdict
    assert (answer.external_id is not None) == (verdict is Verdict.EXECUTED)
    assert len(stub.calls("OR28")) == 1
    assert len(stub.all_refunds) == booked


def test_a_refund_to_a_closed_port_was_not_sent() -> None:
    server = StubMirakl()
    server.close()
    client = MiraklClient(server.url, "k", "1", timeout=5)
    assert send_refund(client, body("NOR-1-A-1")).verdict is Verdict.NOT_SENT
    client.close()


def test_error_bodies_become_one_line() -> None:
    assert message_of(b'{"message": "no", "status": 400}') == "no"
    assert message_of(b'{"errors": [{"code": "E1", "field": "amount", "message": "too much"}, "x"]}') == "E1 amount too much; x"
    assert message_of(b"<html>\n  <b>Bad</b>") == "<html> <b>Bad</b>"
    assert message_of(b"\xff" * 5000)[:1] == "�"
    assert len(message_of(b"x" * 5000)) == 500
    assert message_of(b"[1, 2]") == "[1, 2]"


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after_of({"Retry-After": "1.5"}) == 1.5
    assert retry_after_of({}) is None
    assert retry_after_of({"Retry-After": "soon"}) is None
    assert [retry_after_of({"Retry-After": odd}) for odd in ("nan", "inf", "1e12", "-5")] == [None, None, 86_400.0, 0.0]
    assert retry_after_of({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
