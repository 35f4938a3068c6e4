"""The fault catalogue on the real server: what the client sees, what was done all the same, and how often it strikes."""

from collections.abc import Generator

import httpx
import pytest

from tests.sandbox.shop import Shop
from tests.sandbox_fixture import Sandbox, order, refund, running_sandbox


@pytest.fixture
def shop(shop: Shop) -> Generator[Shop]:
    """With one order, and no fault left behind."""
    shop.put(order("O1", {"price": "100.00"}))
    yield shop
    shop.server.delete("faults")


def entry(shop: Shop, operation: str = "OR28") -> dict[str, object]:
    """The log's latest request of an operation."""
    return shop.server.requests(shop.key, operation)[-1]


def refunded(shop: Shop) -> int:
    return len(shop.server.refunds(shop.key))


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [("429", 429, "7"), ("429_no_header", 429, None), ("500", 500, None), ("502", 502, None), ("503", 503, None), ("401", 401, None)],
)
def test_refusals_before_anything_is_done(shop: Shop, fault: str, status: int, retry_after: str | None) -> None:
    shop.server.fault("OR28", fault, marketplace=shop.key, times=1, retry_after=7)
    answer = shop.refund(refund("O1-1", 10))
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == retry_after
    assert refunded(shop) == 0
    logged = entry(shop)
    assert (logged["fault"], logged["status"], logged["committed"]) == (fault, status, False)
    assert shop.refund(refund("O1-1", 10)).status_code == 200


@pytest.mark.parametrize(("fault", "done"), [("cut_before", 0), ("cut_after", 1)])
def test_a_cut_connection_is_cut(shop: Shop, fault: str, done: int) -> None:
    shop.server.fault("OR28", fault, marketplace=shop.key, times=1)
    with pytest.raises(httpx.TransportError):
        shop.refund(refund("O1-1", 10))
    assert refunded(shop) == done
    logged = entry(shop)
    assert (logged["fault"], logged["status"], logged["committed"]) == (fault, None, bool(done))
    assert shop.refund(refund("O1-1", 10)).status_code == 200
    assert refunded(shop) == done + 1


