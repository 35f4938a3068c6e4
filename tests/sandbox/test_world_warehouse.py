"""The warehouse's side of a made-up world: notices that agree with what they claim, files in every form, orders that nobody ships."""

import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from returns_assets.sandbox import documents
from returns_assets.sandbox.clock import Clock
from returns_assets.sandbox.config import default_config
from returns_assets.sandbox.config_file import load_config
from returns_assets.sandbox.scenarios import NAMES
from returns_assets.sandbox.scenarios_warehouse import WAREHOUSE_NAMES
from returns_assets.sandbox.state import State
from returns_assets.sandbox.warehouse_files import CHANNEL, COLUMNS, FileForm, Notice
from returns_assets.sandbox.world import world_of
from returns_assets.sandbox.world_generator import generate, market_of, world_request
from returns_assets.sandbox.world_plan import Plan
from tests.sandbox_fixture import Sandbox

MARKETS = {config.key: market_of(config) for config in default_config().marketplaces}
NOON = datetime(2025, 3, 3, 12, 0, 5, tzinfo=UTC)
ROW = {"event": "PUTAWAY", "order_id": "NOR-1-A", "sku": "SHIRT", "quantity": 2, "piece_id": "00900000000000000011", "event_id": "1"}


def world(**given: Any) -> Plan:
    wanted = {"days": 3, "orders_per_day": 20, "returns_per_day": 10, "scenarios": False, **given}
    return generate(world_request(wanted, tuple(MARKETS)), MARKETS)


def rows(plan: Plan) -> list[dict[str, str]]:
    """All rows of the warehouse's files in the order in which they are sent."""
    found: list[dict[str, str]] = []
    for document in plan.documents:
        if document.channel == CHANNEL:
            found += csv.DictReader(io.StringIO(document.body.decode("utf-8-sig")), delimiter=";")
    return found


def lines(plan: Plan, key: str) -> dict[str, dict[str, Any]]:
    return {line["order_line_id"]: {**line, "order": order} for order in plan.orders(key) for line in order["order_lines"]}


# files -------------------------------------------------------------------------------------------------------------------------------
def test_a_file_as_a_german_warehouse_writes_it() -> None:
    body = FileForm().render([Notice(NOON, ROW)])
    assert body.startswith(b"\xef\xbb\xbfevent;event_time;order_id;")
    assert body.count(b"\r\n") == 2
    [row] = csv.DictReader(io.StringIO(body.decode("utf-8-sig")), delimiter=";")
    assert tuple(row) == COLUMNS
    assert (row["event_time"], row["quantity"], row["piece_id"], row["carrier"]) == (
        "2025-03-03 13:00:05",
        "2,0",
        "00900000000000000011",
        "",
    )


def test_other_forms() -> None:
    form = FileForm().with_changes({"delimiter": ",", "bom": False, "decimal_comma": False, "timezone": "America/New_York"})
    body = form.render([Notice(NOON, {**ROW, "carrier": 'Kurier "Nord", Kiel'})])
    assert body.startswith(b"event,event_time,")
    [row] = csv.DictReader(io.StringIO(body.decode()))
    assert (row["event_time"], row["quantity"], row["carrier"]) == ("2025-03-03 07:00:05", "2", 'Kurier "Nord", Kiel')
    comma = FileForm(delimiter=",").render([Notice(NOON, ROW)])
    assert b',"2,0",' in comma
    ndjson = FileForm(format="ndjson", bom=False, headers={"piece_id": "SSCC"}).render([Notice(NOON, ROW), Notice(NOON, ROW)])
    first, second = (json.loads(line) for line in ndjson.decode().splitlines())
    assert first == second
    assert (first["SSCC"], first["quantity"], first["event_time"], first["carrier"]) == (
        "00900000000000000011",
        2,
        "2025-03-03 13:00:05",
        None,
    )
    assert "piece_id" not in first


