"""What is expected of return_requests before anything is sent: nothing that the order's lines, as they were read, do not allow; nothing
refused that they do; the operator's own codes."""

from collections.abc import Sequence

from returns_assets.quality.expectation import SQL_BUG, Expectation, equal, in_set, unique
from returns_assets.quality.facts import Facts
from returns_assets.translation.request_tables import QUANTITY

REQUESTS = "return_requests"
REQUEST_OUTCOMES = ("authorise", "create", "refuse", "finish", "hold", "done", "skip", "exception")
REQUEST = ("request_id", "order_id")
LINE = (*REQUEST, "order_line_id")


def _eligible(facts: Facts) -> Sequence[str]:
    return facts.marketplace.return_requests.eligible_line_states if facts.marketplace else []


def _rejections(facts: Facts) -> list[str]:
    """`REFUSED > CODE` for every row of return_rejections.csv that counts for the marketplace."""
    own = facts.marketplace.key if facts.marketplace else ""
    rows = {row.rejected_for: row for key in ("*", own) for row in facts.mappings.rejections if row.marketplace == key}
    return [f"{row.rejected_for} > {row.rejection_code}" for row in rows.values()]


REQUEST_SUITE: tuple[Expectation, ...] = (
    Expectation(REQUESTS, "granted_lines_eligible", "critical", "request_granted", *in_set("stands", _eligible), (*LINE, "stands"),
                "every line of a request that is authorised or created was shipped and has the units that are asked for", "logical",
                SQL_BUG),
    Expectation(REQUESTS, "granted_lines_whole", "critical", "request_granted", *equal("asked", "read"), (*LINE, "asked", "read"),
                "every line of a request that is authorised or created was read, in the quantity that is sent", "logical", SQL_BUG),
    Expectation(REQUESTS, "created_codes_live", "critical", "request_created", *in_set("code", lambda f: f.return_codes), (*LINE, "code"),
                "the reason of every line of a return that is created is in the operator's list (RE01, RETURN)", "mapping",
                "change request_reasons.csv, then materialise return_requests again"),
    Expectation(REQUESTS, "refused_never_eligible", "critical", "request_refused", *in_set("stands", lambda f: [*f.never_states, QUANTITY]),
                (*LINE, "stands"),
                "no line of a request that is refused can be returned, now or later", "logical", SQL_BUG),
    Expectation(REQUESTS, "refused_codes_live", "critical", "request_refused", *in_set("code", lambda f: [*f.rejection_codes, ""]),
                (*LINE, "code"),
                "the code of every refusal in Mirakl is in the operator's list (RE01, RETURN_REJECTION)", "mapping",
                "change return_rejections.csv, then materialise return_requests again"),
    Expectation(REQUESTS, "refused_codes_translated", "critical", "request_refused",
                *in_set("translated", lambda f: [*_rejections(f), ""]), (*LINE, "stands", "code"),
                "the code of every refusal is what return_rejections.csv says for the request's first line", "mapping", SQL_BUG),
    Expectation(REQUESTS, "request_keys_unique", "critical", "request_all", *unique("request_id"), (*REQUEST, "outcome"),
                "a request is in the partition once", "technical", SQL_BUG),
    Expectation(REQUESTS, "request_one_outcome", "critical", "request_all", *in_set("outcome", lambda _: REQUEST_OUTCOMES),
                (*REQUEST, "outcome"), "every request has exactly one outcome", "technical", SQL_BUG),
    Expectation(REQUESTS, "request_explained", "critical", "request_all", *in_set("not_said", lambda _: [""]),
                (*REQUEST, "outcome", "not_said"),
                "every outcome says why, and names what it needs to act", "technical", SQL_BUG),
    Expectation(REQUESTS, "requests_conserved", "critical", "request_sources", *in_set("kept", lambda _: ["kept"]), ("request_id", "kept"),
                "every return that was opened in Mirakl or registered at ReBound on the day is in the partition", "technical",
                "materialise return_requests again; if some are still missing, report the sample"),
)  # fmt: skip
