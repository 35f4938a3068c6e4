"""A person's word on a refund whose outcome nobody else can know: through the command line, kept with name and note."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Intent, Outcome, PieceUse
from returns_assets.settings import Settings
from tests.operations.conftest import DAY, Cli

NOW = datetime(2025, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def held(home: Path) -> list[int]:
    """Two refunds, sent, whose outcome could not be decided by reading back."""
    ledger = Ledger.open(Settings(home=home).resolved_ledger_url)
    intents = [
        Intent(f"NOR-{n}-A", f"NOR-{n}-A-1", {"refunds": []}, Decimal("10.00"), Decimal("0"), "EUR", [PieceUse(f"P{n}")]) for n in (1, 2)
    ]
    who = {"run_id": "r1", "actor": "test"}
    ledger.effects.register("nordhaus", DAY, "refund", intents, [], validation_id=1, mapping_version="v", now=NOW, **who)
    due = ledger.effects.due("nordhaus", "refund", now=NOW)
    claimed = ledger.effects.claim({effect.id: [] for effect in due}, token="t1", lease=timedelta(minutes=5), now=NOW, **who)
    ledger.effects.settle([Outcome(effect.id, "t1", "unknown", settle_at=NOW) for effect in claimed], NOW)
    ledger.effects.settle([Outcome(effect.id, "t1", "held", cause="ambiguous_outcome") for effect in claimed], NOW)
    ledger.close()
    return [effect.id for effect in sorted(claimed, key=lambda effect: effect.subject)]


def test_executed_keeps_the_refund_id_the_name_and_the_note(held: list[int], cli: Cli) -> None:
    assert "ambiguous_outcome" in cli("effects", "list", "--state", "held").output
    done = cli("effects", "decide", str(held[0]), "--executed", "9001", "--note", "seen in the back office", "--actor", "Ada")
    assert done.exit_code == 0
    assert f"effect {held[0]} is now confirmed" in done.output
    shown = cli("effects", "show", str(held[0])).output
    for word in ("9001", "Ada", "seen in the back office", "10.00 EUR"):
        assert word in shown


def test_not_executed_plans_it_again(held: list[int], cli: Cli) -> None:
    assert "is now planned" in cli("effects", "decide", str(held[0]), "--not-executed", "--note", "nothing there").output
    assert "planned" in cli("effects", "list", "--order", "NOR-1-A").output


def test_one_refund_cannot_be_two_effects(held: list[int], cli: Cli) -> None:
    cli("effects", "decide", str(held[0]), "--executed", "9001", "--note", "x")
    second = cli("effects", "decide", str(held[1]), "--executed", "9001", "--note", "x")
    assert second.exit_code == 1
    assert "refund 9001 is already another effect's" in second.output
    assert "held" in cli("effects", "list", "--line", "NOR-2-A-1").output
