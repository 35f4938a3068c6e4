"""Requests that start at ReBound: created in Mirakl once, answered in ReBound's portal by the order's live lines."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from returns_assets.rebound.reading_errors import ReboundPermanentError
from returns_assets.rebound.registrations import pending
from returns_assets.steps.request_done import GRANT
from returns_assets.steps.request_portal import PortalKind
from returns_assets.wire.fresh_read import Trace
from tests.authorise.world import AuthoriseWorld, authorise_world
from tests.sandbox_fixture import Sandbox


def test_a_return_that_started_at_rebound_is_created_in_mirakl_once(world: AuthoriseWorld) -> None:
    world.order("SHIPPING")
    return_id = world.at_rebound()
    world.run()
    assert world.outcomes() == ["hold SHIPPING"]
    assert world.in_mirakl() == []
    world.state("SHIPPED")
    world.run()
    [made] = world.in_mirakl()
    assert (made["state"], made["rma"], made["return_lines"][0]["reason_code"]) == ("IN_PROGRESS", return_id, "RETURN_PDNT_TOO_BIG")
    assert made["tracking"]["tracking_number"] == world.authorised()[0]["trackingNumber"]
    assert made["label_url"]
    world.run()
    world.registered(return_id, day=world.day(1))  # ReBound repeats itself a day later
    world.run(days=1)
    assert len(world.in_mirakl()) == 1
    assert (world.calls("RT01"), world.posts(), world.outcomes()) == (1, 1, ["done", "done"])  # and as Mirakl lists it
    world.registered(return_id, "PARCEL_AT_HUB", event_rank=40)
    world.follow()
    assert world.shown(made["id"])["state"] == "RECEIVED"


def test_what_rebound_shows_late_of_a_return_that_started_there_is_written_back(world: AuthoriseWorld) -> None:
    world.server.post("rebound", label_seconds=50 * 3600)
    world.order()
    world.at_rebound()
    world.run()
    [made] = world.in_mirakl()
    assert (world.history(made["id"]), world.steps(), world.exceptions()) == ([], {"create": "confirmed"}, {})
    world.advance(49 * 3600)
    world.run()
    assert (world.steps(), world.exceptions()) == ({"create": "confirmed"}, {"label_late": "technical"})
    world.advance(2 * 3600)
    world.run()
    assert (world.history(made["id"]), world.exceptions()) == (["RT04"], {})
    assert world.in_mirakl()[0]["tracking"]["tracking_number"] == world.authorised()[0]["trackingNumber"]


def test_a_return_that_comes_back_without_a_label_is_done(world: AuthoriseWorld) -> None:
    world.server.post("rebound", label_seconds=7200)
    world.order()
    return_id = world.at_rebound()
    world.run()
    assert world.steps() == {"create": "confirmed"}
    world.registered(return_id, "PARCEL_AT_HUB", event_rank=40)
    world.run()
    assert (world.steps(), world.exceptions()) == ({"create": "confirmed", "update": "confirmed"}, {})


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
def test_a_lost_creation_is_found_by_its_rma(world: AuthoriseWorld, fault: str) -> None:
    world.order()
    world.at_rebound()
    world.server.fault("RT01", fault, marketplace=world.key, times=1)
    for _ in range(2):
        world.run()
        world.advance(100)
    assert len(world.in_mirakl()) == 1
    assert world.calls("RT01") == (2 if fault == "cut_before" else 1)
    assert world.steps() == {"create": "confirmed", "update": "confirmed"}


def test_a_return_that_both_sides_know_is_written_back_and_not_authorised_again(world: AuthoriseWorld) -> None:
    world.order()
    return_id = world.at_rebound()
    asked = world.ask()
    world.run()
    assert world.history(asked) == ["RT21", "RT04"]
    assert (len(world.authorised()), len(world.in_mirakl()), world.outcomes()) == (1, 1, ["authorise", "done"])
    assert world.rows("return_request_pushes", "DISTINCT return_id") == [(return_id,)]


def test_returns_that_share_the_rma_of_one_of_mirakls_are_a_persons_and_not_done(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 2)
    world.ask(accepted=True, rma="RMA-77")
    world.registered("B1", rma="RMA-77")
    world.plan()
    assert world.exceptions() == {}
    world.registered("B2", rma="RMA-77")
    world.plan()
    assert world.exceptions() == {"ambiguous_return": "logical"}
    found = world.rows("return_requests", "return_id", "outcome", "cause")
    assert [row for row in found if row[0]] == [(one, "exception", "ambiguous_return") for one in ("B1", "B2")]


def test_a_second_return_with_the_same_rma_is_created_too(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 1, 1)
    line = f"{world.order_id}-2"

    def registered(*lines: str) -> list[str]:
        ids: list[str] = []
        for each in lines:
            made = world.account.create(
                world.order_id, {"clientItemId": each, "quantity": "1", "reasonCode": "Too large"}, rmaNumber="RMA-77"
            )
            ids.append(made.json()["reboundOrderId"].removeprefix("(00)"))
            world.registered(ids[-1], line_ref=each, rma="RMA-77")
        return ids

    [first] = registered(world.line)
    world.run()
    [second] = registered(line)
    world.server.fault("RT01", "cut_after", marketplace=world.key, times=1)
    for _ in range(2):
        world.run()
        world.advance(100)
    found = {one["return_lines"][0]["order_line_id"]: (one["id"], one["rma"]) for one in world.in_mirakl()}
    assert {key: rma for key, (_, rma) in found.items()} == {world.line: "RMA-77", line: "RMA-77"}
    assert world.calls("RT01") == 2
    links = world.rows("return_request_pushes", "return_id", "mirakl_return_id")
    assert set(links) == {(first, found[world.line][0]), (second, found[line][0])}
    world.registered(second, "PARCEL_AT_HUB", event_rank=40, line_ref=line, rma="RMA-77")
    world.follow()
    assert [world.shown(one)["state"] for one, _ in (found[world.line], found[line])] == ["IN_PROGRESS", "RECEIVED"]


def test_where_the_operator_has_no_returns_the_flow_says_so_and_asks_nothing(tmp_path: Path, server: Sandbox) -> None:
    with authorise_world(tmp_path, server, features={"returns.marketplace": False}) as world:
        world.order()
        world.at_rebound()
        report = world.run()
        assert "no returns" in report.says["skipped"]
        assert world.outcomes() == ["skip returns_off"]
        assert [world.calls(operation) for operation in ("RT01", "RT11", "RT12", "RT21", "OR11")] == [0] * 5
        assert world.exceptions() == {}


def test_a_registration_in_rebounds_portal_waits_for_the_dispatch_is_granted_and_then_created_in_mirakl(world: AuthoriseWorld) -> None:
    world.order("SHIPPING")
    asked = world.in_portal()
    world.run()
    assert (world.outcomes(), world.authorised(), world.registration(asked)["status"]) == (["hold SHIPPING"], [], "PENDING")
    world.state("SHIPPED")
    world.advance(1)
    second = world.in_portal()
    world.run()
    [made] = world.authorised()
    assert (world.registration(asked)["status"], world.registration(asked)["reboundOrderId"]) == ("AUTHORISED", made["reboundOrderId"])
    assert world.registration(second)["status"] == "DECLINED", "the order has one unit"
    return_id = made["reboundOrderId"].removeprefix("(00)")
    world.registered(return_id)  # as ReBound tells of it
    world.run()
    [created] = world.in_mirakl()
    assert (created["rma"], created["state"], created["tracking"]["tracking_number"]) == (return_id, "IN_PROGRESS", made["trackingNumber"])
    found = world.rows("return_request_pushes", "kind", "registration_id", "return_id", "state")
    assert ("registration_authorise", asked, return_id, "confirmed") in found
    assert len(world.authorised()) == 1


@pytest.mark.parametrize(
    ("operation", "fault"),
    [("REGISTRATION-AUTHORISE", "cut_before"), ("REGISTRATION-AUTHORISE", "cut_after"), ("REGISTRATION-DECLINE", "cut_after")],
)
def test_a_lost_answer_to_a_registration_is_read_back(tmp_path: Path, server: Sandbox, operation: str, fault: str) -> None:
    """Where the operator has no returns, too: ReBound's portal asks all the same."""
    with authorise_world(tmp_path, server, features={"returns.marketplace": False}) as world:
        world.order("CLOSED" if operation.endswith("DECLINE") else "SHIPPED")
        asked = world.in_portal()
        world.server.fault(operation, fault, times=1)
        for _ in range(2):
            world.run()
            world.advance(100)
        now = world.registration(asked)
        assert now["status"] == ("DECLINED" if operation.endswith("DECLINE") else "AUTHORISED")
        assert now["reason"] == (f"{world.line} is CLOSED" if operation.endswith("DECLINE") else None)
        calls = [seen for seen in world.server.requests(operation=operation) if asked in str(seen)]
        assert len(calls) == (2 if fault == "cut_before" else 1)
        assert world.exceptions() == {}


