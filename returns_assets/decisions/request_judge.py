"""May these units be returned? One answer from the order's live lines (R26): yes, not yet, never, or a person has to look. Pure."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from returns_assets.decisions.request_case import Seen
from returns_assets.mirakl.seen import ENDED, GOODS_BACK, Asked, SeenReturn, SoldLine
from returns_assets.translation.request_tables import QUANTITY, ReturnRequests
from returns_assets.translation.vocabulary import LineState

Answer = Literal["yes", "wait", "never", "unclear"]
ORDER = {"unclear": 0, "never": 1, "wait": 2, "yes": 3}


class Judgement(NamedTuple):
    """`why`: for never, what return_rejections.csv translates; for wait, the state that is waited out; for unclear, the cause."""

    answer: Answer
    why: str = ""
    detail: str = ""


def judge(asked: Sequence[Asked], seen: Seen, mine: SeenReturn | None, rules: ReturnRequests) -> Judgement:
    """A request as a whole: it is accepted or refused as one. `mine`: the return that asks, whose own units do not count against it."""
    if not asked:
        return Judgement("unclear", "no_lines", "the request has no order lines")
    wanted: dict[str, int] = {}
    for line in asked:
        wanted[line.order_line_id] = wanted.get(line.order_line_id, 0) + line.quantity
    found = [_line(line_id, units, seen, mine, rules) for line_id, units in wanted.items()]
    answers = {one.answer for one in found}
    said = "; ".join(one.detail for one in found if one.detail)
    if "unclear" in answers:
        return next(one for one in found if one.answer == "unclear")._replace(detail=said)
    if "never" in answers and answers != {"never"}:
        return Judgement("unclear", "partly_eligible", said)
    worst = min(found, key=lambda one: ORDER[one.answer])
    return worst._replace(detail=said)


def _line(line_id: str, units: int, seen: Seen, mine: SeenReturn | None, rules: ReturnRequests) -> Judgement:
    sold = seen.lines.get(line_id)
    if sold is None:
        return Judgement("unclear", "line_unknown", f"{line_id} is not a line of the order")
    if sold.unreadable:
        return Judgement("unclear", "line_unreadable", f"{line_id}: {sold.unreadable}")
    if sold.fully_refunded:
        return Judgement("never", "REFUNDED", f"{line_id} is refunded in full")
    if sold.state not in get_args(LineState):
        return Judgement("unclear", "line_state_unknown", f"{line_id} is {sold.state or 'without a state'}")
    if sold.state not in (*rules.eligible_line_states, *rules.waiting_line_states):
        return Judgement("never", sold.state, f"{line_id} is {sold.state}")
    sure, possible = left(sold, others(seen.returns_of(sold.order_id), mine), mine)
    if units > possible:
        return Judgement("never", QUANTITY, f"{line_id}: {units} asked, {possible} of {sold.quantity} left")
    if units > sure:
        return Judgement("unclear", "quantity_unclear", f"{line_id}: {units} asked, between {sure} and {possible} of {sold.quantity} left")
    if sold.state in rules.waiting_line_states:
        return Judgement("wait", sold.state, f"{line_id} is {sold.state}")
    return Judgement("yes")


def others(returns: Iterable[SeenReturn], mine: SeenReturn | None) -> list[SeenReturn]:
    """The returns whose units are taken: of those that still wait for acceptance only the earlier ones, so that the first comes first."""
    return [
        one
        for one in returns
        if one.state not in ENDED
        and (mine is None or (one.id != mine.id and (one.state != "WAITING_ACCEPTANCE" or _place(one) < _place(mine))))
    ]


def _place(one: SeenReturn) -> tuple[str, str]:
    return ("" if one.created_at is None else one.created_at.isoformat(), one.id)


def left(sold: SoldLine, taken: Sequence[SeenReturn], mine: SeenReturn | None) -> tuple[int, int]:
    """Units of a line that are left for sure, and at most. A refunded unit and one in a return may be the same one or two.

    Refunds are laid to returns whose goods are back (`mine` among them); those beyond belong to units that came back in no return, or
    to returns that are still under way: nobody says which (reference, 3.4: a refund's quantity is informative).
    """
    held = sum(one.units(sold.order_line_id) for one in taken)
    back = sum(one.units(sold.order_line_id) for one in (*taken, *([mine] if mine else [])) if one.state in GOODS_BACK)
    beyond = max(sold.refunded_units - back, 0)
    return max(sold.quantity - held - beyond, 0), max(sold.quantity - max(held, sold.refunded_units), 0)
