"""A return from acceptance to the end on the real server: RT04, RT21, RT25-RT29, the clock, customers, a restart, and faults."""

import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.returns import ON, REASON, WRITES, call, done, entry, history, listed, one, opened, refused
from tests.sandbox.shop import Shop, open_shop
from tests.sandbox_fixture import Sandbox, order, running_sandbox, stop

WRONG = "RETURN_NON_COMPLIANT_WRONG_PRODUCT"


def good(return_id: str, operation: str, line_id: str = "O1-A-1") -> dict[str, Any]:
    """An entry that the operation accepts in the right state."""
    more: dict[str, Any] = {
        "RT04": {"rma": "R1"},
        "RT21": {"accepted": True},
        "RT26": {"return_lines": [{"order_line_id": line_id, "compliant": True}]},
    }.get(operation, {})
    return {"id": return_id, **more}


WAYS = {
    "WAITING_ACCEPTANCE": (),
    "IN_PROGRESS": ("RT21",),
    "RECEIVED": ("RT21", "RT25"),
    "RECEIVED+COMPLIANCE": ("RT21", "RT25", "RT26"),
    "CLOSED": ("RT21", "RT25", "RT26", "RT27"),
    "CANCELED": ("RT29",),
}
ALLOWED = {
    "WAITING_ACCEPTANCE": {"RT04", "RT21", "RT29"},
    "IN_PROGRESS": {"RT04", "RT25", "RT29"},
    "RECEIVED": {"RT26", "RT27"},
    "RECEIVED+COMPLIANCE": {"RT27"},
    "CLOSED": set[str](),
    "CANCELED": set[str](),
}


@pytest.mark.parametrize("standing", WAYS)
def test_from_each_state_only_what_the_diagram_allows(returns_shop: Shop, standing: str) -> None:
    for operation in WRITES:
        return_id = opened(returns_shop)
        for step in WAYS[standing]:
            done(returns_shop, step, good(return_id, step))
        if operation in ALLOWED[standing]:
            [answer] = done(returns_shop, operation, good(return_id, operation))
            assert answer["id"] == return_id
            assert operation == "RT04" or set(answer) == {"id"}
        else:
            assert refused(returns_shop, operation, good(return_id, operation)) == "Return is in invalid state"
        returns_shop.set(returns={"freed_states": ["REFUSED", "CANCELED", "WAITING_ACCEPTANCE", "IN_PROGRESS", "RECEIVED", "CLOSED"]})


def test_source_states_are_configuration(returns_shop: Shop) -> None:
    return_id = opened(returns_shop)
    returns_shop.set(returns={"sources": {"RT25": ["WAITING_ACCEPTANCE"], "RT27": ["RECEIVED+COMPLIANCE"]}})
    done(returns_shop, "RT25", {"id": return_id})
    assert refused(returns_shop, "RT27", {"id": return_id}) == "Return is in invalid state"
    done(returns_shop, "RT26", good(return_id, "RT26"))
    done(returns_shop, "RT27", {"id": return_id})
    assert history(returns_shop, return_id) == [
        ("RT01", "WAITING_ACCEPTANCE"),
        ("RT25", "RECEIVED"),
        ("RT26", "RECEIVED"),
        ("RT27", "CLOSED"),
    ]


def test_a_batch_reports_each_entry(returns_shop: Shop) -> None:
    first, second = opened(returns_shop), opened(returns_shop, "O1-A-2")
    entries = [good(first, "RT21"), good("no-such", "RT21"), good(first, "RT21"), good(second, "RT21")]
    answer = call(returns_shop, "RT21", *entries)
    assert answer.status_code == 200
    assert answer.json()["return_success"] == [{"id": first}, {"id": second}]
    assert [each["id"] for each in answer.json()["return_errors"]] == ["no-such", first]


