"""Where a piece belongs: to the marketplace of its latest word, and to one day. Never to two partitions, never to none."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from returns_assets.decisions.plan import moved
from tests.decisions.world import DAY, MAPPINGS, RANKS, World, new_world

SHOPS = {"nordhaus": "NOR-1-A", "albion": "ALB-1-A"}
DAYS = [DAY + timedelta(days=n) for n in range(3)]
DEFINITIVE = ("ITEM_REGISTERED", "ITEM_GRADED")
CONSERVATION = files("returns_assets.quality.slices").joinpath("conservation.sql").read_text(encoding="utf-8")


class Word(NamedTuple):
    """One event as received: `minute` is when it happened, `day` when it came. The same in all but the day is the same event again.
    `own`: the retailer's own warehouse says it, with the order that it knows."""

    shop: str
    event: str
    minute: int
    day: date
    own: bool = False


WORDS = st.builds(
    Word,
    st.sampled_from(sorted(SHOPS)),
    st.sampled_from([*DEFINITIVE, "RETURN_CLOSED"]),
    st.integers(0, 4),
    st.sampled_from(DAYS),
    st.booleans(),
)


def told(world: World, words: Sequence[Word]) -> None:
    for number, word in enumerate(words, start=1):
        day = (word.day - DAY).days * 1440
        world.event(
            "p1", word.event, order=SHOPS[word.shop], minute=word.minute - day, day=word.day, marketplace=word.shop, document_id=number,
            event_key=f"{word.shop} {word.event} {word.minute} {word.own}", kind="warehouse_file" if word.own else "return_snapshot",
        )  # fmt: skip


def homes(world: World) -> set[tuple[str, date]]:
    """The partitions in which the piece is decided, and in which the check says that it should be."""
    found: dict[str, set[tuple[str, date]]] = {"planned": set(), "checked": set()}
    for shop in SHOPS:
        world.key = shop
        lane_events = [f"{lane}:{event}" for lane, events in MAPPINGS.marketplace(shop).definitive.items() for event in events]
        for day in DAYS:
            parameters: dict[str, Any] = {"marketplace": shop, "day": day, "lane_events": lane_events, "default_lane": "HUB"}
            named = set(re.findall(r"\$([a-z_]+)", CONSERVATION))
            if world.con.execute(CONSERVATION, {name: parameters[name] for name in named}).fetchall():
                found["checked"].add((shop, day))
            if world.rows(day):
                found["planned"].add((shop, day))
    assert found["planned"] == found["checked"]
    return found["planned"]


def latest(words: Sequence[Word]) -> str:
    """The marketplace of ReBound's latest event, else of the warehouse's; each taken when it first came."""
    firsts: dict[Word, int] = {}
    for number, word in enumerate(words):
        firsts.setdefault(word._replace(day=DAY), number)
    return max((not word.own, word.minute, RANKS[word.event], number, word.shop) for word, number in firsts.items())[-1]


A_THEN_B = [Word("nordhaus", "ITEM_GRADED", 0, DAYS[0]), Word("albion", "RETURN_CLOSED", 1, DAYS[1])]


@settings(max_examples=12, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=6))
@example(A_THEN_B)  # the only deciding event named the other marketplace's order
@example(A_THEN_B[::-1])  # and came late
@example([*A_THEN_B, Word("nordhaus", "RETURN_CLOSED", 2, DAYS[2])])  # there and back again
@example([*A_THEN_B, A_THEN_B[0]._replace(day=DAYS[2])])  # the first one sent again
@example([*A_THEN_B, Word("nordhaus", "ITEM_GRADED", 3, DAYS[2], own=True)])  # the warehouse, which does not know of the correction
def test_one_partition_decides_whatever_came_in_whatever_order(words: list[Word]) -> None:
    with new_world() as world:
        told(world, words)
        found = homes(world)
        if not any(word.event in DEFINITIVE for word in words):
            assert found == set()
            return
        ((shop, day),) = found
        assert shop == latest(words)
        assert any(word.shop == shop and word.day == day for word in words), "a day on which the partition has news of the piece"
        for other in SHOPS:  # what the gates say is the same, seen from every partition
            for its_day in DAYS:
                taker = moved(world.con, MAPPINGS, MAPPINGS.marketplace(other), its_day, ["p1"]).get("p1")
                assert taker == (None if other == shop and its_day >= day else shop), (other, its_day)


def test_the_facts_come_along_but_not_the_line_of_the_other_order() -> None:
    with new_world("albion") as world:
        world.order({"price": Decimal("9.00")}, {"price": Decimal("7.00")}, order="ALB-1-A")
        world.event("p1", "ITEM_GRADED", order="NOR-1-A", marketplace="nordhaus", grade="A", disposition="RESTOCK")
        world.event("p1", "REFUND_ADVICE", order="ALB-1-A", line_ref="ALB-1-A-2", sku=None, reason=None, minute=3)
        row = world.rows()["p1"]
        assert (row["order_line_id"], row["matched_by"], row["grade"], row["reason"]) == ("ALB-1-A-2", "line_id", "A", "SIZE_TOO_LARGE")
        assert (row["outcome"], row["amount"], row["definitive_event"]) == ("refund", Decimal("7.00"), "ITEM_GRADED")
