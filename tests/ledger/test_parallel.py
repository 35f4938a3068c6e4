"""Several planners and pushers at once, as threads and as processes: every piece once, every claim exclusive."""

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Effect, RegisterResult
from returns_assets.ledger.store import Store
from tests.ledger.samples import DAY, NOW, claim, due, intent, register, settle

# A pusher as a process of its own: plans the same partition as everybody else, then sends until nothing is due.
PUSHER = """
import json, sys
from returns_assets.ledger.database import Ledger
from tests.ledger.samples import claim, due, intent, register, settle
url, name = sys.argv[1:]
ledger, sent = Ledger.open(url), []
print("ready", flush=True)
sys.stdin.readline()
register(ledger, *(intent(f"o{n % 20}-1", f"p{n}") for n in range(60)))
round_ = 0
while effects := due(ledger, limit=7):
    round_ += 1
    for effect in claim(ledger, *effects, token=f"{name}-{round_}"):
        sent += [use.piece_id for use in effect.pieces]
        settle(ledger, effect, "confirmed")
print(json.dumps(sent))
"""


def together(*work: Callable[[], object]) -> list[BaseException]:
    """Run all at the same moment, each in a thread; what they raised."""
    start, failures = threading.Barrier(len(work)), list[BaseException]()

    def run(one: Callable[[], object]) -> None:
        start.wait()
        try:
            one()
        except BaseException as error:  # noqa: BLE001 - the test names whatever it was
            failures.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def no_lock(_store: Store, _con: Connection, *_names: str) -> None:
    """In place of Store.lock: nothing queues any more, only the constraints are left."""


def test_processes_share_the_work_and_never_a_piece(ledger: Ledger, ledger_url: str) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    pushers = [subprocess.Popen([sys.executable, "-c", PUSHER, ledger_url, f"w{n}"], **pipes) for n in range(3)]  # type: ignore[call-overload]
    for pusher in pushers:
        assert pusher.stdout.readline() == "ready\n"
    for pusher in pushers:
        pusher.stdin.write("go\n")
        pusher.stdin.flush()
    answers = [pusher.communicate() for pusher in pushers]
    assert [pusher.returncode for pusher in pushers] == [0, 0, 0], answers
    sent = Counter(piece for out, _ in answers for piece in json.loads(out))
    assert sent == Counter(f"p{n}" for n in range(60))
    effects = ledger.effects.of_partition("nordhaus", DAY, "refund", withdrawn=True)
    assert [(effect.state, effect.attempts) for effect in effects] == [("confirmed", 1)] * 60
    for effect in effects:
        assert [step.to_state for step in ledger.effects.transitions(effect.id)] == ["planned", "claimed", "confirmed"]


def test_two_pushers_that_read_the_same_due_list_share_it(ledger: Ledger, ledger_url: str) -> None:
    register(ledger, *(intent(f"o{n}-1", f"p{n}") for n in range(200)))
    both, taken = [ledger, Ledger.open(ledger_url)], dict[str, list[Effect]]()
    effects = due(ledger)

    def push(mine: Ledger, token: str) -> None:
        taken[token] = [effect for n in range(0, 200, 10) for effect in claim(mine, *effects[n : n + 10], token=token)]

    assert together(*(lambda mine=mine, n=n: push(mine, f"t{n}") for n, mine in enumerate(both))) == []
    assert sorted(effect.id for mine in taken.values() for effect in mine) == [effect.id for effect in effects]
    for token, mine in taken.items():
        assert {effect.claim_token for effect in ledger.effects.by_ids([effect.id for effect in mine])} <= {token}
    both[1].close()


