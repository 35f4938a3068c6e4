"""One ReBound return beside the return of Mirakl's that it is matched to: what return_steps.py decides about. Plain frozen data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece in hand. `order_line_id`: the line of Mirakl's return that it belongs to, None where no single one fits. `decided_at` is
    None until a definitive event with a final disposition."""

    piece_id: str
    order_line_id: str | None
    quantity: int
    verification: str
    grade: str
    disposition: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of Mirakl's return. `verdict`: (compliant, code) once RT26 was done on it, by whomever."""

    order_line_id: str
    quantity: int
    verdict: tuple[bool, str] | None = None


@dataclass(frozen=True, slots=True)
class MiraklReturn:
    """As RT11 showed it."""

    id: str
    order_id: str
    state: str
    created_at: datetime | None
    updated_at: datetime | None
    lines: tuple[Line, ...]

    @property
    def assessed(self) -> bool:
        return bool(self.lines) and all(line.verdict is not None for line in self.lines)


@dataclass(frozen=True, slots=True)
class Case:
    """A ReBound return, folded. Times are naive UTC as in the warehouse. `refunds_open`: pieces whose refund is not through, '' if none."""

    return_id: str
    order_ref: str | None
    lane: str
    started_at: datetime | None
    in_network_at: datetime | None
    received_at: datetime | None
    ended: str | None
    ended_at: datetime | None
    pieces: tuple[Piece, ...] = ()
    shown: MiraklReturn | None = None
    matched_by: str | None = None
    candidates: tuple[str, ...] = ()
    cases: int = 1
    of_order: int = 0
    refunds_open: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of return_status_actions. `lines` is what RT26 is sent."""

    step: str
    outcome: str
    cause: str | None = None
    waits_for: str | None = None
    detail: str | None = None
    event_time: datetime | None = None
    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def lines_of(text: str | None) -> tuple[Line, ...]:
    """The `lines` column of marketplace_returns, or `return_lines` of RT11: the compliance is a list, an object, null or absent."""
    rows = cast("list[dict[str, Any]]", json.loads(text or "[]"))
    return tuple(
        Line(str(row["order_line_id"]), int(row.get("quantity") or 1), _verdict(row.get("compliance")))
        for row in rows
        if row.get("order_line_id") is not None
    )


def _verdict(compliance: Any) -> tuple[bool, str] | None:
    entries: list[Any] = cast("list[Any]", compliance) if isinstance(compliance, list) else [compliance]
    said = [cast("Mapping[str, Any]", entry) for entry in entries if isinstance(entry, dict) and "compliant" in entry]
    if not said:
        return None
    bad = [entry for entry in said if entry["compliant"] is not True]
    return (not bad, str(bad[0].get("non_compliance_reason_code") or "") if bad else "")
