"""Pieces of a return -> one verdict an order line (RT26 knows no pieces: reference, 7.5), by the rows of compliance.csv."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from returns_assets.decisions.status_case import Case, Line, MiraklReturn, Piece
from returns_assets.translation.model import ComplianceRow

INFO_LIMIT = 2000  # of non_compliance_additional_info (reference, 7.5)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Every line's verdict in RT26's shape; or what it waits for; or the cause (with its detail) why there is none.

    `since`: when the last of the facts that they rest on happened.
    """

    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    since: datetime | None = None
    waits_for: str = ""
    cause: str = ""
    detail: str = ""

    @property
    def said(self) -> str:
        """The lines that are not compliant, for people."""
        bad = [f"{line['order_line_id']} {line['non_compliance_reason_code']}" for line in self.lines if not line["compliant"]]
        return ", ".join(bad)


def verdicts(case: Case, shown: MiraklReturn, rows: Sequence[ComplianceRow]) -> Verdicts:
    """Judge a return. It waits until every unit of every line was decided on, or the case is closed: what is not there then is missing.

    Unexpected pieces are no part of what was announced, so they say nothing about a line.
    """
    pieces = [piece for piece in case.pieces if piece.verification != "UNEXPECTED_EXTRA"]
    stray = [piece.piece_id for piece in pieces if piece.order_line_id is None]
    open_pieces = [piece.piece_id for piece in pieces if piece.decided_at is None]
    missing = {
        line.order_line_id: max(line.quantity - sum(p.quantity for p in pieces if p.order_line_id == line.order_line_id), 0)
        for line in shown.lines
    }
    if open_pieces or (case.ended is None and (any(missing.values()) or not shown.lines)):
        return Verdicts(waits_for="inspection")
    times = [piece.decided_at for piece in pieces if piece.decided_at is not None]
    since = max([*times, case.ended_at] if any(missing.values()) and case.ended_at else times, default=case.ended_at)
    if stray:
        return Verdicts(since=since, cause="piece_without_line", detail=", ".join(stray))
    lines: list[dict[str, Any]] = []
    for line in shown.lines:
        mine = [piece for piece in pieces if piece.order_line_id == line.order_line_id]
        if missing[line.order_line_id]:
            mine.append(Piece("", line.order_line_id, missing[line.order_line_id], "MISSING", "U", "NONE", since))
        units: Counter[str] = Counter()  # code -> units; '' is compliant
        for piece in mine:
            row = row_for(piece, rows)
            if row is None:
                given = f"{piece.verification}, {piece.grade}, {piece.disposition}"
                return Verdicts(since=since, cause="compliance_not_mapped", detail=f"{line.order_line_id}: {given}")
            units[row.code] += piece.quantity
        lines.append(_verdict(line, units))
    return Verdicts(lines, since)


def row_for(piece: Piece, rows: Sequence[ComplianceRow]) -> ComplianceRow | None:
    """The first row that fits. A value that no map of rebound.yaml knows fits none: it is for a person, not for '*'."""
    if "UNKNOWN" in (piece.verification, piece.grade, piece.disposition):
        return None
    return next(
        (
            row
            for row in rows
            if _fits(row.verification, piece.verification) and _fits(row.grade, piece.grade) and _fits(row.disposition, piece.disposition)
        ),
        None,
    )


def _fits(condition: str, value: str) -> bool:
    return condition == "*" or value in condition.split("|")


def _verdict(line: Line, units: Counter[str]) -> dict[str, Any]:
    """Compliant only where every unit is; else the code of most units, and what the others are in words."""
    bad = sorted((code for code in units if code), key=lambda code: (-units[code], code))
    if not bad:
        return {"order_line_id": line.order_line_id, "compliant": True}
    verdict: dict[str, Any] = {"order_line_id": line.order_line_id, "compliant": False, "non_compliance_reason_code": bad[0]}
    if len(units) > 1:
        total = sum(units.values())
        parts = [f"{units[code]} of {total} units {code}" for code in bad]
        parts += [f"{units['']} of {total} units compliant"] if units[""] else []
        verdict["non_compliance_additional_info"] = "; ".join(parts)[:INFO_LIMIT]
    return verdict
