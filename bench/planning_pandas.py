"""The same planning in pandas: the same fold, joins and cumulative rounding by sort, groupby and merge; money in whole cents.

What is left out is what this data does not meet: lines found by SKU or EAN, lots that do not fit, shipping, shares below 1, causes.
"""

import json
from dataclasses import dataclass
from datetime import date

import duckdb
import pandas as pd

EVENTS = """
    SELECT piece_id, day, event, event_rank, event_time, event_key, document_id, lane, return_id, order_id AS order_ref, line_ref, sku,
        quantity::BIGINT AS quantity, reason_raw, reason, verification, grade, disposition
    FROM rebound_returns WHERE marketplace = 'nordhaus' AND day <= ?
"""
ORDERS = "SELECT order_id, commercial_id FROM mirakl_orders WHERE marketplace = 'nordhaus' AND day = ?"
LINES = """
    SELECT order_id, order_line_id, line_state, offer_sku, currency, tax_mode, quantity::BIGINT AS line_quantity,
        (price * 100)::BIGINT AS minor, taxes
    FROM mirakl_order_lines WHERE marketplace = 'nordhaus' AND day = ?
"""
REFUNDS = (
    "SELECT order_line_id, refund_id, (amount * 100)::BIGINT AS refunded FROM mirakl_refunds WHERE marketplace = 'nordhaus' AND day = ?"
)
CODES = "SELECT code FROM mirakl_reference WHERE marketplace = 'nordhaus' AND day = ?"
WRITE = """
    INSERT INTO hand_dispositions BY NAME
    SELECT * EXCLUDE (amount_minor, amount_tax, pays), 'nordhaus' AS marketplace, 'line_id' AS matched_by,
        $version AS mapping_version, now()::TIMESTAMP AS decided_at,
        CASE WHEN pays THEN 'refund' ELSE 'no_refund' END AS outcome, CASE WHEN pays THEN amount_minor * 0.01 END AS amount,
        CASE WHEN pays THEN '[{"code":"VAT","amount":"' || (amount_tax * 0.01)::DECIMAL(18, 4) || '"}]' END AS taxes,
        CASE WHEN pays THEN 0 END AS shipping_amount, CASE WHEN pays THEN '[]' END AS shipping_taxes
    FROM decided_frame
"""
POLICY_KEYS = ["verification", "grade", "disposition", "reason"]


@dataclass(frozen=True)
class Tables:
    """The mapping tables as frames."""

    reasons: pd.DataFrame  # reason, refund_reason_code
    definitive: pd.DataFrame  # lane, event
    policy: pd.DataFrame  # POLICY_KEYS, rule, policy_outcome, share
    dispositions: pd.DataFrame  # disposition, final
    states: pd.DataFrame  # line_state, readiness
    version: str


def shared(total: "pd.Series[int]", units: "pd.Series[int]", quantity: "pd.Series[int]") -> "pd.Series[int]":
    """What the first `units` of a line cost, rounded half up."""
    return (2 * total * units + quantity) // (2 * quantity)


def fold(events: pd.DataFrame, tables: Tables, day: date) -> pd.DataFrame:
    """One row a piece: the last word on everything, and its definitive events, each counted once on its first day."""
    events = events.sort_values(["event_time", "event_rank", "document_id"])
    state = events.groupby("piece_id")[
        ["lane", "return_id", "order_ref", "line_ref", "sku", "quantity", "reason_raw", *reversed(POLICY_KEYS)]
    ].last()
    state["lane"] = state["lane"].fillna("HUB")
    told = events[["piece_id", "day", "event", "event_key", "event_time", "document_id"]].merge(
        state["lane"], left_on="piece_id", right_index=True
    )
    definitive = told.merge(tables.definitive, on=["lane", "event"])
    once = definitive.groupby(["piece_id", "event_key", "event"], as_index=False).agg(
        day=("day", "min"), event_time=("event_time", "min"), document_id=("document_id", "min")
    )
    latest = once.sort_values("event_time").groupby("piece_id")
    decided = latest.agg(
        day=("day", "max"),
        definitive_at=("event_time", "min"),
        definitive_event=("event", "last"),
        event_key=("event_key", "last"),
        document_id=("document_id", "last"),
    )
    folded = state.join(decided, how="inner").reset_index()
    return folded[folded["day"] == pd.Timestamp(day)]


