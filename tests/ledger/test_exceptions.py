"""The exception queue: a slice is replaced as a whole, and nothing is forgotten."""

from datetime import date, timedelta

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.exceptions import ExceptionCount, ExceptionRecord, OpenException, SyncResult
from tests.ledger.samples import DAY, NEXT_DAY, NOW

LATER = NOW + timedelta(hours=1)
SCOPE = {"marketplace": "nordhaus", "day": DAY}


def record(subject: str, cause: str = "unknown_order", marketplace: str = "nordhaus", day: date = DAY, **values: str) -> ExceptionRecord:
    return ExceptionRecord(
        exception_class=values.get("exception_class", "logical"),
        cause=cause,
        marketplace=marketplace,
        day=day,
        subject_kind="piece",
        subject=subject,
        detail=values.get("detail", f"{subject} fits nothing"),
        todo="look the order up",
    )


def only(ledger: Ledger) -> OpenException:
    (found,) = ledger.exceptions.list(None)
    return found


def test_a_sync_opens_touches_and_resolves(ledger: Ledger) -> None:
    assert ledger.exceptions.sync("mapped", SCOPE, [record("p1"), record("p2"), record("p2")], now=NOW) == SyncResult(2, 0, 0, 0)
    result = ledger.exceptions.sync("mapped", SCOPE, [record("p2", detail="now two fit"), record("p3")], now=LATER)
    assert result == SyncResult(opened=1, touched=1, reopened=0, resolved=1)
    p1, p2, p3 = ledger.exceptions.list(None)
    assert (p1.state, p1.resolved_at, p1.resolved_by, p1.note, p1.count) == ("resolved", LATER, "system", "no longer present", 1)
    assert (p2.state, p2.count, p2.first_seen, p2.last_seen, p2.detail) == ("open", 2, NOW, LATER, "now two fit")
    assert (p3.subject, p3.scope, p3.day, p3.marketplace) == ("p3", {"marketplace": "nordhaus", "day": "2025-03-10"}, DAY, "nordhaus")
    assert [found.subject for found in ledger.exceptions.list()] == ["p2", "p3"]


def test_a_sync_leaves_other_scopes_and_sources_alone(ledger: Ledger) -> None:
    ledger.exceptions.sync("mapped", SCOPE, [record("p1")], now=NOW)
    ledger.exceptions.sync("mapped", {**SCOPE, "day": NEXT_DAY}, [record("p1", day=NEXT_DAY)], now=NOW)
    ledger.exceptions.sync("pushes", SCOPE, [record("p1")], now=NOW)
    assert len(ledger.exceptions.list()) == 3
    assert ledger.exceptions.sync("mapped", SCOPE, [], now=LATER) == SyncResult(0, 0, 0, 1)
    assert {(found.source, found.day) for found in ledger.exceptions.list()} == {("mapped", NEXT_DAY), ("pushes", DAY)}


def test_what_comes_back_keeps_its_history(ledger: Ledger) -> None:
    ledger.exceptions.sync("mapped", SCOPE, [record("p1")], now=NOW)
    number = only(ledger).id
    ledger.exceptions.sync("mapped", SCOPE, [], now=LATER)
    assert ledger.exceptions.sync("mapped", SCOPE, [record("p1")], now=LATER).reopened == 1
    assert (only(ledger).id, only(ledger).state, only(ledger).resolved_by, only(ledger).count) == (number, "open", None, 2)
    assert ledger.exceptions.resolve(number, "ann", "asked the customer", now=LATER)
    assert not ledger.exceptions.resolve(number, "bob", "me too", now=LATER)
    assert not ledger.exceptions.resolve(number + 1, "bob", "which one?", now=LATER)
    events = [(step.event, step.actor, step.note) for step in ledger.exceptions.history(number)]
    assert events == [
        ("opened", "system", ""),
        ("resolved", "system", "no longer present"),
        ("reopened", "system", ""),
        ("resolved", "ann", "asked the customer"),
    ]


