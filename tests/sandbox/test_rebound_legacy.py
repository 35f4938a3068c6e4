"""The legacy form API: errors in the body of a 200, `empty` for nothing, day filters in two formats, items by SKU without a line id."""

import json
from collections.abc import Generator
from typing import Any

import pytest

from tests.sandbox.rebound_account import Account, item
from tests.sandbox_fixture import running_sandbox

WORLD = {"seed": 4, "days": 7, "orders_per_day": 6, "returns_per_day": 4, "marketplaces": ["nordhaus"], "scenarios": {"nordhaus": True}}
SEARCH = "returns/search/json"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[Account]:
    with running_sandbox(tmp_path_factory.mktemp("legacy"), clock="2025-03-09T12:00:00Z") as server:
        server.post("rebound", token_seconds=10**8)
        server.post("world", **WORLD)
        yield Account(server)


@pytest.fixture
def legacy(world: Account) -> Account:
    """After the week, with the account's defaults."""
    world.server.post("clock", now="2025-03-09T12:00:00Z")
    world.server.post("rebound", legacy_dates="YYYY/MM/DD", legacy_search="added")
    world.server.delete("faults")
    return world


def planted(account: Account, scenario: str) -> dict[str, Any]:
    """The return of a scenario, as the legacy API shows it."""
    rows = account.server.get("world/truth", scenario=scenario)["pieces"]
    return account.legacy_return(rows[0]["return_id"])


def scalars(value: Any) -> list[object]:
    if isinstance(value, dict):
        return [scalar for each in value.values() for scalar in scalars(each)]
    if isinstance(value, list):
        return [scalar for each in value for scalar in scalars(each)]
    return [value]


def code(answer: dict[str, Any]) -> str:
    assert "success" not in answer
    return answer["error"]["code"]


def test_errors_come_in_the_body_of_a_200(legacy: Account) -> None:
    good = {"filter": {"date_from": "2025/03/01", "date_to": "2025/03/09"}}
    assert code(legacy.legacy(SEARCH, good, api_key="wrong")) == "login"
    assert code(legacy.legacy(SEARCH, good, login="")) == "login"
    assert code(legacy.legacy(SEARCH, "{")) == "request"
    assert code(legacy.legacy(SEARCH, {"filter": {}})) == "request"
    assert code(legacy.legacy(SEARCH, {"filter": {"date_from": "03/01/2025"}})) == "date"
    assert code(legacy.legacy("returns/get/json", {"return": {"id": "1", "type": "id"}})) == "not_found"
    assert code(legacy.legacy("returns/get/json", {"return": {"id": "1", "type": "rma"}})) == "request"


def test_nothing_found_is_empty(legacy: Account) -> None:
    answer = legacy.legacy(SEARCH, {"filter": {"date_from": "2024/01/01", "date_to": "2024/01/31"}})
    assert code(answer) == "empty"


def test_days_are_included_at_both_ends(legacy: Account) -> None:
    whole = legacy.legacy_ids("2025/03/01", "2025/03/09")
    by_day = [return_id for day in range(1, 10) for return_id in legacy.legacy_ids(f"2025/03/0{day}", f"2025/03/0{day}")]
    assert by_day == whole
    assert len(set(whole)) == len(whole)
    assert legacy.legacy(SEARCH, {"filter": {"date_from": "2025/03/01"}})["success"]["id"] == whole
    legacy.server.post("clock", now="2025-03-10T00:00:00Z")
    legacy.push("K1", ("K1-1", 1))
    midnight = legacy.create("K1", item("K1-1")).json()["reboundOrderId"].removeprefix("(00)")
    assert midnight not in legacy.legacy_ids("2025/03/01", "2025/03/09")
    assert legacy.legacy_ids("2025/03/10", "2025/03/10") == [midnight]
    added = [legacy.legacy_return(return_id)["date_added"][:10] for return_id in legacy.legacy_ids("2025/03/03", "2025/03/03")]
    assert set(added) == {"2025/03/03"}


