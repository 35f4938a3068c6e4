"""The suites of the datasets before the decision, and what the runner makes of what Great Expectations says."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from returns_assets.quality.facts import Facts
from returns_assets.quality.findings import Finding, markdown_table
from returns_assets.quality.gate import validate_dataset
from returns_assets.quality.runner import run_suite
from returns_assets.quality.suites import ORDERS, RETURNS, Expectation, in_set
from tests.quality.world import DAY, MAPPINGS, NOON, World, new_world


def verdicts(world: World, asset: str, marketplace: str | None, day: date = DAY) -> dict[str, Finding]:
    return {finding.name: finding for finding in validate_dataset(world.ctx, asset, marketplace, day)}


def red(world: World, asset: str, marketplace: str | None) -> set[str]:
    return {name for name, finding in verdicts(world, asset, marketplace).items() if not finding.passed}


@pytest.fixture
def documents(tmp_path: Path) -> Any:
    """A day with two documents in the inbox and in the warehouse, three events."""
    with new_world(tmp_path) as world:
        order = world.order()
        for number, pieces in ((1, ["P1", "P2"]), (2, ["P3"])):
            stored, _ = world.ctx.ledger.inbox.add(f"{number}".encode(), channel="tracking", name=f"{number}.json", received_at=NOON)
            world.insert("rebound_documents", day=DAY, document_id=stored, name=f"{number}.json", channel="tracking", events=len(pieces))
            for piece in pieces:
                world.event(piece, order, document_id=stored)
        yield world


def test_a_good_day_passes(documents: World) -> None:
    found = verdicts(documents, RETURNS, None)
    assert {name for name, finding in found.items() if not finding.passed} == set()
    assert {name: finding.evaluated for name, finding in found.items()} == {
        "documents_conserved": 2,
        "inbox_conserved": 1,
        "codes_known": 3,
        "events_routed": 3,
    }


@pytest.mark.parametrize(
    ("damage", "seen_by"),
    [
        ("DELETE FROM rebound_returns WHERE piece_id = 'P2'", "documents_conserved"),
        (
            "INSERT INTO rebound_returns SELECT * REPLACE ('P8' AS piece_id) FROM rebound_returns WHERE piece_id = 'P3'",
            "documents_conserved",
        ),
        ("UPDATE rebound_returns SET problem = 'unknown_reason:Zu groß' WHERE piece_id = 'P3'", "codes_known"),
        ("UPDATE rebound_returns SET marketplace = NULL WHERE piece_id = 'P3'", "events_routed"),
        ("UPDATE rebound_returns SET marketplace = 'elsewhere' WHERE piece_id = 'P3'", "events_routed"),
    ],
    ids=["an event lost", "an event invented", "an unknown code", "unroutable", "a marketplace that was removed"],
)
def test_each_damage_of_a_day_is_seen(documents: World, damage: str, seen_by: str) -> None:
    documents.sql(damage)
    assert red(documents, RETURNS, None) == {seen_by}


def test_a_document_that_never_reached_the_warehouse_is_seen(documents: World) -> None:
    documents.ctx.ledger.inbox.add(b"3", channel="tracking", name="3.json", received_at=NOON)
    assert red(documents, RETURNS, None) == {"inbox_conserved"}
    documents.sql("DELETE FROM rebound_documents")
    documents.sql("DELETE FROM rebound_returns")
    assert red(documents, RETURNS, None) == {"inbox_conserved"}, "also when the whole day is missing"


def test_named_orders_are_found_by_order_id_or_commercial_id(documents: World) -> None:
    documents.event("P4", "NOR-1")  # the commercial id of the order
    assert red(documents, ORDERS, "nordhaus") == set()
    documents.event("P5", "NOR-404-A")
    found = verdicts(documents, ORDERS, "nordhaus")["orders_found"]
    assert (found.severity, found.evaluated, found.unexpected) == ("warning", 3, 1)
    assert found.sample == [{"order_id": "NOR-404-A", "returns": "1"}]
    (opened,) = documents.ctx.ledger.exceptions.list(source="checks")
    assert opened.subject == "mirakl_orders/2025-03-05|nordhaus/orders_found"


FACTS = Facts(MAPPINGS, DAY, MAPPINGS.marketplaces["nordhaus"], ["17"])


def one(frame: "pd.DataFrame | str", arguments: Callable[[Facts], Any] | None = None, kind: str = "ExpectColumnValuesToBeInSet") -> Finding:
    made = in_set("code", lambda facts: facts.live_codes)[1]
    entry = Expectation("a", "codes", "warning", "s", kind, arguments or made, ("piece_id", "code"), "says", "mapping", "do")
    return run_suite([entry], {"s": frame}, FACTS)[0]


def frame(*codes: Any) -> "pd.DataFrame":
    return pd.DataFrame({"piece_id": [f"P{n}" for n in range(len(codes))], "code": list(codes)})


def test_an_empty_list_of_allowed_values_allows_nothing() -> None:
    nothing = one(frame("17"), lambda _: {"column": "code", "value_set": []})
    assert (nothing.passed, nothing.unexpected, nothing.broken) == (False, 1, "")


def test_a_missing_value_is_not_silently_fine() -> None:
    """Great Expectations does not judge NULLs; a slice that has one is a broken check, not a good row."""
    finding = one(frame("17", None))
    assert not finding.passed
    assert finding.broken == "1 of 2 rows have no value to judge"


@pytest.mark.parametrize(
    "finding",
    [
        one(frame("17").drop(columns="code")),
        one(frame().drop(columns="code")),
        one("the slice s cannot be read: no such table"),
        one(frame("17"), kind="ExpectNoSuchThing"),
        one(frame("17"), lambda facts: {"column": "code", "value_set": facts.no_such_fact}),  # type: ignore[attr-defined]
    ],
    ids=["no column", "no column and no row", "no slice", "no such expectation", "arguments raise"],
)
def test_whatever_raises_is_a_broken_check(finding: Finding) -> None:
    assert not finding.passed
    assert finding.broken
    assert finding.unexpected == 0


def test_the_sample_is_short_and_the_counts_are_whole() -> None:
    finding = one(frame(*["99"] * 500, "17"))
    assert (finding.evaluated, finding.unexpected, len(finding.sample)) == (501, 500, 20)


def test_a_slice_that_cannot_be_read_breaks_only_its_own_checks(documents: World) -> None:
    documents.sql("DROP TABLE rebound_documents")
    documents.ctx.warehouse._ready = True  # as if the schema had been seen: nothing recreates the table
    found = verdicts(documents, RETURNS, None)
    assert {name for name, finding in found.items() if finding.broken} == {"documents_conserved", "inbox_conserved"}
    assert found["codes_known"].passed


def test_values_cannot_break_the_table() -> None:
    assert markdown_table([{"a": "x|y\nz", "b": "`"}]) == "| a | b |\n| --- | --- |\n| x\\|y z | ' |"
    assert markdown_table([]) == "none"


def test_the_policy_is_read_row_by_row() -> None:
    assert FACTS.policy_says("MATCH", "C", "RESTOCK", "SIZE_TOO_LARGE") == "hold"
    assert FACTS.policy_says("MATCH", "A", "RESTOCK", "SIZE_TOO_LARGE") == "refund"
    assert FACTS.policy_says("WRONG_ITEM", "A", "RESTOCK", "SIZE_TOO_LARGE") == "exception"
    assert FACTS.policy_says("MATCH", "A", "QUARANTINE", "SIZE_TOO_LARGE") == "not final"
    assert FACTS.policy_says("NEW", "A", "RESTOCK", "SIZE_TOO_LARGE") == "no row"
