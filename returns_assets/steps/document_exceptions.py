"""Exceptions about documents and about what they say: one record per document or per cause and value, never one per row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.rebound.problems import CAUSES, Cause, Problem

SOURCE = "rebound_documents"
SAMPLES = 3


def document_exception(cause: str, document_id: int, day: date, channel: str, name: str, fault: str) -> ExceptionRecord:
    """About one document; its bytes are in the inbox under `document_id`."""
    known = CAUSES[cause]
    return ExceptionRecord(
        exception_class=known.exception_class,
        cause=cause,
        day=day,
        subject_kind=known.subject_kind,
        subject=f"document {document_id}",
        detail=f"{channel}: {fault[:1000]} (file {name})",
        todo=known.todo,
    )


def unreadable_document(document_id: int, day: date, channel: str, name: str, fault: str) -> ExceptionRecord:
    """Nothing in the document could be read."""
    return document_exception("unreadable_document", document_id, day, channel, name, fault)


@dataclass
class _Seen:
    rows: int = 0
    documents: dict[int, None] = field(default_factory=dict[int, None])
    marketplaces: set[str | None] = field(default_factory=set[str | None])


class Tally:
    """Counts problems by cause and value over a day's rows; `causes` explains them."""

    def __init__(self, causes: Mapping[str, Cause] = CAUSES) -> None:
        self._causes = causes
        self._seen: defaultdict[Problem, _Seen] = defaultdict(_Seen)

    def add(self, problems: Iterable[Problem], document_id: int, marketplace: str | None) -> None:
        for found in dict.fromkeys(problems):
            seen = self._seen[found]
            seen.rows += 1
            seen.marketplaces.add(marketplace)
            if len(seen.documents) < SAMPLES:
                seen.documents[document_id] = None

    def counts(self) -> dict[str, int]:
        """Rows by cause."""
        totals: dict[str, int] = {}
        for found, seen in self._seen.items():
            totals[found.cause] = totals.get(found.cause, 0) + seen.rows
        return dict(sorted(totals.items()))

    def records(self, day: date, names: dict[int, str]) -> Sequence[ExceptionRecord]:
        """One exception per cause and value; the marketplace where all its rows have the same."""
        return [self._record(found, seen, day, names) for found, seen in self._seen.items()]

    def _record(self, found: Problem, seen: _Seen, day: date, names: dict[int, str]) -> ExceptionRecord:
        cause = self._causes[found.cause]
        samples = ", ".join(f"document {number} ({names.get(number, '')})" for number in seen.documents)
        return ExceptionRecord(
            exception_class=cause.exception_class,
            cause=found.cause,
            marketplace=next(iter(seen.marketplaces)) if len(seen.marketplaces) == 1 else None,
            day=day,
            subject_kind=cause.subject_kind,
            subject=found.value or found.cause,
            detail=f"{found}: {seen.rows} row{'s' if seen.rows > 1 else ''} of this day, such as {samples}",
            todo=cause.todo,
        )