def match(folded: pd.DataFrame, orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Each piece's order, by its id or by a commercial id that names one order only, and its line."""
    only = orders.groupby("commercial_id").filter(lambda group: len(group) == 1) if orders["commercial_id"].duplicated().any() else orders
    placed = folded.merge(orders[["order_id"]], left_on="order_ref", right_on="order_id", how="left")
    commercial = only.rename(columns={"order_id": "by_commercial"})
    placed = placed.merge(commercial, left_on="order_ref", right_on="commercial_id", how="left")
    placed["order_id"] = placed["order_id"].fillna(placed["by_commercial"])
    placed = placed.drop(columns=["by_commercial", "commercial_id"])
    return placed.merge(lines, left_on=["order_id", "line_ref"], right_on=["order_id", "order_line_id"], how="left")


def _as_json(ids: "pd.Series[str]") -> str:
    return json.dumps(list(ids))


def plan(con: duckdb.DuckDBPyConnection, day: date, tables: Tables) -> None:
    """From the warehouse's tables to the table of decided pieces."""
    lines = con.execute(LINES, [day]).df()
    lines["tax_minor"] = [round(float(json.loads(text)[0]["amount"]) * 100) for text in lines["taxes"]]
    lines["sku_key"] = lines["offer_sku"].str.strip().str.upper()
    folded = fold(con.execute(EVENTS, [day]).df(), tables, day)
    found = match(folded, con.execute(ORDERS, [day]).df(), lines.drop(columns=["taxes", "offer_sku"]))

    live = con.execute(CODES, [day]).df()
    found = found.merge(tables.policy, on=POLICY_KEYS, how="left").merge(tables.dispositions, on="disposition", how="left")
    found = found.merge(tables.reasons, on="reason", how="left")
    found = found.merge(live, left_on="refund_reason_code", right_on="code", how="left").merge(tables.states, on="line_state", how="left")
    right_item = found["sku"].str.strip().str.upper() == found["sku_key"]
    ready = right_item & found["final"] & found["code"].notna() & (found["readiness"] == "eligible") & (found["policy_outcome"] == "refund")
    found = found[ready]

    refunds = con.execute(REFUNDS, [day]).df().groupby("order_line_id")
    others = refunds.agg(refunded=("refunded", "sum"), foreign_refund_ids=("refund_id", _as_json))
    found = found.merge(others, left_on="order_line_id", right_index=True, how="left")
    found["refunded"] = found["refunded"].fillna(0).astype("int64")
    found["foreign_refund_ids"] = found["foreign_refund_ids"].fillna("[]")

    found = found.sort_values(["order_line_id", "definitive_at", "piece_id"])
    unit_to = found.groupby("order_line_id")["quantity"].cumsum()
    found["unit_from"] = unit_to - found["quantity"]
    foreign_units = (2 * found["refunded"] * found["line_quantity"] + found["minor"]) // (2 * found["minor"])
    for name, total in (("amount_minor", found["minor"]), ("amount_tax", found["tax_minor"])):
        found[name] = shared(total, unit_to, found["line_quantity"]) - shared(total, found["unit_from"], found["line_quantity"])
    running = found["amount_minor"].groupby(found["order_line_id"]).cumsum()
    found["pays"] = (unit_to > foreign_units) & (unit_to <= found["line_quantity"]) & (running <= found["minor"])
    found["rule"] = found["rule"].where(found["pays"], "refunded_elsewhere")
    found["due_at"] = found["definitive_at"] + pd.Timedelta(hours=336)
    found["paid"] = False

    internal = ["minor", "tax_minor", "line_quantity", "line_ref", "refunded", "sku_key", "code", "final", "readiness"]
    con.register("decided_frame", found.drop(columns=internal))
    con.execute(WRITE, {"version": tables.version})
    con.unregister("decided_frame")
