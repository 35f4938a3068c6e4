"""Pushing: verified, claimed, sent once, settled; what is lost is read back; whatever stands in the way is held with its cause."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from returns_assets.ledger.records import Outcome
from returns_assets.mirakl.errors import MiraklError
from returns_assets.mirakl.refund_call import send_refund
from returns_assets.steps import act_push
from returns_assets.steps.act_gate import NotValidated
from returns_assets.steps.act_send import HALT_AFTER_UNKNOWN
from tests.mirakl.stub import Fault, Seen, StubMirakl
from tests.steps.act_world import ActWorld, parsed


def one(act: ActWorld, stub: StubMirakl, price: str = "30.00", amount: str = "10.00") -> None:
    """One order of one line, one refund of it registered."""
    stub.put_order("NOR-1-A", [price])
    act.disposition("P1", "NOR-1-A-1", amount)
    act.plan()


def test_refunds_are_made_once_and_reported(act: ActWorld, stub: StubMirakl) -> None:
    for n in range(130):
        stub.put_order(f"NOR-{n}-A", ["10.00", "20.00"])
    act.many(130)
    act.disposition("Q", "NOR-0-A-2", "20.00", shipping_amount=Decimal("5.00"))
    act.plan()
    result = act.push()
    assert len(stub.all_refunds) == 131
    assert stub.refunds_of("NOR-0-A-2")[0]["shipping_amount"] == 5
    assert result.rows == 131
    assert result.metadata["states"] == {"confirmed": 131}
    assert (result.metadata["refunded_amount"], result.metadata["refunded_shipping"]) == ("1320.0000", "5.0000")
    assert (len(stub.calls("OR28")), len(stub.calls("OR11")), len(stub.calls("RE01"))) == (131, 2, 1)
    row = next(row for row in act.rows("refund_pushes") if row["order_line_id"] == "NOR-0-A-2")
    assert (row["state"], row["amount"], row["attempts"], row["quantity"]) == ("confirmed", 20, 1, 1)
    assert row["refund_id"] == stub.refunds_of("NOR-0-A-2")[0]["id"]
    assert parsed(row["pieces"]) == [{"piece_id": "Q", "quantity": 1, "unit_from": 0}]
    assert act.exceptions() == {}


def test_a_second_push_sends_nothing_and_writes_the_same_rows(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    act.push()
    rows = act.rows("refund_pushes")
    act.clock.advance(10_000)
    act.push()
    assert len(stub.calls("OR28")) == 1
    assert act.rows("refund_pushes") == rows


def test_two_refunds_of_one_line_go_one_after_the_other(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["30.00"], quantity=3)
    act.disposition("P1", "NOR-1-A-1", "10.00")
    act.disposition("P2", "NOR-1-A-1", "10.00", refund_reason_code="15", unit_from=1)
    act.plan()
    act.push()
    assert [(r["amount"], r["reason_code"]) for r in stub.refunds_of("NOR-1-A-1")] == [(10, "17"), (10, "15")]
    assert [seen.operation for seen in stub.seen if seen.operation != "RE01"] == ["OR11", "OR28", "OR11", "OR28"]


@pytest.mark.parametrize("spoil", ["never", "failed", "rows"])
def test_without_a_passed_validation_of_these_rows_nothing_leaves(act: ActWorld, stub: StubMirakl, spoil: str) -> None:
    if spoil == "never":
        stub.put_order("NOR-1-A", ["30.00"])
        act.disposition("P1", "NOR-1-A-1")
    else:
        one(act, stub)
    if spoil == "failed":
        act.validate(passed=False)
    if spoil == "rows":
        act.disposition("P9", "NOR-9-A-1")
    with pytest.raises(NotValidated, match="materialise mapped_dispositions with its checks first"):
        act.push()
    assert stub.seen == []
    assert act.rows("refund_pushes") == []


def test_an_effect_that_the_latest_validation_did_not_release_is_held_until_registered_again(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    act.validate()
    act.push()
    assert act.states() == {"NOR-1-A-1": "held (not_released)"}
    assert stub.calls("OR28") == []
    assert act.exceptions() == {"not_released": 1}
    act.register()
    act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert act.exceptions() == {}


def test_a_validation_that_fails_while_the_push_runs_stops_it(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["30.00"], quantity=3)
    act.disposition("P1", "NOR-1-A-1", "10.00")
    act.disposition("P2", "NOR-1-A-1", "10.00", refund_reason_code="15", unit_from=1)
    act.plan()
    stub.on_request = lambda seen: act.validate(passed=False) if seen.operation == "OR28" else None
    with pytest.raises(NotValidated):
        act.push()
    assert len(stub.calls("OR28")) == 1
    assert sorted(effect.state for effect in act.effects()) == ["confirmed", "planned"]
    assert len(act.rows("refund_pushes")) == 2


# -- what a fresh read finds


@pytest.mark.parametrize(
    ("state", "expected"),
    [("CLOSED", "held (line_state_not_eligible)"), ("SHIPPING", "retry_at (order_not_ready)"), ("SHIPPED", "confirmed")],
)
def test_the_line_state_is_read_fresh(act: ActWorld, stub: StubMirakl, state: str, expected: str) -> None:
    one(act, stub)
    stub.line("NOR-1-A-1")["order_line_state"] = state
    act.push()
    assert act.states() == {"NOR-1-A-1": expected}
    assert len(stub.all_refunds) == (expected == "confirmed")


def test_a_refund_made_by_hand_after_planning_is_netted_by_the_next_planning(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    ghost = stub.refund({"order_line_id": "NOR-1-A-1", "amount": "10.00", "reason_code": "17"})
    act.push()
    assert act.states() == {"NOR-1-A-1": "held (foreign_refund)"}
    assert act.exceptions() == {"foreign_refund": 1}
    act.disposition("P1", "NOR-1-A-1", foreign_refund_ids=f'["{ghost["id"]}"]')  # planning saw it and still wants the refund
    act.plan()
    act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert len(stub.all_refunds) == 2


def test_a_withdrawn_reason_is_not_sent(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    stub.reasons = [reason for reason in stub.reasons if reason["code"] != "17"]
    act.push()
    assert act.states() == {"NOR-1-A-1": "held (reason_not_live)"}
    (row,) = act.ledger.exceptions.list()
    assert (row.exception_class, row.source) == ("mapping", "refund_pushes")


def test_an_unknown_order_and_too_much_money_are_held(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub, price="9.99")
    act.disposition("P2", "NOR-2-A-1")
    act.plan()
    act.push()
    assert act.states() == {"NOR-1-A-1": "held (over_remainder)", "NOR-2-A-1": "held (order_line_not_found)"}
    assert stub.calls("OR28") == []


def test_when_orders_or_reasons_cannot_be_read_nothing_changes(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    for operation in ("OR11", "RE01"):
        stub.faults.append(Fault(operation, "status", 400, times=1))
        with pytest.raises(MiraklError):
            act.push()
        assert act.states() == {"NOR-1-A-1": "planned"}
    assert stub.calls("OR28") == []
    act.push()
    assert len(stub.all_refunds) == 1


# -- what Mirakl answers


@pytest.mark.parametrize(
    ("message", "expected", "exception_class"),
    [
        ("The shop does not have a sufficient payable balance for the refund", "retry_at (balance_too_low)", "policy"),
        ("Unknown REASON code", "held (reason_refused)", "mapping"),
        ("Amount may not exceed 3.00", "held (over_remainder)", "logical"),
        ("Bad Request", "held (refused)", "technical"),
    ],
)
def test_a_refusal_is_classified_by_the_mapping_table(
    act: ActWorld, stub: StubMirakl, message: str, expected: str, exception_class: str
) -> None:
    one(act, stub)
    stub.refusals["NOR-1-A-1"] = message
    act.push()
    assert act.states() == {"NOR-1-A-1": expected}
    (row,) = act.ledger.exceptions.list()
    assert row.exception_class == exception_class
    assert message in row.detail
    act.push()
    assert len(stub.calls("OR28")) == 1


def test_a_balance_refusal_is_tried_again_when_its_time_has_come(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    stub.refusals["NOR-1-A-1"] = "sufficient payable balance"
    act.push()
    stub.refusals.clear()
    act.clock.advance(3599)
    act.push()
    assert len(stub.calls("OR28")) == 1
    act.clock.advance(1)
    act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert act.exceptions() == {}


@pytest.mark.parametrize("headers", [{"Retry-After": "7"}, {}], ids=["Retry-After", "no header"])
def test_a_429_pauses_the_push_and_is_tried_again(act: ActWorld, stub: StubMirakl, headers: dict[str, str]) -> None:
    one(act, stub)
    start = act.clock()
    stub.faults.append(Fault("OR28", "status", 429, headers, times=2))
    act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert len(stub.all_refunds) == 1
    assert (act.clock() - start).total_seconds() == (14 if headers else 60)


def test_a_wrong_key_stops_the_marketplace(act: ActWorld, stub: StubMirakl) -> None:
    for n in range(50):
        stub.put_order(f"NOR-{n}-A", ["10.00"])
    act.many(50)
    act.plan()
    stub.faults.append(Fault("OR28", "status", 401, body=b'{"message": "Unauthorized"}', times=1000))
    result = act.push()
    assert len(stub.calls("OR28")) <= 8  # as many as were under way together
    assert result.metadata["states"] == {"retry_at": 50}
    assert act.exceptions() == {"access_denied": 50}
    assert result.metadata["push"]["halted"].startswith("denied")


def test_a_server_that_only_fails_is_left_alone_after_a_while(act: ActWorld, stub: StubMirakl) -> None:
    for n in range(100):
        stub.put_order(f"NOR-{n}-A", ["10.00"])
    act.many(100)
    act.plan()
    stub.faults.append(Fault("OR28", "status_after", 500, times=1000))  # executed, and not answered
    act.push()
    sent = len(stub.calls("OR28"))
    assert HALT_AFTER_UNKNOWN <= sent <= HALT_AFTER_UNKNOWN + 8
    stub.faults.clear()
    act.clock.advance(120)
    act.push()
    assert {effect.state for effect in act.effects()} == {"confirmed"}
    assert len(stub.all_refunds) == 100


# -- lost answers


@pytest.mark.parametrize("kind", ["cut_after", "status_after", "garbage_after"])
def test_a_refund_that_was_executed_and_not_answered_is_found_not_repeated(act: ActWorld, stub: StubMirakl, kind: str) -> None:
    one(act, stub)
    stub.faults.append(Fault("OR28", kind, 502))
    act.push()
    assert act.states() == {"NOR-1-A-1": "unknown (answer_lost)"}
    assert act.exceptions() == {"answer_lost": 1}
    act.clock.advance(59)
    act.push()
    assert act.states() == {"NOR-1-A-1": "unknown (answer_lost)"}  # the server may still be working
    act.clock.advance(1)
    act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert act.effects()[0].external_id == stub.refunds_of("NOR-1-A-1")[0]["id"]
    assert len(stub.calls("OR28")) == 1
    assert act.exceptions() == {}


def test_a_refund_that_was_not_executed_is_sent_again_after_reading_back(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    stub.faults.append(Fault("OR28", "cut_before"))
    act.push()
    act.clock.advance(60)
    act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert len(stub.all_refunds) == 1
    states = [step.to_state for step in act.ledger.effects.transitions(act.effects()[0].id)]
    assert states == ["planned", "claimed", "unknown", "planned", "claimed", "confirmed"]


def test_an_ambiguous_outcome_is_never_resent(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    ghost = {"order_line_id": "NOR-1-A-1", "amount": "10.00", "reason_code": "17"}
    stub.on_request = lambda seen: stub.refund(ghost) and None if seen.operation == "OR28" else None
    stub.faults.append(Fault("OR28", "cut_after"))
    act.push()
    act.clock.advance(60)
    act.push()
    assert act.states() == {"NOR-1-A-1": "held (ambiguous_outcome)"}
    assert act.exceptions() == {"ambiguous_outcome": 1}
    act.clock.advance(100_000)
    act.plan()  # planning again must not bring it back: nobody knows whether it was paid
    act.push()
    assert len(stub.calls("OR28")) == 1
    (effect,) = act.effects()
    assert act.ledger.effects.decide(effect.id, "confirmed", actor="ops", note="ours is R2", now=act.clock(), external_id="R2")
    act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert act.exceptions() == {}
    assert len(stub.calls("OR28")) == 1


def test_an_interrupted_push_is_read_back_after_its_lease(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    (effect,) = act.effects()
    act.ledger.effects.claim({effect.id: []}, token="dead", lease=300, run_id="r", actor="a", now=act.clock())
    act.push()
    assert act.states() == {"NOR-1-A-1": "claimed"}
    act.clock.advance(301)
    act.push()
    assert act.states() == {"NOR-1-A-1": "unknown (lease_expired)"}
    act.clock.advance(60)
    act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert len(stub.all_refunds) == 1


def test_an_order_that_cannot_be_seen_stays_unknown(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    stub.faults.append(Fault("OR28", "cut_after"))
    act.push()
    hidden = stub.orders.pop("NOR-1-A")
    act.clock.advance(60)
    act.push()
    assert act.states() == {"NOR-1-A-1": "unknown (not_read_back)"}
    stub.orders["NOR-1-A"] = hidden
    act.clock.advance(60)
    act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert len(stub.calls("OR28")) == 1


def test_lost_answers_are_read_back_even_when_the_gate_is_closed(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)
    stub.faults.append(Fault("OR28", "cut_after"))
    act.push()
    act.clock.advance(60)
    act.validate(passed=False)
    with pytest.raises(NotValidated):
        act.push()
    assert act.states() == {"NOR-1-A-1": "confirmed"}
    assert [row["state"] for row in act.rows("refund_pushes")] == ["confirmed"]


def test_a_claim_near_the_end_of_its_lease_is_not_sent(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["30.00"])
    stub.put_order("NOR-2-A", ["30.00"])
    for n in (1, 2):
        act.disposition(f"P{n}", f"NOR-{n}-A-1")
    act.plan()
    slow = threading.Event()

    def stall(seen: Seen) -> None:  # the first request takes as long as the lease
        if seen.operation == "OR28" and not slow.is_set():
            slow.set()
            act.clock.advance(290)

    stub.on_request = stall
    one_at_a_time = act.ctx.mappings.marketplaces["nordhaus"].calls.model_copy(update={"concurrency": 1})
    shop = act.ctx.mappings.marketplaces["nordhaus"].model_copy(update={"calls": one_at_a_time})
    mappings = act.ctx.mappings.model_copy(update={"marketplaces": {"nordhaus": shop}})
    object.__setattr__(act.ctx, "mappings", mappings)
    act.push()
    assert len(stub.calls("OR28")) == 1
    assert sorted(act.states().values()) == ["confirmed", "retry_at (sending_halted)"]


def test_an_answer_after_the_claim_was_resolved_otherwise_is_shown_to_a_person(act: ActWorld, stub: StubMirakl) -> None:
    one(act, stub)

    def overtaken(seen: Seen) -> None:  # while the request is under way, another process reads back too early and plans again
        if seen.operation == "OR28":
            act.clock.advance(301)
            act.ledger.effects.expire_leases(act.clock(), 0)
            effect = act.effects()[0]
            act.ledger.effects.settle([Outcome(effect.id, effect.claim_token, "planned")], act.clock())

    stub.on_request = overtaken
    act.push()
    assert act.exceptions()["late_answer"] == 1
    assert len(stub.calls("OR28")) == 1  # the fresh read before the next attempt shows a refund that is not known as ours
    assert act.states() == {"NOR-1-A-1": "held (foreign_refund)"}


def test_two_pushers_at_once_pay_once(act: ActWorld, stub: StubMirakl) -> None:
    for n in range(120):
        stub.put_order(f"NOR-{n}-A", ["10.00"])
    act.many(120)
    act.plan()
    second = threading.Thread(target=act.push)
    second.start()
    act.push()
    second.join()
    assert {effect.state for effect in act.effects()} == {"confirmed"}
    assert len(stub.all_refunds) == 120


# -- several batches: while one is sent, the next is verified and claimed


def test_what_another_push_has_in_flight_on_the_line_is_no_strangers_refund(act: ActWorld, stub: StubMirakl) -> None:
    stub.put_order("NOR-1-A", ["30.00"], quantity=3)
    act.disposition("P1", "NOR-1-A-1", "10.00")
    act.disposition("P2", "NOR-1-A-1", "10.00", refund_reason_code="15", unit_from=1)
    act.plan()
    first, second = act.effects()
    token = "another push"

    def other_push_sends_the_second(seen: Seen) -> None:
        if seen.operation == "OR11" and stub.on_request is not None:
            stub.on_request = None
            claim = {"token": token, "lease": 300, "run_id": "run-2", "actor": "test", "now": act.clock()}
            assert act.ledger.effects.claim({second.id: []}, **claim)
            assert send_refund(act.client, second.request).external_id

    stub.on_request = other_push_sends_the_second
    act.push()
    assert {effect.id: effect.state for effect in act.effects()} == {first.id: "planned", second.id: "claimed"}
    (made,) = stub.refunds_of("NOR-1-A-1")
    act.ledger.effects.settle([Outcome(second.id, token, "confirmed", external_id=made["id"])], act.clock())
    act.push()
    assert {effect.state for effect in act.effects()} == {"confirmed"}
    assert [r["reason_code"] for r in stub.refunds_of("NOR-1-A-1")] == ["15", "17"]


@pytest.mark.parametrize("batch", [1, 7, 60])
def test_batches_overlap_and_pay_once(act: ActWorld, stub: StubMirakl, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(act_push, "BATCH", batch)
    for n in range(25):
        stub.put_order(f"NOR-{n}-A", ["20.00"], quantity=2)
    act.many(25)
    act.dispositions(
        [
            {"piece_id": f"Q{n}", "order_line_id": f"NOR-{n}-A-1", "amount": "10.00", "unit_from": 1, "refund_reason_code": "15"}
            for n in range(0, 25, 3)
        ]
    )
    act.plan()
    stub.faults.append(Fault("OR28", "status", 429, {"Retry-After": "3"}, times=1))
    act.push()
    assert {effect.state for effect in act.effects()} == {"confirmed"}
    assert len(stub.all_refunds) == 34
    assert act.exceptions() == {}


def test_a_halt_gives_back_what_was_claimed_ahead(act: ActWorld, stub: StubMirakl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(act_push, "BATCH", 10)
    for n in range(40):
        stub.put_order(f"NOR-{n}-A", ["10.00"])
    act.many(40)
    act.plan()
    stub.faults.append(Fault("OR28", "status", 403, times=1000))
    result = act.push()
    states = result.metadata["states"]
    assert set(states) <= {"retry_at", "planned"}  # nothing stays claimed
    assert len(stub.calls("OR28")) <= 8


def test_when_a_result_cannot_be_committed_the_claims_wait_for_their_lease(
    act: ActWorld, stub: StubMirakl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(act_push, "BATCH", 10)
    for n in range(40):
        stub.put_order(f"NOR-{n}-A", ["10.00"])
    act.many(40)
    act.plan()
    settle = act.ledger.effects.settle
    calls = iter(range(100))

    def failing(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == 0:
            raise OSError("the ledger's disk is full")
        return settle(*args, **kwargs)

    monkeypatch.setattr(act.ledger.effects, "settle", failing)
    with pytest.raises(OSError, match="disk is full"):
        act.push()
    assert len(stub.calls("OR28")) <= 10
    for _ in range(3):
        act.clock.advance(400)
        act.push()
    assert {effect.state for effect in act.effects()} == {"confirmed"}
    assert len(stub.all_refunds) == 40
