"""The page of the summary: each piece once, whatever days have known it."""

from datetime import date
from pathlib import Path

from returns_assets.settings import load_settings
from returns_assets.warehouse.connection import Warehouse
from tests.operations.conftest import Cli


def columns(page: str, first: str) -> list[str]:
    return next(line for line in page.splitlines() if line.startswith(first)).split()


def test_a_piece_that_moved_to_a_later_day_is_counted_there_only(home: Path, cli: Cli) -> None:
    rows = [  # P1 was held, then graded on the next day, which refunds it; the first day was not run again since
        ("2025-03-03", "P1", "hold", "quarantine"),
        ("2025-03-03", "P2", "hold", "quarantine"),
        ("2025-03-04", "P1", "refund", "good"),
    ]
    with Warehouse(load_settings().resolved_warehouse_url).transaction() as con:
        for day, piece, outcome, rule in rows:
            con.execute(
                "INSERT INTO mapped_dispositions (marketplace, day, piece_id, outcome, rule, document_id) VALUES (?, ?, ?, ?, ?, 1)",
                ["nordhaus", date.fromisoformat(day), piece, outcome, rule],
            )
    page = cli("summary").output
    _, _, pieces, to_refund, no_refund, hold, *_ = columns(page, "nordhaus")
    assert (pieces, to_refund, no_refund, hold) == ("2", "1", "0", "1")
    assert columns(page, "hold ")[:3] == ["hold", "quarantine", "1"]
    assert columns(cli("summary", "--to", "2025-03-03").output, "nordhaus")[2] == "1"
