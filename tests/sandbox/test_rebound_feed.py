"""The REST poll: changed since, page by page, opaque cursors that expire, and the sequence of everything that was told."""

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from returns_assets.sandbox.clock import Clock
from returns_assets.sandbox.config import default_config
from returns_assets.sandbox.documents import Case, Piece, refund_trigger
from returns_assets.sandbox.rebound.routes import Rebound
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world import world_of
from tests.sandbox.rebound_account import Account, item
from tests.sandbox_fixture import running_sandbox

WORLD = {"seed": 3, "days": 7, "orders_per_day": 6, "returns_per_day": 4, "marketplaces": ["nordhaus"], "scenarios": False}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[Account]:
    """A week of returns; the clock starts in the middle of it."""
    with running_sandbox(tmp_path_factory.mktemp("feed"), clock="2025-03-02T12:00:00Z") as server:
        server.post("rebound", token_seconds=10**8)
        server.post("world", **WORLD)
        yield Account(server)


@pytest.fixture
def feed(world: Account) -> Account:
    """The clock at noon of the second day, nothing out of order."""
    world.server.post("clock", now="2025-03-02T12:00:00Z")
    world.server.delete("faults")
    world.server.post("rebound", cursor_seconds=86400)
    return world


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["reboundOrderId"] for row in rows]


def test_nothing_is_shown_before_its_time(feed: Account) -> None:
    rows = feed.pages("/return-orders")
    assert rows
    assert max(row["updatedAt"] for row in rows) <= "2025-03-02T12:00:00Z"
    assert all(event["recordedAt"] <= "2025-03-02T12:00:00Z" for event in feed.pages("/return-events"))
    feed.server.post("clock", now="2025-03-08T00:00:00Z")
    later = feed.pages("/return-orders")
    assert set(ids(rows)) < set(ids(later))
    new = next(row for row in later if row["reboundOrderId"] not in ids(rows))
    feed.server.post("clock", now="2025-03-02T12:00:00Z")
    assert feed.rest.get(f"/return-orders/{new['reboundOrderId']}").status_code == 404
    assert feed.rest.get("/return-orders", params={"clientOrderId": new["clientOrderId"]}).json()["data"] == []


@pytest.mark.parametrize("limit", [1, 3, 250])
def test_pages_give_everything_once_in_order(feed: Account, limit: int) -> None:
    rows = feed.pages("/return-orders", limit=limit)
    assert ids(rows) == ids(feed.pages("/return-orders"))
    assert len(set(ids(rows))) == len(rows)
    assert [row["updatedAt"] for row in rows] == sorted(row["updatedAt"] for row in rows)


