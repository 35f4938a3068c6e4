"""RT01, RT11 and RT12 on the real server: what a return looks like, what refuses one, what of a line is left, and seek paging."""

from typing import Any

import pytest

from tests.sandbox.returns import METHOD, ON, REASON, call, done, entry, listed, one, opened, refused
from tests.sandbox.shop import Shop, open_shop, read
from tests.sandbox_fixture import Sandbox, order

FIELDS = {
    "id", "state", "order_id", "order_commercial_id", "rma", "reason_code", "rejection_reason_code", "method_code", "label_url",
    "description", "documents", "return_address", "return_lines", "tracking", "date_created", "last_updated",
}  # fmt: skip
REQUIRED = {
    "id", "state", "order_id", "order_commercial_id", "method_code", "return_address", "return_lines", "date_created", "last_updated",
}  # fmt: skip


def items(shop: Shop, **params: Any) -> list[dict[str, Any]]:
    answer = shop.client.get("/api/returns/items_to_return", params=params)
    assert answer.status_code == 200, answer.text
    return read(answer)["data"]


def left(shop: Shop, line_id: str) -> int:
    [item] = items(shop, order_line_id=line_id)
    return item["returnable_quantity"]


def test_a_return_has_exactly_the_documented_fields(returns_shop: Shop) -> None:
    [made] = done(
        returns_shop, "RT01", entry("O1", ("O1-A-1", 2), rma="RB_1-x", description="Box is open", label_url="https://l.example/1")
    )
    assert set(made) == FIELDS
    assert (made["state"], made["order_id"], made["order_commercial_id"], made["rma"]) == ("WAITING_ACCEPTANCE", "O1-A", "O1", "RB_1-x")
    assert set(made["return_address"]) == {"street1", "street2", "city", "zip_code", "state", "country_iso_code"}
    assert made["return_lines"] == [{"order_line_id": "O1-A-1", "quantity": 2, "reason_code": REASON, "compliance": None}]
    assert one(returns_shop, made["id"]) == made


def test_nulls_are_absent_where_the_platform_drops_them(returns_shop: Shop) -> None:
    return_id = opened(returns_shop)
    returns_shop.set(nulls="absent")
    shown = one(returns_shop, return_id)
    assert set(shown) == REQUIRED | {"documents"}
    assert "compliance" not in shown["return_lines"][0]
    assert "next_page_token" not in returns_shop.client.get("/api/returns").json()
    others = [opened(returns_shop) for _ in range(2)] + [opened(returns_shop, "O1-A-2")]
    returns_shop.set(nulls="mixed")
    assert {"rma" in one(returns_shop, each) for each in [return_id, *others]} == {True, False}


def test_who_accepts(returns_shop: Shop) -> None:
    assert one(returns_shop, opened(returns_shop, accepted=True))["state"] == "IN_PROGRESS"
    assert one(returns_shop, opened(returns_shop, accepted=None))["state"] == "WAITING_ACCEPTANCE"
    returns_shop.set(returns={"auto_accept": True})
    assert one(returns_shop, opened(returns_shop))["state"] == "IN_PROGRESS"
    assert one(returns_shop, opened(returns_shop, "O1-A-2", accepted=False))["state"] == "WAITING_ACCEPTANCE"


def test_one_input_of_two_orders_becomes_two_returns(returns_shop: Shop) -> None:
    returns_shop.put(order("O1-B", {"price": "7.00"}), order("odd", {"price": "7.00", "order_line_id": "L7"}, commercial_id="O1"))
    first, second, third = done(returns_shop, "RT01", entry("O1", ("O1-B-1", 1), ("O1-A-1", 1), ("L7", 1), ("O1-A-2", 1), rma="R1"))
    assert [each["order_id"] for each in (first, second, third)] == ["O1-B", "O1-A", "odd"]
    assert [line["order_line_id"] for line in second["return_lines"]] == ["O1-A-1", "O1-A-2"]
    assert [each["rma"] for each in (first, second, third)] == ["R1", None, None]
    assert len({each["id"] for each in (first, second, third)}) == 3
    returns_shop.put(order("O1", {"price": "1.00"}), order("X", {"price": "1.00"}), order("O1-A", {"price": "30.00"}))
    found = items(returns_shop, order_commercial_id="O1")
    assert [item["order_line_id"] for item in found] == ["O1-1", "O1-A-1", "O1-B-1", "L7"]


