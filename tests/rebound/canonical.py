"""The one table of canonical cases: what happened to the parcel and its pieces -> what every way of telling it must lead to.

The cases are scenarios of the sandbox, begun on one of two days; what each is about in full is in docs/sandbox.md. A row is a piece as
`mapped_dispositions` has it. Its last two columns are the definitive event and its time, as `event day time`, once for everything that
the current platform tells (pushed, dropped, by SFTP, by the REST poll) and once for the legacy poll:

- a Refund Trigger has no time of its own (documented), so its time is the receipt; a snapshot's `inspectedAt` is exact;
- the legacy record knows when an item was registered, and not when it was graded: that is the receipt. It shows the return as it is at
  the poll, so both come at once, and of the parcel's statuses only the last (`legacy_told`); `date_added` announces every return;
- a row with None for one of them does not exist there; `less` says what the legacy poll does not know.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """One piece. `found`: verification, grade, disposition. `at`, `legacy_at`: see above."""

    outcome: str
    found: str
    reason: str
    quantity: int
    at: str | None
    legacy_at: str | None


class Case(NamedTuple):
    """`told`: every kind of event that was told of the return, in the order of a return's life; `legacy_told` where that differs."""

    scenario: str
    what: str
    rows: tuple[Row, ...]
    told: str
    legacy_told: str | None = None
    less: str | None = None


