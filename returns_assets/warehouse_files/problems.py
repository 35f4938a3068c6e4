"""What can be wrong with a warehouse's file or row: each cause with its class and what a person does about it."""

from returns_assets.rebound.problems import Cause, Problem, shortened

AGAIN = "then run the day again"
CAUSES: dict[str, Cause] = {
    "bad_row": Cause(
        "technical",
        "row",
        "the other rows of the file went on; `returns inbox show` prints the file: ask the warehouse for a new file with a corrected row",
    ),
    "document_refused": Cause(
        "technical",
        "document",
        "no row of the file was taken: see docs/warehouse-files.md, ask the warehouse for a corrected file; if the bad rows are right as "
        f"they are, raise max_bad_ratio in warehouse.yaml, {AGAIN}",
    ),
    "unknown_verification": Cause("mapping", "code", f"add the value to verification_map in warehouse.yaml, {AGAIN}"),
    "unknown_grade": Cause("mapping", "code", f"add the value to grade_map in warehouse.yaml, {AGAIN}"),
    "unknown_disposition": Cause("mapping", "code", f"add the value to disposition_map in warehouse.yaml, {AGAIN}"),
    "unroutable": Cause(
        "mapping",
        "order",
        "no order_id_prefixes in marketplaces.yaml fits the order id, or no document of ReBound names the order of the return: add the "
        f"prefix, or ask the warehouse for the order id, {AGAIN}",
    ),
    "order_differs": Cause(
        "logical",
        "piece",
        "the warehouse names another order for this piece than ReBound does, so its word does not count: look which of them is wrong and "
        "ask for a corrected row",
    ),
    "piece_not_announced": Cause(
        "logical",
        "return",
        f"the row names no piece, and no document of ReBound names one of this return and line: {AGAIN} once ReBound has told of it, or "
        "ask the warehouse for the piece's id",
    ),
    "piece_unclear": Cause(
        "logical",
        "return",
        "the row names no piece, and the pieces of its return and line cannot be told apart (another number of units, or the warehouse "
        "says different things about them): ask the warehouse for rows with the piece's id",
    ),
}


def problem(cause: str, value: object = "") -> Problem:
    """A problem with its value shortened; raises KeyError for a cause that has no explanation."""
    if cause not in CAUSES:
        raise KeyError(cause)
    return Problem(cause, shortened(str(value)))
