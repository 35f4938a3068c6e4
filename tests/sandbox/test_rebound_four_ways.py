"""The same returns by push, as files, by the legacy poll and by the REST poll: same facts, and none of them before its time."""

import json
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.rebound_account import Account, item
from tests.sandbox.test_world_delivery import Receiver, receiver
from tests.sandbox_fixture import running_sandbox

__all__ = ["receiver"]
WORLD = {"seed": 5, "days": 7, "orders_per_day": 8, "returns_per_day": 5, "marketplaces": ["nordhaus", "albion"], "scenarios": True}
MIDDLE, END = "2025-03-04T15:00:00Z", "2025-03-09T12:00:00Z"
Documents = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[Account]:
    with running_sandbox(tmp_path_factory.mktemp("ways"), clock=MIDDLE) as server:
        server.post("rebound", token_seconds=10**8)
        server.post("world", **WORLD)
        yield Account(server)


def readable(bodies: list[tuple[str, bytes]]) -> Documents:
    """Channel and payload; what cannot be read is left out, as every reader must."""
    found: Documents = []
    for channel, body in bodies:
        try:
            found.append((channel, json.loads(body)))
        except ValueError:
            continue
    return found


def files(account: Account, folder: Path) -> Documents:
    account.server.post("world/deliver", mode="files", directory=str(folder))
    paths = sorted(folder.rglob("*.json"), key=lambda path: path.name)
    return readable([(path.parent.name, path.read_bytes()) for path in paths])


def plain(item_id: str) -> str:
    return item_id.removeprefix("(00)")


def known(value: str) -> str:
    return "" if value == "Not available" else value


class Told:
    """An independent reading of the documents: by return its order, its status words, and by piece what was said last."""

    def __init__(self, documents: Documents) -> None:
        self.orders: dict[str, str] = {}
        self.words: dict[str, set[str]] = {}
        self.announced: dict[str, dict[str, dict[str, str]]] = {}
        self.received: dict[str, dict[str, dict[str, str]]] = {}
        self.reasons: dict[str, str] = {}
        for channel, body in documents:
            order = body.get("order", body)
            return_id = plain(order["reboundOrderId"])
            self.orders[return_id] = order["clientOrderId"]
            if channel == "tracking":
                self.words.setdefault(return_id, set()).add(order["statusDescription"])
                self._items(self.announced, return_id, body["items"])
            elif channel == "refund-instant":
                self._items(self.announced, return_id, order["items"])
            elif channel == "refund-registered":
                self._items(self.received, return_id, order["items"])
            else:
                self._items(self.received, return_id, body["receivedItems"])

    def _items(self, into: dict[str, dict[str, dict[str, str]]], return_id: str, items: list[dict[str, str]]) -> None:
        for each in items:
            piece = plain(each["reboundItemId"])
            into.setdefault(return_id, {}).setdefault(piece, {}).update(each)
            if known(each.get("reasonCode", "")):
                self.reasons[piece] = each["reasonCode"]

    def pieces(self) -> set[tuple[str, ...]]:
        """(return, piece, line, sku, quantity, reason, verification, grade, disposition) of everything that was received."""
        names = ("clientItemId", "sku", "quantity")
        return {
            (return_id, piece, *(known(found[name]) for name in names), self.reasons.get(piece, ""), *_finding(found))
            for return_id, pieces in self.received.items()
            for piece, found in pieces.items()
        }

    def by_sku(self) -> Counter[tuple[str, ...]]:
        """What is left of that without pieces and lines: units by (return, sku, reason, verification, grade, disposition)."""
        units: Counter[tuple[str, ...]] = Counter()
        for return_id, _, _, sku, quantity, *rest in self.pieces():
            if quantity.isdecimal():
                units[return_id, sku, *rest] += int(quantity)
        return units


def _finding(found: dict[str, str]) -> tuple[str, ...]:
    return tuple(found.get(name, "") for name in ("verification", "grade", "disposition"))


def rest_told(account: Account) -> Told:
    return Told([(event["type"], event["data"]) for event in account.pages("/return-events", limit=250) if event["type"] != "label"])