def test_a_bad_input_leaves_the_good_ones_alone(returns_shop: Shop) -> None:
    inputs = [entry("O1", ("O1-A-1", 4)), entry("O9", ("O9-A-1", 1)), entry("O1", ("O1-A-1", 3)), entry("O1", ("O1-A-1", 1))]
    answer = call(returns_shop, "RT01", *inputs)
    assert answer.status_code == 200
    assert [each["order_commercial_id"] for each in answer.json()["return_success"]] == ["O1"]
    assert [each["order_commercial_id"] for each in answer.json()["return_errors"]] == ["O1", "O9", "O1"]
    assert len(listed(returns_shop)) == 1


def test_the_returnable_quantity_is_used_up_and_given_back(returns_shop: Shop) -> None:
    assert left(returns_shop, "O1-A-1") == 3
    first = opened(returns_shop, quantity=2)
    assert left(returns_shop, "O1-A-1") == 1
    assert "1 can be returned" in refused(returns_shop, "RT01", entry("O1", ("O1-A-1", 1), ("O1-A-1", 1)))
    opened(returns_shop)
    assert "0 can be returned" in refused(returns_shop, "RT01", entry("O1", ("O1-A-1", 1)))
    done(returns_shop, "RT29", {"id": first})
    assert left(returns_shop, "O1-A-1") == 2
    returns_shop.set(returns={"freed_states": ["REFUSED"]})
    assert left(returns_shop, "O1-A-1") == 0


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (entry("O1", ("O1-A-9", 1)), "O1-A-9 does not exist"),
        (entry("O2", ("O1-A-1", 1)), "does not exist in the order O2"),
        (entry("O1", ("O1-A-1", 1), method_code="RETURN_METHOD_IN_STORE"), "RETURN_METHOD_IN_STORE is not available"),
        (entry("O1", ("O1-A-1", 1), reason_code="17"), "17 is not a RETURN reason"),
        ({**entry("O1"), "return_lines": [{"order_line_id": "O1-A-1", "quantity": 1, "reason_code": "X"}]}, "X is not a RETURN reason"),
    ],
)
def test_refusals_of_an_entry(returns_shop: Shop, given: dict[str, Any], complaint: str) -> None:
    assert complaint in refused(returns_shop, "RT01", given)


@pytest.mark.parametrize("state", ["WAITING_DEBIT", "SHIPPING", "CLOSED", "REFUNDED"])
def test_lines_that_cannot_come_back(returns_shop: Shop, state: str) -> None:
    returns_shop.server.post("line-state", marketplace=returns_shop.key, order_line_id="O1-A-1", state=state)
    assert left(returns_shop, "O1-A-1") == 0
    assert f"in state {state}" in refused(returns_shop, "RT01", entry("O1", ("O1-A-1", 1)))
    returns_shop.set(returns={"returnable_states": [state]})
    assert left(returns_shop, "O1-A-1") == 3
    opened(returns_shop)