def test_the_other_date_format(legacy: Account) -> None:
    whole = legacy.legacy_ids("2025/03/01", "2025/03/09")
    legacy.server.post("rebound", legacy_dates="MM/DD/YYYY")
    assert legacy.legacy_ids("03/01/2025", "03/09/2025") == whole
    assert code(legacy.legacy(SEARCH, {"filter": {"date_from": "2025/03/01"}})) == "date"
    assert legacy.legacy_return(whole[0])["date_added"].startswith("03/01/2025 ")


def test_which_date_counts_is_a_switch(legacy: Account) -> None:
    added = legacy.legacy_ids("2025/03/01", "2025/03/02")
    legacy.server.post("rebound", legacy_search="changed")
    changed = legacy.legacy_ids("2025/03/01", "2025/03/02")
    assert set(changed) < set(added)
    assert set(legacy.legacy_ids("2025/03/01", "2025/03/09")) >= set(added)


def test_nothing_is_shown_before_its_time(legacy: Account) -> None:
    whole = legacy.legacy_ids("2025/03/01", "2025/03/09")
    legacy.server.post("clock", now="2025-03-03T12:00:00Z")
    early = legacy.legacy_ids("2025/03/01", "2025/03/09")
    assert set(early) < set(whole)
    hidden = next(return_id for return_id in whole if return_id not in early)
    assert code(legacy.legacy("returns/get/json", {"return": {"id": hidden, "type": "id"}})) == "not_found"


def test_every_scalar_is_a_string_and_nothing_names_a_line(legacy: Account) -> None:
    for return_id in legacy.legacy_ids("2025/03/01", "2025/03/09"):
        row = legacy.legacy_return(return_id)
        assert {type(scalar) for scalar in scalars(row)} == {str}
        assert "Not available" not in scalars(row)
        text = json.dumps(row["item"])
        assert row["order_reference"] not in text
        assert "(00)9" not in text


def test_items_are_by_sku_and_finding(legacy: Account) -> None:
    row = planted(legacy, "three_pieces_one_missing")
    assert row["custom_status"] == "COMPLETED"
    found = [(each["quantity"], each["custom_verification"], each["custom_grade"], each["final_disposition"]) for each in row["item"]]
    assert found == [("2", "MATCH", "A", "RESTOCK"), ("1", "MISSING", "", "")]
    assert len({each["sku_code"] for each in row["item"]}) == 1
    assert [each["reason"][0]["reason"] for each in row["item"]] == ["Too large", "Too large"]


def test_lines_of_one_sku_and_price_cannot_be_told_apart(legacy: Account) -> None:
    [only] = planted(legacy, "same_sku_equal_price")["item"]
    assert only["custom_registered"]
    rows = planted(legacy, "uneven_units")["item"]
    assert [each["quantity"] for each in rows] == ["1", "1", "1"]
    assert len({each["custom_registered"] for each in rows}) == 3


def test_odd_items(legacy: Account) -> None:
    announced, extra = planted(legacy, "unexpected_item")["item"]
    assert announced["sku_code"]
    assert (extra["sku_code"], extra["reason"]) == ("", [])
    assert extra["custom_ean"]
    [lot] = planted(legacy, "lot")["item"]
    assert (lot["quantity"], lot["price"], lot["cost_price_currency"]) == ("3", "3.33", "EUR")
    assert planted(legacy, "bad_quantity")["item"][0]["quantity"] == "two"
    assert planted(legacy, "reason_not_given")["item"][0]["reason"] == []
    assert planted(legacy, "cancelled_return")["custom_status"] == "CANCELLED"
    [never] = planted(legacy, "never_inspected")["item"]
    assert (never["custom_registered"], never["verification_entity"], never["final_disposition"]) == ("", "", "")


def test_what_a_label_in_box_return_announces(legacy: Account) -> None:
    row = planted(legacy, "label_in_box")
    legacy.server.post("clock", now=f"{row['date_added'][:10].replace('/', '-')}T05:00:00Z")
    early = legacy.legacy_return(row["id"])
    assert early["custom_flow"] == "RLIB"
    assert [(each["sku_code"], each["custom_registered"]) for each in early["item"]] == [(row["item"][0]["sku_code"], "")]