@pytest.mark.parametrize("now", [MIDDLE, END])
def test_four_ways_tell_the_same(world: Account, receiver: Receiver, tmp_path: Path, now: str) -> None:
    world.server.post("clock", now=now)
    told = Told(_everything(world, tmp_path))

    by_events = rest_told(world)
    assert (by_events.orders, by_events.words) == (told.orders, told.words)
    assert by_events.pieces() == told.pieces()

    rows = world.pages("/return-orders", limit=250)
    assert {plain(row["reboundOrderId"]): row["clientOrderId"] for row in rows} == told.orders
    assert {
        (plain(row["reboundOrderId"]), plain(each["reboundItemId"]), *(known(each[name]) for name in ("clientItemId", "sku", "quantity")),
         known(each["reasonCode"]), *_finding(each))
        for row in rows
        for each in row["receivedItems"]
    } == told.pieces()  # fmt: skip
    for row in rows:
        announced = told.announced.get(plain(row["reboundOrderId"]), {})
        if announced:
            assert Counter(each["sku"] for each in row["announcedItems"]) == Counter(each["sku"] for each in announced.values())
        shown = {parcel["statusDescription"] for parcel in row["parcels"]} - {None}
        assert shown <= told.words.get(plain(row["reboundOrderId"]), set())

    # which date the search filters by is open, so a poll that looks back far enough finds all
    found = [world.legacy_return(return_id) for return_id in world.legacy_ids("2025/02/01", "2025/03/31")]
    assert {row["id"]: row["order_reference"] for row in found} == told.orders
    units: Counter[tuple[str, ...]] = Counter()
    for row in found:
        for each in row["item"]:
            if each["custom_registered"] and each["quantity"].isdecimal():
                reason = each["reason"][0]["reason"] if each["reason"] else ""
                finding = (each["custom_verification"], each["custom_grade"], each["final_disposition"])
                units[row["id"], each["sku_code"], reason, *finding] += int(each["quantity"])
    assert units == told.by_sku()


def _everything(account: Account, folder: Path) -> Documents:
    """Every document that is due, whatever was delivered before: a sandbox of its own for the same request has the same bytes."""
    now = account.server.get("clock")["now"]
    folder.mkdir(exist_ok=True)
    with running_sandbox(folder, clock=now) as own:
        own.post("world", **WORLD)
        return files(Account(own), folder / "drop")


def test_push_posts_what_files_hold(world: Account, receiver: Receiver, tmp_path: Path) -> None:
    world.server.post("clock", now=END)
    expected = _everything(world, tmp_path)
    world.server.post("world/deliver", mode="push", url=receiver.url)
    posted = readable([(path.rpartition("/")[2], body) for path, _, body in receiver.received])
    assert sorted(map(json.dumps, posted)) == sorted(map(json.dumps, expected))


def test_returns_made_here_are_told_like_the_others(tmp_path: Path, receiver: Receiver) -> None:
    with running_sandbox(tmp_path, clock=MIDDLE) as server:
        server.post("rebound", token_seconds=10**8)
        account = Account(server)
        account.push("N1", ("N1-1", 2))
        made = account.create("N1", item("N1-1", 2)).json()
        return_id = made["reboundOrderId"]

        def step(event: str, **more: Any) -> None:
            server.post("clock", advance_seconds=3600)
            server.post("rebound/returns/event", reboundOrderId=return_id, event=event, **more)

        step("postalIncoming")
        step("arrivedAtHub")
        step("registered")
        pieces = server.get("rebound/returns")["returns"][0]["pieces"]
        step("graded", pieces=pieces[:1], grade="A", disposition="RESTOCK")
        step("graded", pieces=pieces[1:], grade="D", disposition="DESTROY", status="COMPLETED")
        told = Told(files(account, tmp_path / "drop"))
        assert told.words == {plain(return_id): {"returnOrderCreated", "postalIncoming", "arrivedAtHub"}}
        assert {(piece, *rest) for _, piece, *_, piece_grade, disposition in told.pieces() for rest in [(piece_grade, disposition)]} == {
            (plain(pieces[0]), "A", "RESTOCK"),
            (plain(pieces[1]), "D", "DESTROY"),
        }
        assert rest_told(account).pieces() == told.pieces()
        shown = account.shown(return_id)
        assert (shown["status"], [each["grade"] for each in shown["receivedItems"]]) == ("COMPLETED", ["A", "D"])
        rows = account.legacy_return(return_id)["item"]
        assert [(each["quantity"], each["custom_grade"], each["final_disposition"]) for each in rows] == [
            ("1", "A", "RESTOCK"),
            ("1", "D", "DESTROY"),
        ]
        history = server.get("rebound/returns")["returns"][0]["history"]
        assert [entry["event"] for entry in history] == [
            "created", "label", "postalIncoming", "arrivedAtHub", "registered", "graded", "graded",
        ]  # fmt: skip
        wrong = server.admin.post("/admin/rebound/returns/event", json={"reboundOrderId": "300000000000000017", "event": "registered"})
        assert wrong.status_code == 400
