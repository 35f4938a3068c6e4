"""How effects end: answers, late answers, contested refund ids, verification failures, decisions by people."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Deferral, Effect, Outcome, SettleResult
from returns_assets.ledger.states import STATES, TRANSITIONS, IllegalTransition
from returns_assets.ledger.tables import effects
from tests.ledger.samples import NOW, claim, due, intent, register, settle

LATER = NOW + timedelta(minutes=10)


def claimed(ledger: Ledger, number: int = 1) -> list[Effect]:
    register(ledger, *(intent(f"o{n}-1", f"p{n}") for n in range(number)))
    return claim(ledger, *due(ledger))


def row(ledger: Ledger, effect: Effect) -> Effect:
    return ledger.effects.by_ids([effect.id])[0]


@pytest.mark.parametrize("state", ["confirmed", "rejected", "held", "retry_at", "planned"])
def test_an_answer_ends_the_flight(ledger: Ledger, state: str) -> None:
    (effect,) = claimed(ledger)
    settle(ledger, effect, state, cause="why", error="text", amounts={"amount": "10.00"})
    after = row(ledger, effect)
    assert (after.state, after.in_flight, after.claim_token, after.cause, after.last_error) == (state, False, None, "why", "text")
    assert (after.external_id, after.confirmed_at) == ((f"r-{effect.id}", NOW) if state == "confirmed" else (None, None))
    step = ledger.effects.transitions(effect.id)[-1]
    assert (step.from_state, step.to_state, step.run_id, step.detail["amounts"]) == ("claimed", state, "push", {"amount": "10.00"})


def test_a_lost_answer_stays_in_flight_until_it_is_read_back(ledger: Ledger) -> None:
    (effect,) = claimed(ledger)
    settle(ledger, effect, "unknown", settle_at=LATER)
    after = row(ledger, effect)
    assert (after.state, after.in_flight, after.settle_at) == ("unknown", True, LATER)
    assert ledger.effects.unknown("nordhaus", "refund", NOW) == []
    settle(ledger, after, "unknown", settle_at=LATER + timedelta(minutes=1))  # not readable yet: look again later
    assert ledger.effects.unknown("nordhaus", "refund", LATER) == []
    (again,) = ledger.effects.unknown("nordhaus", "refund", LATER + timedelta(minutes=1))
    settle(ledger, again, "confirmed", external_id="r77")
    assert ledger.effects.confirmed_ids("nordhaus", ["o0-1"]) == {"o0-1": {"r77"}}


def test_what_is_under_way_keeps_the_id_by_which_it_is_asked_for(ledger: Ledger) -> None:
    (effect,) = claimed(ledger)
    settle(ledger, effect, "unknown", settle_at=NOW, external_id="import-1")
    assert row(ledger, effect).external_id == "import-1"
    settle(ledger, row(ledger, effect), "unknown", settle_at=NOW)
    assert row(ledger, effect).external_id is None


@pytest.mark.parametrize("certain", [True, False])
def test_a_refusal_that_was_read_back_frees_the_subject_and_an_open_question_does_not(ledger: Ledger, certain: bool) -> None:
    (effect,) = claimed(ledger)
    settle(ledger, effect, "unknown", settle_at=NOW)
    settle(ledger, effect, "held", cause="why", certain=certain)
    assert row(ledger, effect).in_flight is not certain


def test_an_unknown_effect_is_renewed_by_one_process_only_and_stays_in_flight(ledger: Ledger) -> None:
    (effect,) = claimed(ledger)
    settle(ledger, effect, "unknown", settle_at=NOW, external_id="import-1")
    who: dict[str, Any] = {"tokens": {effect.id: effect.claim_token}, "lease": 60, "run_id": "again", "actor": "test", "now": NOW}
    (renewed,) = ledger.effects.renew({effect.id: ["seen"]}, token="t2", **who)
    assert (renewed.state, renewed.in_flight, renewed.claim_token, renewed.attempts) == ("unknown", True, "t2", 2)
    assert (renewed.known_ids, renewed.external_id, renewed.settle_at) == (["seen"], None, NOW + timedelta(seconds=60))
    assert ledger.effects.renew({effect.id: []}, token="t3", **who) == []
    assert ledger.effects.settle([Outcome(effect.id, "t1", "planned")], NOW).superseded == (effect.id,)
    assert ledger.effects.transitions(effect.id)[-2].detail["known_ids"] == ["seen"]


def test_a_late_answer_of_a_lapsed_claim_is_still_taken(ledger: Ledger) -> None:
    (effect,) = claimed(ledger)
    ledger.effects.expire_leases(LATER, 60)
    settle(ledger, effect, "confirmed", external_id="r1", now=LATER)
    assert row(ledger, effect).state == "confirmed"


def test_a_stale_token_leaves_a_note_and_nothing_else(ledger: Ledger) -> None:
    (effect,) = claimed(ledger)
    ledger.effects.expire_leases(LATER, 0)
    (unknown,) = ledger.effects.unknown("nordhaus", "refund", LATER)
    settle(ledger, unknown, "planned", now=LATER)
    (second,) = claim(ledger, *due(ledger, LATER), token="t2", now=LATER)
    before = row(ledger, effect)
    late = Outcome(effect.id, "t1", "confirmed", external_id="r1")
    assert ledger.effects.settle([late], LATER) == SettleResult(superseded=(effect.id,))
    assert row(ledger, effect) == before
    note = ledger.effects.transitions(effect.id)[-1]
    assert (note.from_state, note.to_state) == ("claimed", "claimed")
    assert note.detail == {"superseded": True, "outcome": "confirmed", "external_id": "r1"}
    settle(ledger, second, "confirmed", external_id="r2", now=LATER)
    assert ledger.effects.settle([late], LATER).superseded == (effect.id,)
    assert row(ledger, effect).external_id == "r2"


def test_an_answer_told_twice_counts_once(ledger: Ledger) -> None:
    (effect,) = claimed(ledger)
    outcomes = [Outcome(effect.id, "t1", "confirmed", external_id="r1"), Outcome(effect.id, "t1", "planned")]
    assert ledger.effects.settle(outcomes, NOW) == SettleResult(applied=(effect.id,), superseded=(effect.id,))
    assert row(ledger, effect).state == "confirmed"


def test_one_refund_id_never_proves_two_effects(ledger: Ledger) -> None:
    one, two, three = claimed(ledger, 3)
    result = ledger.effects.settle(
        [Outcome(e.id, e.claim_token, "confirmed", external_id=i) for e, i in ((one, "r1"), (two, "r1"), (three, "r3"))], NOW
    )
    assert result == SettleResult(applied=(one.id, three.id), ambiguous=(two.id,))
    held = row(ledger, two)
    assert (held.state, held.cause, held.in_flight, held.external_id) == ("held", "ambiguous_outcome", True, None)
    assert "r1" in (held.last_error or "")
    register(ledger, *(intent(f"o{n}-1", f"p{n}") for n in range(3)))
    assert due(ledger) == [], "not sent again, whatever planning says"


def test_an_ambiguous_outcome_waits_for_a_person(ledger: Ledger) -> None:
    one, two = claimed(ledger, 2)
    for effect in (one, two):
        settle(ledger, effect, "unknown")
        settle(ledger, row(ledger, effect), "held", cause="ambiguous_outcome")
        assert row(ledger, effect).in_flight
    assert due(ledger) == []
    assert ledger.effects.decide(one.id, "planned", actor="ann", note="not in Mirakl's list", now=LATER)
    assert ledger.effects.decide(two.id, "confirmed", external_id="r2", actor="ann", note="seen in Mirakl", now=LATER)
    assert not ledger.effects.decide(two.id, "planned", actor="bob", note="too late", now=LATER)
    assert [effect.id for effect in due(ledger, LATER)] == [one.id]
    assert (row(ledger, two).external_id, row(ledger, two).confirmed_at, row(ledger, two).in_flight) == ("r2", LATER, False)
    step = ledger.effects.transitions(two.id)[-1]
    assert (step.from_state, step.to_state, step.actor, step.detail["note"]) == ("held", "confirmed", "ann", "seen in Mirakl")


@pytest.mark.parametrize(("state", "external_id"), [("withdrawn", None), ("confirmed", None), ("planned", "r1")])
def test_a_decision_is_one_of_two(ledger: Ledger, state: str, external_id: str | None) -> None:
    (effect,) = claimed(ledger)
    settle(ledger, effect, "held")
    with pytest.raises(IllegalTransition):
        ledger.effects.decide(effect.id, state, external_id=external_id, actor="ann", note="", now=NOW)
    assert row(ledger, effect).state == "held"


@pytest.mark.parametrize(
    ("state", "values"), [("claimed", {}), ("withdrawn", {}), ("nonsense", {}), ("retry_at", {}), ("confirmed", {"cause": "no id"})]
)
def test_an_outcome_that_cannot_be_is_refused_with_the_whole_batch(ledger: Ledger, state: str, values: dict[str, Any]) -> None:
    one, two = claimed(ledger, 2)
    with pytest.raises(IllegalTransition):
        ledger.effects.settle([Outcome(one.id, "t1", "confirmed", external_id="r1"), Outcome(two.id, "t1", state, **values)], NOW)
    assert [row(ledger, effect).state for effect in (one, two)] == ["claimed", "claimed"]


def test_an_unknown_effect_id_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(LookupError, match="4711"):
        ledger.effects.settle([Outcome(4711, "t1", "planned")], NOW)


def test_verification_failures_before_the_claim(ledger: Ledger) -> None:
    register(ledger, *(intent(f"o{n}-1", f"p{n}") for n in range(4)))
    held, retried, rejected, taken = due(ledger)
    claim(ledger, taken)
    deferrals = [
        Deferral(held.id, "held", "foreign_refund", "refund 9 is not ours"),
        Deferral(retried.id, "retry_at", "line_state", next_at=LATER),
        Deferral(rejected.id, "rejected", "over_remainder"),
        Deferral(taken.id, "held", "too late"),
    ]
    assert ledger.effects.defer_many(deferrals, run_id="push", actor="test", now=NOW) == 3
    assert [row(ledger, e).state for e in (held, retried, rejected, taken)] == ["held", "retry_at", "rejected", "claimed"]
    assert [effect.id for effect in due(ledger, LATER)] == [retried.id]
    assert ledger.effects.transitions(held.id)[-1].detail == {"cause": "foreign_refund", "error": "refund 9 is not ours"}
    assert not ledger.effects.defer(taken.id, "held", cause="x", run_id="r", actor="a", now=NOW)
    for state in ("claimed", "confirmed", "retry_at"):
        with pytest.raises(IllegalTransition):
            ledger.effects.defer(retried.id, state, cause="x", run_id="r", actor="a", now=NOW)


def test_a_long_error_is_cut(ledger: Ledger) -> None:
    (effect,) = claimed(ledger)
    settle(ledger, effect, "rejected", error="x" * 10_000)
    assert len(row(ledger, effect).last_error or "") == 2000


@pytest.mark.parametrize(
    "values",
    [
        {"state": "claimed", "inflight": None},
        {"state": "unknown", "inflight": None},
        {"state": "planned"},
        {"state": "confirmed", "inflight": None, "external_id": None},
        {"state": "paid"},
    ],
)
def test_the_database_itself_refuses_rows_that_contradict_themselves(ledger: Ledger, values: dict[str, Any]) -> None:
    (effect,) = claimed(ledger)
    with pytest.raises(IntegrityError), ledger.store.write() as con:
        con.execute(update(effects).where(effects.c.id == effect.id).values(values))


def test_the_table_of_transitions_says_what_the_protocol_says() -> None:
    assert TRANSITIONS["confirmed"] == frozenset(), "money that moved is final"
    assert {state for state in STATES if "claimed" in TRANSITIONS[state]} == {"planned", "retry_at"}
    assert {state for state in STATES if "unknown" in TRANSITIONS[state]} == {"claimed", "unknown"}
    assert not {"withdrawn"} & (TRANSITIONS["claimed"] | TRANSITIONS["unknown"]), "what may have been sent is not withdrawn"