CASES = (
    Case("happy_path", "two units, every milestone, registered and then graded A", (
        Row("refund", "MATCH A RESTOCK", "SIZE_TOO_LARGE", 1, "registered 2 12:00", "graded 2 09:00"),
        Row("refund", "MATCH A RESTOCK", "SIZE_TOO_LARGE", 1, "registered 2 12:00", "graded 2 09:00"),
    ), told="announced scanned hub registered graded closed", legacy_told="announced hub registered graded closed"),
    Case("label_in_box", "no registration beforehand: the scan comes first and names no items", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("direct_to_retailer", "never meets a hub, delivered to the retailer; the hub's advice decides nothing", (),
         told="announced scanned advised delivered"),
    Case("duplicates", "the same trigger four times, once in other bytes, once a day later", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 1 receipt", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("hub_before_scan", "the earlier scan is sent after the hub's arrival", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 1 receipt", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("after_close", "the second unit is registered after the case was closed", (
        Row("refund", "MATCH A RESTOCK", "SIZE_TOO_LARGE", 1, "registered 1 11:00", "graded 1 09:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 12:00"),
    ), told="announced scanned hub registered graded closed", legacy_told="announced hub registered graded closed"),
    Case("three_pieces_one_missing", "three announced, two graded A, one missing", (
        Row("no_refund", "MISSING U NONE", "SIZE_TOO_LARGE", 1, "registered 1 09:00", "registered 1 09:00"),
        Row("refund", "MATCH A RESTOCK", "SIZE_TOO_LARGE", 1, "graded 1 09:00", "graded 1 09:00"),
        Row("refund", "MATCH A RESTOCK", "SIZE_TOO_LARGE", 1, "graded 1 09:00", "graded 1 09:00"),
    ), told="announced scanned hub registered graded closed", legacy_told="announced hub registered graded closed"),
    Case("two_parcels", "three units in two parcels", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 1 receipt", "registered 1 09:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 11:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 11:00"),
    ), told="announced scanned hub registered"),
    Case("two_returns", "two returns of one order, a unit each", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 1 receipt", "registered 1 09:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 10:00"),
    ), told="scanned registered", legacy_told="announced scanned registered"),
    Case("unexpected_item", "beside the announced unit one of which only the EAN is known", (
        Row("hold", "UNEXPECTED_EXTRA U NONE", "NOT_GIVEN", 1, "registered 2 receipt", "registered 2 09:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("wrong_item", "another article was in the parcel", (
        Row("exception wrong_item", "WRONG_ITEM U NONE", "SIZE_TOO_LARGE", 1, "registered 1 09:00", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("empty_parcel", "nothing was in the parcel", (
        Row("exception empty_parcel", "EMPTY_PARCEL U NONE", "SIZE_TOO_LARGE", 1, "registered 2 09:00", "registered 2 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("unidentifiable", "nobody can say what it is", (
        Row("exception unidentifiable", "UNIDENTIFIABLE U NONE", "SIZE_TOO_LARGE", 1, "registered 1 09:00", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("correction_down", "graded A, a day later D; nothing was paid in between", (
        Row("hold", "MATCH D DESTROY", "SIZE_TOO_LARGE", 1, "graded 1 09:00", "graded 1 09:00"),
    ), told="announced scanned hub graded closed", legacy_told="announced hub registered graded closed"),
    Case("missing_then_found", "missing and closed, found a day later", (
        Row("refund", "MATCH A RESTOCK", "SIZE_TOO_LARGE", 1, "graded 1 09:00", "graded 1 09:00"),
    ), told="announced scanned hub registered graded closed", legacy_told="announced hub registered graded closed"),
    Case("same_sku_by_line_id", "one SKU on two lines at two prices, ReBound names the line", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", None),
        Row("exception ambiguous_line", "MATCH U NONE", "SIZE_TOO_LARGE", 1, None, "registered 2 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered", less="no line ids: refused rather than guessed"),
    Case("same_sku_ambiguous", "the same without a line id", (
        Row("exception ambiguous_line", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 1 receipt", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("same_sku_equal_price", "one SKU on two lines at one price, no line id", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("by_sku", "no line id, one line has the SKU", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 1 receipt", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("instant_then_registered", "an instant trigger, then the registration", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 09:00"),
    ), told="announced scanned advised hub registered", legacy_told="announced advised hub registered"),
    Case("instant_only", "an instant trigger and nothing after it", (),
         told="announced scanned advised hub", legacy_told="announced advised hub"),
    Case("unknown_status", "a status that no map has on the way", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 09:00"),
    ), told="announced scanned hub registered unknown", legacy_told="announced registered unknown"),
    Case("unknown_reason", "a reason that no map has", (
        Row("exception unknown_reason", "MATCH U NONE", "UNKNOWN", 1, "registered 1 receipt", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("reason_not_given", "no reason at all", (
        Row("exception reason_not_mapped", "MATCH U NONE", "NOT_GIVEN", 1, "registered 2 receipt", "registered 2 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("half_document", "a document cut in the middle, whole an hour later", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 10:00"),
    ), told="registered", legacy_told="announced registered"),
    Case("never_inspected", "at the hub and never opened", (), told="announced scanned hub", legacy_told="announced hub"),
    Case("cancelled_return", "announced, then cancelled", (), told="announced cancelled"),
    Case("quarantine", "put into quarantine", (
        Row("hold", "MATCH B QUARANTINE", "SIZE_TOO_LARGE", 1, "graded 2 09:00", "graded 2 09:00"),
    ), told="announced scanned hub graded", legacy_told="announced hub registered graded"),
    Case("quarantine_released", "in quarantine, a day later released", (
        Row("refund", "MATCH B RESTOCK", "SIZE_TOO_LARGE", 1, "graded 1 09:00", "graded 1 09:00"),
    ), told="announced scanned hub graded closed", legacy_told="announced hub registered graded closed"),
    Case("used", "grade C", (
        Row("hold", "MATCH C SECONDARY_SALE", "SIZE_TOO_LARGE", 1, "graded 2 09:00", "graded 2 09:00"),
    ), told="announced scanned hub graded", legacy_told="announced hub registered graded"),
    Case("defect_confirmed", "grade D, and the reason says so", (
        Row("refund", "MATCH D DESTROY", "DEFECTIVE", 1, "graded 1 09:00", "graded 1 09:00"),
    ), told="announced scanned hub graded", legacy_told="announced hub registered graded"),
    Case("damaged_by_customer", "grade D, and the reason does not say so", (
        Row("hold", "MATCH D RECYCLE", "SIZE_TOO_LARGE", 1, "graded 2 09:00", "graded 2 09:00"),
    ), told="announced scanned hub graded", legacy_told="announced hub registered graded"),
    Case("return_to_consumer", "goes back to the customer", (
        Row("no_refund", "MATCH C RETURN_TO_CONSUMER", "SIZE_TOO_LARGE", 1, "graded 1 09:00", "graded 1 09:00"),
    ), told="announced scanned hub graded", legacy_told="announced hub registered graded"),
    Case("unknown_grade", "a grade that no map has", (
        Row("exception unknown_grade", "MATCH UNKNOWN RESTOCK", "SIZE_TOO_LARGE", 1, "graded 2 09:00", "graded 2 09:00"),
    ), told="announced scanned hub graded", legacy_told="announced hub registered graded"),
    Case("unknown_disposition", "a disposition that no map has", (
        Row("exception unknown_disposition", "MATCH A UNKNOWN", "SIZE_TOO_LARGE", 1, "graded 1 09:00", "graded 1 09:00"),
    ), told="announced scanned hub graded", legacy_told="announced hub registered graded"),
    Case("unknown_verification", "a verification that no map has", (
        Row("exception unknown_verification", "UNKNOWN A RESTOCK", "SIZE_TOO_LARGE", 1, "graded 2 09:00", "graded 2 09:00"),
    ), told="announced scanned hub graded", legacy_told="announced hub registered graded"),
    Case("lot", "one item with the quantity 3", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 3, "registered 1 receipt", None),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, None, "registered 1 09:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, None, "registered 1 09:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, None, "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered", less="no items: three units, worth the same"),
    Case("uneven_units", "three units for 10.00, one after the other", (
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 1 receipt", "registered 1 09:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 10:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 11:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("bad_quantity", "the quantity is the word two", (
        Row("exception bad_quantity", "MATCH U NONE", "SIZE_TOO_LARGE", 0, "registered 1 receipt", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("over_quantity", "one was sold, a second comes back a day later", (
        Row("exception over_quantity", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", "registered 2 10:00"),
        Row("refund", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 1 receipt", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("unknown_line", "a line id that the order does not have, and the SKU of none", (
        Row("exception wrong_item", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 1 receipt", "registered 1 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered"),
    Case("other_sku", "the line's id with another SKU than was sold", (
        Row("exception wrong_item", "MATCH U NONE", "SIZE_TOO_LARGE", 1, "registered 2 receipt", None),
        Row("exception line_not_found", "MATCH U NONE", "SIZE_TOO_LARGE", 1, None, "registered 2 09:00"),
    ), told="announced scanned hub registered", legacy_told="announced hub registered", less="no line ids: no line has the SKU"),
)  # fmt: skip

WORDS = {
    "RETURN_REGISTERED": "announced", "PARCEL_IN_NETWORK": "scanned", "REFUND_ADVICE": "advised", "PARCEL_AT_HUB": "hub",
    "PARCEL_DELIVERED": "delivered", "ITEM_REGISTERED": "registered", "ITEM_GRADED": "graded", "RETURN_CLOSED": "closed",
    "RETURN_CANCELLED": "cancelled", "UNKNOWN": "unknown",
}  # fmt: skip
# What the truth of the sandbox says of a piece whose refund was paid on the first of two days; here nothing is paid.
UNPAID = {"correction_down": ["hold"]}
