"""Payload -> canonical events, by the account's profile. One event per item, or one about the parcel where no item is named.

Facts of the payloads: reference 1.6. A tracking update names announced pieces and proves no receipt; a refund trigger has no time, no type
and no grade; a snapshot is the canonical item-level record. Every payload ends in events or in problems, whatever its fields hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from returns_assets.rebound import vocabulary as words
from returns_assets.rebound.fields import FieldReader, read_time, whole_number
from returns_assets.rebound.identity import G3_FACTS, event_key, normal_id
from returns_assets.rebound.items import Item, read_items
from returns_assets.rebound.problems import Problem, problem
from returns_assets.rebound.profile import Profile


@dataclass(slots=True)
class Event:
    """One canonical fact. Times are aware UTC; `order_id` is ReBound's clientOrderId; problems are of the document and of the item."""

    event_key: str
    event_time: datetime
    event: str
    kind: str
    lane: str | None
    return_id: str | None
    order_id: str | None
    location: str | None
    tracking_number: str | None
    version: int | None
    item: Item | None
    problems: list[Problem] = field(default_factory=list[Problem])
    rma: str | None = None
    mirakl_return_id: str | None = None

    @property
    def event_rank(self) -> int:
        return words.EVENT_RANKS.get(self.event, 0)


@dataclass(slots=True)
class _Document:
    """What a payload says beside its items."""

    profile: Profile
    kind: str
    received_at: datetime
    event_time: datetime
    time_text: str | None
    return_id: str | None
    order_id: str | None
    status: str | None
    lane: str | None
    location: str | None
    tracking_number: str | None
    version: int | None
    problems: list[Problem]
    rma: str | None
    mirakl_return_id: str | None

    def event(self, name: str, item: Item | None = None) -> Event:
        """An event of this document; an item that knows when it was inspected has its own time."""
        time, time_text, problems = self.event_time, self.time_text, self.problems
        if item is not None:
            problems = [*problems, *item.problems]
            if item.inspected_at is not None:
                inspected, time_text, fault = read_time(item.inspected_at, self.received_at)
                time, problems = (time, [*problems, fault]) if fault else (inspected, problems)
        key = event_key(
            G3_FACTS, self.kind, self.return_id, self.order_id, self.status, time_text, item.facts if item is not None else None
        )
        return Event(
            key, time, name, self.kind, self.lane, self.return_id, self.order_id, self.location, self.tracking_number, self.version, item,
            problems, self.rma, self.mirakl_return_id,
        )  # fmt: skip


def read_events(profile: Profile, kind: str, payload: Mapping[str, Any], received_at: datetime) -> list[Event]:
    """All events of one payload. `kind` comes from the channel; `received_at` (aware UTC) stands in for a time that is not given."""
    reader = FieldReader(payload, profile.fields.get(kind, {}), profile.nulls)
    document = _document(profile, kind, reader, received_at)
    seen = kind in words.ITEM_KINDS
    items = read_items(profile, reader.items(), document.return_id, document.order_id, seen=seen)
    if kind == words.RETURN_SNAPSHOT:
        return _snapshot(document, items)
    if kind in words.TRIGGER_EVENTS:
        name = words.TRIGGER_EVENTS[kind]
        if not items:
            document.problems.append(problem("missing_items"))
    else:
        name = _tracking_event(document)
    return [document.event(name, item) for item in items] or [document.event(name)]


def _document(profile: Profile, kind: str, reader: FieldReader, received_at: datetime) -> _Document:
    return_id, order_id = reader.text("return_id"), reader.text("client_order_id")
    status, lane = reader.text("status"), reader.text("lane")
    location, tracking_number = reader.text("location"), reader.text("tracking_number")
    rma, mirakl_return_id = reader.text("rma"), reader.text("mirakl_return_id")
    written_time, written_version = reader.text("event_time"), reader.text("version")
    problems = reader.problems
    if return_id is None:
        problems.append(problem("missing_return_id"))
    time, time_text = received_at, None
    if written_time is not None:
        time, time_text, fault = read_time(written_time, received_at)
        if fault:
            problems.append(fault)
    if lane is not None:
        if lane not in profile.lanes:
            problems.append(problem("unknown_lane", lane))
        lane = profile.lanes.get(lane, words.UNKNOWN)
    version = None if written_version is None else whole_number(written_version)
    if written_version is not None and version is None:
        problems.append(problem("bad_version", written_version))
    return _Document(
        profile=profile,
        kind=kind,
        received_at=received_at,
        event_time=time,
        time_text=time_text,
        return_id=None if return_id is None else normal_id(return_id),
        order_id=order_id,
        status=status,
        lane=lane,
        location=location,
        tracking_number=tracking_number,
        version=version,
        problems=problems,
        rma=rma,
        mirakl_return_id=mirakl_return_id,
    )


def _tracking_event(document: _Document) -> str:
    """The event that a tracking update's status stands for; only what a parcel can prove."""
    if document.status is None:
        document.problems.append(problem("missing_status"))
        return words.UNKNOWN
    name = document.profile.statuses.get(document.status)
    if name is None:
        document.problems.append(problem("unknown_status", document.status))
        return words.UNKNOWN
    if name not in words.PARCEL_EVENTS:
        document.problems.append(problem("item_event_in_tracking", document.status))
        return words.UNKNOWN
    return name


def _snapshot(document: _Document, items: list[Item]) -> list[Event]:
    """One event per received item, by the most that is known of it, and one for the case where its status says something."""
    case: str | None = words.UNKNOWN
    if document.status is None:
        document.problems.append(problem("missing_status"))
    elif document.status not in document.profile.snapshot_statuses:
        document.problems.append(problem("unknown_status", document.status))
    else:
        case = document.profile.snapshot_statuses[document.status]
    events = [document.event(_item_event(item), item) for item in items]
    if case is None and not events and document.lane is not None:
        case = words.RETURN_REGISTERED  # an open case without items still says which way the parcel goes
    if case is not None or (document.problems and not events):
        events.append(document.event(case or words.UNKNOWN))
    return events


def _item_event(item: Item) -> str:
    if item.grade_raw is not None:
        return words.ITEM_GRADED
    return words.ITEM_DISPOSITIONED if item.disposition_raw is not None else words.ITEM_REGISTERED
