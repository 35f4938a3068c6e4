"""The causes that a request for a return can have: class of the exception, and what a person does (docs/operations.md)."""

from returns_assets.decisions.causes import Cause

REQUEST_CAUSES: dict[str, Cause] = {
    "order_unknown": Cause("logical", "look for the order in Mirakl: it is not visible to this key, or ReBound has another id"),
    "no_lines": Cause("logical", "the request names no order lines: see it in Mirakl or at ReBound"),
    "line_unknown": Cause("logical", "the request names a line that the order does not have: see both in Mirakl"),
    "item_without_line": Cause("logical", "an announced item is on no single order line: ask ReBound for the line id"),
    "line_unreadable": Cause("technical", "quantity or money of the order line cannot be read: see the order in Mirakl"),
    "line_state_unknown": Cause("logical", "see the order in Mirakl: its line is in a state that is not documented"),
    "partly_eligible": Cause("logical", "some of the lines can be returned and others never: decide the return in Mirakl"),
    "quantity_unclear": Cause(
        "logical", "refunds and other returns leave it open how many units are left: find out, then accept or refuse the return in Mirakl"
    ),
    "ambiguous_return": Cause(
        "logical", "several returns fit: write ReBound's number as RMA on the right one in Mirakl, then run the flow again"
    ),
    "accepted_not_eligible": Cause(
        "logical", "Mirakl accepted a return that can never be made: cancel it there or tell the operator; ReBound was not asked"
    ),
    "registered_not_eligible": Cause(
        "logical", "ReBound registered a return that the order does not allow: cancel it at ReBound, or settle it with the operator"
    ),
    "return_ended": Cause("logical", "authorised at ReBound, and ended in Mirakl before that was written back: cancel it at ReBound, too"),
    "method_without_label": Cause("policy", "the return does not travel with ReBound's label: accept or refuse it in Mirakl"),
    "rejection_not_mapped": Cause("mapping", "add a row to return_rejections.csv for this marketplace and state"),
    "rejection_code_not_live": Cause(
        "mapping", "the operator's list has no such code (RE01, RETURN_REJECTION): change return_rejections.csv"
    ),
    "return_reason_not_mapped": Cause("mapping", "add the operator's code and the canonical reason to request_reasons.csv"),
    "return_reason_not_live": Cause("mapping", "the operator's list has no such code (RE01, RETURN): change request_reasons.csv"),
    "portal_unreadable": Cause(
        "technical", "check the variables that rebound.yaml names under api; the next run reads the registrations again"
    ),
    "registration_unreadable": Cause(
        "technical", "these registrations in ReBound's portal are not answered: see them there, and ask ReBound for whole ones"
    ),
    "unroutable": Cause(
        "logical", "the order id of the registration in ReBound's portal has no marketplace's prefix: answer it there, or add the prefix"
    ),
    "request_late": Cause("logical", "see what it waits for (return_requests), then ship or cancel the order in Mirakl"),
}