def test_after_the_window_nothing_is_returnable(returns_shop: Shop) -> None:
    line = {"price": "9.00", "received_date": "2025-02-08T12:00:00Z"}
    returns_shop.put(order("O2-A", line), order("O3-A", {**line, "received_date": "2025-02-08T11:59:59Z"}))
    [inside] = items(returns_shop, order_line_id="O2-A-1")
    assert (inside["returnable_quantity"], inside["return_window"]) == (1, 30)
    assert left(returns_shop, "O3-A-1") == 0
    assert "window" in refused(returns_shop, "RT01", entry("O3", ("O3-A-1", 1)))
    returns_shop.set(returns={"window_days": None})
    opened(returns_shop, "O3-A-1")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"order_commercial_id": None},
        {"method_code": None},
        {"method_code": "RETURN_METHOD_DROP_OFF"},
        {"return_lines": []},
        {"return_lines": [{"order_line_id": "O1-A-1", "quantity": 1}]},
        {"return_lines": [{"order_line_id": "O1-A-1", "quantity": 0, "reason_code": REASON}]},
        {"return_lines": [{"order_line_id": "O1-A-1", "quantity": 1, "reason_code": REASON}] * 201},
        {"rma": ""},
        {"rma": "RB 1"},
        {"rma": "R" * 101},
        {"accepted": "yes"},
        {"label_url": "x" * 2001},
        {"description": "x" * 2001},
    ],
)
def test_what_breaks_the_schema_refuses_the_call(returns_shop: Shop, given: dict[str, Any]) -> None:
    good = entry("O1", ("O1-A-1", 1))
    answer = call(returns_shop, "RT01", good, {**good, **given} if given else {})
    assert answer.status_code == 400, answer.text
    assert answer.json()["status"] == 400
    assert listed(returns_shop) == []


def test_batch_limits_of_rt01(returns_shop: Shop) -> None:
    assert call(returns_shop, "RT01").status_code == 400
    assert call(returns_shop, "RT01", *[entry("O9", ("O9-A-1", 1))] * 201).status_code == 400
    assert len(call(returns_shop, "RT01", *[entry("O9", ("O9-A-1", 1))] * 200).json()["return_errors"]) == 200


def test_filters(returns_shop: Shop) -> None:
    returns_shop.put(order("O2-A", {"price": "9.00"}, customer={"customer_id": "C7", "firstname": "A", "lastname": "B"}))
    first, second, third = (
        opened(returns_shop, rma="R1"),
        opened(returns_shop, "O1-A-2", rma="R1"),
        opened(returns_shop, "O2-A-1", rma="R2"),
    )
    done(returns_shop, "RT21", {"id": third, "accepted": True})

    def ids(**params: Any) -> set[str]:
        return {each["id"] for each in listed(returns_shop, **params)}

    assert ids() == {first, second, third}
    assert ids(return_id=[first, third]) == {first, third}
    assert ids(return_id=f"{first},{third}") == set(), "repeated parameters, no comma lists"
    assert ids(return_state=["IN_PROGRESS", "REFUSED"]) == {third}
    assert ids(return_rma="R1") == {first, second}
    assert ids(return_rma=["R1", "R2"], order_line_id="O1-A-2") == {second}
    assert ids(order_commercial_id=["O1", "O2"]) == {first, second, third}
    assert ids(order_commercial_id="O2", order_line_id="O1-A-1") == set()
    assert ids(customer_id="C7") == {third}
    assert ids(colour="red") == {first, second, third}, "unknown filters are ignored"
    noon = "2025-03-10T12:00:00Z"
    assert ids(return_creation_date_from=noon, return_creation_date_to=noon) == {first, second, third}
    assert ids(return_last_updated_from="2025-03-10T12:00:01Z") == ids(return_last_updated_to="2025-03-10T11:59:59Z") == set()
    for wrong in ({"return_state": "LOST"}, {"sort": "last_updated,ASC"}, {"limit": 101}, {"return_creation_date_to": "noon"}):
        assert returns_shop.client.get("/api/returns", params=wrong).status_code == 400


def many(shop: Shop, count: int) -> list[str]:
    shop.put(*(order(f"P{n:02}-A", {"price": "1.00"}) for n in range(count)))
    made = done(shop, "RT01", *(entry(f"P{n:02}", (f"P{n:02}-A-1", 1)) for n in range(count)))
    return sorted(each["id"] for each in made)  # all of one moment: then by id


