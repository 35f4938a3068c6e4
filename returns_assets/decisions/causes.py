"""The causes of exceptions that a decision can name: their class and what a person does about them (docs/operations.md explains each)."""

from typing import NamedTuple


class Cause(NamedTuple):
    """Class of the exception, and what clears it."""

    exception_class: str
    todo: str


CAUSES: dict[str, Cause] = {
    "unknown_verification": Cause(
        "mapping",
        "rebound_returns names the fault: an unmapped value goes into verification_map (rebound.yaml or warehouse.yaml), a faulty "
        "item needs a new document",
    ),
    "piece_id_unclear": Cause("logical", "items with and without ids may be the same piece: ask ReBound which, refund by hand in Mirakl"),
    "unknown_grade": Cause(
        "mapping",
        "add the value to grade_map in rebound.yaml (warehouse.yaml if the warehouse said it), then materialise rebound_returns again",
    ),
    "unknown_disposition": Cause(
        "mapping", "add the value to disposition_map in rebound.yaml, or warehouse.yaml if the warehouse said it, then run the day again"
    ),
    "unknown_lane": Cause("mapping", "add the value to lane_map in rebound.yaml, then materialise rebound_returns again"),
    "unknown_reason": Cause("mapping", "add the label to reason_map in rebound.yaml, then materialise rebound_returns again"),
    "unknown_order": Cause("logical", "look for the order in Mirakl; if ReBound sent a wrong id, ask for a corrected notification"),
    "no_policy_row": Cause("policy", "add a row to refund_policy.csv for this verification, grade, disposition and reason"),
    "verdicts_differ": Cause(
        "logical",
        "ReBound and the warehouse say different things about this piece (rebound_returns, warehouse_events): let whoever is wrong send a "
        "correction, which clears it; or refund by hand in Mirakl and resolve with a note",
    ),
    "ambiguous_line": Cause(
        "logical", "several order lines fit and differ in price: ask ReBound for a notification with the line id; it decides the piece anew"
    ),
    "line_not_found": Cause("logical", "no order line has this line id, SKU or EAN: look at the piece and the order"),
    "wrong_item": Cause("logical", "another SKU came back than was sold on this line: look at the piece; propose RT26 WRONG_PRODUCT"),
    "bad_quantity": Cause(
        "technical", "the quantity is not a whole number from 1 up (rebound_returns has it): ask the sender for a corrected notification"
    ),
    "amount_unreadable": Cause("technical", "the order line's price or quantity cannot be shared out: look at the order in Mirakl"),
    "refunded_then_changed": Cause(
        "logical", "the piece was refunded and is judged otherwise now: no claw-back is made; decide with finance"
    ),
    "refunded_in_other_marketplace": Cause(
        "logical",
        "the piece was refunded, or may have been, on the order that ReBound named before: no claw-back and no second refund is made; "
        "decide with finance, resolve with a note",
    ),
    "planned_in_other_marketplace": Cause(
        "logical",
        "materialise mapped_dispositions and what follows for the partition that the detail names: it withdraws its refund; then this one",
    ),
    "foreign_refund_unclear": Cause(
        "logical", "someone refunded units of this line and several pieces came back: refund what is left by hand in Mirakl; all then close"
    ),
    "partly_refunded_elsewhere": Cause("logical", "someone refunded a part of these units: refund the rest by hand in Mirakl"),
    "over_quantity": Cause("logical", "more units came back than the line sold: check the order and the parcel"),
    "over_remainder": Cause("logical", "more than what is left on the line: someone else refunded; compare with the order in Mirakl"),
    "reason_not_mapped": Cause("mapping", "add the reason for this marketplace to return_reasons.csv"),
    "reason_not_live": Cause(
        "mapping", "the operator's list no longer has this code: change return_reasons.csv (returns mappings check --live)"
    ),
    "reason_not_for_shops": Cause("mapping", "shops may not use this code: choose another in return_reasons.csv"),
    "line_not_refundable": Cause("logical", "the order line's state allows no refund: ask the operator"),
    "tax_mode_differs": Cause("technical", "the order was read in another tax mode than asked for: materialise mirakl_orders again"),
}
