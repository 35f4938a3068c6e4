"""A random life of the ledger against a model of Mirakl: nobody is paid twice, whatever is planned, lost, late or repeated.

The model keeps what was really executed. Planners regroup and re-price at random, pushers claim and then hear the truth, a lie of
omission (nothing), or nothing until much later; leases lapse, outcomes are read back, people decide. The ledger sees none of the truth
except through answers and reading back.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Effect, Intent, Outcome
from returns_assets.ledger.tables import effect_pieces, effect_transitions, effects
from tests.ledger.samples import DAY, NEXT_DAY, NOW, claim, due, intent, register

SHOPS = ("nordhaus", "albion")  # both may want each piece, as after a correction that names the other one's order
LINES = {"o1-1": ("a", "b", "c"), "o2-1": ("d",)}
PIECES = [piece for pieces in LINES.values() for piece in pieces]
# written down a second time, on purpose: the table in states.py is what is tested
LEGAL = {
    (None, "planned"),
    *((state, to) for state in ("planned", "retry_at") for to in ("planned", "claimed", "held", "retry_at", "rejected", "withdrawn")),
    *((state, to) for state in ("claimed", "unknown") for to in ("confirmed", "rejected", "unknown", "held", "retry_at", "planned")),
    *(("held", to) for to in ("planned", "confirmed", "withdrawn")),
    *(("rejected", to) for to in ("planned", "withdrawn")),
    ("withdrawn", "planned"),
}


@dataclass
class Call:
    """One request that left: what was asked, and whether Mirakl executed it."""

    effect: Effect
    refund_id: str | None


class LedgerLife(RuleBasedStateMachine):
    ledger: Ledger  # set by the test

    def __init__(self) -> None:
        super().__init__()
        with self.ledger.store.write() as con:
            for table in (effect_transitions, effect_pieces, effects):
                con.execute(delete(table))
        self.now = NOW
        self.paid: Counter[str] = Counter()  # pieces, by what Mirakl really executed
        self.refunds: dict[int, str] = {}  # effect -> refund id that Mirakl holds for it
        self.calls: list[Call] = []  # every request ever sent: any of them may be answered, late or twice
        self.turn = 0

    def tick(self, seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)
        self.turn += 1

    @initialize()
    def plan_everything(self) -> None:
        register(self.ledger, *(intent(line, piece) for line, pieces in LINES.items() for piece in pieces), now=self.now)

    @rule(
        data=st.data(),
        shop=st.sampled_from(["nordhaus", *SHOPS]),
        day=st.sampled_from([DAY, DAY, NEXT_DAY]),
        amount=st.sampled_from(["1.00", "2.50"]),
    )
    def plan(self, data: st.DataObject, shop: str, day: object, amount: str) -> None:
        """Any grouping of any of the pieces; the rest is named as not to be refunded, or not at all."""
        self.tick()
        groups: dict[tuple[str, int], list[str]] = {}
        for line, pieces in LINES.items():
            for piece in pieces:
                group = data.draw(st.sampled_from([0, 0, 1, 2, -1]), label=f"group of {piece}")
                groups.setdefault((line, group), []).append(piece)
        intents: list[Intent] = [intent(line, *pieces, amount=amount) for (line, group), pieces in groups.items() if group >= 0]
        rest = [piece for (_, group), pieces in groups.items() if group < 0 for piece in pieces]
        named = tuple(piece for piece in rest if data.draw(st.booleans(), label=f"{piece} named"))
        others = [effect for effect in self.ledger.effects.search(limit=10_000) if effect.marketplace != shop]
        result = register(self.ledger, *intents, settled=named, day=day, now=self.now, marketplace=shop)  # type: ignore[arg-type]
        assert self.ledger.effects.by_ids([effect.id for effect in others]) == others[::-1], "only its own planning changes an effect"
        assert result.created + result.reopened + result.unchanged + result.settled + len(result.conflicts) == len(intents)

    @precondition(lambda self: any(due(self.ledger, self.now, marketplace=shop) for shop in SHOPS))
    @rule(data=st.data(), shop=st.sampled_from(SHOPS), limit=st.integers(1, 4), lease=st.sampled_from([5, 500]))
    def push(self, data: st.DataObject, shop: str, limit: int, lease: int) -> None:
        """Claim what is due; each request leaves at once and is executed or not."""
        self.tick()
        wanted = due(self.ledger, self.now, limit, shop)
        taken = claim(self.ledger, *wanted, token=f"t{self.turn}", now=self.now, lease=lease)
        assert [effect.id for effect in taken] == [effect.id for effect in wanted]
        assert claim(self.ledger, *wanted, token=f"x{self.turn}", now=self.now) == [], "claims are exclusive"
        for effect in taken:
            executed = data.draw(st.booleans(), label=f"effect {effect.id} executed")
            refund_id = f"r{self.turn}-{effect.id}" if executed else None
            self.calls.append(Call(effect, refund_id))
            if refund_id:
                self.refunds[effect.id] = refund_id
                self.paid.update(use.piece_id for use in effect.pieces)

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), lost=st.booleans(), refusal=st.sampled_from(["rejected", "held", "retry_at", "planned"]))
    def answer(self, data: st.DataObject, lost: bool, refusal: str) -> None:
        """The answer to any request ever sent, however late, or its loss."""
        self.tick()
        call = data.draw(st.sampled_from(self.calls[::-1]), label="call")  # the first choice is the latest
        state = "unknown" if lost else "confirmed" if call.refund_id else refusal
        outcome = Outcome(
            call.effect.id,
            call.effect.claim_token,
            state,
            external_id=call.refund_id if state == "confirmed" else None,
            next_at=self.now + timedelta(seconds=3) if state == "retry_at" else None,
            settle_at=self.now if state == "unknown" else None,
        )
        self.ledger.effects.settle([outcome], self.now)

    @rule(seconds=st.sampled_from([6, 600]))
    def leases_lapse(self, seconds: int) -> None:
        self.tick(seconds)
        self.ledger.effects.expire_leases(self.now, 0)

    @precondition(lambda self: any(self.ledger.effects.unknown(shop, "refund", self.now) for shop in SHOPS))
    @rule(ambiguous=st.booleans())
    def read_back(self, ambiguous: bool) -> None:
        """Reading the order tells the truth; sometimes there are too many candidates to tell."""
        self.tick()
        self.settle_unknown(ambiguous)

    def settle_unknown(self, ambiguous: bool) -> None:
        outcomes: list[Outcome] = []
        for effect in (effect for shop in SHOPS for effect in self.ledger.effects.unknown(shop, "refund", self.now)):
            refund_id = self.refunds.get(effect.id)
            state = "held" if ambiguous else "confirmed" if refund_id else "planned"
            outcomes.append(Outcome(effect.id, effect.claim_token, state, external_id=refund_id if state == "confirmed" else None))
        assert len(self.ledger.effects.settle(outcomes, self.now).applied) == len(outcomes)

    @precondition(lambda self: self.ledger.effects.search(state="held"))
    @rule()
    def a_person_decides(self) -> None:
        self.tick()
        for effect in self.ledger.effects.search(state="held"):
            if effect.in_flight:
                refund_id = self.refunds.get(effect.id)
                decided = "confirmed" if refund_id else "planned"
                self.ledger.effects.decide(effect.id, decided, external_id=refund_id, actor="ann", note="looked it up", now=self.now)

    @precondition(lambda self: due(self.ledger, self.now))
    @rule(data=st.data(), state=st.sampled_from(["held", "rejected", "retry_at"]))
    def verification_fails(self, data: st.DataObject, state: str) -> None:
        self.tick()
        effect = data.draw(st.sampled_from(due(self.ledger, self.now)), label="effect")
        assert self.ledger.effects.defer(effect.id, state, cause="line_state", next_at=self.now, run_id="r", actor="a", now=self.now)

    @invariant()
    def nobody_is_paid_twice(self) -> None:
        assert not {piece: times for piece, times in self.paid.items() if times > 1}

    @invariant()
    def a_piece_has_one_live_effect_and_a_line_one_in_flight(self) -> None:
        found = self.ledger.effects.search(limit=10_000)
        live = Counter(use.piece_id for effect in found if effect.state != "withdrawn" for use in effect.pieces)
        assert all(times == 1 for times in live.values())
        assert all((effect.state == "withdrawn") == (not effect.pieces) for effect in found)
        flying = Counter((effect.marketplace, effect.subject) for effect in found if effect.in_flight)
        assert all(times == 1 for times in flying.values())
        assert all(effect.in_flight for effect in found if effect.state in ("claimed", "unknown"))

    @invariant()
    def what_mirakl_executed_is_never_free_to_be_sent_again(self) -> None:
        for effect in self.ledger.effects.by_ids(self.refunds):
            assert effect.state == "confirmed" or effect.in_flight

    @invariant()
    def every_step_is_legal_and_follows_the_last(self) -> None:
        columns = (
            effect_transitions.c.effect_id,
            effect_transitions.c.from_state,
            effect_transitions.c.to_state,
            effect_transitions.c.detail,
        )
        state: dict[int, str] = {}
        with self.ledger.store.read() as con:
            for number, before, after, detail in con.execute(select(*columns).order_by(effect_transitions.c.id)).tuples():
                assert state.get(number) == before
                assert (before, after) in LEGAL or (before == after and detail.get("superseded"))
                state[number] = after
            assert state == dict(con.execute(select(effects.c.id, effects.c.state)).tuples().all())

    def teardown(self) -> None:
        """When the dust settles, everything wanted is paid, exactly once: nothing is lost either."""
        self.tick(10_000)
        self.ledger.effects.expire_leases(self.now, 0)
        self.settle_unknown(ambiguous=False)
        self.a_person_decides()
        for day in (DAY, NEXT_DAY):  # the last word is that all pieces are nordhaus's
            register(self.ledger, day=day, now=self.now, marketplace="albion")
        # at another price, because a refused request is not sent again as it was
        register(self.ledger, *(intent(line, piece, amount="9.00") for line, pieces in LINES.items() for piece in pieces), now=self.now)
        while wanted := due(self.ledger, self.now):
            self.tick()
            for effect in claim(self.ledger, *wanted, token=f"end{self.turn}", now=self.now):
                self.paid.update(use.piece_id for use in effect.pieces)
                done = Outcome(effect.id, effect.claim_token, "confirmed", external_id=f"end-{effect.id}")
                assert self.ledger.effects.settle([done], self.now).applied == (effect.id,)
        assert self.paid == Counter(PIECES)


def test_a_random_life_pays_every_piece_once(ledger: Ledger) -> None:
    LedgerLife.ledger = ledger
    examples = 30 if ledger.store.sqlite else 10
    run_state_machine_as_test(
        LedgerLife, settings=settings(max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    )