@pytest.mark.parametrize("operation", WRITES)
def test_batch_limits_and_nesting(returns_shop: Shop, operation: str) -> None:
    wrong = good("no-such", operation)
    assert len(call(returns_shop, operation, *[wrong] * 100).json()["return_errors"]) == 100
    assert call(returns_shop, operation, *[wrong] * 101).status_code == 400
    assert call(returns_shop, operation).status_code == 400
    path = f"/api/returns{WRITES[operation]}"
    for body in ([wrong], wrong, {"returns": wrong}, {"returns": ["x"]}, {"returns": [{**wrong, "id": None}]}):
        assert returns_shop.client.put(path, json=body).status_code == 400
    assert returns_shop.client.put(path, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert returns_shop.client.patch(path).status_code == 405


def test_refusing_needs_a_rejection_reason(returns_shop: Shop) -> None:
    return_id = opened(returns_shop)
    assert "required" in refused(returns_shop, "RT21", {"id": return_id, "accepted": False})
    for code in ("nonsense", REASON):
        given = {"id": return_id, "accepted": False, "rejection_reason_code": code}
        assert f"{code} is not a RETURN_REJECTION reason" in refused(returns_shop, "RT21", given)
    assert call(returns_shop, "RT21", {"id": return_id}).status_code == 400
    done(returns_shop, "RT21", {"id": return_id, "accepted": False, "rejection_reason_code": "RETURN_REJECTION_WINDOW_CLOSED"})
    shown = one(returns_shop, return_id)
    assert (shown["state"], shown["rejection_reason_code"]) == ("REFUSED", "RETURN_REJECTION_WINDOW_CLOSED")


def received(shop: Shop) -> str:
    [made] = done(shop, "RT01", entry("O1", ("O1-A-1", 2), ("O1-A-2", 1), accepted=True))
    done(shop, "RT25", {"id": made["id"]})
    return made["id"]


def test_compliance_of_every_line(returns_shop: Shop) -> None:
    return_id = received(returns_shop)
    fine = {"order_line_id": "O1-A-1", "compliant": True}
    bad: dict[str, Any] = {"order_line_id": "O1-A-2", "compliant": False, "non_compliance_reason_code": WRONG}

    def refusal(*lines: dict[str, Any]) -> str:
        return refused(returns_shop, "RT26", {"id": return_id, "return_lines": list(lines)})

    assert refusal(fine) == "Compliance not specified on the following order lines: O1-A-2"
    assert "not in the return: O1-B-1" in refusal(fine, bad, {"order_line_id": "O1-B-1", "compliant": True})
    assert "twice" in refusal(fine, fine, bad)
    assert "O1-A-2 is required" in refusal(fine, {**bad, "non_compliance_reason_code": None})
    assert f"{REASON} is not a RETURN_NON_COMPLIANT" in refusal(fine, {**bad, "non_compliance_reason_code": REASON})
    for wrong in ({**bad, "compliant": "no"}, {**bad, "non_compliance_additional_info": "x" * 2001}):
        assert call(returns_shop, "RT26", {"id": return_id, "return_lines": [fine, wrong]}).status_code == 400
    done(returns_shop, "RT26", {"id": return_id, "return_lines": [fine, {**bad, "non_compliance_additional_info": "1 of 1"}]})
    lines = {line["order_line_id"]: line["compliance"] for line in one(returns_shop, return_id)["return_lines"]}
    assert lines == {
        "O1-A-1": [{"compliant": True, "non_compliance_reason_code": None, "non_compliance_additional_info": None}],
        "O1-A-2": [{"compliant": False, "non_compliance_reason_code": WRONG, "non_compliance_additional_info": "1 of 1"}],
    }
    assert one(returns_shop, return_id)["state"] == "RECEIVED"


def test_nothing_of_it_moves_money(returns_shop: Shop) -> None:
    return_id = received(returns_shop)
    verdicts = [{"order_line_id": line_id, "compliant": True} for line_id in ("O1-A-1", "O1-A-2")]
    done(returns_shop, "RT26", {"id": return_id, "return_lines": verdicts})
    done(returns_shop, "RT27", {"id": return_id})
    assert returns_shop.server.refunds(returns_shop.key) == []
    assert returns_shop.order("O1-A")["order_lines"][0]["refunds"] == []


def test_label_tracking_and_address_are_written_back(returns_shop: Shop) -> None:
    return_id = opened(returns_shop)
    address = {"street1": "2 Hub Way", "city": "Duisburg", "zip_code": "47051", "country_iso_code": "DEU"}
    update = {
        "id": return_id,
        "rma": "RB-77",
        "label_url": "https://labels.example/77.pdf",
        "tracking": {"carrier_code": "DPD-UK", "tracking_number": "T1"},
        "method_code": "RETURN_METHOD_DROP_OFF_POINT",
        "return_address": {"address": address},
    }
    [answer] = done(returns_shop, "RT04", update)
    shown = one(returns_shop, return_id)
    assert answer == shown
    assert (shown["rma"], shown["label_url"], shown["method_code"]) == ("RB-77", update["label_url"], update["method_code"])
    assert shown["return_address"] == {**address, "street2": None, "state": None}
    assert shown["tracking"] == {
        "carrier_code": "DPD-UK",
        "carrier_name": "DPD UK",
        "carrier_standard_code": "dpd_uk",
        "tracking_number": "T1",
        "tracking_url": "https://tracking.example/dpd/T1",
    }
    done(returns_shop, "RT04", {"id": return_id, "tracking": {"carrier_name": "Bike", "tracking_url": "https://bike.example/1"}})
    shown = one(returns_shop, return_id)
    assert (shown["rma"], shown["tracking"]["carrier_code"], shown["tracking"]["carrier_name"]) == ("RB-77", None, "Bike")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"tracking": {"tracking_url": "bike.example/1"}}, "tracking URL format"),
        ({"tracking": {"carrier_code": "DPD"}}, "carrier code DPD is unknown"),
        ({"method_code": "RETURN_METHOD_IN_STORE"}, "not available"),
    ],
)
def test_updates_that_are_refused(returns_shop: Shop, given: dict[str, Any], complaint: str) -> None:
    assert complaint in refused(returns_shop, "RT04", {"id": opened(returns_shop), "rma": "R9", **given})


