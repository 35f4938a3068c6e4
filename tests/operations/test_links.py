"""Every id of ReBound's leads to the order and line, and every order back to its ids; no e-mail address has a part in it."""

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.authorise.world import authorise_world
from tests.operations.conftest import DAY, Cli, World
from tests.sandbox_fixture import ROOT, running_sandbox

KEY = "nordhaus"
Pair = tuple[str, str, str]  # kind of id, id, order id


def plain(value: str) -> str:
    return value.removeprefix("(00)")


def said(drop: Path) -> tuple[set[Pair], set[tuple[str, str]]]:
    """What the documents themselves say, read here: (kind, id, order) of returns, parcels and RMAs, and (piece, line)."""
    pairs: set[Pair] = set()
    lines: set[tuple[str, str]] = set()
    for path in drop.rglob("*.json"):
        try:
            document = json.loads(path.read_bytes())
        except ValueError:
            continue
        head = document.get("order", document)
        order, return_id = head["clientOrderId"], plain(head["reboundOrderId"])
        pairs.add(("return", return_id, order))
        for kind, value in (("tracking", head.get("trackingNumber")), ("rma", head.get("rmaNumber"))):
            if value:
                pairs.add((kind, value, order))
        for item in [*head.get("items", ()), *document.get("items", ()), *document.get("receivedItems", ())]:
            piece = plain(item["reboundItemId"])
            pairs.add(("piece", piece, order))
            if item.get("clientItemId", "Not available") != "Not available":
                lines.add((piece, item["clientItemId"]))
    return pairs, lines


def links(home: Path) -> list[dict[str, Any]]:
    with duckdb.connect(str(home / "returns.duckdb"), read_only=True) as con:
        cursor = con.execute("SELECT * FROM return_links")
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def orders_of(world: World) -> list[dict[str, Any]]:
    with world.sandbox.seller(KEY) as client:
        return client.get("/api/orders", params={"max": 100}).json()["orders"]


def take_in(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch, *flows: str) -> None:
    tables = Path(shutil.copytree(ROOT / "mappings", world.drop.parent / f"tables-{secrets.token_hex(4)}"))
    path = tables / "marketplaces.yaml"
    path.write_text(path.read_text().replace("window_days: 60", "window_days: 100000"))  # the world is long ago, the clock is not
    monkeypatch.setenv("RETURNS_MAPPINGS", str(tables))
    assert cli("inbox", "import", str(world.drop), "--received-at", "mtime").exit_code == 0
    for flow in flows:
        done = cli("run", "--day", str(DAY), "--marketplace", KEY, "--no-dagster", "--flow", flow)
        assert done.exit_code == 0, done.output


def test_from_each_id_to_the_order_and_back(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in(world, cli, monkeypatch, "refunds", "rebound-orders")
    pairs, lines = said(world.drop)
    found = links(world.home)
    forward = {(row["id_kind"], row["id"], row["order_ref"]) for row in found}
    assert pairs
    assert pairs <= forward
    in_mirakl = {order["order_id"] for order in orders_of(world)}
    assert all((row["order_id"] is not None) == (row["order_ref"] in in_mirakl) for row in found), "unknown_order is in no Mirakl"
    by_piece = {(row["id"], row["order_line_id"]) for row in found if row["id_kind"] == "piece"}
    known = {(piece, line) for piece, line in lines if line.rpartition("-")[0] in in_mirakl}
    assert known <= by_piece
    told = {each["salesOrderId"]: each["order"]["clientOrderId"] for each in world.sandbox.get("rebound/sales-orders")["sales_orders"]}
    assert told.items() == {row["id"]: row["order_id"] for row in found if row["id_kind"] == "sales_order"}.items()
    assert told

    kind, some_id, order = next(pair for pair in sorted(pairs) if pair[0] == "piece" and pair[2] in in_mirakl)
    shown = cli("links", f"(00){some_id}").output
    assert (kind in shown, order in shown) == (True, True)
    back = cli("links", order).output
    assert all(each in back for _, each, of in pairs if of == order)
    sales_order = next(number for number, of in told.items() if of in in_mirakl)
    assert told[sales_order] in cli("links", sales_order).output
    assert sales_order in cli("links", told[sales_order]).output
    line = next(line for piece, line in known if piece == some_id)
    assert some_id in cli("links", line).output
    nothing = cli("links", "NOBODY-1")
    assert (nothing.exit_code, "nothing is known under NOBODY-1" in nothing.output) == (1, True)


def test_what_was_authorised_leads_both_ways_before_rebound_tells_of_it(home: Path, tmp_path: Path, cli: Cli) -> None:
    with running_sandbox(tmp_path, clock="2025-03-10T12:00:00Z") as server, authorise_world(home, server) as requests:
        requests.order()
        mirakl_id, opened = requests.ask(), (requests.order_id, requests.line)
        requests.next_order()
        requests.order()
        granted, registered = requests.in_portal(), (requests.order_id, requests.line)
        requests.next_order()
        requests.order("SHIPPING")
        held, waits = requests.in_portal(), (requests.order_id, requests.line)
        requests.run()
        returns = {each["clientOrderId"]: plain(each["reboundOrderId"]) for each in server.get("rebound/returns")["returns"]}
        expected = {
            ("mirakl_return", mirakl_id, *opened),
            ("return", returns[opened[0]], *opened),
            ("tracking", requests.shown(mirakl_id)["tracking"]["tracking_number"], *opened),
            ("registration", granted, *registered),
            ("return", returns[registered[0]], *registered),
            ("registration", held, *waits),
        }
        assert expected <= {(row["id_kind"], row["id"], row["order_id"], row["order_line_id"]) for row in links(home)}
        assert opened[1] in cli("links", returns[opened[0]]).output
        assert waits[1] in cli("links", held).output
        assert all(number in cli("links", opened[0]).output for number in (mirakl_id, returns[opened[0]]))
        assert granted in cli("links", registered[0]).output
        assert returns[opened[0]] in cli("links", mirakl_id).output, "and to the other side"
        requests.run()  # the granted registration waits no more, and is still known
        assert registered[0] in cli("links", granted).output


def test_the_join_rate_is_the_same_when_all_e_mail_addresses_are_random(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def joined(home: Path) -> set[tuple[Any, ...]]:
        return {tuple(row.values()) for row in links(home) if row["id_kind"] != "sales_order"}

    take_in(world, cli, monkeypatch, "rebound-orders")
    before = joined(world.home)
    told = {each["order"]["clientOrderId"] for each in world.sandbox.get("rebound/sales-orders")["sales_orders"]}

    orders = orders_of(world)
    for order in orders:
        order["customer_notification_email"] = f"{secrets.token_hex(6)}@proxy.example"
    world.sandbox.put_orders(KEY, *orders)
    for path in world.drop.rglob("*.json"):
        try:
            document = json.loads(path.read_bytes())
        except ValueError:
            continue
        times = path.stat()
        path.write_text(json.dumps({**document, "consumerEmail": f"{secrets.token_hex(6)}@consumer.example"}))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    again = world.home.parent / "again"
    monkeypatch.setenv("RETURNS_HOME", str(again))
    take_in(world, cli, monkeypatch, "rebound-orders")
    assert joined(again) == before
    assert any(row[4] is not None for row in before)
    with duckdb.connect(str(again / "returns.duckdb"), read_only=True) as con:
        known_before = con.execute(
            "SELECT order_id FROM rebound_order_pushes WHERE state = 'confirmed' AND sales_order_id IS NULL"
        ).fetchall()
    assert {row[0] for row in known_before} == told, "the same orders under the same ids, so ReBound answers 409 to each"
