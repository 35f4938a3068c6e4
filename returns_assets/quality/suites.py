"""The table of expectations: which asset, on which slice, how grave, what it means and what a person does when it fails.

An entry is data; how it is run is runner.py's work. Arguments are functions of the partition's facts, so that limits and lists come
from the mapping tables and from Mirakl's live answers, never from the columns in which the planning SQL wrote its own verdict.
"""

from returns_assets.quality.dispatch_suite import DISPATCH_SUITE
from returns_assets.quality.expectation import SQL_BUG, Expectation, at_least, at_most, equal, in_set, unique
from returns_assets.quality.rebound_orders_suite import REBOUND_ORDERS_SUITE
from returns_assets.quality.request_suite import REQUEST_SUITE
from returns_assets.quality.status_suite import STATUS_SUITE
from returns_assets.quality.stock_suite import STOCK_SUITE

MAPPED = "mapped_dispositions"
RETURNS = "rebound_returns"
ORDERS = "mirakl_orders"
WAREHOUSE = "warehouse_events"
OUTCOMES = ("refund", "no_refund", "hold", "exception")
# The check that stands for `gate: partition`: critical in such a marketplace, always passed in one with `gate: rows`. It is a check of
# its own because automation looks at whether blocking checks passed, not at their severity: a warning must not stop the good rows.
PARTITION_GATE = "partition_gate"
GATED = ("codes_validate", "states_validate")


PIECE = ("piece_id", "order_id")
READY = ("piece_id", "order_id", "order_line_id")
LINE_MONEY = ("order_line_id", "order_id", "pieces", "planned", "left_over")