def test_planners_at_once_without_any_lock_are_kept_apart_by_the_constraints(
    ledger: Ledger, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "lock", no_lock)
    both, results = [ledger, Ledger.open(ledger_url)], list[RegisterResult]()
    plans = [
        [intent(f"o{n}-1", f"p{n}") for n in range(40)],
        [intent(f"o{n}-1", f"p{n}", f"p{n + 1}") for n in range(0, 40, 2)],  # the same pieces, two by two
    ]
    assert (
        together(*(lambda mine=mine, plan=plan: results.append(register(mine, *plan)) for mine, plan in zip(both, plans, strict=True)))
        == []
    )
    alive = ledger.effects.of_partition("nordhaus", DAY, "refund")
    pieces = Counter(use.piece_id for effect in alive for use in effect.pieces)
    assert set(pieces.values()) == {1}
    assert all(effect.pieces for effect in alive)
    both[1].close()


def test_two_marketplaces_that_want_the_same_pieces_at_once_never_take_each_others(ledger: Ledger, ledger_url: str) -> None:
    """Their locks have different names: nothing but the constraints and the order of the statements keeps them apart."""
    both, results = {"nordhaus": ledger, "albion": Ledger.open(ledger_url)}, list[RegisterResult]()

    def plan(key: str, mine: Ledger) -> None:
        for turn in range(1, 6):  # again and again, as two schedules do
            wanted = (intent(f"{key}{n}-1", f"p{n}", amount=f"{turn}.00") for n in range(40))
            results.append(register(mine, *wanted, marketplace=key))

    assert together(*(lambda key=key, mine=mine: plan(key, mine) for key, mine in both.items())) == []
    holders = Counter(found.marketplace for found in ledger.effects.piece_effects("refund", [f"p{n}" for n in range(40)]).values())
    assert holders.total() == 40
    alive = [effect for key in both for effect in ledger.effects.of_partition(key, DAY, "refund")]
    assert Counter(use.piece_id for effect in alive for use in effect.pieces) == Counter(f"p{n}" for n in range(40))
    assert sum(result.created for result in results) == 40
    assert sum(result.withdrawn for result in results) == 0
    both["albion"].close()


def test_two_effects_of_a_line_claimed_at_once_without_any_lock(ledger: Ledger, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    register(ledger, *(intent(f"o{n}-1", f"p{n}-{copy}") for n in range(10) for copy in (0, 1)))
    monkeypatch.setattr(Store, "lock", no_lock)
    both = [ledger, Ledger.open(ledger_url)]
    effects = ledger.effects.of_partition("nordhaus", DAY, "refund")
    halves = [[e for e in effects if e.pieces[0].piece_id.endswith(copy)] for copy in ("0", "1")]

    def push(mine: Ledger, half: list[Effect], token: str) -> None:
        for effect in half:  # one a transaction, in the same order: with one statement for all they would deadlock without the lock
            claim(mine, effect, token=token)

    assert together(*(lambda n=n, mine=mine: push(mine, halves[n], f"t{n}") for n, mine in enumerate(both))) == []
    flying = [effect for effect in ledger.effects.of_partition("nordhaus", DAY, "refund") if effect.in_flight]
    assert sorted(effect.subject for effect in flying) == sorted({effect.subject for effect in effects})
    both[1].close()


def test_planning_while_others_push_pays_every_piece_once(ledger: Ledger, ledger_url: str) -> None:
    """The planner changes the amounts meanwhile; what a pusher verified and what it claims is always the same revision."""
    other = Ledger.open(ledger_url)
    paid: list[str] = []
    done = threading.Event()
    register(ledger, *(intent(f"o{n}-1", f"p{n}") for n in range(30)))

    def plan() -> None:
        try:
            for turn in range(1, 11):
                register(other, *(intent(f"o{n}-1", f"p{n}", amount=f"{turn}.00") for n in range(30)))
        finally:
            done.set()

    def push() -> None:
        turn = 0
        while (effects := due(ledger, limit=4)) or not done.is_set():
            turn += 1
            verified = {effect.id: effect.amount for effect in effects}
            for effect in claim(ledger, *effects, token=f"t{turn}"):
                assert effect.amount == verified[effect.id]
                paid.extend(use.piece_id for use in effect.pieces)
                settle(ledger, effect, "confirmed", now=NOW + timedelta(seconds=turn))

    assert together(plan, push) == []
    assert Counter(paid) == Counter(f"p{n}" for n in range(30))
    other.close()