def test_who_sent_it_and_a_label(legacy: Account) -> None:
    rows = [legacy.legacy_return(return_id) for return_id in legacy.legacy_ids("2025/03/01", "2025/03/09")]
    named = [row for row in rows if row["name"]]
    assert named
    assert all(row["zip"] and row["email"].endswith("@consumer.example") for row in named)
    assert all(len(row["label"]) > 10_000 for row in rows)


def test_tracking_by_parcel(legacy: Account) -> None:
    row = planted(legacy, "two_parcels")
    numbers = sorted({each["tracking"] for each in row["item"]})
    assert len(numbers) == 2
    first, second = (legacy.legacy("tracking/get/json", {"tracking": {"code": number}})["success"] for number in numbers)
    assert [step["status"] for step in first["track"]] == ["returnOrderCreated", "postalIncoming", "arrivedAtHub"]
    assert [step["status"] for step in second["track"]] == ["postalIncoming"]
    assert first["order_reference"] == row["order_reference"]
    assert first["track"][0]["location"] == {"country": "DE", "state": "", "city": "Duisburg"}
    assert row["current_tracking_status"] == "postalIncoming"
    assert row["tracking_last_update"] == second["track"][0]["dt"]
    assert code(legacy.legacy("tracking/get/json", {"tracking": {"code": "nowhere"}})) == "not_found"
    # the scan was told after the arrival, and happened before it
    early = planted(legacy, "hub_before_scan")
    assert early["current_tracking_status"] == "arrivedAtHub"
    assert legacy.shown(early["id"])["parcels"][0]["statusDescription"] == "arrivedAtHub"


def test_orders_that_were_pushed(legacy: Account) -> None:
    asked = {"filter": {"date_from": "2025/03/09"}}
    assert code(legacy.legacy("orders/search", asked)) == "empty"
    legacy.push("L1", ("L1-1", 1))
    legacy.push("L1", ("L1-1", 1))
    assert legacy.legacy("orders/search", asked)["success"]["id"] == ["L1"]


def test_a_return_made_by_the_other_api(legacy: Account) -> None:
    legacy.push("L2", ("L2-1", 2))
    made = legacy.create("L2", item("L2-1", 2), clientReturnId="MR-L2").json()
    legacy.server.post("rebound/returns/event", reboundOrderId=made["reboundOrderId"], event="registered")
    row = legacy.legacy_return(made["reboundOrderId"])
    assert (row["external_id"], row["display_id"], row["tracking"]) == ("MR-L2", made["rmaNumber"], made["labels"][0]["trackingNumber"])
    assert [(each["sku_code"], each["quantity"]) for each in row["item"]] == [("S1", "2")]
    assert row["id"] in legacy.legacy_ids("2025/03/09", "2025/03/09")


def test_faults_of_the_transport_and_of_the_body(legacy: Account) -> None:
    asked = {"filter": {"date_from": "2025/03/01"}}
    legacy.server.fault("LEGACY-SEARCH", script=["429", "502", "error_in_body", "unreadable_after_commit"])
    assert [legacy.legacy_answer(SEARCH, asked).status_code for _ in range(2)] == [429, 502]
    assert code(legacy.legacy(SEARCH, asked)) == "unavailable"
    with pytest.raises(ValueError, match="Expecting"):
        legacy.legacy_answer(SEARCH, asked).json()
    assert legacy.legacy(SEARCH, asked)["success"]["id"]


def test_the_log_keeps_the_request_and_no_credentials(legacy: Account) -> None:
    legacy.legacy(SEARCH, {"filter": {"date_from": "2025/03/01"}})
    logged = legacy.server.requests(operation="LEGACY-SEARCH")[-1]
    assert json.loads(logged["body"]) == {"filter": {"date_from": "2025/03/01"}}
    legacy.legacy_answer("returns/typo", {})
    everything = str(legacy.server.requests())
    assert legacy.server.env["REBOUND_LEGACY_API_KEY"] not in everything
    assert legacy.server.env["REBOUND_CLIENT_SECRET"] not in everything