def pages(shop: Shop, token: str | None, **params: Any) -> list[list[str]]:
    found: list[list[str]] = []
    while token:
        page = shop.client.get("/api/returns", params={"page_token": token, **params}).json()
        found.append([each["id"] for each in page["data"]])
        token = page["next_page_token"]
    return found


@pytest.mark.parametrize("sort", ["date_created,ASC", "date_created,DESC"])
def test_pages_by_token_both_ways(returns_shop: Shop, sort: str) -> None:
    whole = many(returns_shop, 25)
    expected = whole if sort.endswith("ASC") else whole[::-1]
    first = returns_shop.client.get("/api/returns", params={"sort": sort, "return_state": "WAITING_ACCEPTANCE"}).json()
    assert [each["id"] for each in first["data"]] == expected[:10]
    assert first["previous_page_token"] is None
    # everything beside the token is ignored, wrong values included
    rest = pages(returns_shop, first["next_page_token"], limit=3, return_state="CANCELED", sort="nonsense")
    assert rest == [expected[10:20], expected[20:]]
    last = returns_shop.client.get("/api/returns", params={"page_token": first["next_page_token"]}).json()
    back = returns_shop.client.get("/api/returns", params={"page_token": last["previous_page_token"]}).json()
    assert [each["id"] for each in back["data"]] == expected[:10]
    assert (back["previous_page_token"], bool(back["next_page_token"])) == (None, True)


def test_rows_that_come_and_go_shift_no_page(returns_shop: Shop) -> None:
    whole = many(returns_shop, 25)
    first = returns_shop.client.get("/api/returns", params={"return_state": "WAITING_ACCEPTANCE"}).json()
    done(returns_shop, "RT29", {"id": whole[0]}, {"id": whole[12]})
    assert pages(returns_shop, first["next_page_token"]) == [[*whole[10:12], *whole[13:21]], whole[21:]]


def test_wrong_tokens(returns_shop: Shop) -> None:
    many(returns_shop, 12)
    token = returns_shop.client.get("/api/returns").json()["next_page_token"]
    for wrong in ("nonsense", token[:-8], "e30="):
        assert returns_shop.client.get("/api/returns", params={"page_token": wrong}).status_code == 400
    assert returns_shop.client.get("/api/returns/items_to_return", params={"page_token": token}).status_code == 400


def test_items_to_return(returns_shop: Shop) -> None:
    assert items(returns_shop, order_line_id=["O1-A-2", "O9-A-1"]) == [
        {
            "order_commercial_id": "O1",
            "order_line_id": "O1-A-2",
            "returnable_quantity": 1,
            "return_window": 30,
            "available_return_methods": [METHOD, "RETURN_METHOD_DROP_OFF_POINT"],
            "available_return_reasons": [
                reason["code"] for reason in returns_shop.client.get("/api/reasons").json()["reasons"] if reason["type"] == "RETURN"
            ],
        }
    ]
    assert returns_shop.client.get("/api/returns/items_to_return").status_code == 400
    first = returns_shop.client.get("/api/returns/items_to_return", params={"order_commercial_id": "O1", "limit": 1}).json()
    second = returns_shop.client.get("/api/returns/items_to_return", params={"page_token": first["next_page_token"]}).json()
    assert [each["order_line_id"] for page in (first, second) for each in page["data"]] == ["O1-A-1", "O1-A-2"]
    assert second["next_page_token"] is None


def test_without_the_feature_as_documented(shop: Shop) -> None:
    shop.put(order("O1-A", {"price": "30.00"}))
    assert "not enabled for the platform model of the order line O1-A-1" in refused(shop, "RT01", entry("O1", ("O1-A-1", 1)))
    [item] = items(shop, order_commercial_id="O1")
    assert (item["returnable_quantity"], item["available_return_methods"]) == (0, None)
    assert listed(shop) == []
    assert shop.server.admin.post("/admin/returns", json={"marketplace": shop.key, "order_id": "O1-A", "lines": [{}]}).status_code >= 400


