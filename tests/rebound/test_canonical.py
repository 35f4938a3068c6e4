"""Every way in which documents come tells the canonical cases alike: same inbox, same events, same decisions."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Generator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.rebound.canonical import CASES, UNPAID, WORDS, Case
from tests.rebound.five_ways import DECISIONS, HOUR, WAYS, World, lived_world

LEGACY = "g1_legacy_poll"
BY_NAME = {case.scenario: case for case in CASES}


@pytest.fixture(scope="module")
def world() -> Generator[World]:
    with tempfile.TemporaryDirectory() as folder, lived_world(Path(folder), list(BY_NAME)) as lived:
        yield lived


def written(event: str, at: datetime) -> str:
    time = "receipt" if (at.hour, at.minute, at.second) == (HOUR, 0, 0) else f"{at:%H:%M}" + (f":{at:%S}" if at.second else "")
    return f"{WORDS[event]} {at.day} {time}"


def decided(world: World, way: str) -> dict[str, Counter[tuple[Any, ...]]]:
    """Scenario -> its pieces, as the table writes them."""
    found: dict[str, Counter[tuple[Any, ...]]] = defaultdict(Counter)
    for row in world.installations[way].rows(DECISIONS):
        outcome = " ".join(filter(None, (row["outcome"], row["cause"])))
        judged = f"{row['verification']} {row['grade']} {row['disposition']}"
        at = written(row["definitive_event"], row["definitive_at"])
        found[world.scenarios[row["order_ref"]]][outcome, judged, row["reason"], row["quantity"], at] += 1
    return found


def expected(case: Case, way: str) -> Counter[tuple[Any, ...]]:
    pairs = ((row, row.legacy_at if way == LEGACY else row.at) for row in case.rows)
    return Counter((*row[:4], at) for row, at in pairs if at is not None)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_leads_to_the_same_pieces(world: World, way: str) -> None:
    found = decided(world, way)
    assert {case.scenario: found[case.scenario] for case in CASES} == {case.scenario: expected(case, way) for case in CASES}
    assert set(found) <= set(BY_NAME)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_tells_the_same_events(world: World, way: str) -> None:
    told: dict[str, set[str]] = defaultdict(set)
    for row in world.installations[way].rows("SELECT DISTINCT order_id, event FROM rebound_returns WHERE order_id IS NOT NULL"):
        told[world.scenarios[row["order_id"]]].add(WORDS[row["event"]])
    wanted = {case.scenario: (way == LEGACY and case.legacy_told) or case.told for case in CASES}
    assert {name: " ".join(sorted(told[name], key=list(WORDS.values()).index)) for name in BY_NAME} == wanted


def test_the_inbox_holds_the_same_documents(world: World) -> None:
    pushed = world.installations["push"].documents()
    assert world.installations["files"].documents() == world.installations["sftp"].documents() == pushed
    half = [document for document in pushed if not document[1].startswith("{")]
    polled = world.installations["g3_rest_poll"].documents()
    assert (len(half), polled) == (1, [each for each in pushed if each not in half]), "what was spoiled on the way is not polled"


@pytest.mark.parametrize("way", ["files", "sftp", "g3_rest_poll"])
def test_pieces_lines_and_money_are_the_same(world: World, way: str) -> None:
    assert world.installations[way].rows(DECISIONS) == world.installations["push"].rows(DECISIONS)


def money(world: World, way: str) -> dict[tuple[str, str], Decimal]:
    """(scenario, order line) -> what would be refunded."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in world.installations[way].rows(DECISIONS):
        if row["outcome"] == "refund":
            sums[world.scenarios[row["order_ref"]], row["order_line_id"]] += row["amount"]
    return dict(sums)


def test_the_legacy_poll_moves_the_same_money_or_says_why_not(world: World) -> None:
    pushed, polled = money(world, "push"), money(world, LEGACY)
    assert {key: amount for key, amount in pushed.items() if key not in polled} == {
        key: amount for key, amount in pushed.items() if key[0] == "same_sku_by_line_id"
    }
    assert polled == {key: pushed[key] for key in polled}


def test_the_table_says_what_the_sandbox_planted(world: World) -> None:
    planted: dict[str, list[str]] = defaultdict(list)
    for piece in world.truth:
        if piece["outcome"] != "none":
            planted[piece["scenario"]].append(piece["outcome"])
    told = {case.scenario: sorted(row.outcome.split()[0] for row in case.rows if row.at is not None) for case in CASES}
    assert told == {name: sorted(planted[name]) for name in BY_NAME} | UNPAID


def test_only_where_the_legacy_poll_knows_less_its_rows_differ() -> None:
    assert {case.scenario for case in CASES if any(row.at is None or row.legacy_at is None for row in case.rows)} == {
        case.scenario for case in CASES if case.less
    }


def test_an_account_that_moves_from_poll_to_push_pays_no_unit_twice(world: World) -> None:
    """The legacy poll until the second day, on the third all that push has told so far: what both tell of is for a person."""
    before, after = world.moved_at, world.installations["moved"].rows(DECISIONS)
    both = {row["order_line_id"] for row in before} - {None}
    assert len(both) > 20
    again = [row for row in after if row["order_line_id"] in both and "/" not in row["piece_id"]]
    assert again
    assert {(row["outcome"], row["cause"]) for row in again} == {("exception", "piece_id_unclear")}
    assert [row for row in after if "/" in row["piece_id"]] == before, "what the poll had decided stays"
    pushed = money(world, "push")
    assert all(amount <= pushed.get(key, amount) for key, amount in money(world, "moved").items())
    new = {key for key in money(world, "moved") if key[1] not in both}
    assert new, "returns that only push told of go on as ever"
