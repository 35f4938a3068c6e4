"""What callers read: exact sums, our refund ids, who holds a piece; and that much of it is few statements."""

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import event

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Deferral, Effect, Outcome, PieceUse, RegisterResult, Total
from returns_assets.ledger.tables import effects
from tests.ledger.samples import DAY, NEXT_DAY, NOW, claim, due, intent, register, settle


def test_totals_are_exact_to_the_last_digit(ledger: Ledger) -> None:
    register(ledger, *(intent(f"o{n}-1", f"p{n}", amount="0.1", shipping="0.2") for n in range(10)))
    register(ledger, intent("o99-1", "p99", amount="1234567890123.4567"), day=NEXT_DAY)
    settle(ledger, claim(ledger, due(ledger)[0])[0], "confirmed")
    assert ledger.effects.totals() == [
        Total("nordhaus", "refund", "confirmed", "EUR", 1, Decimal("0.1"), Decimal("0.2")),
        Total("nordhaus", "refund", "planned", "EUR", 10, Decimal("1234567890124.3567"), Decimal("1.8")),
    ]
    assert [total.effects for total in ledger.effects.totals(first_day=NEXT_DAY)] == [1]
    assert sum(total.effects for total in ledger.effects.totals(last_day=DAY)) == 10
    assert ledger.effects.totals(marketplace="albion") == ledger.effects.totals(kind="stock") == []


def test_our_refund_ids_are_those_of_confirmed_effects(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"), intent("o1-1", "p2"), intent("o1-2", "p3"))
    for _ in range(2):
        for effect in claim(ledger, *(e for e in due(ledger) if e.subject == "o1-1")):
            settle(ledger, effect, "confirmed")
    claim(ledger, *due(ledger), token="t2")
    ids = ledger.effects.confirmed_ids("nordhaus", ["o1-1", "o1-2", "o9-9"])
    assert list(ids) == ["o1-1"]
    assert len(ids["o1-1"]) == 2
    assert ledger.effects.confirmed_ids("albion", ["o1-1"]) == {}


def test_a_piece_names_the_effect_that_holds_it(ledger: Ledger) -> None:
    register(ledger, replace(intent("o1-1", "p1", amount="12.34"), pieces=[PieceUse("p1", 2, 5)]), intent("o1-2", "p2"))
    (first,) = ledger.effects.search(subject="o1-1")
    settle(ledger, claim(ledger, first)[0], "confirmed", external_id="r1")
    for asked in (["p1", "p2", "p3"], ["p1"]):  # by one scan, and by an IN list
        found = ledger.effects.piece_effects("refund", asked)
        one = found["p1"]
        assert (one.state, one.refund_id, one.subject, one.unit_from, one.quantity, one.amount) == (
            "confirmed",
            "r1",
            "o1-1",
            5,
            2,
            Decimal("12.34"),
        )
        assert (one.marketplace, one.order_id, one.day, one.in_flight, one.confirmed_at) == ("nordhaus", "o1", DAY, False, NOW)
        assert set(found) == set(asked) - {"p3"}
    assert ledger.effects.piece_effects("refund", []) == {}
    assert ledger.effects.piece_effects("stock", ["p1"]) == {}


def test_rows_are_read_by_position() -> None:
    """reading.fetch relies on it: the columns of the table are the fields of Effect, in the same order."""
    assert [column.name for column in effects.c] == [field.name for field in fields(Effect)][:-1]


def test_search_for_people(ledger: Ledger) -> None:
    register(ledger, intent("o1-1", "p1"), intent("o2-1", "p2"), intent("o2-2", "p3"))
    assert len(ledger.effects.search(order_id="o2", limit=1)) == 1
    assert {effect.subject for effect in ledger.effects.search(order_id="o2")} == {"o2-1", "o2-2"}
    assert [effect.pieces[0].piece_id for effect in ledger.effects.search(subject="o1-1", state="planned")] == ["p1"]
    assert ledger.effects.search(state="confirmed") == ledger.effects.search(marketplace="albion") == []
    assert ledger.effects.get("no such key") is None


def test_thousands_of_effects_are_few_statements(ledger: Ledger) -> None:
    """One statement an effect would show here as thousands."""
    number = 5_000
    intents = [intent(f"o{n}-1", f"p{n}") for n in range(number)]
    statements: list[str] = []
    event.listen(ledger.store.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert register(ledger, *intents) == RegisterResult(created=number)
    assert register(ledger, *intents) == RegisterResult(unchanged=number)
    taken = claim(ledger, *due(ledger, limit=number))
    assert len(taken) == number
    outcomes = [Outcome(e.id, e.claim_token, "confirmed" if n % 2 else "unknown", external_id=f"r{n}") for n, e in enumerate(taken)]
    assert len(ledger.effects.settle(outcomes, NOW).applied) == number
    left = [Deferral(effect.id, "held", "too late") for effect in taken]
    assert ledger.effects.defer_many(left, run_id="r", actor="a", now=NOW) == 0
    later = NOW + timedelta(hours=1)
    assert len(ledger.effects.unknown("nordhaus", "refund", later)) == number // 2
    assert len(ledger.effects.piece_effects("refund", [f"p{n}" for n in range(number)])) == number
    assert len(ledger.effects.confirmed_ids("nordhaus", [f"o{n}-1" for n in range(number)])) == number // 2
    assert len(statements) < 200