@pytest.mark.parametrize("status", ["404", "403"])
def test_without_the_feature_in_another_reading(shop: Shop, status: str) -> None:
    shop.set(returns={"off": status})
    assert shop.client.get("/api/returns").status_code == int(status)
    assert call(shop, "RT01", entry("O1", ("O1-A-1", 1))).status_code == int(status)
    assert call(shop, "RT25", {"id": "x"}).status_code == int(status)
    shop.set(features=ON)
    assert listed(shop) == []


def test_default_marketplaces_run_returns_in_three_ways(server: Sandbox) -> None:
    found = {each["key"]: each for each in server.get("marketplaces")["marketplaces"]}
    on: dict[str, bool] = {}
    codes: dict[str, set[str]] = {}
    for key in ("nordhaus", "albion", "maplewood"):
        with server.seller(key) as seller:
            on[key] = seller.get("/api/platform/configuration").json()["features"]["returns"]["marketplace"]
            listed_here = seller.get("/api/reasons").json()["reasons"]
            codes[key] = {reason["code"] for reason in listed_here if reason["type"].startswith("RETURN")}
    assert on == {"nordhaus": True, "albion": True, "maplewood": False}
    assert [found[key]["returns"]["auto_accept"] for key in ("nordhaus", "albion")] == [False, True]
    assert codes["albion"] - codes["nordhaus"]
    assert codes["nordhaus"] - codes["albion"]


def test_a_withdrawn_reason_is_refused(returns_shop: Shop) -> None:
    returns_shop.server.post("reasons", marketplace=returns_shop.key, withdraw=REASON, type="RETURN")
    assert f"{REASON} is not a RETURN reason" in refused(returns_shop, "RT01", entry("O1", ("O1-A-1", 1)))
    assert REASON not in items(returns_shop, order_line_id="O1-A-1")[0]["available_return_reasons"]


def test_answers_like_the_official_examples(returns_shop: Shop) -> None:
    returns_shop.set(returns={"like_examples": True})
    [made] = done(returns_shop, "RT01", entry("O1", ("O1-A-1", 1), method_code="RETURN_METHOD_DROP_OFF_POINT"))
    assert "state" not in made
    assert (made["status"], made["method_code"]) == ("WAITING_ACCEPTANCE", "RETURN_METHOD_DROP_OFF")
    assert "reason_code" not in made["return_lines"][0]
    done(returns_shop, "RT04", {"id": made["id"], "tracking": {"carrier_code": "UPS", "tracking_number": "1Z"}})
    shown = one(returns_shop, made["id"])
    assert shown["state"] == "WAITING_ACCEPTANCE"
    assert (shown["tracking"]["carrierCode"], shown["tracking"]["carrier_standard_code"]) == ("UPS", "ups")


def test_a_marketplace_with_an_unknown_setting(server: Sandbox) -> None:
    for wrong, word in (({"colour": 1}, "auto_accept"), ({"sources": {"RT25": ["LOST"]}}, "NO_RECEPTION"), ({"off": 500}, "per_item")):
        answer = server.admin.post("/admin/marketplaces", json={"key": "wrong", "returns": wrong})
        assert answer.status_code == 400
        assert word in answer.json()["message"]


def test_changing_one_setting_keeps_the_others(server: Sandbox) -> None:
    with open_shop(server, returns={"window_days": 0.5, "sources": {"RT25": ["NO_RECEPTION"]}}) as shop:
        shop.set(returns={"auto_accept": True, "sources": {"RT27": ["RECEIVED+COMPLIANCE"]}})
        [config] = [each for each in server.get("marketplaces")["marketplaces"] if each["key"] == shop.key]
        assert (config["returns"]["window_days"], config["returns"]["auto_accept"]) == (0.5, True)
        assert config["returns"]["sources"]["RT25"] == ["NO_RECEPTION"]
        assert config["returns"]["sources"]["RT27"] == ["RECEIVED+COMPLIANCE"]
        assert config["returns"]["sources"]["RT21"] == ["WAITING_ACCEPTANCE"]
