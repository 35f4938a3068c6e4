"""The causes that a step of a return's status can have: class of the exception, and what a person does (docs/operations.md)."""

from returns_assets.decisions.causes import Cause

STATUS_CAUSES: dict[str, Cause] = {
    "ambiguous_return": Cause(
        "logical", "several returns fit: write ReBound's number as RMA on the right one in Mirakl, then run the flow again"
    ),
    "not_in_mirakl": Cause("logical", "no return is open in Mirakl: open it there, or find out which order the parcel belongs to"),
    "no_return_fits": Cause("logical", "the order's returns in Mirakl have other lines: compare them with ReBound's return"),
    "cancelled_in_network": Cause(
        "logical", "the parcel was on its way when ReBound cancelled: find out where it is, then end the return by hand"
    ),
    "return_state_differs": Cause("logical", "Mirakl's return is in a state from which the step is not possible: see the return in Mirakl"),
    "piece_without_line": Cause(
        "logical", "a piece belongs to no line of Mirakl's return: ask ReBound for the line id, or assess it by hand"
    ),
    "compliance_not_mapped": Cause("mapping", "add a row to compliance.csv for this verification, grade and disposition"),
    "compliance_code_not_live": Cause(
        "mapping", "the operator's list has no such code (RE01, RETURN_NON_COMPLIANT): change compliance.csv"
    ),
    "compliance_differs": Cause("logical", "the return was assessed otherwise and cannot be assessed twice: tell the operator"),
    "closed_before_compliance": Cause(
        "logical", "the return was closed before it was assessed: tell the operator what is wrong with the goods"
    ),
}