def test_the_method_changes_only_before_the_acceptance(returns_shop: Shop) -> None:
    change = {"id": opened(returns_shop), "method_code": "RETURN_METHOD_DROP_OFF_POINT"}
    done(returns_shop, "RT21", {"id": change["id"], "accepted": True})
    assert "cannot be changed" in refused(returns_shop, "RT04", change)
    later = {**change, "id": opened(returns_shop)}
    returns_shop.set(returns={"method_change": False})
    assert "cannot be changed" in refused(returns_shop, "RT04", later)


def test_an_address_has_one_more_level_than_rt11_shows(returns_shop: Shop) -> None:
    return_id = opened(returns_shop)
    flat = {"street1": "2 Hub Way", "city": "Duisburg", "zip_code": "47051", "country_iso_code": "DEU"}
    for wrong in (flat, {"address": {**flat, "street1": None}}, {"address": "2 Hub Way"}, "2 Hub Way"):
        assert call(returns_shop, "RT04", {"id": return_id, "return_address": wrong}).status_code == 400
    for wrong in ({"rma": "R 1"}, {"label_url": "x" * 2001}, {"tracking": {"tracking_number": 1}}, {"method_code": "BY_MAIL"}):
        assert call(returns_shop, "RT04", {"id": return_id, **wrong}).status_code == 400
    assert history(returns_shop, return_id) == [("RT01", "WAITING_ACCEPTANCE")]


def test_an_update_of_a_cancelled_orders_return(returns_shop: Shop) -> None:
    return_id = opened(returns_shop)
    line = {"marketplace": returns_shop.key, "order_line_id": "O1-A-1", "state": "CANCELED", "order_state": "CANCELED"}
    returns_shop.server.post("line-state", **line)
    assert refused(returns_shop, "RT04", {"id": return_id, "rma": "R1"}) == "The order is in invalid state"


