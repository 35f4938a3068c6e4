"""The return status on the sandbox: Mirakl's return follows ReBound's, each step once and in its turn, whatever happens on the way."""

import json
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from returns_assets.operations.flows import FLOWS
from returns_assets.quality.gate import validate_actions
from returns_assets.steps.act_gate import NotValidated
from returns_assets.steps.ingest_marketplace_returns import ingest_marketplace_returns
from returns_assets.steps.push_return_status import push_return_status
from returns_assets.steps.return_status import plan_return_status
from tests.sandbox_fixture import Sandbox, running_sandbox
from tests.steps.act_world import DAY
from tests.steps.status_world import ORDER, StatusWorld, status_world

ALL = ["RT25", "RT26", "RT27"]
CONFIRMED = {"received": "confirmed", "compliance": "confirmed", "closed": "confirmed"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), clock="2025-03-10T12:00:00Z") as started:
        yield started


@pytest.fixture
def world(tmp_path: Path, server: Sandbox) -> Generator[StatusWorld]:
    """Returns on; one order of one line with one unit."""
    with status_world(tmp_path, server) as opened:
        opened.order()
        yield opened


def test_one_run_brings_a_return_through_all_its_steps_and_the_next_sends_nothing(world: StatusWorld) -> None:
    made = world.open()
    world.whole()
    world.run()
    assert world.history(made) == ALL
    assert world.shown(made)["state"] == "CLOSED"
    assert world.states() == CONFIRMED
    assert world.exceptions() == {}
    again = world.run()
    assert world.history(made) == ALL
    assert [world.calls(operation) for operation in ALL] == [1, 1, 1]
    assert world.outcomes() == dict.fromkeys(("match", "received", "compliance", "closed"), "done")
    assert again.says["registered"]["received"]["created"] == 0
    gaps = {step: round(gap, 1) for step, gap in world.rows("return_status_pushes", "step", "gap_hours")}
    assert gaps == {"match": 11.0, "received": 11.0, "compliance": 10.0, "closed": 9.0}


def test_steps_wait_for_their_events_and_come_on_the_day_of_the_news(world: StatusWorld) -> None:
    made = world.open()
    world.event("RETURN_REGISTERED", "P1")
    world.event("PARCEL_IN_NETWORK", hours=1)
    world.run()
    assert world.history(made) == []
    world.event("PARCEL_AT_HUB", hours=2)
    world.run()
    assert world.history(made) == ["RT25"]
    assert world.outcomes()["compliance"] == "wait inspection"
    world.clock.advance(86400)
    world.event("ITEM_GRADED", "P1", days=1)
    world.run(days=1)
    world.run()  # the day before has nothing to say of this return any more
    assert world.history(made) == ["RT25", "RT26"]
    assert {day for (day,) in world.rows("return_status_actions", "day")} == {datetime(2025, 3, 11).date()}  # noqa: DTZ001


def test_compliance_is_by_line_and_mixed_pieces_are_said_in_words(world: StatusWorld) -> None:
    world.order("NOR-1-A", 3, 1, 1)
    made = world.open((f"{ORDER}-1", 3), (f"{ORDER}-2", 1), (f"{ORDER}-3", 1))
    world.event("ITEM_GRADED", "P1", grade="D")
    world.event("ITEM_GRADED", "P2")
    world.event("ITEM_GRADED", "P3", hours=1)
    world.event("ITEM_GRADED", "P4", line_ref=f"{ORDER}-2", verification="WRONG_ITEM")
    world.run()
    assert world.outcomes()["compliance"] == "wait inspection"  # the third line is not back yet
    world.event("RETURN_CLOSED", hours=2)
    world.run()
    first, second, third = (line["compliance"][0] for line in world.shown(made)["return_lines"])
    assert first["compliant"] is False
    assert first["non_compliance_reason_code"] == "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT"
    assert first["non_compliance_additional_info"] == "1 of 3 units RETURN_NON_COMPLIANT_DAMAGED_PRODUCT; 2 of 3 units compliant"
    assert second["non_compliance_reason_code"] == "RETURN_NON_COMPLIANT_WRONG_PRODUCT"
    assert third["non_compliance_reason_code"] == "RETURN_NON_COMPLIANT_MISSING_ITEM"
    assert world.shown(made)["state"] == "CLOSED"