def test_the_window_is_half_open(feed: Account) -> None:
    rows = feed.pages("/return-orders")
    middle = rows[len(rows) // 2]["updatedAt"]
    since = feed.pages("/return-orders", updatedSince=middle, limit=2)
    before = feed.pages("/return-orders", updatedBefore=middle, limit=2)
    assert ids(before) + ids(since) == ids(rows)
    assert since[0]["updatedAt"] == middle


def test_the_cursor_goes_on_where_it_stood(feed: Account) -> None:
    page = feed.rest.get("/return-orders", params={"limit": 250}).json()
    assert page["hasMore"] is False
    assert feed.pages("/return-orders", cursor=page["nextCursor"]) == []
    feed.server.post("clock", now="2025-03-03T11:00:00Z")
    fresh = feed.pages("/return-orders", cursor=page["nextCursor"], limit=2)
    assert fresh == feed.pages("/return-orders", updatedSince="2025-03-02T12:00:01Z")
    # a return that changed again is shown again, as it is now
    again = set(ids(fresh)) & set(ids(page["data"]))
    assert again
    old = {row["reboundOrderId"]: row["version"] for row in page["data"]}
    assert all(row["version"] > old[row["reboundOrderId"]] for row in fresh if row["reboundOrderId"] in again)


def test_changes_of_one_moment_are_not_missed(feed: Account) -> None:
    """The clock stands still, and every change after the cursor still comes behind it."""
    feed.push("M1", ("M1-1", 9))
    seen: list[str] = []
    cursor = feed.rest.get("/return-orders", params={"limit": 250}).json()["nextCursor"]
    made = []
    for _ in range(4):
        made.append(feed.create("M1", item("M1-1")).json()["reboundOrderId"])
        page = feed.rest.get("/return-orders", params={"cursor": cursor}).json()
        seen += ids(page["data"])
        cursor = page["nextCursor"]
    assert seen == made
    feed.rest.post(f"/return-orders/{made[0]}/cancel")
    assert ids(feed.pages("/return-orders", cursor=cursor)) == made[:1]


def test_a_label_is_a_change_and_what_comes_in_its_moment_comes_after_it(feed: Account) -> None:
    feed.server.post("rebound", label_seconds=60)
    feed.push("M2", ("M2-1", 2))
    made = [feed.create("M2", item("M2-1")).json()["reboundOrderId"] for _ in range(2)]
    feed.server.post("rebound", label_seconds=0)
    cursor = feed.rest.get("/return-orders", params={"limit": 250}).json()["nextCursor"]
    feed.server.post("clock", advance_seconds=60)
    page = feed.rest.get("/return-orders", params={"cursor": cursor}).json()
    assert [(row["reboundOrderId"], len(row["labels"])) for row in page["data"]] == [(each, 1) for each in made]
    assert [event["type"] for event in feed.rest.get(f"/return-orders/{made[0]}/events").json()["data"]] == ["tracking", "label"]
    feed.server.post("rebound/returns/event", reboundOrderId=made[0], event="postalIncoming")
    assert ids(feed.pages("/return-orders", cursor=page["nextCursor"])) == made[:1]


def test_goods_of_two_orders_under_one_return_id_are_two_returns() -> None:
    """As in the real data: an order must not be shown with the other's goods."""
    state = State(default_config(), clock=Clock(datetime(2025, 3, 2, tzinfo=UTC)))
    world, rebound = world_of(state), Rebound(state)
    for order_id in ("A", "B"):
        piece = Piece(f"(00)90000000000000001{order_id}", f"{order_id}-1", "S", None, "Faulty")
        case = Case("(00)300000000000000017", order_id, f"ZZ{order_id}", "DE_DPD_Duisburg", pieces=(piece,))
        world.tell(state.clock.now(), "refund-registered", refund_trigger(case))
    shown = [rebound.returns.show(return_id, "") for return_id in ("300000000000000017", "300000000000000017-2")]
    assert [row["clientOrderId"] for row in shown] == ["A", "B"]
    assert [[each["clientItemId"] for each in row["receivedItems"]] for row in shown] == [["A-1"], ["B-1"]]
    assert {row["reboundOrderId"] for row in shown} == {"(00)300000000000000017"}


def test_an_expired_cursor_is_gone_and_the_watermark_still_works(feed: Account) -> None:
    first = feed.rest.get("/return-orders", params={"limit": 5}).json()
    for path in ("/return-orders", "/return-events"):
        cursor = feed.rest.get(path, params={"limit": 5}).json()["nextCursor"]
        feed.server.post("rebound", expire_cursors=True)
        assert feed.rest.get(path, params={"cursor": cursor}).status_code == 410
    rest = feed.pages("/return-orders", updatedSince=first["data"][-1]["updatedAt"])
    assert set(ids(first["data"])) | set(ids(rest)) == set(ids(feed.pages("/return-orders")))
    cursor = feed.rest.get("/return-orders", params={"limit": 5}).json()["nextCursor"]
    feed.server.post("rebound", cursor_seconds=60)
    feed.server.post("clock", advance_seconds=59)
    assert feed.rest.get("/return-orders", params={"cursor": cursor}).status_code == 200
    feed.server.post("clock", advance_seconds=1)
    assert feed.rest.get("/return-orders", params={"cursor": cursor}).status_code == 410


def test_a_cursor_belongs_to_its_query(feed: Account) -> None:
    cursor = feed.rest.get("/return-orders", params={"updatedSince": "2025-03-01T06:00:00Z"}).json()["nextCursor"]
    for path, params in (
        ("/return-orders", {"cursor": "not-a-cursor"}),
        ("/return-orders", {"cursor": cursor[:-6]}),
        ("/return-orders", {"cursor": cursor, "updatedSince": "2025-03-03T00:00:00Z"}),
        ("/return-events", {"cursor": cursor}),
        ("/return-orders", {"limit": "0"}),
        ("/return-orders", {"limit": "251"}),
        ("/return-orders", {"updatedSince": "yesterday"}),
    ):
        assert feed.rest.get(path, params=params).status_code == 400, params
    assert feed.rest.get("/return-orders", params={"cursor": cursor, "updatedSince": "2025-03-01T06:00:00Z"}).status_code == 200


def test_events_are_a_sequence_that_only_grows(feed: Account) -> None:
    early = feed.pages("/return-events", limit=7)
    feed.server.post("clock", now="2025-03-03T11:00:00Z")
    late = feed.pages("/return-events", limit=250)
    assert late[: len(early)] == early
    assert [event["sequence"] for event in late] == list(range(1, len(late) + 1))
    assert len({event["eventId"] for event in late}) == len(late)
    part = feed.pages("/return-events", since=early[-1]["recordedAt"])
    assert part == [event for event in late if event["recordedAt"] >= early[-1]["recordedAt"]]


def test_one_return_has_its_own_events(feed: Account) -> None:
    row = feed.pages("/return-orders")[-1]
    own = feed.rest.get(f"/return-orders/{row['reboundOrderId']}/events").json()["data"]
    assert len(own) == row["version"]
    assert own[-1]["recordedAt"] == row["updatedAt"]
    everything = feed.pages("/return-events")
    assert [event["eventId"] for event in own] == [
        event["eventId"] for event in everything if event["reboundOrderId"] == row["reboundOrderId"]
    ]
    assert feed.rest.get("/return-orders/300000000000000000/events").status_code == 404


def test_faults_reach_the_poll(feed: Account) -> None:
    feed.server.fault("RETURN-LIST", script=["429", "503", "cut_before", "slow", "ok"], retry_after=3, seconds=0.1)
    assert feed.rest.get("/return-orders").headers["retry-after"] == "3"
    assert feed.rest.get("/return-orders").status_code == 503
    with pytest.raises(httpx.TransportError):
        feed.rest.get("/return-orders")
    assert feed.rest.get("/return-orders").status_code == 200
