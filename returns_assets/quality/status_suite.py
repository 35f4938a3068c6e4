"""What is expected of return_status_actions before anything is sent: about the right return, whole, and in the operator's own codes."""

from returns_assets.quality.expectation import SQL_BUG, Expectation, equal, in_set, unique

STATUS = "return_status_actions"
STATUS_OUTCOMES = ("send", "done", "wait", "gap", "exception")
STEP = ("return_id", "mirakl_return_id", "step")

STATUS_SUITE: tuple[Expectation, ...] = (
    Expectation(STATUS, "status_codes_live", "critical", "status_lines", *in_set("code", lambda f: [*f.compliance_codes, ""]),
                (*STEP, "order_line_id", "code"),
                "the code of every line that is not compliant is in the operator's live list (RE01, RETURN_NON_COMPLIANT)", "mapping",
                "change compliance.csv, then materialise return_status_actions again"),
    Expectation(STATUS, "status_codes_translated", "critical", "status_lines", *equal("coded", "expected"),
                (*STEP, "order_line_id", "coded", "expected"),
                "a line has a code exactly where it is not compliant", "logical", SQL_BUG),
    Expectation(STATUS, "status_lines_complete", "critical", "status_lines", *equal("given", "in_return"),
                (*STEP, "order_line_id", "given", "in_return"),
                "an assessment has each line of Mirakl's return once, and no other", "logical", SQL_BUG),
    Expectation(STATUS, "status_steps_unique", "critical", "status_steps", *unique("step_key"), (*STEP, "outcome"),
                "a ReBound return has each step once", "technical", SQL_BUG),
    Expectation(STATUS, "status_returns_unique", "critical", "status_sent", *unique("sent_key"), STEP,
                "one step of a return of Mirakl's is sent for one ReBound return only", "logical", SQL_BUG),
    Expectation(STATUS, "status_order_agrees", "critical", "status_sent", *in_set("order_agrees", lambda _: ["yes"]), STEP,
                "what is sent is about a return of the order that ReBound names", "logical", SQL_BUG),
    Expectation(STATUS, "status_rests_on_event", "critical", "status_sent", *in_set("rests_on", lambda _: ["event"]), (*STEP, "rests_on"),
                "every step that is sent rests on an event that ReBound or the warehouse told of", "logical", SQL_BUG),
    Expectation(STATUS, "status_explained", "critical", "status_steps", *in_set("not_said", lambda _: [""]), (*STEP, "outcome", "not_said"),
                "every outcome says why: what it waits for, or class, cause and what to do", "technical", SQL_BUG),
    Expectation(STATUS, "status_outcomes", "critical", "status_steps", *in_set("outcome", lambda _: STATUS_OUTCOMES), (*STEP, "outcome"),
                "every step is sent, done, waiting, a gap or an exception", "technical", SQL_BUG),
)  # fmt: skip