def test_goods_that_never_come(sandbox: Sandbox) -> None:
    sandbox.post("clock", now="2025-03-10T12:00:00Z")
    with open_shop(sandbox, features=ON, returns={"no_reception_after_days": 5}) as shop:
        shop.put(order("O1-A", {"price": "30.00", "quantity": 3}))
        waiting, lost, came = (opened(shop) for _ in range(3))
        sandbox.post("clock", advance_seconds=86400)
        done(shop, "RT21", good(lost, "RT21"), good(came, "RT21"))
        sandbox.post("clock", advance_seconds=86400)
        done(shop, "RT04", {"id": lost, "rma": "R1"})  # the delay counts from the state, not from the last change
        done(shop, "RT25", {"id": came})
        sandbox.post("clock", advance_seconds=4 * 86400 - 1)
        assert one(shop, lost)["state"] == "IN_PROGRESS"
        sandbox.post("clock", advance_seconds=1)
        assert {each["id"]: each["state"] for each in listed(shop)} == {
            waiting: "WAITING_ACCEPTANCE",
            lost: "NO_RECEPTION",
            came: "RECEIVED",
        }
        assert one(shop, lost)["last_updated"] == "2025-03-16T12:00:00Z"
        assert history(shop, lost)[-1] == ("clock", "NO_RECEPTION")
        assert refused(shop, "RT25", {"id": lost}) == "Return is in invalid state"
        shop.set(returns={"sources": {"RT25": ["IN_PROGRESS", "NO_RECEPTION"]}})
        done(shop, "RT25", {"id": lost})
        shop.set(returns={"no_reception_after_days": None})
        done(shop, "RT21", good(waiting, "RT21"))
        sandbox.post("clock", advance_seconds=400 * 86400)
        assert one(shop, waiting)["state"] == "IN_PROGRESS"


def test_a_customer_opens_a_return(returns_shop: Shop) -> None:
    returns_shop.put(order("O2-A", {"price": "9.00", "quantity": 2}, order_state="SHIPPING"))
    lines = [{"order_line_id": "O2-A-1", "quantity": 2, "reason_code": "RETURN_CHANGED_MIND"}]
    given: dict[str, Any] = {"marketplace": returns_shop.key, "order_id": "O2-A", "lines": lines}
    made = returns_shop.server.post("returns", **given)
    assert made["history"] == [{"state": "WAITING_ACCEPTANCE", "at": "2025-03-10T12:00:00Z", "by": "customer"}]
    shown = one(returns_shop, made["id"])
    assert (shown["order_id"], shown["state"], shown["rma"]) == ("O2-A", "WAITING_ACCEPTANCE", None)
    assert shown["return_lines"] == [{**lines[0], "compliance": None}]
    returns_shop.set(returns={"auto_accept": True})
    quick = returns_shop.server.post("returns", **{**given, "order_id": "O1-A", "lines": [{"order_line_id": "O1-A-2"}]})
    assert (quick["state"], quick["return_lines"][0]["quantity"]) == ("IN_PROGRESS", 1)
    slow = returns_shop.server.post("returns", **{**given, "order_id": "O1-A", "lines": [{"order_line_id": "O1-A-1"}], "accepted": False})
    assert slow["state"] == "WAITING_ACCEPTANCE"
    found = returns_shop.server.get("returns", marketplace=returns_shop.key, order_id="O1-A", state="IN_PROGRESS")["returns"]
    assert [each["id"] for each in found] == [quick["id"]]
    assert returns_shop.server.get("returns", marketplace=returns_shop.key, source="api")["returns"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"order_id": "O9-A"}, 404),
        ({"lines": [{"order_line_id": "O2-A-1"}]}, 404),
        ({"lines": [{"order_line_id": "O1-A-2", "quantity": 2}]}, 400),
        ({"lines": [{"order_line_id": "O1-A-2"}, {"order_line_id": "O1-A-2"}]}, 400),
        ({"lines": [{"order_line_id": "O1-A-2", "quantity": 0}]}, 400),
        ({"lines": [{"order_line_id": "O1-A-2", "reason_code": "17"}]}, 400),
        ({"lines": []}, 400),
        ({"marketplace": "nowhere"}, 404),
        ({"marketplace": "maplewood"}, 400),
    ],
)
def test_a_customer_cannot_open_every_return(returns_shop: Shop, change: dict[str, Any], status: int) -> None:
    given = {"marketplace": returns_shop.key, "order_id": "O1-A", "lines": [{"order_line_id": "O1-A-2"}], **change}
    answer = returns_shop.server.admin.post("/admin/returns", json=given)
    assert answer.status_code == status, answer.text
    assert listed(returns_shop) == []
    assert returns_shop.server.admin.get("/admin/returns", params={"return": "x"}).status_code == 400


