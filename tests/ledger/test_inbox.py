"""The inbox: the same bytes are one document, days are UTC days, a reader never misses one."""

import hashlib
import threading
from datetime import date, datetime, timedelta, timezone

import pytest
from sqlalchemy import event

from returns_assets.ledger import inbox as module
from returns_assets.ledger.database import Ledger
from returns_assets.ledger.inbox import Document, NewDocument
from tests.ledger.samples import NOW


def new(content: bytes, channel: str = "tracking", received_at: datetime = NOW) -> NewDocument:
    return NewDocument(content, channel, f"{content[:8].hex()}.json", received_at)


def test_bytes_are_kept_verbatim(ledger: Ledger) -> None:
    content = b'\xef\xbb\xbf{"a": \x00\xff}\r\n'
    number, is_new = ledger.inbox.add(content, channel="tracking", name="a b.json", received_at=NOW)
    assert is_new
    expected = Document(number, NOW, NOW.date(), "tracking", "a b.json", hashlib.sha256(content).hexdigest(), content)
    assert ledger.inbox.get(number) == expected
    assert ledger.inbox.documents(NOW.date()) == [expected]
    assert ledger.inbox.get(number + 1) is None


def test_the_same_bytes_again_are_the_same_document(ledger: Ledger) -> None:
    first = ledger.inbox.add(b"{}", channel="tracking", name="a", received_at=NOW)
    again = ledger.inbox.add(b"{}", channel="tracking", name="b", received_at=NOW + timedelta(days=3))
    other_channel = ledger.inbox.add(b"{}", channel="snapshots", name="a", received_at=NOW)
    assert (first[1], again, other_channel[1]) == (True, (first[0], False), True)
    assert other_channel[0] != first[0]
    assert ledger.inbox.days() == [(NOW.date(), 2)]


def test_add_many_answers_in_the_order_given(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    known, _ = ledger.inbox.add(b"k", channel="tracking", name="k", received_at=NOW)
    added = ledger.inbox.add_many(new(content) for content in (b"a", b"k", b"a", b"b", b"a", b"c"))
    assert [is_new for _, is_new in added] == [True, False, False, True, False, True]
    ids = [number for number, _ in added]
    assert ids[1] == known
    assert ids[0] == ids[2] == ids[4]
    assert [ledger.inbox.get(number).content for number in ids] == [b"a", b"k", b"a", b"b", b"a", b"c"]  # type: ignore[union-attr]
    assert ledger.inbox.add_many([]) == []


def test_the_day_is_the_utc_day_of_receipt(ledger: Ledger) -> None:
    east = timezone(timedelta(hours=9))
    ledger.inbox.add(b"1", channel="c", name="n", received_at=datetime(2025, 3, 11, 8, 59, tzinfo=east))
    ledger.inbox.add(b"2", channel="c", name="n", received_at=datetime(2025, 3, 11, 9, 0, tzinfo=east))
    assert ledger.inbox.days() == [(date(2025, 3, 10), 1), (date(2025, 3, 11), 1)]
    assert [document.content for document in ledger.inbox.documents(date(2025, 3, 11))] == [b"2"]


def test_a_naive_time_is_refused_and_nothing_stored(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match=r"x\.json"):
        ledger.inbox.add(b"1", channel="c", name="x.json", received_at=NOW.replace(tzinfo=None))
    assert ledger.inbox.days() == []


def test_a_cursor_walks_through_the_inbox(ledger: Ledger) -> None:
    ids = [number for number, _ in ledger.inbox.add_many(new(bytes([n])) for n in range(5))]
    first = ledger.inbox.since(0, 2)
    assert [(ref.id, ref.size) for ref in first] == [(ids[0], 1), (ids[1], 1)]
    assert [ref.id for ref in ledger.inbox.since(first[-1].id)] == ids[2:]
    assert ledger.inbox.since(ids[-1]) == []


def test_a_reader_that_saw_a_document_never_misses_an_earlier_one(ledger: Ledger) -> None:
    """Four writers and a cursor beside them: ids must become visible in their order, or the sensor would skip documents."""
    seen: list[int] = []
    done = threading.Event()

    def read() -> None:
        while True:
            last = done.is_set()
            seen.extend(ref.id for ref in ledger.inbox.since(seen[-1] if seen else 0))
            if last:
                return

    def write(number: int) -> None:
        for i in range(12):
            ledger.inbox.add(f"{number}/{i}".encode(), channel="c", name="n", received_at=NOW)

    reader, writers = threading.Thread(target=read), [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert seen == [document.id for document in ledger.inbox.documents(NOW.date())]
    assert len(seen) == 48


def test_many_documents_are_few_statements(ledger: Ledger) -> None:
    statements: list[str] = []
    event.listen(ledger.store.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    added = ledger.inbox.add_many(new(b"%d" % n) for n in range(6_000))
    assert sum(is_new for _, is_new in added) == 6_000
    assert len(statements) < 100
