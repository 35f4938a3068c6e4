"""What is expected of stock_actions before anything goes back on sale: judged from restock.csv read row by row, and from what was read."""

from returns_assets.quality.expectation import SQL_BUG, Expectation, at_least, at_most, in_set, unique

STOCK = "stock_actions"
STOCK_OUTCOMES = ("restock", "not_sellable", "hold", "exception")
READY = ("piece_id", "order_id", "sku")

STOCK_SUITE: tuple[Expectation, ...] = (
    Expectation(STOCK, "stock_pieces_unique", "critical", "stock_all", *unique("piece_id"), ("piece_id", "outcome"),
                "a piece is in the partition once", "technical", SQL_BUG),
    Expectation(STOCK, "stock_only_sellable", "critical", "stock_ready", *in_set("table_says", lambda _: ["sellable"]),
                (*READY, "verification", "grade", "disposition", "lane", "table_says"),
                "restock.csv, read row by row, makes every ready piece sellable, and nothing is ready that never may be", "policy",
                SQL_BUG),
    Expectation(STOCK, "stock_triggered", "critical", "stock_ready", *in_set("trigger_says", lambda _: ["triggered"]),
                (*READY, "trigger_event"),
                "the marketplace's trigger event of every ready piece was told of", "logical", SQL_BUG),
    Expectation(STOCK, "stock_sku_offered", "critical", "stock_ready", *in_set("sku_says", lambda _: ["offered"]), READY,
                "the SKU of every ready piece is of its order, and among the offers as read where this product sets the quantity",
                "logical",
                "nothing was sent: run the partition again (the offer may have changed); if it stays, report it with the sample"),
    Expectation(STOCK, "stock_sku_agrees", "critical", "stock_ready", *in_set("other_sku", lambda _: [""]), (*READY, "other_sku"),
                "no ready piece was put on the shelf, or came back, as another article", "logical", SQL_BUG),
    Expectation(STOCK, "stock_quantity_positive", "critical", "stock_ready", *at_least("quantity", 1), (*READY, "quantity"),
                "every ready piece is one unit or more", "logical", SQL_BUG),
    Expectation(STOCK, "stock_within_units", "critical", "stock_units", *at_most("units", "sold"), ("order_id", "sku", "units", "sold"),
                "no more units of an order's SKU are ready than it sold", "logical", SQL_BUG),
    Expectation(STOCK, "stock_not_in_later_day", "critical", "stock_ready", *in_set("later_day", lambda _: [""]), (*READY, "later_day"),
                "no ready piece is in a later day's partition, too", "technical",
                "later news moved the piece to that day: run this partition again"),
    Expectation(STOCK, "stock_one_outcome", "critical", "stock_all", *in_set("outcome", lambda _: STOCK_OUTCOMES), ("piece_id", "outcome"),
                "every piece has exactly one outcome: restock, not_sellable, hold or exception", "technical", SQL_BUG),
    Expectation(STOCK, "stock_explained", "critical", "stock_all", *in_set("not_said", lambda _: [""]), ("piece_id", "outcome", "not_said"),
                "every outcome says why: the rule, what it waits for, or class, cause and what to do", "technical", SQL_BUG),
)  # fmt: skip