def test_a_code_that_the_operator_dropped_is_held_back_and_goes_once_it_is_there_again(world: StatusWorld) -> None:
    made = world.open()
    world.event("ITEM_GRADED", "P1", grade="D")
    world.event("RETURN_CLOSED", hours=1)
    code = "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT"
    world.shop.server.post("reasons", marketplace=world.key, type="RETURN_NON_COMPLIANT", withdraw=code)
    world.run()
    assert world.history(made) == ["RT25"]
    assert world.outcomes() == {
        "match": "done", "received": "send", "compliance": "exception compliance_code_not_live", "closed": "wait compliance",
    }  # fmt: skip
    assert world.exceptions() == {"compliance_code_not_live": "mapping"}
    entry = {"code": code, "label": "Damaged", "type": "RETURN_NON_COMPLIANT"}
    world.shop.server.post("reasons", marketplace=world.key, type="RETURN_NON_COMPLIANT", add=entry)
    world.run()
    assert world.history(made) == ALL
    assert world.exceptions() == {}


@pytest.mark.parametrize("fault", ["cut_after", "500_after_commit", "unreadable_after_commit"])
@pytest.mark.parametrize("operation", ALL)
def test_a_lost_answer_is_read_back_and_nothing_is_sent_twice(world: StatusWorld, operation: str, fault: str) -> None:
    made = world.open()
    world.whole()
    world.shop.server.fault(operation, fault, marketplace=world.key, times=1)
    world.run()
    lost = {"RT25": "received", "RT26": "compliance", "RT27": "closed"}[operation]
    assert world.states()[lost] == "unknown (answer_lost)"
    assert world.history(made) == ALL[: ALL.index(operation) + 1], "what comes after waits until it is known"
    for _ in range(2):
        world.clock.advance(4000)
        world.run()
    assert world.history(made) == ALL
    assert [world.calls(each) for each in ALL] == [1, 1, 1]
    assert world.states() == CONFIRMED
    assert world.exceptions() == {}


def test_a_request_that_was_lost_before_it_was_executed_is_sent_again_after_reading_back(world: StatusWorld) -> None:
    made = world.open()
    world.event("PARCEL_AT_HUB", "P1")
    world.shop.server.fault("RT25", "cut_before", marketplace=world.key, times=1)
    world.run()
    assert world.states() == {"received": "unknown (answer_lost)"}
    world.clock.advance(4000)
    world.run()
    assert world.history(made) == ["RT25"]
    assert world.calls("RT25") == 2


def by_hand(world: StatusWorld, path: str, return_id: str) -> None:
    answer = world.shop.client.put(f"/api/returns/{path}", json={"returns": [{"id": return_id}]})
    assert answer.json()["return_errors"] == []


def test_what_a_person_did_since_planning_is_success_without_a_call(world: StatusWorld) -> None:
    made = world.open()
    world.event("PARCEL_AT_HUB", "P1")
    world.shop.server.fault("RT25", "429", marketplace=world.key, times=1, retry_after=600)
    world.run()
    assert world.states() == {"received": "retry_at (rate_limited)"}
    by_hand(world, "receive", made)
    world.clock.advance(700)
    push_return_status(world.ctx, world.key, DAY)  # planned before, pushed after
    assert world.states() == {"received": "confirmed"}
    assert world.calls("RT25") == 2, "the one that was limited, and the person's"
    assert world.exceptions() == {}


