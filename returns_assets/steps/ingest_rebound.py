"""The datasets rebound_documents and rebound_returns: a day's documents as received, and the canonical events read from them."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.inbox import Document
from returns_assets.rebound.documents import parse
from returns_assets.rebound.events import Event, read_events
from returns_assets.rebound.problems import problem
from returns_assets.rebound.profile import Profile, compile_profile
from returns_assets.rebound.routing import Router
from returns_assets.rebound.vocabulary import LEGACY_RETURN
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.document_exceptions import SOURCE as DOCUMENTS_SOURCE
from returns_assets.steps.document_exceptions import Tally, document_exception
from returns_assets.steps.legacy_history import LegacyHistory
from returns_assets.steps.rebound_rows import DOCUMENT_SCHEMA, RETURN_SCHEMA, document_row, event_row, table, with_problem
from returns_assets.steps.texts import sql
from returns_assets.steps.unclear_pieces import Nameless, nameless, unclear
from returns_assets.steps.warehouse_known import read_known
from returns_assets.steps.warehouse_places import CANONICAL, place
from returns_assets.steps.warehouse_rows import return_rows
from returns_assets.warehouse.partitions import replace_partition
from returns_assets.warehouse_files.facts import Fact, read_file
from returns_assets.warehouse_files.profile import KIND as WAREHOUSE_FILE
from returns_assets.warehouse_files.profile import Profile as WarehouseFiles
from returns_assets.warehouse_files.profile import compile_profile as compile_warehouse

RETURNS_SOURCE = "rebound_returns"
LAST_DOCUMENT = "SELECT max(document_id) FROM rebound_documents WHERE day = ?"


class Reading(NamedTuple):
    """One document and what was read of it. `faults`: cause (a key of CAUSES) and sentence."""

    document: Document
    kind: str | None
    events: list[Event]
    faults: list[tuple[str, str]]
    facts: tuple[Fact, ...] = ()  # of a warehouse's file; what is wrong with its rows is told by warehouse_events

    @property
    def told(self) -> int:
        """What was read: events, or facts of the warehouse."""
        return len(self.events) + len(self.facts)


def read_documents(ctx: StepContext, day: date, last_id: int | None = None) -> Iterator[Reading]:
    """The day's documents in the order of arrival, up to `last_id`; nothing that is in them stops the others."""
    profile, warehouse = compile_profile(ctx.mappings.rebound), compile_warehouse(ctx.mappings.warehouse)
    documents = [document for document in ctx.ledger.inbox.documents(day) if last_id is None or document.id <= last_id]
    legacy = LegacyHistory(ctx, profile, day, documents)
    for document in documents:
        yield _read(profile, warehouse, document, legacy)


def _read(profile: Profile, warehouse: WarehouseFiles, document: Document, legacy: LegacyHistory) -> Reading:
    if profile.channels.get(document.channel) == WAREHOUSE_FILE:
        file = read_file(document.content, warehouse, document.name, document.received_at)
        return Reading(document, WAREHOUSE_FILE, [], [("unreadable_document", file.fault)] if file.fault else [], tuple(file.facts))
    parsed = parse(document.content, document.name)
    cause = "unreadable_document" if parsed.unreadable else "unreadable_part"
    faults = [(cause, fault) for fault in parsed.faults]
    kind = profile.channels.get(document.channel)
    if kind is None:
        known = ", ".join(sorted(profile.channels))
        return Reading(document, None, [], [*faults, ("unknown_channel", f"no channel {document.channel!r}; rebound.yaml has: {known}")])
    read = legacy.events if kind == LEGACY_RETURN else partial(read_events, profile, kind)
    events = [event for payload in parsed.payloads for event in read(payload, document.received_at)]
    return Reading(document, kind, events, faults)


def ingest_documents(ctx: StepContext, day: date) -> StepResult:
    """Write the day's partition of rebound_documents, and an exception for each document that cannot be read in full."""
    rows: list[tuple[Any, ...]] = []
    records: list[ExceptionRecord] = []
    channels: Counter[str] = Counter()
    events = 0
    for reading in read_documents(ctx, day):
        document = reading.document
        channels[document.channel] += 1
        events += reading.told
        rows.append(document_row(document, reading.kind, reading.told, "; ".join(fault for _, fault in reading.faults) or None))
        causes: defaultdict[str, list[str]] = defaultdict(list)
        for cause, fault in reading.faults:
            causes[cause].append(fault)
        for cause, found in causes.items():
            records.append(document_exception(cause, document.id, day, document.channel, document.name, "; ".join(found)))
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, "rebound_documents", {"day": day}, table(rows, DOCUMENT_SCHEMA))
    ctx.ledger.exceptions.sync(DOCUMENTS_SOURCE, {"day": day}, records, now=ctx.now())
    return StepResult(written, {"channels": dict(sorted(channels.items())), "events": events, "with_problems": len(records)})


