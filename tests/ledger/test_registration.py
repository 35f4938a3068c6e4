"""Registering a partition: what is created, re-planned, withdrawn, left alone, or refused as a conflict."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from returns_assets.ledger import registration
from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Effect, PieceUse, RegisterResult, effect_key
from tests.ledger.samples import DAY, NEXT_DAY, NOW, claim, due, intent, register, settle, states

FREE_STATES = ("planned", "held", "rejected", "retry_at")
LIVE_STATES = ("claimed", "unknown", "confirmed")


def bring(ledger: Ledger, effect: Effect, state: str) -> Effect:
    """Take a planned effect to another state by way of a claim."""
    if state != "planned":
        (effect,) = claim(ledger, effect)
        if state != "claimed":
            settle(ledger, effect, state)
    return ledger.effects.by_ids([effect.id])[0]


def test_what_was_handed_in_is_what_is_kept(ledger: Ledger) -> None:
    wanted = replace(intent("o1-1", "p1", "p2", foreign=("r-ghost",)), pieces=[PieceUse("p1", 3, 0), PieceUse("p2", 1, 3)])
    assert register(ledger, wanted, validation_id=7) == RegisterResult(created=1)
    effect = ledger.effects.get(effect_key("refund", "nordhaus", "o1-1", ["p2", "p1"]))
    assert effect is not None
    assert (effect.order_id, effect.subject, effect.day, effect.state, effect.currency) == ("o1", "o1-1", DAY, "planned", "EUR")
    assert effect.request == wanted.request
    assert isinstance(effect.request["taxes"][0]["amount"], Decimal)
    assert effect.pieces == (PieceUse("p1", 3, 0), PieceUse("p2", 1, 3))
    assert (effect.foreign_ids, effect.known_ids, effect.validation_id, effect.mapping_version) == (["r-ghost"], [], 7, "v1")
    assert (effect.created_at, effect.updated_at, effect.attempts, effect.in_flight) == (NOW, NOW, 0, False)


def test_registering_again_changes_nothing_but_the_validation(ledger: Ledger) -> None:
    wanted = [intent("o1-1", "p1"), intent("o1-2", "p2")]
    register(ledger, *wanted)
    assert register(ledger, *wanted, validation_id=2, now=NOW + timedelta(hours=1)) == RegisterResult(unchanged=2)
    effects = ledger.effects.of_partition("nordhaus", DAY, "refund")
    assert [(effect.validation_id, effect.revision) for effect in effects] == [(2, 1), (2, 1)]
    assert [len(ledger.effects.transitions(effect.id)) for effect in effects] == [1, 1]


@pytest.mark.parametrize("state", FREE_STATES)
def test_an_effect_that_is_not_in_flight_is_planned_anew(ledger: Ledger, state: str) -> None:
    register(ledger, intent("o1-1", "p1"))
    before = bring(ledger, due(ledger)[0], state)
    assert register(ledger, intent("o1-1", "p1", amount="8.00", foreign=("r9",)), validation_id=2) == RegisterResult(reopened=1)
    (after,) = due(ledger)
    assert (after.id, after.state, after.amount, after.foreign_ids, after.validation_id) == (
        before.id,
        "planned",
        Decimal("8.00"),
        ["r9"],
        2,
    )
    assert after.revision == before.revision + 1
    assert [step.to_state for step in ledger.effects.transitions(after.id)][-1] == "planned"


@pytest.mark.parametrize("state", ["retry_at", "rejected"])
def test_the_same_request_keeps_what_was_answered_and_when_it_is_tried_again(ledger: Ledger, state: str) -> None:
    register(ledger, intent("o1-1", "p1"))
    before = bring(ledger, due(ledger)[0], state)
    assert register(ledger, intent("o1-1", "p1"), validation_id=2) == RegisterResult(unchanged=1)
    (after,) = ledger.effects.by_ids([before.id])
    assert (after.state, after.next_at, after.revision, after.validation_id) == (state, before.next_at, before.revision, 2)
    assert due(ledger) == []
    assert len(due(ledger, NOW + timedelta(hours=1))) == (state == "retry_at")


def test_the_same_request_reopens_a_held_effect(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    bring(ledger, due(ledger)[0], "held")
    assert register(ledger, intent("o1-1", "p1")) == RegisterResult(reopened=1)
    assert states(ledger) == {"p1": "planned"}


@pytest.mark.parametrize("state", FREE_STATES)
def test_an_effect_that_is_no_longer_wanted_is_withdrawn_and_frees_its_piece(ledger: Ledger, state: str) -> None:
    register(ledger, intent("o1-1", "p1"))
    effect = bring(ledger, due(ledger)[0], state)
    assert register(ledger, settled=("p1",)) == RegisterResult(withdrawn=1)
    assert states(ledger) == {"o1-1": "withdrawn"}
    assert ledger.effects.piece_effects("refund", ["p1"]) == {}
    assert due(ledger) == []
    # wanted again, with the same key: the row comes back with its piece
    assert register(ledger, intent("o1-1", "p1")) == RegisterResult(reopened=1)
    assert [(again.id, again.pieces) for again in due(ledger)] == [(effect.id, (PieceUse("p1", 1, 0),))]


@pytest.mark.parametrize("state", LIVE_STATES)
def test_an_effect_in_flight_or_done_is_never_touched(ledger: Ledger, state: str) -> None:
    register(ledger, intent("o1-1", "p1"))
    before = bring(ledger, due(ledger)[0], state)
    assert register(ledger, intent("o1-1", "p1", amount="99.00"), validation_id=2) == RegisterResult(settled=1)
    assert register(ledger, settled=("p1",)) == RegisterResult()
    assert register(ledger) == RegisterResult()
    assert ledger.effects.by_ids([before.id]) == [before]


def test_an_ambiguous_outcome_is_neither_planned_anew_nor_withdrawn(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    unknown = bring(ledger, due(ledger)[0], "unknown")
    settle(ledger, unknown, "held", cause="ambiguous_outcome")
    assert register(ledger, intent("o1-1", "p1")) == RegisterResult(settled=1)
    assert register(ledger, settled=("p1",)) == RegisterResult()
    assert states(ledger) == {"p1": "held"}


def test_pieces_that_are_partly_paid_make_a_conflict_and_are_split_by_the_next_planning(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    bring(ledger, due(ledger)[0], "confirmed")
    both = intent("o1-1", "p1", "p2", amount="20.00")
    assert register(ledger, both) == RegisterResult(conflicts=(both,))
    assert states(ledger) == {"p1": "confirmed"}
    assert register(ledger, intent("o1-1", "p1"), intent("o1-1", "p2")) == RegisterResult(created=1, settled=1)


def test_regrouped_pieces_replace_the_effects_that_held_them(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"), intent("o1-1", "p2"))
    assert register(ledger, intent("o1-1", "p1", "p2", amount="20.00")) == RegisterResult(created=1, withdrawn=2)
    assert states(ledger)["p1+p2"] == "planned"
    assert register(ledger, intent("o1-1", "p1"), settled=("p2",)) == RegisterResult(reopened=1, withdrawn=1)
    assert [use.piece_id for effect in due(ledger) for use in effect.pieces] == ["p1"]


def test_a_piece_that_moved_to_a_later_day_takes_its_effect_along(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    assert register(ledger, intent("o1-1", "p1"), day=NEXT_DAY) == RegisterResult(unchanged=1)
    assert states(ledger, NEXT_DAY) == {"p1": "planned"}
    # the earlier day, materialised again without the piece, no longer owns the effect
    assert register(ledger) == RegisterResult()
    assert states(ledger, NEXT_DAY) == {"p1": "planned"}


def test_another_kind_has_the_piece_for_itself(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"))
    options = {"validation_id": 1, "mapping_version": "v1", "run_id": "plan", "actor": "test", "now": NOW}
    assert ledger.effects.register("nordhaus", DAY, "stock", [intent("o1-1", "p1")], [], **options).created == 1
    assert ledger.effects.register("nordhaus", DAY, "stock", [], ["p1"], **options).withdrawn == 1
    assert states(ledger) == {"p1": "planned"}


@pytest.mark.parametrize("state", [*FREE_STATES, *LIVE_STATES])
def test_a_piece_that_another_marketplace_holds_is_a_conflict_and_that_effect_is_not_touched(ledger: Ledger, state: str) -> None:
    register(ledger, intent("o1-1", "p1", "p2", amount="20.00"))
    before = bring(ledger, due(ledger)[0], state)
    moved, other = intent("x1-1", "p1"), intent("x1-2", "p3")
    assert register(ledger, moved, other, marketplace="albion") == RegisterResult(created=1, conflicts=(moved,))
    assert register(ledger, other, settled=("p1", "p2"), marketplace="albion") == RegisterResult(unchanged=1)
    assert ledger.effects.by_ids([before.id]) == [before]
    assert states(ledger, marketplace="albion") == {"p3": "planned"}


@pytest.mark.parametrize("state", FREE_STATES)
def test_a_piece_that_another_marketplace_gave_up_is_free(ledger: Ledger, state: str) -> None:
    register(ledger, intent("o1-1", "p1", "p2", amount="20.00"))
    bring(ledger, due(ledger)[0], state)
    assert register(ledger, intent("o1-1", "p2")) == RegisterResult(created=1, withdrawn=1)
    assert register(ledger, intent("x1-1", "p1"), marketplace="albion") == RegisterResult(created=1)
    assert states(ledger, marketplace="albion") == {"p1": "planned"}
    # and now it is the first marketplace that cannot have it
    assert register(ledger, intent("o1-1", "p1"), intent("o1-1", "p2")) == RegisterResult(unchanged=1, conflicts=(intent("o1-1", "p1"),))


def test_one_piece_wanted_twice_in_one_call_is_registered_once(ledger: Ledger) -> None:
    first, second, again = intent("o1-1", "p1"), intent("o1-2", "p1"), intent("o1-1", "p1", amount="3.00")
    result = register(ledger, first, second, again)
    assert (result.created, len(result.conflicts)) == (1, 2)
    doubled = replace(intent("o2-1", "p9"), pieces=[PieceUse("p9"), PieceUse("p9")])
    assert register(ledger, doubled).conflicts == (doubled,)


def test_a_refund_without_pieces_has_its_own_key(ledger: Ledger) -> None:
    assert register(ledger, intent("o1-1", shipping="4.90", amount="0")) == RegisterResult(created=1)
    assert register(ledger, intent("o1-1", shipping="4.90", amount="0"), intent("o1-1", "p1")) == RegisterResult(created=1, unchanged=1)
    assert register(ledger, intent("o1-1", "p1")) == RegisterResult(unchanged=1, withdrawn=1)


ALONE = intent("o1-1", shipping="4.90", amount="0")


@pytest.mark.parametrize("state", FREE_STATES)
def test_a_later_day_withdraws_a_refund_without_pieces_by_its_subject(ledger: Ledger, state: str) -> None:
    register(ledger, ALONE)
    bring(ledger, due(ledger)[0], state)
    assert register(ledger, subjects=("o1-2",), day=NEXT_DAY) == RegisterResult()
    assert register(ledger, subjects=("o1-1",), day=NEXT_DAY) == RegisterResult(withdrawn=1)
    assert register(ledger, ALONE) == RegisterResult(reopened=1)
    assert [effect.day for effect in due(ledger)] == [DAY]


def test_an_earlier_day_does_not_withdraw_what_a_later_one_wants_without_pieces(ledger: Ledger) -> None:
    register(ledger, ALONE, day=NEXT_DAY)
    assert register(ledger, subjects=("o1-1",)) == RegisterResult()
    # but one that wants it itself takes it along, and the day that had it does not withdraw it then
    assert register(ledger, ALONE, subjects=("o1-1",)) == RegisterResult(unchanged=1)
    assert register(ledger, day=NEXT_DAY) == RegisterResult()
    assert [effect.day for effect in due(ledger)] == [DAY]


@pytest.mark.parametrize("state", LIVE_STATES)
def test_a_refund_without_pieces_is_made_once_a_subject(ledger: Ledger, state: str) -> None:
    register(ledger, ALONE)
    before = bring(ledger, due(ledger)[0], state)
    assert register(ledger, intent("o1-1", shipping="9.00", amount="0"), day=NEXT_DAY) == RegisterResult(settled=1)
    assert register(ledger, subjects=("o1-1",), day=NEXT_DAY) == RegisterResult()
    assert ledger.effects.without_pieces("nordhaus", "refund", ["o1-1", "o1-2"]) == [before]
    assert ledger.effects.without_pieces("albion", "refund", ["o1-1"]) == []


def test_a_race_lost_to_another_planner_is_a_conflict_for_that_intent_only(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    register(ledger, intent("o1-1", "p1"))
    # blind to what is there, as a planner is that read before the other one committed
    monkeypatch.setattr(registration, "_concerned", lambda *_: {})
    late, clash = intent("o1-1", "p1", amount="5.00"), intent("o1-2", "p1")
    result = register(ledger, late, clash, intent("o1-2", "p2"))
    assert result.created == 1
    assert {wanted.subject for wanted in result.conflicts} == {"o1-1", "o1-2"}
    assert states(ledger) == {"p1": "planned", "p2": "planned"}
    assert due(ledger)[0].amount == Decimal("10.00")


def test_a_value_that_the_schema_refuses_is_an_error_not_a_conflict(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError):
        register(ledger, replace(intent("o1-1", "p1"), currency=None))  # type: ignore[arg-type]
    with pytest.raises(Exception, match="finite Decimal"):
        register(ledger, replace(intent("o1-1", "p1"), amount=10.0))  # type: ignore[arg-type]
    assert states(ledger) == {}
