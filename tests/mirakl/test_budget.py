"""Call ceilings hold across processes and clocks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from returns_assets.mirakl.budget import CallBudget, Ceiling


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2025, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_an_operation_is_due_again_after_its_interval_and_not_before(tmp_path: Path) -> None:
    clock = Clock()
    first, second = (CallBudget(tmp_path / "calls.sqlite", "nordhaus", clock=clock) for _ in range(2))
    other = CallBudget(tmp_path / "calls.sqlite", "albion", clock=clock)
    assert first.due("A01")
    first.used("A01")
    assert not second.due("A01")
    assert other.due("A01")
    clock.now += timedelta(hours=23, minutes=59)
    assert not second.due("A01")
    clock.now += timedelta(minutes=1)
    assert second.due("A01")
    assert first.due("RE01")
    clock.now -= timedelta(days=400)  # a clock that was set back must not block for 400 days
    assert first.due("A01")


def test_calls_take_slots_one_after_the_other(tmp_path: Path) -> None:
    clock = Clock()
    ceilings = {"OR11-ids": Ceiling(gap=2.0)}
    waits: list[float] = []
    for _ in range(2):
        budget = CallBudget(tmp_path / "calls.sqlite", "nordhaus", ceilings=ceilings, clock=clock)
        budget.pace("OR11-ids", waits.append)
        budget.pace("OR11-ids", waits.append)
        budget.pace("RE01", waits.append)
    assert waits == [2.0, 4.0, 6.0]
    clock.now += timedelta(seconds=60)
    budget.pace("OR11-ids", waits.append)
    assert len(waits) == 3