@dataclass
class _Day:
    """A day's rows as read, and what is known of the orders of its returns. `late`: rows that wait for their return's order."""

    router: Router
    rows: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    late: list[tuple[Document, Event]] = field(default_factory=list[tuple[Document, Event]])
    nameless: list[Nameless] = field(default_factory=list[Nameless])
    orders: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    tally: Tally = field(default_factory=Tally)
    names: dict[int, str] = field(default_factory=dict[int, str])
    marketplaces: Counter[str] = field(default_factory=Counter[str])
    events: Counter[str] = field(default_factory=Counter[str])

    def read(self, document: Document, event: Event) -> None:
        if event.order_id is None:
            self.late.append((document, event))
            return
        if event.return_id is not None:
            self.orders[event.return_id].add(event.order_id)
        self.add(document, event, event.order_id)

    def add(self, document: Document, event: Event, order_id: str | None) -> None:
        marketplace = self.router.marketplace(order_id)
        unroutable = () if marketplace else (problem("unroutable", order_id or f"return {event.return_id or 'without id'}"),)
        self.tally.add([*event.problems, *unroutable], document.id, marketplace)
        if marketplace:
            self.marketplaces[marketplace] += 1
        self.events[event.event] += 1
        without_id = nameless(len(self.rows), document, event, marketplace)
        if without_id:
            self.nameless.append(without_id)
        self.rows.append(event_row(document, event, marketplace, order_id))

    def add_late(self) -> None:
        """A document without an order id takes its return's, where all documents that name one agree."""
        for document, event in self.late:
            orders = self.orders.get(event.return_id, set[str]()) if event.return_id else set[str]()
            self.add(document, event, next(iter(orders)) if len(orders) == 1 else None)

    def name_unclear(self) -> None:
        """Rows about items without an id that may be others, or the same, as other rows: one exception a return."""
        for one in unclear(self.nameless, self.rows):
            found = problem("piece_id_unclear", one.return_id)
            self.tally.add([found], one.document_id, one.marketplace)
            self.rows[one.row] = with_problem(self.rows[one.row], found)


def ingest_returns(ctx: StepContext, day: date) -> StepResult:
    """Write the day's partition of rebound_returns: every event of the day's documents, routed, with its problems as exceptions.

    Reads the documents that rebound_documents has, so that one that arrives between the two steps is in both or in neither; a day that
    rebound_documents does not have is read whole.
    """
    with ctx.warehouse.read() as con:
        last = con.execute(LAST_DOCUMENT, [day]).fetchone()
    read = _Day(Router({key: marketplace.order_id_prefixes for key, marketplace in ctx.mappings.marketplaces.items()}))
    facts: list[tuple[Document, Fact]] = []
    for document, _, events, _, told in read_documents(ctx, day, last[0] if last else None):
        read.names[document.id] = document.name
        facts.extend((document, fact) for fact in told)
        for event in events:
            read.read(document, event)
    _add_orders_of_other_days(ctx, day, read)
    read.add_late()
    read.name_unclear()
    _add_warehouse(ctx, day, read, facts)
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, "rebound_returns", {"day": day}, table(read.rows, RETURN_SCHEMA))
    ctx.ledger.exceptions.sync(RETURNS_SOURCE, {"day": day}, read.tally.records(day, read.names), now=ctx.now())
    counts = {"marketplaces": dict(sorted(read.marketplaces.items())), "events": dict(sorted(read.events.items()))}
    unroutable = written - sum(read.marketplaces.values())
    return StepResult(written, {"documents": len(read.names), **counts, "unroutable": unroutable, "problems": read.tally.counts()})


def _add_warehouse(ctx: StepContext, day: date, read: _Day, facts: list[tuple[Document, Fact]]) -> None:
    """The warehouse's word about pieces, beside ReBound's. What in it has no place is in warehouse_events, with its exception."""
    if not facts:
        return
    with ctx.warehouse.read() as con:
        known = read_known(con, day, [fact for _, fact in facts], table(read.rows, RETURN_SCHEMA))
    for placed in place(facts, known, read.router):
        if placed.tells:
            rows = return_rows(placed)
            read.rows += rows
            read.events[CANONICAL[placed.fact.event]] += len(rows)
            read.marketplaces[placed.marketplace or ""] += len(rows)


def _add_orders_of_other_days(ctx: StepContext, day: date, read: _Day) -> None:
    nameless = sorted({event.return_id for _, event in read.late if event.return_id is not None})
    if not nameless:
        return
    query = sql("orders_of_returns")
    with ctx.warehouse.read() as con:
        con.register("nameless_returns", pa.table({"return_id": pa.array(nameless, pa.string())}))
        for return_id, order_id in con.execute(query, {"day": day}).fetchall():
            read.orders[return_id].add(order_id)
