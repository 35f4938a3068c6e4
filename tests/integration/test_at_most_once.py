"""At most once, and none lost: the pushing process is killed at every boundary, doubled, left without answers, and overtaken by people.

The truth is what the sandbox booked; the ledger must say the same. On SQLite and on PostgreSQL, against the sandbox as a real server.
"""

import zlib
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.pushing import KEY, Plan, Pushing, Sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    started = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield started
    started.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Order ids of their own for each test: the sandbox is shared."""
    return f"{zlib.crc32(request.node.name.encode()):08x}"


@pytest.fixture(autouse=True)
def _no_faults_left(sandbox: Sandbox) -> Generator[None]:
    yield
    sandbox.reset_faults()


def everything_paid_once(pushing: Pushing) -> None:
    assert pushing.paid() == pushing.plan.wanted()
    effects = pushing.effects()
    assert {effect.state for effect in effects} == {"confirmed"}
    assert len(effects) == pushing.plan.wanted().total()
    booked = {refund["refund_id"]: refund["order_line_id"] for refund in pushing.sandbox.refunds(pushing.plan.prefix)}
    assert {effect.external_id: effect.subject for effect in effects} == booked


@pytest.mark.parametrize(("orders", "shipping", "fewest"), [(3, "", 25), (1, "4.90", 20)], ids=["pieces", "shipping alone"])
def test_killed_at_every_commit_and_http_boundary(
    tmp_path: Path, ledger_url: str, sandbox: Sandbox, name: str, orders: int, shipping: str, fewest: int
) -> None:
    plan = Plan(f"{name}r", days=1, orders=orders, shipping=shipping)
    rehearsal = Pushing(tmp_path / "rehearsal", ledger_url, sandbox, plan, batch=2)
    (answer,) = rehearsal.push()
    rehearsal.close()
    everything_paid_once(rehearsal)
    boundaries = answer["boundaries"]
    assert boundaries >= fewest  # leases, order reads, reasons, claims, requests, settles, the report: each with its two sides

    days = boundaries + 2
    pushing = Pushing(tmp_path / "killed", ledger_url, sandbox, Plan(name, days=days, orders=orders, shipping=shipping), batch=2)
    exits = [pushing.push([day], processes=[{"kill_at": number}])[0]["exit"] for number, day in enumerate(pushing.plan.days, start=1)]
    assert exits.count(-9) >= boundaries - 3  # group commits make the number vary a little
    assert set(exits) <= {0, -9}
    pushing.finish()
    pushing.close()
    everything_paid_once(pushing)


def test_two_pushers_at_once(tmp_path: Path, ledger_url: str, sandbox: Sandbox, name: str) -> None:
    pushing = Pushing(tmp_path, ledger_url, sandbox, Plan(name, days=2, orders=150), batch=40)
    answers = pushing.push(processes=[{}, {}])
    assert [answer["exit"] for answer in answers] == [0, 0]
    pushing.close()
    everything_paid_once(pushing)


def test_a_fifth_of_the_refunds_executed_and_not_answered(tmp_path: Path, ledger_url: str, sandbox: Sandbox, name: str) -> None:
    sandbox.post("/admin/faults", operation="OR28", marketplace=KEY, fault="no_answer_after_commit", times=2)
    sandbox.post("/admin/faults", operation="OR28", marketplace=KEY, fault="cut_after", rate=0.2)
    pushing = Pushing(tmp_path, ledger_url, sandbox, Plan(name, days=1, orders=150), timeout=1)
    pushing.push()
    unknown = [effect for effect in pushing.effects() if effect.state == "unknown"]
    assert len(unknown) >= 10
    pushing.finish()
    pushing.close()
    everything_paid_once(pushing)
    sent = [
        request
        for request in sandbox.get("/admin/requests")["requests"]
        if request["operation"] == "OR28" and pushing.plan.prefix in request["body"]
    ]
    assert len(sent) == pushing.plan.wanted().total()  # every one was executed at its first call: not one was sent again


def test_every_fault_two_pushers_and_a_kill_at_once(tmp_path: Path, ledger_url: str, sandbox: Sandbox, name: str) -> None:
    for fault, rate in (
        ("cut_before", 0.1),
        ("cut_after", 0.1),
        ("500_after_commit", 0.05),
        ("unreadable_after_commit", 0.05),
        ("503", 0.05),
        ("429", 0.05),
    ):
        sandbox.post("/admin/faults", operation="OR28", marketplace=KEY, fault=fault, rate=rate, retry_after=1)
    sandbox.post("/admin/faults", operation="OR11", marketplace=KEY, fault="cut_after", rate=0.2)
    pushing = Pushing(tmp_path, ledger_url, sandbox, Plan(name, days=3, orders=40), batch=10)
    for number, kill_at in enumerate((0, 25, 60, 110)):
        pushing.push(offset=4000.0 * number, processes=[{"kill_at": kill_at}, {}])
    sandbox.reset_faults()
    pushing.finish(rounds=12)
    pushing.close()
    everything_paid_once(pushing)


def test_a_ghost_refund_is_never_paid_on_top(tmp_path: Path, ledger_url: str, sandbox: Sandbox, name: str) -> None:
    pushing = Pushing(tmp_path, ledger_url, sandbox, Plan(name, days=1, orders=6, units=1))
    lines = [row["order_line_id"] for rows in pushing.plan.days.values() for row in rows]
    single = sorted(set(lines))[1:]  # the first order's second piece is more than its line has: that is over_remainder
    for line in single[:2]:
        sandbox.post("/admin/ghost-refund", marketplace=KEY, order_line_id=line, amount="10.00", reason_code="17")
    pushing.push()
    pushing.finish()
    pushing.close()
    paid = {line for line, _, _ in pushing.paid()}
    assert paid.isdisjoint(single[:2])
    assert set(single[2:]) <= paid
    causes = {effect.subject: effect.cause for effect in pushing.effects() if effect.state != "confirmed"}
    assert {causes[line] for line in single[:2]} == {"foreign_refund"}
    for order in pushing.plan.orders:
        assert sum(Decimal(refund["amount"]) for refund in sandbox.refunds(order["order_id"])) <= 10


def test_a_ghost_refund_of_the_same_amount_during_a_lost_answer_is_left_to_a_person(
    tmp_path: Path, ledger_url: str, sandbox: Sandbox, name: str
) -> None:
    sandbox.post("/admin/faults", operation="OR28", marketplace=KEY, fault="cut_after", times=1)
    plan = Plan(name, days=1, orders=2, units=3)
    plan.days = {day: rows[-1:] for day, rows in plan.days.items()}
    pushing = Pushing(tmp_path, ledger_url, sandbox, plan)
    pushing.push()
    (effect,) = pushing.effects()
    assert effect.state == "unknown"
    sandbox.post("/admin/ghost-refund", marketplace=KEY, order_line_id=effect.subject, amount="10.00", reason_code="17")
    for number in range(1, 4):
        pushing.push(offset=4000.0 * number)
    pushing.close()
    (effect,) = pushing.effects()
    assert (effect.state, effect.cause, effect.in_flight) == ("held", "ambiguous_outcome", True)
    assert pushing.paid().total() == 1
