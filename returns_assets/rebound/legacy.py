"""A return as the legacy API (G1) shows it -> canonical events, one unit a piece. Facts: reference, 1.7; what custom_ fields hold is data.

The record is a snapshot that replaces the one before (3.6): it has no ids of pieces or lines, so a unit is known by return, SKU and a
number. Which number a unit keeps from one record to the next is decided in legacy_units.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from returns_assets.rebound import vocabulary as words
from returns_assets.rebound.events import Event
from returns_assets.rebound.fields import FieldReader, read_time
from returns_assets.rebound.identity import event_key, normal_id
from returns_assets.rebound.items import Item, no_item, read_item
from returns_assets.rebound.problems import Problem, problem
from returns_assets.rebound.profile import LegacyDialect, Profile
from returns_assets.rebound.vocabulary import NO_DISPOSITION, UNGRADED

G1_FACTS = "g1_legacy_poll"
JUDGEMENTS = ("unknown_verification", "unknown_grade", "unknown_disposition")
MOST_UNITS = 1000  # of one entry; more is a mistake that must not fill the tables


@dataclass(slots=True)
class Unit:
    """One physical unit. `seen`: somebody had it in hand, at `seen_at` where that is said. `item.piece_id` is given by the caller."""

    item: Item
    seen: bool
    seen_at: str | None


@dataclass(slots=True)
class LegacyReturn:
    """One record. `facts`: events about the whole return, (name, time as written or None)."""

    received_at: datetime
    return_id: str | None
    order_id: str | None
    lane: str | None
    location: str | None
    tracking_number: str | None
    units: list[Unit]
    facts: list[tuple[str, str | None]]
    case: str | None
    problems: list[Problem]

    @property
    def owner(self) -> str:
        """What the pieces' made ids begin with."""
        return self.return_id or (f"order:{self.order_id}" if self.order_id else "unknown")

    def events(self) -> list[Event]:
        """What is told of each unit, and of the case; problems of the record stand at each."""
        found = [self.event(name, at, bare(unit.item)) for unit in self.units for name, at in self.facts]
        for unit in self.units:
            if unit.seen:
                found += self._in_hand(unit)
        if self.case is not None:
            found.append(self.event(self.case, None, None))
        if not self.units:
            found += [self.event(name, at, None) for name, at in self.facts]
        return found or [self.event(words.UNKNOWN, None, None)]

    def _in_hand(self, unit: Unit) -> list[Event]:
        item = unit.item
        if item.grade_raw is None and item.disposition_raw is None:
            return [self.event(words.ITEM_REGISTERED, unit.seen_at, item)]
        name = words.ITEM_GRADED if item.grade_raw is not None else words.ITEM_DISPOSITIONED
        return [self.event(words.ITEM_REGISTERED, unit.seen_at, bare(item)), self.event(name, None, item)]

    def event(self, name: str, written: str | None, item: Item | None) -> Event:
        """`written`: the time as ISO text; without one the time of receipt stands in, and is no part of the identity."""
        time, time_text, problems = self.received_at, None, [*self.problems, *(item.problems if item else ())]
        if written is not None:
            time, time_text, fault = read_time(written, self.received_at)
            problems += [fault] if fault else []
        facts = item.facts if item is not None else None
        key = event_key(G1_FACTS, words.LEGACY_RETURN, self.return_id, self.order_id, name, time_text, facts)
        return Event(key, time, name, words.LEGACY_RETURN, self.lane, self.return_id, self.order_id, self.location, self.tracking_number,
                     None, item, problems)  # fmt: skip


def bare(item: Item) -> Item:
    """The unit before anybody judged it, for events about its parcel and its registration."""
    return replace(
        item,
        verification=None,
        grade_raw=None,
        grade=UNGRADED,
        disposition_raw=None,
        disposition=NO_DISPOSITION,
        refund_advice=None,
        facts=(*item.facts[:6], None, None, None, None),
        problems=[found for found in item.problems if found.cause not in JUDGEMENTS],
    )


def read_legacy(profile: Profile, dialect: LegacyDialect, payload: Mapping[str, Any], received_at: datetime) -> LegacyReturn:
    """One record; its units are in the order of the entries and have no piece ids yet."""
    reader = FieldReader(payload, profile.fields.get(words.LEGACY_RETURN, {}), profile.nulls)
    return_id, lane = reader.text("return_id"), reader.text("lane")
    status, case_status = reader.text("status"), reader.text("case_status")
    facts: list[tuple[str, str | None]] = []
    if (registered := reader.text("registered_at")) is not None:
        facts.append((words.RETURN_REGISTERED, _iso(dialect, registered)))
    status_time, advised = reader.text("status_time"), reader.text("advised_at")
    problems = reader.problems
    if status is not None:
        facts.append((_parcel_event(profile, status, problems), None if status_time is None else _iso(dialect, status_time)))
    if advised is not None:
        facts.append((words.REFUND_ADVICE, _iso(dialect, advised)))
    case: str | None = None
    if case_status is not None:
        if case_status not in profile.snapshot_statuses:
            problems.append(problem("unknown_status", case_status))
        case = profile.snapshot_statuses.get(case_status, words.UNKNOWN)
    if return_id is None:
        problems.append(problem("missing_return_id"))
    if lane is not None:
        if lane not in profile.lanes:
            problems.append(problem("unknown_lane", lane))
        lane = profile.lanes.get(lane, words.UNKNOWN)
    return LegacyReturn(
        received_at=received_at,
        return_id=None if return_id is None else normal_id(return_id),
        order_id=reader.text("client_order_id"),
        lane=lane,
        location=reader.text("location"),
        tracking_number=reader.text("tracking_number"),
        units=[unit for entry in reader.items() for unit in _units(profile, dialect, entry)],
        facts=facts,
        case=case,
        problems=problems,
    )


def _parcel_event(profile: Profile, status: str, problems: list[Problem]) -> str:
    name = profile.statuses.get(status)
    if name is None or name not in words.PARCEL_EVENTS:
        problems.append(problem("unknown_status" if name is None else "item_event_in_tracking", status))
        return words.UNKNOWN
    return name


def _units(profile: Profile, dialect: LegacyDialect, entry: Any) -> list[Unit]:
    if not isinstance(entry, dict):
        return [Unit(no_item(entry), True, None)]
    body = cast("Mapping[str, Any]", entry)
    reader = FieldReader(body, dialect.item_fields, profile.nulls)
    seen_at = reader.text("seen_at")
    seen = reader.text("seen") is not None
    item = read_item(profile, body, dialect.item_fields, seen)
    judged = (item.grade_raw, item.disposition_raw, item.verification)
    seen = seen or any(each is not None for each in judged)
    count = 1 if item.quantity is None else item.quantity
    if count > MOST_UNITS:
        item.problems.append(problem("bad_quantity", count))
        count = item.quantity = 0
    at = None if seen_at is None else _iso(dialect, seen_at)
    if count == 0:  # one piece that says that something could not be read
        return [Unit(item, seen, at)]
    facts = (*item.facts[:4], 1, *item.facts[5:])
    return [Unit(replace(item, quantity=1, facts=facts, problems=[*item.problems]), seen, at) for _ in range(count)]


def _iso(dialect: LegacyDialect, written: str) -> str:
    """A legacy time as ISO text in UTC; as it stands when it is not in the account's format, which read_time then reports."""
    for form in (f"{dialect.date_format} %H:%M:%S", dialect.date_format):
        try:
            return datetime.strptime(written, form).replace(tzinfo=dialect.zone).astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            continue
    return written