def test_columns_have_the_names_that_the_warehouse_gives_them() -> None:
    body = FileForm(headers={"event": "Vorgang", "quantity": "Menge"}, bom=False).render([Notice(NOON, ROW)])
    assert body.split(b"\r\n")[0].decode().split(";")[:3] == ["Vorgang", "event_time", "order_id"]
    assert b";Menge;" in body


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"format": "xlsx"}, "format is 'xlsx', allowed: csv ndjson"),
        ({"delimiter": "|"}, "delimiter is '|', allowed: ; ,"),
        ({"headers": {"colour": "Farbe"}}, "unknown column colour; allowed: event"),
        ({"timezone": "Mars/Olympus"}, "timezone 'Mars/Olympus' is unknown"),
        ({"dialect": "excel"}, "unknown field dialect; allowed: format"),
    ],
)
def test_a_wrong_form_is_told_what_is_allowed(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        world(warehouse_files=given)


def test_the_form_is_the_sandboxs_configuration_and_a_request_lays_over_it(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.yaml"
    path.write_text("warehouse: {delimiter: ',', headers: {event: Vorgang}}\n")
    state = State(load_config(path), clock=Clock(datetime(2025, 4, 1, tzinfo=UTC)))
    add(state, warehouse=["put_away"], orders_per_day=0, returns_per_day=0)
    add(state, seed=2, warehouse=["put_away"], orders_per_day=0, returns_per_day=0, warehouse_files={"delimiter": ";"})
    world_of(state).deliver(None, {"directory": str(tmp_path)})
    heads = [file.read_text(encoding="utf-8-sig").splitlines()[0][:18] for file in sorted((tmp_path / CHANNEL).iterdir())]
    assert heads == ["Vorgang,event_time", "Vorgang;event_time"]
    path.write_text("warehouse: {headers: {colour: Farbe}}\n")
    with pytest.raises(ValueError, match="unknown column colour"):
        load_config(path)


# worlds ------------------------------------------------------------------------------------------------------------------------------
def test_without_being_asked_a_world_is_what_it_was() -> None:
    plain, with_all = world(scenarios=True), world(scenarios=True, warehouse=True, dispatches_per_day=5)
    assert CHANNEL not in {document.channel for document in plain.documents}
    more = {document.body for document in with_all.documents}
    assert {document.body for document in plain.documents} <= more
    assert set(lines(plain, "albion")) < set(lines(with_all, "albion"))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    def sent(seed: int) -> list[Any]:
        plan = world(seed=seed, warehouse=True, dispatches_per_day=5)
        return [(d.at, d.body) for d in plan.documents if d.channel == CHANNEL]

    assert sent(3) == sent(3)
    assert sent(3) != sent(4)


def test_files_come_in_order_within_the_worlds_days_and_event_ids_once() -> None:
    plan = world(warehouse=True, dispatches_per_day=5)
    assert {document.at.date().isoformat() for document in plan.documents} == {"2025-03-01", "2025-03-02", "2025-03-03"}
    found = [row for row in rows(plan) if row["event_time"] != "31.02.2025 10:00"]
    for document in (document for document in plan.documents if document.channel == CHANNEL):
        told = csv.DictReader(io.StringIO(document.body.decode("utf-8-sig")), delimiter=";")
        assert len({row["warehouse"] for row in told}) == 1
    counts = Counter(row["event_id"] for row in found)
    repeated = {event_id for event_id, count in counts.items() if count > 1}
    assert {counts[event_id] for event_id in repeated} == {2, 3}
    assert len(repeated) == 2 * len(MARKETS), "put_away_twice and dispatched_twice in each marketplace"
    assert {row["event"] for row in found} == {"RECEIVED", "INSPECTED", "PUTAWAY", "DISPATCHED", "PUTWAY"}


def test_what_is_to_be_sellable_was_put_away_and_what_was_graded_bad_never_is() -> None:
    plan = world(warehouse=True, graded_share=0.6)
    traffic = [row for row in plan.yard.stock if row.scenario == "traffic"]
    shelved: Counter[tuple[str, str]] = Counter()
    for row in rows(plan):
        if row["event"] == "PUTAWAY":
            assert row["disposition"] in ("RESTOCK", "QUARANTINE")
            shelved[row["return_id"], row["order_line_id"]] += int(row["quantity"].removesuffix(",0") if row["quantity"] != "eins" else 0)
    expected: Counter[tuple[str, str]] = Counter()
    for row in traffic:
        if row.putaway:
            expected[row.return_id, row.order_line_id or ""] += row.quantity
    assert {key: shelved[key] for key in expected} == dict(expected)
    graded: dict[str, str] = {}
    for document in plan.documents:
        if document.channel == documents.SNAPSHOTS:
            for item in json.loads(document.body)["receivedItems"]:
                graded[item["reboundItemId"].removeprefix("(00)")] = item["disposition"]
    bad = [row for row in traffic if graded.get(row.piece_id, "RESTOCK") != "RESTOCK"]
    assert bad
    assert not any(row.putaway or row.disposition for row in bad)
    assert all(row.disposition == (graded.get(row.piece_id) == "RESTOCK") for row in traffic)
    assert {row.putaway for row in traffic if row.disposition} == {True, False}, "some are not on the shelf yet"


def test_a_notice_names_its_piece_or_else_its_line() -> None:
    plan = world(warehouse=True)
    known = {row.piece_id: row for row in plan.yard.stock}
    pieces = [row for row in rows(plan) if row["event"] in ("RECEIVED", "INSPECTED", "PUTAWAY") and row["return_id"]]
    named = [row for row in pieces if row["piece_id"]]
    assert 0 < len(named) < len(pieces)
    for row in named:
        assert (known[row["piece_id"]].order_line_id, known[row["piece_id"]].return_id) == (row["order_line_id"], row["return_id"])
    assert all(row["order_line_id"] and row["sku"] for row in pieces)


def test_orders_that_leave_stand_in_shipping_and_leave_in_parcels() -> None:
    plan = world(dispatches_per_day=40, orders_per_day=0, returns_per_day=0)
    found = {key: lines(plan, key) for key in MARKETS}
    parcels = plan.yard.dispatches
    units: Counter[str] = Counter()
    for parcel in parcels:
        for part in parcel.lines:
            line = found[parcel.marketplace][part["order_line_id"]]
            assert (line["order"]["order_id"], line["order_line_state"]) == (parcel.order_id, "SHIPPING")
            assert line["order"]["created_date"] < parcel.at
            units[part["order_line_id"]] += part["quantity"]
    assert units == {line_id: line["quantity"] for key in MARKETS for line_id, line in found[key].items()}
    assert len({parcel.tracking_number for parcel in parcels}) == len(parcels)
    told = {(row["order_line_id"], row["tracking_number"]): row for row in rows(plan)}
    assert len(told) == sum(len(parcel.lines) for parcel in parcels)
    for parcel in parcels:
        for part in parcel.lines:
            row = told[part["order_line_id"], parcel.tracking_number]
            assert (row["event"], row["carrier"], row["quantity"]) == ("DISPATCHED", parcel.carrier, f"{part['quantity']},0")
    assert sum(1 for parcel in parcels if not parcel.complete) == len(parcels) - len({parcel.order_id for parcel in parcels}) > 0
    codes = {(parcel.marketplace, parcel.carrier): parcel.carrier_code for parcel in parcels}
    assert (codes["nordhaus", "DPD"], codes["albion", "DPD"], codes["maplewood", "DPD"]) == ("DPD_CLASSIC", "DPD-UK", None)
    assert {codes[key, "Radkurier Nord"] for key in MARKETS} == {None}
    assert {parcel.outcome for parcel in parcels} == {"shipped", "carrier"}
    assert all((parcel.outcome == "shipped") == (parcel.carrier_code is not None) for parcel in parcels)
    types = Counter(line["order"]["shipping_type_code"] for line in found["albion"].values())
    assert 0 < types["TRK"] < types["STD"]
    halls = {line["shipping_from"]["warehouse"]["code"] for line in found["maplewood"].values()}
    assert halls == {"US-EAST", "US-WEST"} == {row["warehouse"] for row in told.values()} - {"DE-01", "UK-01"}


@pytest.mark.parametrize("name", WAREHOUSE_NAMES)
def test_each_scenario_shows_itself_in_the_files(name: str) -> None:
    plan = world(orders_per_day=0, returns_per_day=0, warehouse=[name], marketplaces=["nordhaus"])
    scenario = {row.scenario for kind in (plan.yard.stock, plan.yard.dispatches, plan.yard.bad_rows, plan.truth) for row in kind}
    assert scenario == {name}
    assert bool(rows(plan)) == (name != "graded_not_put_away")
    for parcel in plan.yard.dispatches:
        state = {line["order"]["order_id"]: line["order_line_state"] for line in lines(plan, "nordhaus").values()}
        expected = {"state": "WAITING_DEBIT", "logical": "SHIPPING" if name == "dispatched_too_many" else None}
        assert state.get(parcel.order_id) == expected.get(parcel.outcome, "SHIPPING")


def planted(name: str) -> list[dict[str, str]]:
    return rows(world(orders_per_day=0, returns_per_day=0, warehouse=[name], marketplaces=["nordhaus"]))


def test_what_the_scenarios_are_about() -> None:
    assert len({row["event_id"] for row in planted("put_away_twice")}) == 2
    assert len(planted("put_away_twice")) == 4
    assert len({row["event_time"] for row in planted("put_away_twice")}) == 1
    assert [row["disposition"] for row in planted("damaged_put_away")] == ["RESTOCK"]
    assert [(row["event"], row["piece_id"], row["quantity"]) for row in planted("direct_without_piece_ids")] == [
        ("INSPECTED", "", "2,0"),
        ("PUTAWAY", "", "2,0"),
    ]
    bad = [
        row for row in planted("bad_warehouse_rows") if (row["event"], row["quantity"]) != ("PUTAWAY", "1,0") or "." in row["event_time"]
    ]
    assert [(row["event"], row["quantity"], "." in row["event_time"]) for row in bad] == [
        ("PUTAWAY", "eins", False),
        ("PUTWAY", "1,0", False),
        ("PUTAWAY", "1,0", True),
    ]
    assert [row["order_line_id"] for row in planted("dispatched_by_sku")] == ["", ""]
    assert [row["tracking_number"] for row in planted("dispatched_without_number")] == [""]
    assert [row["quantity"] for row in planted("dispatched_too_many")] == ["2,0"]
    assert len({row["tracking_number"] for row in planted("dispatched_unit_by_unit")}) == 2


def test_scenarios_can_be_chosen_per_marketplace_and_wrong_names_are_told() -> None:
    plan = world(orders_per_day=0, returns_per_day=0, warehouse={"albion": ["dispatched"], "maplewood": True})
    assert {row.marketplace for row in plan.yard.dispatches} == {"albion", "maplewood"}
    assert [row.scenario for row in plan.yard.dispatches if row.marketplace == "albion"] == ["dispatched"]
    with pytest.raises(ValueError, match="unknown warehouse scenario flood; allowed: put_away"):
        world(warehouse=["flood"])
    with pytest.raises(ValueError, match="dispatches_per_day must be a whole number"):
        world(dispatches_per_day=-1)


# the world beside the server ---------------------------------------------------------------------------------------------------------
def add(state: State, **given: Any) -> None:
    wanted = {"days": 3, "orders_per_day": 4, "returns_per_day": 2, "scenarios": False, "marketplaces": ["nordhaus"], **given}
    world_of(state).add({"kind": "generated", "body": wanted})


def test_an_order_to_be_dispatched_appears_when_it_is_bought_and_is_shipped_by_nobody() -> None:
    state = State(default_config(), clock=Clock(datetime(2025, 2, 28, 23, tzinfo=UTC)))
    add(state, orders_per_day=0, returns_per_day=0, dispatches_per_day=6)
    assert state.order_ids("nordhaus") == []
    state.set_clock(datetime(2025, 3, 1, 12, tzinfo=UTC))
    assert len(state.order_ids("nordhaus")) == 6
    state.set_clock(datetime(2025, 4, 1, tzinfo=UTC))
    orders = [state.get_order("nordhaus", order_id) for order_id in state.order_ids("nordhaus")]
    assert [order["order_state"] for order in orders if order] == ["SHIPPING"] * 18
    assert all(order["can_shop_ship"] for order in orders if order)


def test_orders_that_come_lower_the_stock_and_those_that_were_there_do_not() -> None:
    state = State(default_config(), clock=Clock(datetime(2025, 2, 26, 12, tzinfo=UTC)))
    add(state, orders_per_day=20)
    place = state.marketplaces["nordhaus"]
    assert place.orders
    assert all(offer.quantity == offer.start for offer in place.offers.offers.values())
    before = set(place.orders)
    state.set_clock(datetime(2025, 3, 20, tzinfo=UTC))
    sold: Counter[str] = Counter()
    for order_id in set(place.orders) - before:
        for line in place.orders[order_id].order()["order_lines"]:
            sold[line["offer_sku"]] += line["quantity"]
    assert sold
    assert {offer.sku: offer.start - offer.quantity for offer in place.offers.offers.values() if offer.start != offer.quantity} == dict(
        sold
    )
    assert {change.cause for change in place.offers.history} == {"sale"}


def test_files_are_delivered_like_documents_and_only_once(tmp_path: Path) -> None:
    state = State(default_config(), clock=Clock(datetime(2025, 4, 1, tzinfo=UTC)))
    add(state, warehouse=True, dispatches_per_day=3)
    world_of(state).deliver(None, {"directory": str(tmp_path)})
    files = sorted((tmp_path / CHANNEL).iterdir())
    assert files
    assert {path.suffix for path in files} == {".csv"}
    assert {path.suffix for path in tmp_path.rglob("*.json")} == {".json"}
    assert world_of(state).deliver(None, {"directory": str(tmp_path)})["files"] == 0
    other = tmp_path / "ndjson"
    add(state, seed=9, warehouse=True, warehouse_files={"format": "ndjson"})
    world_of(state).deliver(None, {"directory": str(other)})
    assert {path.suffix for path in (other / CHANNEL).iterdir()} == {".ndjson"}


# on the server -----------------------------------------------------------------------------------------------------------------------
def read(folder: Path, name: str, delimiter: str = ";") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / CHANNEL / name).read_text(encoding="utf-8-sig")), delimiter=delimiter))


