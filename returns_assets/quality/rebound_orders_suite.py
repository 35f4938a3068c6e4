"""What is expected of rebound_orders before ReBound is told: judged from Mirakl's orders as read and from the configuration."""

from returns_assets.quality.expectation import SQL_BUG, Expectation, equal, in_set, unique

SALES = "rebound_orders"
SALES_OUTCOMES = ("ready", "done", "wait", "skip", "exception")
SHIPPED_STATES = ("SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED", "INCIDENT_OPEN", "REFUNDED")
ITEM = ("order_id", "order_line_id")

REBOUND_ORDERS_SUITE: tuple[Expectation, ...] = (
    Expectation(SALES, "sales_lines_shipped", "critical", "rebound_order_items", *in_set("state", lambda _: SHIPPED_STATES),
                (*ITEM, "state"),
                "every line of an order that is told has left; cancelled ones are not told", "logical", SQL_BUG),
    Expectation(SALES, "sales_lines_whole", "critical", "rebound_order_items", *equal("told", "sold"), (*ITEM, "told", "sold"),
                "an order that is told has each of its lines once, with SKU, units, price and currency as sold", "logical", SQL_BUG),
    Expectation(SALES, "sales_countries_have_lane", "critical", "rebound_order_ready",
                *in_set("country", lambda f: f.marketplace.rebound_orders.countries if f.marketplace else []), ("order_id", "country"),
                "every order that is told went to a country from which ReBound takes returns", "policy", SQL_BUG),
    Expectation(SALES, "sales_ids_are_orders", "critical", "rebound_order_ready", *equal("named", "order_id"), ("order_id", "named"),
                "an order is told under Mirakl's order id, never under anything about the customer", "logical", SQL_BUG),
    Expectation(SALES, "sales_nothing_personal", "critical", "rebound_order_ready", *in_set("foreign_field", lambda _: [""]),
                ("order_id", "foreign_field"),
                "what is kept of a sales order has no field but those of the order and its lines", "policy", SQL_BUG),
    Expectation(SALES, "sales_orders_unique", "critical", "rebound_order_rows", *unique("order_id"), ("order_id", "outcome"),
                "an order is in the partition once", "technical", SQL_BUG),
    Expectation(SALES, "sales_one_outcome", "critical", "rebound_order_rows", *in_set("outcome", lambda _: SALES_OUTCOMES),
                ("order_id", "outcome"),
                "every order is ready, done, waiting, skipped or an exception", "technical", SQL_BUG),
    Expectation(SALES, "sales_explained", "critical", "rebound_order_rows", *in_set("explained", lambda _: ["yes"]),
                ("order_id", "outcome"),
                "whatever is not told says why", "technical", SQL_BUG),
    Expectation(SALES, "sales_orders_conserved", "critical", "rebound_order_kept", *in_set("found", lambda _: ["found"]), ("order_id",),
                "every order of the partition of mirakl_orders has its row", "technical",
                "orders came in meanwhile: run the partition again; if some are still missing, report the sample"),
)  # fmt: skip
