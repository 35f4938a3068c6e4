"""Which of ReBound's returns is which of Mirakl's: by what the ledger did, by Mirakl's id in ReBound's metadata, by RMA; else by the
order and its lines, where exactly one fits each way. Refuse rather than guess; never by e-mail (R24)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from returns_assets.decisions.request_case import ReboundCase, Seen, asked_of
from returns_assets.mirakl.seen import ENDED


@dataclass
class Matches:
    """Return ids both ways; more than one where it is not clear."""

    of_case: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    of_return: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, case_id: str, mirakl_id: str) -> None:
        self.of_case.setdefault(case_id, []).append(mirakl_id)
        self.of_return.setdefault(mirakl_id, []).append(case_id)


def match(cases: Sequence[ReboundCase], seen: Seen, links: Mapping[str, str]) -> Matches:
    """`links`: ReBound's return id -> Mirakl's, as far as this product made one for the other."""
    found = Matches()
    sure = {case.return_id: _sure(case, seen, links) for case in cases}
    owners = {mirakl_id: return_id for return_id, ids in sure.items() for mirakl_id in ids}
    owners |= {mirakl_id: return_id for return_id, mirakl_id in links.items()}
    for case in cases:
        for mirakl_id in sure[case.return_id] or _by_rma(case, seen, owners):
            found.add(case.return_id, mirakl_id)
    taken, known = set(found.of_return), set(found.of_case)
    for case in cases:
        if case.return_id in known or case.over:
            continue
        for mirakl_id in _by_lines(case, seen, taken):
            found.add(case.return_id, mirakl_id)
    return found


def _sure(case: ReboundCase, seen: Seen, links: Mapping[str, str]) -> list[str]:
    if case.return_id in links:
        return [links[case.return_id]]
    return [one.id for one in seen.returns_of(case.order_ref) if one.id == case.mirakl_return_id]


def _by_rma(case: ReboundCase, seen: Seen, owners: Mapping[str, str]) -> list[str]:
    """An RMA is not unique: what is surely another case's is not this one's, nor is a return of none of its lines. ReBound's own number
    names one case only, whatever the lines."""
    asked, without = asked_of(case, seen.order_lines(case.order_ref))
    lines = set[str]() if without else {line.order_line_id for line in asked}
    return [
        one.id
        for one in seen.returns_of(case.order_ref)
        if owners.get(one.id, case.return_id) == case.return_id
        and (one.rma == case.return_id or (one.rma and one.rma == case.rma and one.may_be_of(lines)))
    ]


def _by_lines(case: ReboundCase, seen: Seen, taken: set[str]) -> list[str]:
    """Returns of the order that have each of the case's lines. One that was refused or cancelled is not what ReBound is working on."""
    of_order = [one for one in seen.returns_of(case.order_ref) if one.id not in taken and one.state not in ENDED]
    asked, without = asked_of(case, seen.order_lines(case.order_ref))
    lines = {line.order_line_id for line in asked}
    if not lines or without:
        return []
    return [one.id for one in of_order if lines <= {line.order_line_id for line in one.lines}]
