"""A row of text -> one fact, or the reason why it is none. The facts of one file are read together: too many bad rows refuse it whole.

What the contract allows is in docs/warehouse-files.md.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from returns_assets.rebound.fields import whole_number
from returns_assets.rebound.identity import canonical_list, clean_text, is_null, normal_id
from returns_assets.rebound.problems import Problem, shortened
from returns_assets.rebound.vocabulary import UNKNOWN
from returns_assets.warehouse_files.clock import read_time
from returns_assets.warehouse_files.form import Row, read_form
from returns_assets.warehouse_files.problems import problem
from returns_assets.warehouse_files.profile import FIELDS, Profile

IDS = ("order_id", "order_line_id", "piece_id", "return_id", "ean", "tracking_number")
SPREADSHEET = re.compile(r"\d+([.,]\d+)?[eE]\+\d+")  # what a spreadsheet makes of a long id; the digits are gone


@dataclass(frozen=True, slots=True)
class Fact:
    """One row, canonical. `event_key` is the same for a row that is sent again, in whichever file. Nothing said is None."""

    line: int
    event_key: str
    event_time: datetime
    event: str
    order_id: str | None
    order_line_id: str | None
    piece_id: str | None
    return_id: str | None
    sku: str | None
    ean: str | None
    quantity: int
    warehouse: str | None
    location: str | None
    verification: str | None
    grade: str | None
    disposition_raw: str | None
    disposition: str | None
    carrier: str | None
    tracking_number: str | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no fact: its line, the field, what is wrong and allowed, and its values in the columns that the contract knows."""

    line: int
    field: str
    fault: str
    quoted: str


@dataclass(frozen=True, slots=True)
class WarehouseFile:
    """What a file told. `rows` are all of its rows; `fault`: it could not be read at all; `refused`: too many bad rows, no facts."""

    rows: int = 0
    facts: list[Fact] = field(default_factory=list[Fact])
    bad: list[BadRow] = field(default_factory=list[BadRow])
    fault: str = ""
    refused: bool = False

    @property
    def rows_refused(self) -> int:
        return self.rows if self.refused else len(self.bad)


class _Bad(ValueError):
    """`field` and what is wrong with it."""

    def __init__(self, name: str, fault: str) -> None:
        super().__init__(fault)
        self.name = name


def read_file(content: bytes, profile: Profile, name: str, received_at: datetime) -> WarehouseFile:
    """The facts of one file (received at an aware time), and every row that is none."""
    form = read_form(content, profile, name)
    if form.fault:
        return WarehouseFile(fault=form.fault)
    facts: list[Fact] = []
    bad: list[BadRow] = []
    for row in form.rows:
        try:
            if row.fault:
                raise _Bad("row", row.fault)
            facts.append(_fact(row, profile, received_at))
        except _Bad as error:
            bad.append(BadRow(row.line, error.name, str(error), _quoted(row)))
    refused = len(bad) > profile.max_bad_ratio * len(form.rows)
    return WarehouseFile(len(form.rows), [] if refused else facts, bad, "", refused)


def _fact(row: Row, profile: Profile, received_at: datetime) -> Fact:
    cleaned = {name: clean_text(value) for name, value in row.values.items()}
    said = {name: text for name, text in cleaned.items() if not is_null(text, profile.nulls)}
    for name in IDS:
        if name in said and SPREADSHEET.fullmatch(said[name]):
            raise _Bad(name, f"{said[name]!r} is an id that a spreadsheet has made a number of; allowed: the id as text")
    event_raw = said.get("event", "")
    event = profile.events.get(event_raw)
    if event is None:
        raise _Bad("event", f"{shortened(event_raw)!r} is no event; warehouse.yaml has: {', '.join(profile.events)}")
    if "event_time" not in said:
        raise _Bad("event_time", "the time is missing; allowed: when it happened, in the warehouse's zone")
    try:
        event_time = read_time(said["event_time"], profile.time_format, profile.zone, received_at)
    except ValueError as error:
        raise _Bad("event_time", f"{shortened(said['event_time'])!r}: {error}") from None
    quantity = _quantity(said, profile, event)
    _complete(said, event)
    piece_id, return_id = (normal_id(said[name]) if name in said else None for name in ("piece_id", "return_id"))
    problems: list[Problem] = []

    def mapped(name: str, table: Mapping[str, str]) -> str | None:
        if name not in said:
            return None
        if said[name] not in table:
            problems.append(problem(f"unknown_{name}", said[name]))
        return table.get(said[name], UNKNOWN)

    # Two equal rows about pieces without ids are two pieces if the warehouse counts them; elsewhere a number says nothing new: the
    # same fact can be told again under another one.
    counted = said.get("event_id") if event != "DISPATCHED" and piece_id is None else None
    identity = [event, event_time.isoformat(), str(quantity), piece_id, return_id, counted]
    identity += [said.get(name) for name in FIELDS if name not in ("event", "event_time", "quantity", "piece_id", "return_id", "event_id")]
    return Fact(
        line=row.line,
        event_key=hashlib.sha256(canonical_list([*identity, "warehouse_file"]).encode()).hexdigest(),
        event_time=event_time,
        event=event,
        order_id=said.get("order_id"),
        order_line_id=said.get("order_line_id"),
        piece_id=piece_id,
        return_id=return_id,
        sku=said.get("sku"),
        ean=said.get("ean"),
        quantity=quantity,
        warehouse=said.get("warehouse"),
        location=said.get("location"),
        verification=mapped("verification", profile.verifications),
        grade=mapped("grade", profile.grades),
        disposition_raw=said.get("disposition"),
        disposition=mapped("disposition", profile.dispositions),
        carrier=said.get("carrier"),
        tracking_number=said.get("tracking_number"),
        problems=tuple(problems),
    )


def _quantity(said: dict[str, str], profile: Profile, event: str) -> int:
    """Units; one where a piece's row does not say it."""
    text = said.get("quantity")
    if text is None:
        if event == "DISPATCHED":
            raise _Bad("quantity", "a dispatch says how many units left; allowed: a whole number from 1 up")
        return 1
    other = "." if profile.decimal_mark == "," else ","
    number = None if other in text else whole_number(text.replace(profile.decimal_mark, "."))
    if number is None or number < 1:
        allowed = f"a whole number from 1 up, with {profile.decimal_mark!r} before decimals"
        raise _Bad("quantity", f"{shortened(text)!r} is no number of units; allowed: {allowed}")
    return number


def _complete(said: dict[str, str], event: str) -> None:
    """Whether the row says what it is about."""
    if event == "DISPATCHED":
        if "order_id" not in said:
            raise _Bad("order_id", "a dispatch names its order; allowed: the marketplace's order id")
        if not said.keys() & {"order_line_id", "sku"}:  # an EAN is not on every operator's order lines
            raise _Bad("order_line_id", "a dispatch names what left; allowed: order_line_id or sku")
    elif not said.keys() & {"piece_id", "return_id", "order_id"}:
        raise _Bad("piece_id", "the row names nothing that came back; allowed: piece_id, return_id or order_id")


def _quoted(row: Row) -> str:
    """The row without columns that the contract does not know: they may hold personal data."""
    return "; ".join(f"{name}={shortened(clean_text(row.values[name]))}" for name in FIELDS if row.values.get(name, "").strip())