def test_a_cut_read(shop: Shop) -> None:
    shop.server.fault("OR11", "cut_before", marketplace=shop.key, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        shop.client.get("/api/orders")
    assert shop.client.get("/api/orders").status_code == 200


def test_executed_but_not_answered(shop: Shop) -> None:
    shop.server.fault("OR28", "no_answer_after_commit", marketplace=shop.key, times=1)
    with shop.server.seller(shop.key, timeout=httpx.Timeout(30, read=0.3)) as impatient, pytest.raises(httpx.ReadTimeout):
        impatient.put("/api/orders/refund", json={"refunds": [refund("O1-1", 10)]})
    while not refunded(shop):  # on a busy machine it may still be at it
        pass
    assert refunded(shop) == 1
    assert len(shop.line("O1-1")["refunds"]) == 1


def test_silence_ends_in_a_cut(shop: Shop) -> None:
    shop.server.fault("OR28", "no_answer_after_commit", marketplace=shop.key, times=1, seconds=0.05)
    with pytest.raises(httpx.RemoteProtocolError):
        shop.refund(refund("O1-1", 10))
    assert refunded(shop) == 1


@pytest.mark.parametrize(("fault", "status"), [("500_after_commit", 500), ("unreadable_after_commit", 200)])
def test_executed_and_answered_wrongly(shop: Shop, fault: str, status: int) -> None:
    shop.server.fault("OR28", fault, marketplace=shop.key, times=1)
    answer = shop.refund(refund("O1-1", 10))
    assert answer.status_code == status
    assert refunded(shop) == 1
    if status == 200:
        with pytest.raises(ValueError, match="Expecting"):
            answer.json()


def test_slow_does_not_hold_up_others(shop: Shop) -> None:
    shop.server.fault("OR28", "slow", marketplace=shop.key, times=1, seconds=600)
    with shop.server.seller(shop.key, timeout=httpx.Timeout(30, read=0.3)) as slow, pytest.raises(httpx.ReadTimeout):
        slow.put("/api/orders/refund", json={"refunds": [refund("O1-1", 10)]})
    assert shop.client.get("/api/orders").status_code == 200
    assert entry(shop)["status"] is None
    assert refunded(shop) == 0


def test_slow_answers_right_in_the_end(shop: Shop) -> None:
    shop.server.fault("OR28", "slow", marketplace=shop.key, times=1, seconds=0.2)
    assert shop.refund(refund("O1-1", 10)).status_code == 200
    assert refunded(shop) == 1
    seconds = entry(shop)["seconds"]
    assert isinstance(seconds, float)
    assert seconds >= 0.2


def test_a_refused_call_under_a_commit_fault_commits_nothing(shop: Shop) -> None:
    shop.server.fault("OR28", "cut_after", marketplace=shop.key, times=1)
    with pytest.raises(httpx.TransportError):
        shop.refund(refund("O1-1", 1000))
    assert refunded(shop) == 0
    assert entry(shop)["committed"] is False


def test_times_strikes_that_often(shop: Shop) -> None:
    shop.server.fault("OR28", "503", marketplace=shop.key, times=2)
    assert [shop.refund(refund("O1-1", 1)).status_code for _ in range(4)] == [503, 503, 200, 200]
    assert shop.server.get("faults") == {"faults": []}


def test_without_a_limit_it_strikes_until_deleted(shop: Shop) -> None:
    shop.server.fault("OR28", "503", marketplace=shop.key)
    assert [shop.refund(refund("O1-1", 1)).status_code for _ in range(3)] == [503] * 3
    shop.server.delete("faults")
    assert shop.refund(refund("O1-1", 1)).status_code == 200


def test_script_goes_through_its_entries(shop: Shop) -> None:
    shop.server.fault("OR28", marketplace=shop.key, script=["ok", "429", "cut_after", "ok"])
    assert shop.refund(refund("O1-1", 1)).status_code == 200
    assert shop.refund(refund("O1-1", 1)).status_code == 429
    with pytest.raises(httpx.TransportError):
        shop.refund(refund("O1-1", 1))
    assert shop.refund(refund("O1-1", 1)).status_code == 200
    assert shop.refund(refund("O1-1", 1)).status_code == 200
    assert refunded(shop) == 4


def pattern(shop: Shop, seed: int) -> list[int]:
    shop.server.delete("faults")
    shop.server.fault("V01", "503", marketplace=shop.key, rate=0.3, seed=seed)
    return [shop.client.get("/api/version").status_code for _ in range(200)]


def test_rate_is_seeded(shop: Shop) -> None:
    first = pattern(shop, 5)
    assert 35 <= first.count(503) <= 85
    assert pattern(shop, 5) == first
    assert pattern(shop, 6) != first


def test_it_strikes_only_what_it_names(shop: Shop, server: Sandbox) -> None:
    shop.put(order("O2", {"price": "100.00"}))
    server.fault("OR28", "503", marketplace=shop.key, contains='"O2-1"')
    assert shop.refund(refund("O1-1", 1)).status_code == 200
    assert shop.refund(refund("O2-1", 1)).status_code == 503
    assert shop.client.get("/api/orders").status_code == 200
    server.fault("*", "503", marketplace="albion")
    with server.seller("albion") as albion, server.seller("nordhaus") as nordhaus:
        assert albion.get("/api/version").status_code == 503
        assert nordhaus.get("/api/version").status_code == 200


def test_a_fault_that_does_not_exist(shop: Shop) -> None:
    for wrong in ({"fault": "earthquake"}, {"fault": "500", "wrong": 1}, {"script": ["ok", "x"]}, {}):
        answer = shop.server.admin.post("/admin/faults", json={"operation": "OR28", **wrong})
        assert answer.status_code == 400, wrong


def test_twenty_percent_lost_answers_lose_no_refund(shop: Shop) -> None:
    """What the server did and what it says it did agree, however many answers got lost."""
    shop.server.fault("OR28", "cut_after", marketplace=shop.key, rate=0.2)
    lost = 0
    for _ in range(60):
        try:
            assert shop.refund(refund("O1-1", 1)).status_code == 200
        except httpx.TransportError:
            lost += 1
    assert lost > 0
    assert refunded(shop) == 60
    assert sum(1 for row in shop.server.requests(shop.key, "OR28") if row["committed"]) == 60


def test_the_log_keeps_requests_but_no_credentials(shop: Shop) -> None:
    shop.refund(refund("O1-1", 5), order_tax_mode="TAX_INCLUDED")
    logged = entry(shop)
    assert logged["path"] == f"/mirakl/{shop.key}/api/orders/refund"
    assert '"order_line_id":"O1-1"' in str(logged["body"])
    assert (logged["method"], logged["status"], logged["committed"], logged["operation"]) == ("PUT", 200, True, "OR28")
    assert "authorization" not in logged["headers"]  # type: ignore[operator]
    assert shop.config["api_key"] not in str(shop.server.requests())
    assert shop.server.get("requests/counts")["counts"][f"{shop.key}/OR28"] == 1
    since = shop.server.get("requests", marketplace=shop.key, since=logged["id"])["requests"]
    assert since == []


def test_forgetting_the_log(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_sandbox(tmp_path_factory.mktemp("log")) as own, own.seller("nordhaus") as seller:
        seller.get("/api/version")
        assert len(own.requests()) == 1
        own.delete("requests")
        seller.get("/api/orders")
        assert [row["operation"] for row in own.requests()] == ["OR11"]