def test_one_can_be_opened_without_looking_at_the_others(ledger: Ledger) -> None:
    one = ledger.exceptions.open_one("receiver", record("d1"), now=NOW)
    two = ledger.exceptions.open_one("receiver", record("d2"), now=NOW)
    assert ledger.exceptions.open_one("receiver", record("d1"), now=LATER) == one
    assert [(found.id, found.count) for found in ledger.exceptions.list()] == [(one, 2), (two, 1)]
    found = ledger.exceptions.get(one)
    assert found is not None
    assert found.last_seen == LATER


def test_the_key_is_what_makes_two_the_same() -> None:
    same = record("p1", detail="other words", marketplace="albion")
    assert record("p1").key == same.key
    assert len({record("p1").key, record("p2").key, record("p1", cause="other").key, record("p1", exception_class="policy").key}) == 4


def test_a_class_outside_the_four_is_refused() -> None:
    with pytest.raises(ValueError, match="technical, mapping, logical, policy"):
        record("p1", exception_class="oops")


def test_lists_and_counts_for_people(ledger: Ledger) -> None:
    records = [record("p1"), record("p2"), record("p3", cause="no_reason", exception_class="mapping")]
    ledger.exceptions.sync("mapped", SCOPE, records, now=NOW)
    ledger.exceptions.sync("mapped", {"marketplace": "albion"}, [record("p9", marketplace="albion", day=NEXT_DAY)], now=NOW)
    ledger.exceptions.resolve(ledger.exceptions.list()[0].id, "ann", "done")
    assert ledger.exceptions.counts() == [
        ExceptionCount("nordhaus", "mapping", "no_reason", 1),
        ExceptionCount("albion", "logical", "unknown_order", 1),
        ExceptionCount("nordhaus", "logical", "unknown_order", 1),
    ]
    assert [count.marketplace for count in ledger.exceptions.counts(first_day=NEXT_DAY)] == ["albion"]
    assert {count.marketplace for count in ledger.exceptions.counts(last_day=DAY)} == {"nordhaus"}
    assert len(ledger.exceptions.counts(marketplace="nordhaus")) == 2
    assert [e.subject for e in ledger.exceptions.list(cause="unknown_order", marketplace="nordhaus")] == ["p2"]
    assert [e.subject for e in ledger.exceptions.list(exception_class="mapping")] == ["p3"]
    assert [e.subject for e in ledger.exceptions.list("resolved")] == ["p1"]
    assert [e.subject for e in ledger.exceptions.list(day=NEXT_DAY, source="mapped")] == ["p9"]
    assert len(ledger.exceptions.list(limit=2)) == 2


def test_what_another_scope_took_over_is_closed_with_its_history(ledger: Ledger) -> None:
    elsewhere = {**SCOPE, "day": NEXT_DAY}
    ledger.exceptions.sync("mapped", SCOPE, [record("p1"), record("p2")], now=NOW)
    ledger.exceptions.sync("mapped", elsewhere, [record("p1", day=NEXT_DAY)], now=NOW)
    ledger.exceptions.sync("pushes", SCOPE, [record("p1")], now=NOW)
    found = ledger.exceptions.subjects_elsewhere("mapped", elsewhere)
    assert sorted(found.values()) == ["p1", "p2"]
    gone = [number for number, subject in found.items() if subject == "p1"]
    ledger.exceptions.supersede(gone, "decided again", now=LATER)
    assert sorted((e.source, e.day, e.subject) for e in ledger.exceptions.list()) == [
        ("mapped", DAY, "p2"),
        ("mapped", NEXT_DAY, "p1"),
        ("pushes", DAY, "p1"),
    ]
    ledger.exceptions.supersede(gone, "once more", now=LATER)  # not open any more: left as it is
    assert [(e.event, e.note) for e in ledger.exceptions.history(gone[0])] == [("opened", ""), ("resolved", "decided again")]