def test_returns_survive_a_restart(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path / "state.sqlite"))
    with running_sandbox(tmp_path, *arguments, clock="2025-03-10T12:00:00Z") as first:
        with open_shop(first, features=ON, returns={"window_days": 0.5}) as shop:
            shop.put(order("O1-A", {"price": "30.00", "quantity": 3}), order("odd", {"price": "1.00"}, commercial_id="O1"))
            kept = opened(shop, rma="R1", accepted=True)
            done(shop, "RT25", {"id": kept})
            before = [first.get("returns"), first.get("marketplaces")]
        stop(first.process, signal.SIGKILL)
    with running_sandbox(tmp_path, *arguments) as second, second.seller(shop.key) as client:
        again = Shop(second, shop.key, shop.config, client)
        assert [second.get("returns"), second.get("marketplaces")] == before
        assert [each["id"] for each in listed(again, return_rma="R1", order_line_id="O1-A-1")] == [kept]
        items = client.get("/api/returns/items_to_return", params={"order_commercial_id": "O1"}).json()["data"]
        assert {item["order_line_id"]: item["returnable_quantity"] for item in items} == {"O1-A-1": 2, "odd-1": 1}
        assert opened(again) != kept
        done(again, "RT26", good(kept, "RT26"))


@pytest.fixture
def troubled(returns_shop: Shop) -> Generator[Shop]:
    yield returns_shop
    returns_shop.server.delete("faults")


def attempt(shop: Shop, operation: str) -> httpx.Response:
    """One call of the operation that does something, or shows something."""
    if operation == "RT11":
        return shop.client.get("/api/returns")
    if operation == "RT12":
        return shop.client.get("/api/returns/items_to_return", params={"order_line_id": "O1-A-1"})
    if operation == "RT01":
        return call(shop, "RT01", entry("O1", ("O1-A-1", 1)))
    [found] = listed(shop)
    return call(shop, operation, good(found["id"], operation))


def prepared(shop: Shop, operation: str) -> None:
    if operation in WRITES:
        return_id = opened(shop)
        for step in {"RT25": ("RT21",), "RT26": ("RT21", "RT25"), "RT27": ("RT21", "RT25")}.get(operation, ()):
            done(shop, step, good(return_id, step))


@pytest.mark.parametrize("operation", ["RT01", "RT11", "RT12", *WRITES])
def test_faults_strike_every_operation(troubled: Shop, operation: str) -> None:
    prepared(troubled, operation)
    before = troubled.server.get("returns", marketplace=troubled.key)
    troubled.server.fault(operation, "429", marketplace=troubled.key, times=1, retry_after=3)
    answer = attempt(troubled, operation)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert troubled.server.get("returns", marketplace=troubled.key) == before
    troubled.server.fault(operation, "cut_after", marketplace=troubled.key, times=1)
    with pytest.raises(httpx.TransportError):
        attempt(troubled, operation)
    logged = troubled.server.requests(troubled.key, operation)[-1]
    assert (logged["fault"], logged["status"], logged["committed"]) == ("cut_after", None, True)
    done_all_the_same = troubled.server.get("returns", marketplace=troubled.key) != before
    assert done_all_the_same == (operation not in ("RT11", "RT12"))
