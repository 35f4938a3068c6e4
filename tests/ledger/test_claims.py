"""What is due, and who gets it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Outcome
from tests.ledger.samples import DAY, NEXT_DAY, NOW, claim, due, intent, register, settle


def test_one_effect_of_a_line_at_a_time(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"), intent("o1-1", "p2"), intent("o1-2", "p3"))
    first = due(ledger)
    assert sorted(effect.subject for effect in first) == ["o1-1", "o1-2"]
    taken = claim(ledger, *first)
    assert due(ledger) == []
    for effect in taken:
        settle(ledger, effect, "unknown" if effect.subject == "o1-1" else "confirmed")
    assert due(ledger) == [], "the line with an unknown outcome is still blocked"
    (unknown,) = ledger.effects.unknown("nordhaus", "refund", NOW)
    settle(ledger, unknown, "confirmed")
    assert [effect.subject for effect in due(ledger)] == ["o1-1"]


def test_two_effects_of_a_line_in_one_claim_are_stopped_by_the_database(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"), intent("o1-1", "p2"), intent("o1-2", "p3"))
    every = ledger.effects.of_partition("nordhaus", DAY, "refund")
    taken = claim(ledger, *every)
    assert sorted(effect.subject for effect in taken) == ["o1-1", "o1-2"]
    left = [effect for effect in ledger.effects.of_partition("nordhaus", DAY, "refund") if effect.state == "planned"]
    assert [effect.attempts for effect in left] == [0]


def test_a_claim_is_written_as_it_will_be_needed_after_a_crash(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    (effect,) = claim(ledger, *due(ledger), lease=90)
    assert (effect.state, effect.attempts, effect.known_ids, effect.claim_token) == ("claimed", 1, ["r-old"], "t1")
    assert (effect.claimed_at, effect.lease_until, effect.inflight) == (NOW, NOW + timedelta(seconds=90), "refund:nordhaus:o1-1")
    assert ledger.effects.by_ids([effect.id]) == [effect]
    step = ledger.effects.transitions(effect.id)[-1]
    assert (step.from_state, step.to_state, step.actor, step.run_id, step.attempt) == ("planned", "claimed", "test", "push", 1)
    assert step.detail["known_ids"] == ["r-old"]


def test_what_someone_else_took_is_not_returned(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"), intent("o1-2", "p2"))
    one, two = due(ledger)
    assert [effect.id for effect in claim(ledger, one, token="t1")] == [one.id]
    assert [effect.id for effect in claim(ledger, one, two, token="t2")] == [two.id]
    assert claim(ledger, one, two, token="t1") == [], "not even with the first claim's token"
    assert claim(ledger) == []
    assert ledger.effects.by_ids([one.id])[0].claim_token == "t1"


def test_what_was_planned_anew_since_it_was_verified_is_not_taken(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    verified = due(ledger)
    register(ledger, intent("o1-1", "p1", amount="2.00"))
    assert claim(ledger, *verified) == []
    (taken,) = claim(ledger, *due(ledger))
    assert taken.amount == Decimal("2.00")


def test_what_was_withdrawn_and_planned_again_since_it_was_verified_is_not_taken(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    verified = due(ledger)
    register(ledger, settled=("p1",))
    assert claim(ledger, *verified) == []
    register(ledger, intent("o1-1", "p1"))
    assert claim(ledger, *verified) == []


@pytest.mark.parametrize("state", ["retry_at", "planned"])
def test_a_retry_waits_for_its_time(ledger: Ledger, state: str) -> None:
    register(ledger, intent("o1-1", "p1"))
    (effect,) = claim(ledger, *due(ledger))
    soon = NOW + timedelta(minutes=5)
    settle(ledger, effect, state, next_at=soon)
    early = soon - timedelta(seconds=1)
    assert due(ledger, early) == []
    assert ledger.effects.claim({effect.id: []}, token="t2", lease=60, run_id="r", actor="a", now=early) == []
    assert [again.id for again in due(ledger, soon)] == [effect.id]
    (again,) = claim(ledger, *due(ledger, soon), token="t2", now=soon)
    assert (again.attempts, again.claim_token) == (2, "t2")


def test_due_respects_day_limit_and_age(ledger: Ledger) -> None:
    register(ledger, *(intent(f"o{n}-1", f"p{n}") for n in range(5)))
    register(ledger, intent("o9-1", "p9"), day=NEXT_DAY)
    ids = [effect.id for effect in due(ledger)]
    assert ids == sorted(ids)
    assert len(ids) == 6
    assert [effect.id for effect in due(ledger, limit=2)] == ids[:2]
    assert [effect.day for effect in ledger.effects.due("nordhaus", "refund", day=NEXT_DAY, now=NOW)] == [NEXT_DAY]
    assert ledger.effects.due("albion", "refund", now=NOW) == []


def test_a_naive_clock_or_an_empty_token_is_refused(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    (effect,) = due(ledger)
    with pytest.raises(ValueError, match="token"):
        claim(ledger, effect, token="")
    with pytest.raises(Exception, match="aware"):
        claim(ledger, effect, now=NOW.replace(tzinfo=None))
    assert due(ledger) == [effect]


def test_a_lapsed_lease_is_an_unknown_outcome_never_a_second_try(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"), intent("o1-2", "p2"))
    one, two = due(ledger)
    claim(ledger, one, lease=60)
    claim(ledger, two, lease=600, token="t2")
    later = NOW + timedelta(seconds=61)
    assert ledger.effects.expire_leases(later, 30) == 1
    assert ledger.effects.expire_leases(later, 30) == 0
    assert due(ledger, later) == []
    assert ledger.effects.unknown("nordhaus", "refund", later) == [], "the other system gets time to finish"
    (lost,) = ledger.effects.unknown("nordhaus", "refund", later + timedelta(seconds=30))
    assert (lost.id, lost.state, lost.cause) == (one.id, "unknown", "lease_expired")
    assert lost.claim_token is not None
    # read back: certainly not executed
    result = ledger.effects.settle([Outcome(lost.id, lost.claim_token, "planned")], later)
    assert result.applied == (one.id,)
    assert [effect.id for effect in due(ledger, later)] == [one.id]


def test_expiry_can_be_kept_to_one_marketplace(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    claim(ledger, *due(ledger), lease=1)
    later = NOW + timedelta(minutes=1)
    assert ledger.effects.expire_leases(later, 0, marketplace="albion") == 0
    assert ledger.effects.expire_leases(later, 0, marketplace="nordhaus") == 1