SUITES: tuple[Expectation, ...] = (
    # -- the rows marked ready: a wrong one here is a fault of the dataset, whatever the marketplace's gate
    Expectation(MAPPED, "ready_codes_live", "critical", "ready", *in_set("code", lambda f: f.live_codes), (*READY, "code"),
                "the refund reason of every ready piece is in the operator's live list (RE01) and may be used by shops", "mapping",
                "compare return_reasons.csv with the operator's list (returns mappings check), then materialise the partition again"),
    Expectation(MAPPED, "ready_states_eligible", "critical", "ready", *in_set("state", lambda f: f.eligible_states), (*READY, "state"),
                "the order line of every ready piece is in a state in which it can be refunded", "logical", SQL_BUG),
    Expectation(MAPPED, "ready_line_of_order", "critical", "ready", *equal("order_id", "line_order"), (*READY, "line_order"),
                "the order line of every ready piece was read from Mirakl and belongs to its order", "logical", SQL_BUG),
    Expectation(MAPPED, "ready_currency", "critical", "ready", *equal("currency", "order_currency"), (*READY, "currency", "order_currency"),
                "the currency of every ready piece is the order's", "logical", SQL_BUG),
    Expectation(MAPPED, "ready_tax_mode", "critical", "ready", *equal("tax_mode", "order_tax_mode"), (*READY, "tax_mode", "order_tax_mode"),
                "the tax mode of every ready piece is the order's", "logical", SQL_BUG),
    Expectation(MAPPED, "ready_amounts_positive", "critical", "ready", *at_least("amount_e4", 1), (*READY, "amount"),
                "every ready piece has an amount above zero", "logical", SQL_BUG),
    Expectation(MAPPED, "ready_shipping_not_negative", "critical", "ready", *at_least("shipping_e4", 0), (*READY, "shipping_amount"),
                "no ready piece has a negative or missing shipping amount", "logical", SQL_BUG),
    Expectation(MAPPED, "ready_within_remainder", "critical", "lines", *at_most("planned_e4", "left_e4"), LINE_MONEY,
                "the ready pieces of a line do not exceed what all refunds, ours and foreign, left of its price", "logical", SQL_BUG),
    Expectation(MAPPED, "ready_within_shipping", "critical", "lines", *at_most("planned_shipping_e4", "shipping_left_e4"),
                ("order_line_id", "order_id", "planned_shipping", "shipping_left"),
                "what is refunded of a line's shipping, with pieces and alone, does not exceed what all refunds left of its shipping price",
                "logical", SQL_BUG),
    Expectation(MAPPED, "ready_within_units", "critical", "lines", *at_most("units", "sold"),
                ("order_line_id", "order_id", "units", "sold"), "no line has more ready units than it sold", "logical", SQL_BUG),
    Expectation(MAPPED, "ready_not_in_later_day", "critical", "ready", *in_set("later_day", lambda _: [""]), (*READY, "later_day"),
                "no ready piece is in a later day's partition, too", "technical",
                "a later event moved the piece to that day: materialise this partition again"),
    Expectation(MAPPED, "ready_policy_allows", "critical", "ready", *in_set("policy_says", lambda _: ["refund"]),
                (*PIECE, "verification", "grade", "disposition", "reason", "policy_says"),
                "the policy table, read row by row, says refund for every ready piece, and its disposition is final", "policy", SQL_BUG),
    Expectation(MAPPED, "ready_codes_translated", "critical", "ready", *equal("code", "table_code"),
                (*PIECE, "reason", "code", "table_code"),
                "the refund reason of every ready piece is the one that return_reasons.csv gives on that day", "mapping", SQL_BUG),
    # -- the shipping that goes back alone on lines paid before, because the piece completes its order
    Expectation(MAPPED, "top_up_codes_live", "critical", "top_ups", *in_set("code", lambda f: f.live_codes), (*READY, "code"),
                "the refund reason of shipping refunded alone is in the operator's live list and may be used by shops", "mapping", SQL_BUG),
    Expectation(MAPPED, "top_up_codes_translated", "critical", "top_ups", *equal("code", "table_code"),
                (*READY, "reason", "code", "table_code"),
                "the refund reason of shipping refunded alone is what return_reasons.csv gives for the piece that completes the order",
                "mapping", SQL_BUG),
    Expectation(MAPPED, "top_up_positive", "critical", "top_ups", *at_least("shipping_e4", 1), (*READY, "shipping_amount"),
                "shipping refunded alone is above zero", "logical", SQL_BUG),
    Expectation(MAPPED, "top_up_once", "critical", "top_ups", *unique("order_line_id"), READY,
                "no line's shipping is refunded alone twice", "logical", SQL_BUG),
    Expectation(MAPPED, "top_up_line_of_order", "critical", "top_ups", *equal("order_id", "line_order"), (*READY, "line_order"),
                "shipping is refunded alone on lines of the piece's order, as read from Mirakl", "logical", SQL_BUG),
    Expectation(MAPPED, "top_up_order_whole", "critical", "top_ups", *in_set("not_refunded", lambda _: [""]), (*READY, "not_refunded"),
                "shipping is refunded alone only where the order as read, with this partition's refunds, keeps no line's money that the "
                "policy grants", "logical",
                "run the partition again, so that the order is read anew; if it stays, report it with the sample"),
    # -- the rows not marked ready: a refund that is owed must not end silently
    Expectation(MAPPED, "refundable_is_refunded", "critical", "denied", *in_set("refused", lambda _: [""]),
                (*READY, "outcome", "cause", "refused"),
                "every unpaid piece that policy, reason and order line let refund is refunded, unless refunds by others or too many units "
                "on its line explain why not", "logical", SQL_BUG),
    Expectation(MAPPED, "no_refund_founded", "critical", "denied", *in_set("unfounded", lambda _: [""]), (*READY, "unfounded"),
                "no_refund rests on the policy table, on a line or share worth nothing, or on refunds by others", "policy", SQL_BUG),
    # -- all rows of the partition
    Expectation(MAPPED, "piece_keys_unique", "critical", "pieces", *unique("piece_id"), (*PIECE, "outcome"),
                "a piece is in the partition once", "technical", SQL_BUG),
    Expectation(MAPPED, "definitive_events_only", "critical", "pieces", *in_set("lane_event", lambda f: f.lane_events),
                (*PIECE, "lane_event", "outcome"),
                "every piece rests on an event that is definitive for its lane in this marketplace", "logical", SQL_BUG),
    Expectation(MAPPED, "nothing_lost", "critical", "conservation", *equal("in_events", "in_dispositions"),
                (*PIECE, "in_events", "in_dispositions"),
                "every piece with a definitive event of this partition is in it, and no other", "technical",
                "materialise mapped_dispositions again; if pieces are still missing or invented, report the sample"),
    Expectation(MAPPED, "one_outcome", "critical", "pieces", *in_set("outcome", lambda _: OUTCOMES), (*PIECE, "outcome"),
                "every piece has exactly one outcome: refund, no_refund, hold or exception", "technical", SQL_BUG),
    Expectation(MAPPED, "outcomes_explained", "critical", "pieces", *in_set("not_said", lambda _: [""]), (*PIECE, "outcome", "not_said"),
                "every outcome says why: the rule, what it waits for, or class, cause and what to do", "technical", SQL_BUG),
    Expectation(MAPPED, "exception_share", "critical", "totals", *at_most("exceptions", "exceptions_allowed"),
                ("pieces", "exceptions", "exceptions_allowed"),
                "the share of exceptions is below the marketplace's limit", "policy",
                "look for the one cause behind them (returns exceptions list); raise limits.max_exception_share only if they are right"),
    Expectation(MAPPED, "refund_total", "critical", "totals", *at_most("refund_total_e4", "refund_limit_e4"),
                ("pieces", "refund_total", "refund_limit"),
                "the money of the partition is below the marketplace's limit", "policy",
                "look at the largest amounts; raise limits.max_refund_total if they are right, then materialise the partition again"),
    # -- rows held back to the exception queue (gate: rows), or the whole partition with them (gate: partition)
    Expectation(MAPPED, "codes_validate", "gate", "candidates", *in_set("code", lambda f: f.live_codes),
                (*READY, "reason", "reason_raw", "code"),
                "the refund reason of every piece that the policy would refund is in the operator's live list", "mapping",
                "map the reason in return_reasons.csv or rebound.yaml to a live code, then materialise the partition again"),
    Expectation(MAPPED, "states_validate", "gate", "candidates", *in_set("state", lambda f: f.known_states), (*READY, "state"),
                "the order line of every piece that the policy would refund can be refunded, or only waits (a waiting state is no fault)",
                "logical", "see the order in Mirakl: its state allows no refund"),
    # -- the datasets before
    Expectation(RETURNS, "documents_conserved", "critical", "documents", *equal("announced", "kept"),
                ("document_id", "name", "channel", "announced", "kept"),
                "every event that was read from a document is in rebound_returns, and no other", "technical",
                "materialise rebound_documents and rebound_returns of the day again"),
    Expectation(RETURNS, "inbox_conserved", "critical", "inbox", *equal("in_inbox", "in_warehouse"), ("day", "in_inbox", "in_warehouse"),
                "every document of the day's inbox is in rebound_documents", "technical",
                "materialise rebound_documents and rebound_returns of the day again"),
    Expectation(RETURNS, "codes_known", "warning", "events", *in_set("problem", lambda _: [""]),
                ("return_id", "piece_id", "marketplace", "problem"),
                "every status, reason, grade and disposition of the day is known", "mapping",
                "add the value to rebound.yaml, then materialise rebound_returns of the day again"),
    Expectation(RETURNS, "events_routed", "warning", "events", *in_set("marketplace", lambda f: f.marketplaces),
                ("return_id", "piece_id", "document_id"),
                "every event belongs to a known marketplace", "mapping",
                "compare the order ids with order_id_prefixes in marketplaces.yaml, then materialise rebound_returns of the day again"),
    Expectation(WAREHOUSE, "facts_kept", "critical", "warehouse_facts", *equal("told", "kept"),
                ("document_id", "piece_id", "told", "kept"),
                "what warehouse_events tells of pieces is in rebound_returns, and nothing else is", "technical",
                "run the day again; documents that arrived meanwhile are taken in by it"),
    Expectation(WAREHOUSE, "rows_conserved", "critical", "warehouse_files", *equal("file_rows", "accounted"),
                ("document_id", "name", "file_rows", "kept", "refused"),
                "every row of the warehouse's files is in warehouse_events or was refused", "technical", "run the day again"),
    Expectation(WAREHOUSE, "words_known", "warning", "warehouse_words", *in_set("unknown_words", lambda _: [""]),
                ("document_id", "line_number", "event", "unknown_words"),
                "every verification, grade and disposition of the warehouse is known", "mapping",
                "add the word to warehouse.yaml, then run the day again"),
    Expectation(WAREHOUSE, "facts_placed", "warning", "warehouse_words", *in_set("without_place", lambda _: [""]),
                ("document_id", "line_number", "event", "order_id", "return_id", "without_place"),
                "every row belongs to a known marketplace and, about a piece, to one that can be told", "logical",
                "see the exceptions of warehouse_events: each says what clears it"),
    Expectation(ORDERS, "orders_found", "warning", "named_orders", *in_set("found", lambda _: ["found"]), ("order_id", "returns"),
                "every order that the day's returns name is in Mirakl", "logical",
                "look for the order in Mirakl; if ReBound sent a wrong id, ask for a corrected notification"),
    *STATUS_SUITE,
    *DISPATCH_SUITE,
    *REBOUND_ORDERS_SUITE,
    *STOCK_SUITE,
    *REQUEST_SUITE,
)  # fmt: skip


def suite(asset: str) -> tuple[Expectation, ...]:
    """The expectations of one asset, in the order of the table."""
    return tuple(expectation for expectation in SUITES if expectation.asset == asset)