def test_notices_of_the_moment(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.post("clock", now="2025-03-10T12:00:00Z")
    line = {"price": "20.00", "offer_sku": "SHIRT", "quantity": 3, "product_sku": "400"}
    sandbox.put_orders("albion", {"order_id": "ALB-1-A", "order_state": "SHIPPING", "order_lines": [line, {**line, "offer_sku": "SHOE"}]})
    parcel = {"event": "DISPATCHED", "order_id": "ALB-1-A", "carrier": "DPD", "tracking_number": "007"}
    told = sandbox.post("warehouse/notices", rows=[parcel], directory=str(tmp_path))
    [first, second] = read(tmp_path, told["file"])
    assert (first["order_line_id"], first["sku"], first["ean"], first["quantity"]) == ("ALB-1-A-1", "SHIRT", "400", "3,0")
    assert (second["order_line_id"], second["carrier"], second["tracking_number"]) == ("ALB-1-A-2", "DPD", "007")
    assert first["event_time"] == "2025-03-10 13:00:00"
    assert [row["event_id"] for row in told["rows"]] == [first["event_id"], second["event_id"]]

    piece = {"event": "PUTAWAY", "order_line_id": "ALB-1-A-1", "disposition": "RESTOCK"}
    wrong = {"event": "DANCED", "quantity": "much", "event_time": "yesterday", "order_id": "NOBODY"}
    form = {"delimiter": ",", "bom": False, "headers": {"quantity": "qty"}}
    again = sandbox.post("warehouse/notices", rows=[piece, wrong], directory=str(tmp_path), files=form)
    assert again["file"] != told["file"]
    [first, second] = read(tmp_path, again["file"], ",")
    assert (first["order_id"], first["sku"], first["qty"]) == ("ALB-1-A", "SHIRT", "1,0")
    assert (second["event"], second["qty"], second["event_time"]) == ("DANCED", "much", "yesterday")
    for body, complaint in (
        ({"rows": [{"colour": "red"}], "directory": str(tmp_path)}, "unknown column colour"),
        ({"rows": [piece]}, "directory or a url"),
        ({"rows": [piece], "directory": str(tmp_path), "files": {"format": "xml"}}, "allowed: csv ndjson"),
    ):
        answer = sandbox.admin.post("/admin/warehouse/notices", json=body)
        assert (answer.status_code, complaint in answer.json()["message"]) == (400, True)


def test_truth_tells_stock_dispatches_and_bad_rows(sandbox: Sandbox) -> None:
    sandbox.post("world", days=2, orders_per_day=4, returns_per_day=2, warehouse=True, dispatches_per_day=2)
    whole = sandbox.get("world/truth")
    assert {"put_away", "traffic"} <= {row["scenario"] for row in whole["stock"]}
    assert {row["note"] for row in sandbox.get("world/truth", scenario="bad_warehouse_rows")["bad_rows"]} == {
        "the quantity is not a number",
        "no such event",
        "no such time",
    }
    early = sandbox.get("world/truth", scenario="dispatched_early", marketplace="albion")["dispatches"]
    assert [(row["outcome"], row["carrier_code"]) for row in early] == [("state", "DPD-UK")]
    assert {row["outcome"] for row in sandbox.get("world/truth", outcome="tracking")["dispatches"]} == {"tracking"}
    assert set(WAREHOUSE_NAMES) == {each["name"] for each in whole["warehouse_scenarios"]}
    assert set(NAMES) == {each["name"] for each in whole["scenarios"]}


def test_what_the_truth_says_can_be_shipped_can_be(sandbox: Sandbox) -> None:
    """Both ways: several shipments to an order at nordhaus, the whole order at albion; nothing is left that is not said to be."""
    sandbox.post("clock", now="2025-03-08T00:00:00Z")
    sandbox.post("world", days=3, orders_per_day=0, returns_per_day=0, scenarios=False, warehouse=True, dispatches_per_day=10)
    parcels = sandbox.get("world/truth", outcome="shipped")["dispatches"]
    tracked = {row["order_id"]: {"carrier_code": row["carrier_code"], "tracking_number": row["tracking_number"]} for row in parcels}
    with sandbox.seller("nordhaus") as seller:
        for row in (row for row in parcels if row["marketplace"] == "nordhaus"):
            entry = {"order_id": row["order_id"], "shipment_lines": row["lines"], "shipped": True, "tracking": tracked[row["order_id"]]}
            assert seller.post("/api/shipments", json={"shipments": [entry]}).json()["shipment_errors"] == []
    with sandbox.seller("albion") as seller:
        for order_id in {row["order_id"] for row in parcels if row["marketplace"] == "albion"}:
            assert seller.put(f"/api/orders/{order_id}/tracking", json=tracked[order_id]).status_code == 204
            assert seller.put(f"/api/orders/{order_id}/ship").status_code == 204
    for key in ("nordhaus", "albion"):
        with sandbox.seller(key) as seller:
            found = seller.get("/api/orders", params={"order_state_codes": "SHIPPING", "max": 100}).json()["orders"]
        others = {row["order_id"] for row in sandbox.get("world/truth", marketplace=key)["dispatches"] if row["outcome"] != "shipped"}
        assert {order["order_id"] for order in found} <= others
    shipped = sandbox.get("shipments")["shipments"]
    assert len([row for row in shipped if row["marketplace"] == "nordhaus"]) == len([r for r in parcels if r["marketplace"] == "nordhaus"])