def test_invalid_state_is_success_where_the_state_is_reached(world: StatusWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world.open()
    world.event("PARCEL_AT_HUB", "P1")
    send = world.client.write

    def late(method: str, path: str, body: bytes) -> object:
        by_hand(world, path.rsplit("/", 1)[1], made)  # a person is faster, between our look and our call
        return send(method, path, body)

    monkeypatch.setattr(world.client, "write", late)
    world.run()
    assert world.calls("RT25") == 2
    assert world.states() == {"received": "confirmed"}
    assert world.exceptions() == {}


def test_invalid_state_is_an_exception_where_it_is_not_reached(world: StatusWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world.open()
    world.event("PARCEL_AT_HUB", "P1")
    send = world.client.write

    def late(method: str, path: str, body: bytes) -> object:
        by_hand(world, "cancel", made)
        return send(method, path, body)

    monkeypatch.setattr(world.client, "write", late)
    world.run()
    assert world.states() == {"received": "held (return_state_refused)"}
    assert world.exceptions() == {"return_state_refused": "logical"}
    monkeypatch.undo()
    world.run()
    assert world.outcomes()["received"] == "exception return_state_differs"
    assert world.states() == {"received": "withdrawn (return_state_refused)"}


def test_a_marketplace_without_returns_is_skipped_and_says_so(tmp_path: Path, server: Sandbox) -> None:
    with status_world(tmp_path, server, features={"returns.marketplace": False}) as world:
        world.order()
        world.whole()
        report = world.run()
        assert "features.returns" in report.says["skipped"]
        assert FLOWS["return-status"].line(world.ctx, world.key, DAY) == report.says["skipped"]
        assert world.rows("return_status_actions", "return_id") == []
        assert world.exceptions() == {}
        assert world.calls("RT11") == 0


def test_a_return_that_waits_for_acceptance_goes_on_by_itself_once_it_is_accepted(world: StatusWorld) -> None:
    made = world.open(accepted=False)
    world.whole()
    world.run()
    assert world.outcomes() == {"match": "done", "received": "wait acceptance", "compliance": "wait received", "closed": "wait received"}
    answer = world.shop.client.put("/api/returns/accept", json={"returns": [{"id": made, "accepted": True}]})
    assert answer.json()["return_errors"] == []
    world.run()
    assert world.history(made) == ["RT21", *ALL]


def test_cancelled_before_the_network_is_cancelled_in_mirakl_and_later_is_for_a_person(world: StatusWorld) -> None:
    made = world.open()
    world.event("RETURN_REGISTERED", "P1")
    world.event("RETURN_CANCELLED", hours=1)
    world.run()
    assert world.history(made) == ["RT29"]
    world.run()
    assert world.outcomes() == {"match": "done", "cancelled": "done"}
    again = world.open()
    world.event("PARCEL_IN_NETWORK", "P2", return_id="R2", mirakl_return_id=again)
    world.event("RETURN_CANCELLED", return_id="R2", hours=1)
    world.run()
    assert world.history(again) == []
    assert world.exceptions() == {"cancelled_in_network": "logical"}


def test_no_return_in_mirakl_is_a_gap_and_above_the_limit_an_exception_until_it_is_there(world: StatusWorld) -> None:
    world.whole()
    world.run()
    assert world.outcomes() == {"match": "gap not_in_mirakl"}
    assert world.exceptions() == {}
    world.clock.at = datetime(2025, 3, 12, 2, tzinfo=UTC)
    world.run()
    assert world.exceptions() == {"not_in_mirakl": "logical"}
    assert world.rows("return_status_pushes", "gap_hours", "late") == [(49.0, True)]
    made = world.open()
    world.run()
    assert world.history(made) == ALL
    assert world.exceptions() == {}


def test_a_step_that_does_not_get_through_in_time_is_a_technical_exception(world: StatusWorld) -> None:
    world.open()
    world.event("PARCEL_AT_HUB", "P1")
    world.clock.at = datetime(2025, 3, 12, 2, tzinfo=UTC)
    world.shop.server.fault("RT25", "503", marketplace=world.key, times=1)
    world.run()
    assert world.exceptions() == {"answer_lost": "technical", "status_late": "technical"}
    world.clock.advance(4000)
    world.run()
    assert world.exceptions() == {}


def test_an_rma_on_a_return_of_other_lines_is_another_returns(world: StatusWorld) -> None:
    world.order(ORDER, 1, 1)
    world.open(rma="RMA-1")
    second = world.open((f"{ORDER}-2", 1))
    world.event("PARCEL_AT_HUB", "P1", rma="RMA-1", line_ref=f"{ORDER}-2")
    world.run()
    assert world.rows("return_status_actions", "DISTINCT mirakl_return_id", "matched_by") == [(second, "lines")]


@pytest.mark.parametrize("same", [True, False])
def test_two_returns_for_one_line_are_told_apart_by_rma_or_refused(world: StatusWorld, same: bool) -> None:
    world.order("NOR-1-A", 2)
    world.open(rma="RMA-1")
    second = world.open(rma="RMA-1" if same else "RMA-2")
    world.event("PARCEL_AT_HUB", "P1", rma="RMA-1" if same else "RMA-2")
    world.run()
    if same:
        assert world.outcomes() == {"match": "exception ambiguous_return"}
        world.event("PARCEL_AT_HUB", "P1", rma="RMA-1", mirakl_return_id=second, hours=1)
        world.run()
    assert world.history(second) == ["RT25"]
    assert world.rows("return_status_actions", "DISTINCT matched_by") == [("metadata" if same else "rma",)]


@pytest.mark.parametrize("told", [False, True])
def test_two_rebound_returns_with_the_rma_of_one_are_refused_unless_one_was_told_of_it(world: StatusWorld, told: bool) -> None:
    made = world.open(rma="RMA-1")
    world.event("PARCEL_AT_HUB", "P1", rma="RMA-1")
    world.event("PARCEL_AT_HUB", "P2", return_id="R2", rma="RMA-1")
    if told:
        with world.warehouse.transaction() as con:
            con.execute(
                "INSERT INTO return_request_pushes (marketplace, day, kind, state, return_id, mirakl_return_id) VALUES (?, ?, ?, ?, ?, ?)",
                [world.key, DAY, "return_update", "confirmed", "R2", made],
            )
    world.run()
    found = world.rows("return_status_actions", "DISTINCT return_id", "mirakl_return_id", "coalesce(cause, '')")
    if told:
        assert found == [("R1", None, "no_return_fits"), ("R2", made, "")]
    else:
        assert found == [("R1", None, "ambiguous_return"), ("R2", None, "ambiguous_return")]
    assert world.history(made) == (["RT25"] if told else [])


def test_two_rebound_returns_that_fit_one_are_refused(world: StatusWorld) -> None:
    made = world.open()
    world.event("PARCEL_AT_HUB", "P1")
    world.event("PARCEL_AT_HUB", "P2", return_id="R2")
    world.run()
    assert world.outcomes() == {"match": "exception ambiguous_return"}
    assert world.history(made) == []


def test_closing_waits_for_refunds_only_where_it_is_configured(world: StatusWorld) -> None:
    made = world.open()
    world.whole()
    world.configure(close_after_refunds=True)
    world.run()
    assert world.history(made) == ["RT25", "RT26"]
    assert world.outcomes()["closed"] == "wait refunds"
    with world.warehouse.transaction() as con:
        con.execute(
            "INSERT INTO mapped_dispositions (marketplace, day, piece_id, outcome) VALUES (?, ?, 'P1', 'no_refund')", [world.key, DAY]
        )
    world.run()
    assert world.history(made) == ALL


def test_nothing_is_sent_for_rows_that_no_passed_validation_released(world: StatusWorld) -> None:
    made = world.open()
    world.event("PARCEL_AT_HUB", "P1")
    world.run()
    world.event("ITEM_GRADED", "P1", hours=1)
    plan_return_status(world.ctx, world.key, DAY)
    with world.warehouse.transaction() as con:
        con.execute("UPDATE return_status_actions SET lines = '[]' WHERE step = 'compliance'")
    blocked = {finding.name for finding in validate_actions(world.ctx, "return_status_actions", world.key, DAY) if finding.stops}
    assert blocked == {"status_lines_complete"}
    with pytest.raises(NotValidated, match="validation failed"):
        push_return_status(world.ctx, world.key, DAY)
    assert world.history(made) == ["RT25"]


def test_a_hundred_a_call_and_a_bad_entry_refuses_only_itself(world: StatusWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.order("NOR-1-A", 150)
    ids = [world.open() for _ in range(130)]
    for number, made in enumerate(ids):
        world.event("PARCEL_AT_HUB", return_id=f"R{number}", mirakl_return_id=made)
    send, bad = world.client.write, ids[70]

    def poisoned(method: str, path: str, body: bytes) -> object:
        return send(method, path, body.replace(f'"id": "{bad}"'.encode(), b'"id": 7'))

    monkeypatch.setattr(world.client, "write", poisoned)
    world.run()
    states = [effect.state for effect in world.ledger.effects.search(marketplace=world.key, limit=200)]
    assert (states.count("confirmed"), states.count("held")) == (129, 1)
    assert sum(world.history(made) == ["RT25"] for made in ids) == 129
    monkeypatch.undo()
    world.run()
    assert world.history(bad) == ["RT25"]
    assert len(world.shop.server.requests(world.key, "RT25")) < 2 + 2 * 8 + 2


def test_a_return_that_the_answer_does_not_name_is_unknown_and_read_back(world: StatusWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world.open()
    world.event("PARCEL_AT_HUB", "P1")
    send = world.client.write

    def silent(method: str, path: str, body: bytes) -> httpx.Response:
        answer = json.loads(send(method, path, body).content)
        return httpx.Response(200, json={**answer, "return_success": []})

    monkeypatch.setattr(world.client, "write", silent)
    world.run()
    assert world.states() == {"received": "unknown (answer_lost)"}
    monkeypatch.undo()
    world.clock.advance(4000)
    world.run()
    assert world.states() == {"received": "confirmed"}
    assert world.history(made) == ["RT25"]


def test_a_day_whose_return_has_later_news_sends_nothing_any_more(world: StatusWorld) -> None:
    made = world.open()
    world.event("PARCEL_AT_HUB", "P1")
    world.shop.server.fault("RT25", "429", marketplace=world.key, times=1, retry_after=600)
    world.run()
    world.event("ITEM_GRADED", "P1", days=1, grade="D")
    world.clock.advance(86400)
    push_return_status(world.ctx, world.key, DAY)  # somebody clicks on the push of the old day
    assert world.history(made) == []
    assert world.states() == {"received": "withdrawn (rate_limited)"}
    world.run(days=1)
    assert world.history(made) == ["RT25", "RT26"]


def test_pieces_without_a_line_id_are_matched_by_a_sku_that_only_one_line_has(world: StatusWorld) -> None:
    world.order("NOR-1-A", 1, 1)
    made = world.open((f"{ORDER}-2", 1))
    with world.warehouse.transaction() as con:
        for line in (1, 2):
            con.execute(
                "INSERT INTO mirakl_order_lines (marketplace, day, order_id, order_line_id, offer_sku) VALUES (?, ?, ?, ?, ?)",
                [world.key, DAY, ORDER, f"{ORDER}-{line}", f"SKU{line}"],
            )
    world.event("ITEM_GRADED", "P1", line_ref=None, sku="sku2 ")
    world.run()
    assert world.history(made) == ["RT25", "RT26"]


def test_the_partition_is_rebuilt_from_what_was_landed_without_a_network(world: StatusWorld) -> None:
    world.open()
    world.event("PARCEL_AT_HUB", "P1")
    world.run()
    read = world.rows("marketplace_returns", "*")
    assert len(read) == 1
    with world.warehouse.transaction() as con:
        con.execute("DELETE FROM marketplace_returns")
    asked = world.calls("RT11")
    ingest_marketplace_returns(world.ctx, world.key, DAY, replay=True)
    assert world.rows("marketplace_returns", "*") == read
    assert world.calls("RT11") == asked
