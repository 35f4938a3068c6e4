"""What is expected of dispatch_notices before anything is told: judged from Mirakl's lists and orders as read, and from carriers.csv."""

from returns_assets.quality.expectation import SQL_BUG, Expectation, at_most, equal, in_set, unique

NOTICES = "dispatch_notices"
NOTICE_OUTCOMES = ("ready", "hold", "done", "exception")
NOTICE = ("notice_id", "order_id")

DISPATCH_SUITE: tuple[Expectation, ...] = (
    Expectation(NOTICES, "ready_carriers_live", "critical", "dispatch_ready", *in_set("named", lambda _: ["live", "free"]),
                (*NOTICE, "carrier", "code"),
                "the carrier of every ready notice is in the operator's list (SH21), or a free name where it takes one", "mapping",
                "compare carriers.csv with the operator's list (returns mappings check --live), then run the partition again"),
    Expectation(NOTICES, "ready_carriers_translated", "critical", "dispatch_ready",
                *in_set("translated", lambda f: [f"{row.key} > {row.carrier_code or row.carrier_name}" for row in f.carriers]),
                (*NOTICE, "carrier", "code"),
                "the carrier of every ready notice is what a row of carriers.csv makes of the warehouse's text", "mapping", SQL_BUG),
    Expectation(NOTICES, "ready_orders_shipping", "critical", "dispatch_ready", *in_set("state", lambda _: ["SHIPPING"]),
                (*NOTICE, "state"),
                "the order of every ready notice waits for its dispatch", "logical", SQL_BUG),
    Expectation(NOTICES, "ready_tracking_given", "critical", "dispatch_ready", *in_set("number", lambda _: ["given", "not asked for"]),
                (*NOTICE, "carrier", "shipping_type"),
                "a tracking number is there where the shipping type (SH12) or the carrier asks for one", "logical", SQL_BUG),
    Expectation(NOTICES, "ready_within_units", "critical", "dispatch_units", *at_most("units", "sold"),
                ("order_id", "order_line_id", "units", "sold"),
                "no more units of an order line are told than were sold", "logical", SQL_BUG),
    Expectation(NOTICES, "ready_orders_whole", "critical", "dispatch_whole", *equal("units", "sold"),
                ("order_id", "order_line_id", "units", "sold"),
                "an order that is told as a whole has left as a whole", "logical", SQL_BUG),
    Expectation(NOTICES, "notice_not_in_later_day", "critical", "dispatch_ready", *in_set("later_day", lambda _: [""]),
                (*NOTICE, "later_day"),
                "no ready notice is in a later day's partition, too", "technical",
                "later news moved the notice to that day: run this partition again"),
    Expectation(NOTICES, "notice_keys_unique", "critical", "dispatch_all", *unique("notice_id"), (*NOTICE, "outcome"),
                "a notice is in the partition once", "technical", SQL_BUG),
    Expectation(NOTICES, "notice_one_outcome", "critical", "dispatch_all", *in_set("outcome", lambda _: NOTICE_OUTCOMES),
                (*NOTICE, "outcome"),
                "every notice has exactly one outcome: ready, hold, done or exception", "technical", SQL_BUG),
    Expectation(NOTICES, "notice_explained", "critical", "dispatch_all", *in_set("explained", lambda _: ["yes"]), (*NOTICE, "outcome"),
                "every hold and exception says why, and nothing else does", "technical", SQL_BUG),
    Expectation(NOTICES, "dispatches_conserved", "critical", "dispatch_events", *in_set("kept", lambda _: ["kept"]),
                ("event_key", "order_id"),
                "every dispatch of the day is in a notice of this day, or of the later day that brought news of its order", "technical",
                "run the partition again; if dispatches are still missing, report the sample"),
    Expectation(NOTICES, "carriers_mapped", "warning", "dispatch_all",
                *in_set("carrier_cause", lambda _: [""]), (*NOTICE, "carrier", "carrier_cause"),
                "every carrier that the warehouse names is mapped to one that the operator has", "mapping",
                "add the carrier to carriers.csv (returns mappings check --live proposes codes), then run the partition again"),
    Expectation(NOTICES, "carriers_live", "warning", "dispatch_carriers", *in_set("listed", lambda _: ["live"]),
                ("carrier", "carrier_code"),
                "every code that carriers.csv gives today is in the operator's list (SH21), whether or not anything leaves with it",
                "mapping",
                "choose another code in carriers.csv (returns mappings check --live proposes some), then run the partition again"),
)  # fmt: skip