class Portal:
    """A ReBound that answers every read alike."""

    def __init__(self, *rows: object) -> None:
        self.rows = rows

    def get(self, *_: object) -> dict[str, object]:
        return {"data": list(self.rows), "hasMore": False}


def test_one_registration_that_cannot_be_read_leaves_the_others() -> None:
    good = {"registrationId": "G1", "clientOrderId": "O-A", "status": "PENDING", "registeredAt": "2025-03-10T09:00:00Z"}
    bad = {**good, "registrationId": "G2", "announcedItems": [{"clientItemId": "O-A-1", "quantity": "Not available"}]}
    unreadable: list[str] = []
    found = list(pending(cast("Any", Portal(bad, good, "nothing")), cast("Any", SimpleNamespace(list_path="/")), unreadable))
    assert ([each.registration_id for each in found], unreadable) == (["G1"], ["G2", "an entry without id"])


def test_a_registration_of_nobodys_order_is_an_exception_of_its_own_and_holds_nothing_up(world: AuthoriseWorld) -> None:
    world.order()
    mine = world.in_portal()
    ours, world.order_id = world.order_id, f"NOBODYS-{world.order_id}"
    lost = world.in_portal()
    world.order_id = ours
    world.run()
    assert world.registration(mine)["status"] == "AUTHORISED"
    assert world.exceptions() == {"unroutable": "logical"}
    [found] = world.ledger.exceptions.list()
    assert (found.subject, found.detail) == (f"portal:{lost}", f"order NOBODYS-{ours}")
    world.account.rest.post(f"/return-registrations/{lost}/decline", json={"reason": "nobody's"}).raise_for_status()
    world.run()
    assert world.exceptions() == {}


def test_a_registration_that_is_gone_is_ambiguous_for_its_own_effect_only() -> None:
    class Gone:
        def get(self, *_: object) -> object:
            raise ReboundPermanentError("REGISTRATION: HTTP 404")

    effects = [cast("Any", SimpleNamespace(id=1, subject="G1"))]
    block = SimpleNamespace(return_orders=SimpleNamespace(registrations=SimpleNamespace(read_path="/{id}")))
    ctx = cast("Any", SimpleNamespace(rebound=Gone, mappings=SimpleNamespace(rebound=block)))
    assert PortalKind(GRANT).read_back(ctx, cast("Any", None), effects)[1].trace is Trace.AMBIGUOUS
