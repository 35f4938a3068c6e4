"""The dataset warehouse_events: what the warehouse's files of a day told, placed by what ReBound told of the same returns."""

from collections import Counter
from datetime import date
from typing import Any

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.inbox import Document
from returns_assets.rebound.routing import Router
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.document_exceptions import Tally
from returns_assets.steps.rebound_rows import table
from returns_assets.steps.warehouse_known import read_known
from returns_assets.steps.warehouse_places import place
from returns_assets.steps.warehouse_rows import EVENT_SCHEMA, event_rows
from returns_assets.warehouse.partitions import replace_partition
from returns_assets.warehouse_files.facts import BadRow, Fact, WarehouseFile, read_file
from returns_assets.warehouse_files.problems import CAUSES
from returns_assets.warehouse_files.profile import KIND, compile_profile

SOURCE = "warehouse_events"
LAST_DOCUMENT = "SELECT max(document_id) FROM rebound_documents WHERE day = ?"
TODAYS_RETURNS = "SELECT * FROM rebound_returns WHERE day = ?"


def files_of(ctx: StepContext, day: date) -> list[tuple[Document, WarehouseFile]]:
    """The day's warehouse files that rebound_documents has, in the order of arrival."""
    with ctx.warehouse.read() as con:
        found = con.execute(LAST_DOCUMENT, [day]).fetchone()
    last_id = found[0] if found else None
    profile = compile_profile(ctx.mappings.warehouse)
    channels = ctx.mappings.rebound.channels
    return [
        (document, read_file(document.content, profile, document.name, document.received_at))
        for document in ctx.ledger.inbox.documents(day)
        if channels.get(document.channel) == KIND and (last_id is None or document.id <= last_id)
    ]


def ingest_warehouse(ctx: StepContext, day: date) -> StepResult:
    """Write the day's partition of warehouse_events, and an exception for each bad row, refused file and unknown word.

    Reads the documents that rebound_documents has; what ReBound says of the returns is in rebound_returns, which is written before.
    """
    files = files_of(ctx, day)
    facts: list[tuple[Document, Fact]] = [(document, fact) for document, file in files for fact in file.facts]
    with ctx.warehouse.read() as con:
        today = con.execute(TODAYS_RETURNS, [day]).to_arrow_table()
        known = read_known(con, day, [fact for _, fact in facts], today)
    router = Router({key: marketplace.order_id_prefixes for key, marketplace in ctx.mappings.marketplaces.items()})
    tally = Tally(CAUSES)
    rows: list[tuple[Any, ...]] = []
    events: Counter[str] = Counter()
    for placed in place(facts, known, router):
        rows += event_rows(placed)
        events[placed.fact.event] += 1
        tally.add(placed.problems, placed.document.id, placed.marketplace)
    records = [record for document, file in files for record in file_exceptions(document, file)]
    records += tally.records(day, {document.id: document.name for document, _ in files})
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, "warehouse_events", {"day": day}, table(rows, EVENT_SCHEMA))
    ctx.ledger.exceptions.sync(SOURCE, {"day": day}, records, now=ctx.now())
    refused = sum(file.rows_refused for _, file in files)
    return StepResult(
        written, {"files": len(files), "refused": refused, "events": dict(sorted(events.items())), "problems": tally.counts()}
    )


def file_exceptions(document: Document, file: WarehouseFile) -> list[ExceptionRecord]:
    """One for a file that is refused, else one for each bad row. (One that cannot be read at all is rebound_documents' matter.)"""
    if not file.refused:
        return [_exception(document, "bad_row", f"document {document.id} line {bad.line}", _told(bad)) for bad in file.bad]
    sentence = f"{len(file.bad)} of {file.rows} rows are bad, so none was taken; the first: line {file.bad[0].line}: {_told(file.bad[0])}"
    return [_exception(document, "document_refused", f"document {document.id}", sentence)]


def _told(bad: BadRow) -> str:
    return f"{bad.field}: {bad.fault}" + (f" ({bad.quoted})" if bad.quoted else "")


def _exception(document: Document, cause: str, subject: str, detail: str) -> ExceptionRecord:
    known = CAUSES[cause]
    return ExceptionRecord(
        exception_class=known.exception_class, cause=cause, day=document.day, subject_kind=known.subject_kind, subject=subject,
        detail=f"file {document.name}, {detail}", todo=known.todo,
    )  # fmt: skip
