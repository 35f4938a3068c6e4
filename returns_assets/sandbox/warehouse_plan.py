"""What a made-up world's warehouse does: its notices, and what must become of the stock and the orders that they are about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from returns_assets.sandbox.documents import Case, Inspection, Piece
from returns_assets.sandbox.warehouse_files import FileForm, Notice

Json = dict[str, Any]
HOURS = 4  # a file covers so many hours


@dataclass(frozen=True, slots=True)
class Returned:
    """A piece that a hub registered or graded at `at` and sent on; `found` is what the hub said of it, None for nothing."""

    marketplace: str
    case: Case
    piece: Piece
    at: datetime
    found: Inspection | None


@dataclass(frozen=True, slots=True)
class StockExpectation:
    """Whether a returned piece ends in sellable stock, once: `putaway` where that is the trigger, `disposition` where the hub's word is."""

    marketplace: str
    scenario: str
    return_id: str
    piece_id: str
    order_id: str | None
    order_line_id: str | None
    sku: str | None
    quantity: int
    warehouse: str
    putaway: bool
    disposition: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class DispatchExpectation:
    """One parcel that left. `carrier` is the warehouse's word, `carrier_code` what the operator calls it (None: it has no such carrier).

    `outcome`: shipped | carrier (no code for it) | tracking (required and missing) | state (the order cannot be shipped yet) |
    logical (more units than ordered, an order or line nobody knows). `complete`: nothing of the order is left afterwards.
    """

    marketplace: str
    scenario: str
    order_id: str
    at: str
    carrier: str
    carrier_code: str | None
    tracking_number: str
    lines: list[Json]
    complete: bool
    outcome: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that must be reported, while its neighbours in the file go on."""

    scenario: str
    event_id: str
    note: str


@dataclass
class Yard:
    """Collects the warehouse's side of one world; event ids carry the world's number."""

    number: int
    notices: list[Notice] = field(default_factory=list[Notice])
    returned: list[Returned] = field(default_factory=list[Returned])
    stock: list[StockExpectation] = field(default_factory=list[StockExpectation])
    dispatches: list[DispatchExpectation] = field(default_factory=list[DispatchExpectation])
    bad_rows: list[BadRow] = field(default_factory=list[BadRow])

    def report(self, event: str, at: datetime, warehouse: str, **row: Any) -> Notice:
        """A notice with an event id of its own, unless `row` brings one."""
        fresh = {"event": event, "warehouse": warehouse, "event_id": f"{self.number:04d}{len(self.notices) + 1:08d}"}
        notice = Notice(at, fresh | row)
        self.notices.append(notice)
        return notice

    def again(self, notice: Notice, told: datetime, **changed: Any) -> None:
        """The same event once more, in the file of `told`."""
        self.notices.append(replace(notice, row={**notice.row, **changed}, told=told))

    def files(self, form: FileForm) -> list[tuple[datetime, bytes]]:
        """The warehouse's files with the time that each is sent: one for every four hours in which something happened."""
        groups: dict[tuple[datetime, str], list[Notice]] = {}
        for notice in sorted(self.notices, key=lambda notice: notice.told or notice.at):
            told = notice.told or notice.at
            start = told.replace(hour=told.hour // HOURS * HOURS, minute=0, second=0, microsecond=0)
            groups.setdefault((start, notice.warehouse), []).append(notice)
        return [(start + timedelta(hours=HOURS, seconds=-1), form.render(group)) for (start, _), group in groups.items()]
