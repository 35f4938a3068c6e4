"""A person's word on a refund whose outcome nobody else can know: compared with the order in Mirakl, kept with name and note."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Intent, Outcome, PieceUse
from returns_assets.mirakl.refund_call import refund_body
from returns_assets.settings import Settings
from tests.operations.conftest import DAY, Cli
from tests.sandbox_fixture import Sandbox, order, put_refunds, refund, running_sandbox

NOW = datetime(2025, 3, 3, 12, tzinfo=UTC)
WHO = {"run_id": "r1", "actor": "test"}
# (order number, piece, refund id that confirmed it or None: it is held, refund ids on the line before it was sent) -> effect id
Sent = Callable[..., int]


@pytest.fixture
def sandbox(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Sandbox]:
    """Two orders of nordhaus with one line of two units each, and nothing refunded yet."""
    (tmp_path / "sandbox").mkdir()
    with running_sandbox(tmp_path / "sandbox") as started:
        for name, value in started.env.items():
            monkeypatch.setenv(name, value)
        line = {"price": "20.00", "quantity": 2, "order_line_state": "RECEIVED"}
        started.put_orders("nordhaus", *(order(f"NOR-{n}-A", {**line, "order_line_id": f"NOR-{n}-A-1"}) for n in (1, 2)))
        yield started


def refunded(sandbox: Sandbox, number: int, amount: str = "10.00") -> str:
    """A refund in Mirakl, whoever made it; its id."""
    with sandbox.seller("nordhaus") as client:
        answer = put_refunds(client, [refund(f"NOR-{number}-A-1", amount)])
    assert answer.is_success, answer.text
    return str(answer.json()["refunds"][0]["refund_id"])


@pytest.fixture
def sent(home: Path) -> Generator[Sent]:
    """Refunds of 10.00 that left; without `confirmed`, reading back could not decide them."""
    ledger = Ledger.open(Settings(home=home).resolved_ledger_url)

    def make(number: int, piece: str = "P1", *, confirmed: str | None = None, known: tuple[str, ...] = ()) -> int:
        line, ten, zero = f"NOR-{number}-A-1", Decimal("10.00"), Decimal(0)
        request = refund_body(order_line_id=line, amount=ten, shipping_amount=zero, reason_code="17", quantity=1, currency="EUR",
                              tax_mode="TAX_INCLUDED", taxes=[], shipping_taxes=[])  # fmt: skip
        intent = Intent(f"NOR-{number}-A", line, request, ten, zero, "EUR", [PieceUse(f"{piece}-{number}")])
        ledger.effects.register("nordhaus", DAY, "refund", [intent], [], validation_id=1, mapping_version="v", now=NOW, **WHO)
        (effect,) = ledger.effects.due("nordhaus", "refund", now=NOW)
        ledger.effects.claim({effect.id: list(known)}, token="t1", lease=300, now=NOW, **WHO)
        if confirmed is not None:
            ledger.effects.settle([Outcome(effect.id, "t1", "confirmed", external_id=confirmed)], NOW)
            return effect.id
        ledger.effects.settle([Outcome(effect.id, "t1", "unknown", settle_at=NOW)], NOW)
        ledger.effects.settle([Outcome(effect.id, "t1", "held", cause="ambiguous_outcome")], NOW)
        return effect.id

    yield make
    ledger.close()


def test_executed_keeps_the_refund_id_the_name_and_the_note(sandbox: Sandbox, sent: Sent, cli: Cli) -> None:
    number, executed = sent(1), refunded(sandbox, 1)
    assert "ambiguous_outcome" in cli("effects", "list", "--state", "held").output
    done = cli("effects", "decide", str(number), "--executed", executed, "--note", "seen in the back office", "--actor", "Ada")
    assert done.exit_code == 0, done.output
    assert f"effect {number} is now confirmed" in done.output
    shown = cli("effects", "show", str(number)).output
    for word in (executed, "Ada", "seen in the back office", "10.00 EUR"):
        assert word in shown


def test_not_executed_plans_it_again(home: Path, sent: Sent, cli: Cli) -> None:
    assert "is now planned" in cli("effects", "decide", str(sent(1)), "--not-executed", "--note", "nothing there").output
    assert "planned" in cli("effects", "list", "--order", "NOR-1-A").output


def refuse(cli: Cli, number: int, refund_id: str) -> str:
    result = cli("effects", "decide", str(number), "--executed", refund_id, "--note", "x")
    assert result.exit_code == 1
    assert f"effect {number} stays held: " in result.output
    assert f" {number} " in cli("effects", "list", "--state", "held").output
    return result.output


def test_a_refund_of_another_line_is_refused_with_what_the_line_shows(sandbox: Sandbox, sent: Sent, cli: Cli) -> None:
    number, other = sent(1), refunded(sandbox, 2)
    said = refuse(cli, number, other)
    assert f"refund {other} is not on order line NOR-1-A-1; the order line shows: no refund" in said
    mine = refunded(sandbox, 1)
    assert f"{mine} (10.00 + 0" in refuse(cli, number, other)


def test_a_refund_of_another_effect_is_refused(sandbox: Sandbox, sent: Sent, cli: Cli) -> None:
    first = refunded(sandbox, 1)
    other = sent(1, "P1", confirmed=first)
    said = refuse(cli, sent(1, "P2"), first)
    assert f"refund {first} is effect {other}'s; the order line shows: {first} (10.00 + " in said


def test_a_refund_that_was_there_before_is_refused(sandbox: Sandbox, sent: Sent, cli: Cli) -> None:
    by_hand = refunded(sandbox, 1)
    assert f"refund {by_hand} was on the order line before this one was sent" in refuse(cli, sent(1, known=(by_hand,)), by_hand)


def test_a_refund_with_other_amounts_is_refused(sandbox: Sandbox, sent: Sent, cli: Cli) -> None:
    number, other = sent(1), refunded(sandbox, 1, "12.00")
    said = refuse(cli, number, other)
    assert f"refund {other} has other amounts than 10.00 + 0" in said
    assert f"{other} (12.00 + 0" in said


def test_where_mirakl_cannot_be_asked_a_person_may_say_so(sandbox: Sandbox, sent: Sent, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    number, executed = sent(1), refunded(sandbox, 1)
    monkeypatch.setenv("MIRAKL_NORDHAUS_KEY", "wrong")
    refused = cli("effects", "decide", str(number), "--executed", executed, "--note", "x")
    assert refused.exit_code == 1
    assert "Mirakl (nordhaus): OR11-ids: HTTP 401" in refused.output
    assert "--without-check takes your word for it" in refused.output
    assert cli("effects", "decide", str(number), "--executed", executed, "--without-check").exit_code == 2  # and no note
    done = cli("effects", "decide", str(number), "--executed", executed, "--without-check", "--note", "told by phone")
    assert done.exit_code == 0, done.output
    assert "told by phone (not compared with Mirakl)" in cli("effects", "show", str(number)).output


def test_one_refund_cannot_be_two_effects(home: Path, sent: Sent, cli: Cli) -> None:
    for number, code in ((sent(1), 0), (sent(2), 1)):
        result = cli("effects", "decide", str(number), "--executed", "9001", "--without-check", "--note", "x")
        assert result.exit_code == code
    assert "refund 9001 is already another effect's" in result.output
    assert "held" in cli("effects", "list", "--line", "NOR-2-A-1").output


def test_without_check_is_about_executed_refunds(home: Path, sent: Sent, cli: Cli) -> None:
    result = cli("effects", "decide", str(sent(1)), "--not-executed", "--without-check", "--note", "x")
    assert result.exit_code == 2
    assert "--without-check goes with --executed REFUND_ID" in result.output
