"""Legacy records have no ids of pieces: which unit is which from record to record, so that nothing is paid twice."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.rebound.polling import Poller, account, poller

NOW = "2025-03-09T12:00:00Z"


def entry(quantity: int = 1, grade: str = "", disposition: str = "", **more: Any) -> dict[str, Any]:
    found = {"sku_code": "S1", "quantity": str(quantity), "custom_registered": "2025/03/08 10:00:00", "custom_ean": "400"}
    reason = [{"reason": "Faulty"}]
    return {**found, "custom_grade": grade, "custom_verification": "MATCH" if grade else "", "final_disposition": disposition,
            "reason": reason, **more}  # fmt: skip


def record(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    whole = {"id": "R1", "order_reference": "NOR-1-A", "date_added": "2025/03/01 08:00:00", "custom_status": "PROCESSING"}
    return whole | {"item": list(items)} | more


@pytest.fixture
def mine(tmp_path: Path) -> Generator[Poller]:
    with poller(tmp_path, account("g1_legacy_poll"), NOW) as opened:
        yield opened


def tell(mine: Poller, *records: dict[str, Any], day: int = 9) -> None:
    at = mine.now.replace(day=day)
    for each in records:
        mine.ctx.ledger.inbox.add(json.dumps(each).encode(), channel="legacy-returns", name="x", received_at=at)
    mine.read()


def grades(mine: Poller) -> dict[str, str]:
    """By piece its last verdict: what the fold sees."""
    rows = mine.rows(
        "SELECT piece_id, arg_max(grade || ':' || coalesce(verification, ''), document_id) FROM rebound_returns "
        "WHERE event = 'ITEM_GRADED' GROUP BY piece_id ORDER BY 1"
    )
    return dict(rows)


def test_a_quantity_is_as_many_pieces(mine: Poller) -> None:
    tell(mine, record(entry(3)))
    pieces = mine.rows("SELECT piece_id, quantity, event FROM rebound_returns WHERE event = 'ITEM_REGISTERED' ORDER BY 1")
    assert pieces == [(f"R1/S1/{n}", 1, "ITEM_REGISTERED") for n in (1, 2, 3)]


@pytest.mark.parametrize("days", [(9, 9, 9), (9, 10, 11)])
def test_a_judged_unit_keeps_its_number_whatever_comes_beside_it(mine: Poller, days: tuple[int, ...]) -> None:
    tell(mine, record(entry(2)), day=days[0])
    tell(mine, record(entry(grade="D", disposition="DESTROY"), entry()), day=days[1])
    assert grades(mine) == {"R1/S1/2": "D:MATCH"}, "the unit of which nothing new is told keeps the first number"
    tell(mine, record(entry(grade="C"), entry(grade="D", disposition="DESTROY")), day=days[2])
    assert grades(mine) == {"R1/S1/1": "C:MATCH", "R1/S1/2": "D:MATCH"}, "the paid unit is the same one, in another place"
    tell(mine)
    assert grades(mine) == {"R1/S1/1": "C:MATCH", "R1/S1/2": "D:MATCH"}, "materialised twice, the same rows"


def test_a_correction_is_the_same_piece(mine: Poller) -> None:
    tell(mine, record(entry(grade="A", disposition="RESTOCK")), record(entry(grade="D", disposition="DESTROY")))
    assert grades(mine) == {"R1/S1/1": "D:MATCH"}


@pytest.mark.parametrize("days", [(9, 9), (9, 10)])
def test_a_unit_that_is_named_no_longer_counts_as_missing_once(mine: Poller, days: tuple[int, int]) -> None:
    tell(mine, record(entry(2)), day=days[0])
    tell(mine, record(entry(grade="A", disposition="RESTOCK")), day=days[1])
    assert grades(mine) == {"R1/S1/1": "A:MATCH", "R1/S1/2": "U:MISSING"}
    assert ("unit_withdrawn", "R1/S1/2") in mine.open()
    tell(mine, record(entry(grade="A", disposition="RESTOCK"), tracking="T2"), day=days[1])
    assert mine.rows("SELECT count(*) FROM rebound_returns WHERE problem LIKE '%unit_withdrawn%'") == [1]


def test_what_was_only_announced_may_go(mine: Poller) -> None:
    unseen = entry(2, custom_registered="")
    tell(mine, record(unseen), record(entry(1)))
    assert mine.rows("SELECT count(*) FROM rebound_returns WHERE problem IS NOT NULL") == [0]
    assert mine.rows("SELECT DISTINCT piece_id FROM rebound_returns WHERE event = 'ITEM_REGISTERED'") == ["R1/S1/1"]


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"current_tracking_status": "teleported"}, "unknown_status"),
        ({"custom_status": "PONDERING"}, "unknown_status"),
        ({"custom_flow": "ZEPPELIN"}, "unknown_lane"),
        ({"date_added": "01.03.2025"}, "bad_time"),
        ({"item": [entry(10**6)]}, "bad_quantity"),
        ({"item": ["x"]}, "bad_items"),
        ({"item": [entry(grade="Z")]}, "unknown_grade"),
        ({"item": [{"quantity": "1"}]}, "unidentified_item"),
    ],
)
def test_what_is_not_understood_is_kept_and_named(mine: Poller, changed: dict[str, Any], cause: str) -> None:
    tell(mine, {**record(entry()), **changed})
    assert cause in {found for found, _ in mine.open()}
    assert mine.rows("SELECT count(*) > 0 FROM rebound_returns") == [True]


def test_times_are_in_the_accounts_zone(mine: Poller) -> None:
    mine.use(account("g1_legacy_poll", legacy={"time_zone": "Europe/Berlin"}))
    tell(mine, record(entry()))
    assert mine.rows("SELECT DISTINCT event_time::VARCHAR FROM rebound_returns WHERE event = 'ITEM_REGISTERED'") == ["2025-03-08 09:00:00"]
