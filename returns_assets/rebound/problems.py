"""What can be wrong with a document or an event: each cause with its class and what a person does about it.

A problem never removes a row: it stands beside it, as text in the table and as one exception per cause and value.
"""

from collections.abc import Iterable
from typing import NamedTuple

VALUE_LENGTH = 80  # a label is short; anything longer is a mistake that must not fill the tables


class Problem(NamedTuple):
    """One thing that is wrong: `cause` is a key of CAUSES, `value` what was found (shortened)."""

    cause: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.cause}:{self.value}" if self.value else self.cause


class Cause(NamedTuple):
    """Exception class, the kind of subject it is about, and what clears it."""

    exception_class: str
    subject_kind: str
    todo: str


AGAIN = "then materialise rebound_returns again"
CAUSES: dict[str, Cause] = {
    "unreadable_document": Cause(
        "technical",
        "document",
        "allowed: one JSON object, an array of objects, or one object a line, in UTF-8 (warehouse files: docs/warehouse-files.md); ask the "
        "sender to send it again"
    ),
    "unreadable_part": Cause("technical", "document", "the other parts were read; ask the sender for the parts that are named"),
    "unknown_channel": Cause("mapping", "document", f"name the channel under channels in rebound.yaml, {AGAIN}"),
    "unknown_status": Cause("mapping", "code", f"add the status to status_map (snapshots: snapshot_status_map) in rebound.yaml, {AGAIN}"),
    "unknown_lane": Cause("mapping", "code", f"add the flow to lane_map in rebound.yaml, {AGAIN}"),
    "unknown_verification": Cause("mapping", "code", f"add the value to verification_map in rebound.yaml, {AGAIN}"),
    "unknown_grade": Cause("mapping", "code", f"add the value to grade_map in rebound.yaml, {AGAIN}"),
    "unknown_disposition": Cause("mapping", "code", f"add the value to disposition_map in rebound.yaml, {AGAIN}"),
    "unknown_reason": Cause("mapping", "code", f"add the label to reason_map in rebound.yaml, {AGAIN}"),
    "unknown_refund_advice": Cause("mapping", "code", "advice only, nothing waits for it; ask ReBound what the value means"),
    "item_event_in_tracking": Cause(
        "mapping", "code", f"a tracking update proves no item: map the status to a RETURN_ or PARCEL_ event in rebound.yaml, {AGAIN}"
    ),
    "unroutable": Cause(
        "mapping",
        "order",
        f"no order_id_prefixes in marketplaces.yaml fits the order id: add the prefix, or ask ReBound for the order, {AGAIN}"
    ),
    "missing_status": Cause("technical", "code", "the document has no status: see the field paths in rebound.yaml, or ask the sender"),
    "missing_return_id": Cause("technical", "code", "the document names no return: see the field paths in rebound.yaml, or ask the sender"),
    "missing_items": Cause("technical", "code", "a refund trigger without items says nothing: ask the sender"),
    "unidentified_item": Cause("logical", "code", "an item without any id, SKU or EAN: ask the hub what came back"),
    "conflicting_item": Cause(
        "logical",
        "piece",
        "one document says two different things about this piece, so it shows as unknown_verification: ask the hub which is true and for a "
        "snapshot that says the verification; rebound.yaml needs no change"
    ),
    "piece_id_unclear": Cause(
        "logical",
        "return",
        "items of this return came without reboundItemId and may be other units, or the same ones as those with an id: ask the hub how "
        "many units came back, compare with the pieces of the return, and refund what is missing by hand in Mirakl"
    ),
    "unit_withdrawn": Cause(
        "logical",
        "piece",
        "the legacy record no longer names this unit, which it had as received: it counts as missing; ask the hub, and compare with what "
        "was refunded"
    ),
    "bad_type": Cause(
        "technical",
        "code",
        "a field is of another type than agreed (an object or list instead of text); an item that has one shows as unknown_verification: "
        "ask the sender for a corrected document that says the verification; rebound.yaml needs no change unless the field's path is wrong"
    ),
    "bad_items": Cause("technical", "code", "the items are not a list of objects: ask the sender"),
    "bad_quantity": Cause("technical", "code", "the quantity is not a whole number from 1 up: ask the sender"),
    "bad_version": Cause("technical", "code", "the version is not a whole number: ask the sender"),
    "bad_time": Cause("technical", "code", "the time is not ISO-8601 with date and time: the time of receipt is used; ask the sender"),
    "future_time": Cause("technical", "code", "the time is after its receipt: the time of receipt is used; ask the sender"),
}  # fmt: skip


def problem(cause: str, value: object = "") -> Problem:
    """A problem with its value shortened; raises KeyError for a cause that has no explanation."""
    if cause not in CAUSES:
        raise KeyError(cause)
    return Problem(cause, shortened(str(value)))


def shortened(text: str) -> str:
    """At most VALUE_LENGTH characters."""
    return text if len(text) <= VALUE_LENGTH else f"{text[: VALUE_LENGTH - 1]}…"


def joined(problems: Iterable[Problem]) -> str | None:
    """The text for the table's column, each problem once; None when there is none."""
    return "; ".join(dict.fromkeys(str(item) for item in problems)) or None
