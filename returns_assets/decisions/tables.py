"""The mapping tables as temp tables of one connection, narrowed to one marketplace and day, for the decision SQL to join."""

from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from returns_assets.decisions.causes import CAUSES, Cause
from returns_assets.translation.model import Mappings, Marketplace, PolicyRow


def _condition(text: str) -> list[str]:
    return text.split("|")


def _policy_rows(mappings: Mappings, marketplace: str) -> list[dict[str, Any]]:
    def row(seq: int, policy: PolicyRow) -> dict[str, Any]:
        return {
            "seq": seq, "rule": policy.rule, "verification": _condition(policy.verification), "grade": _condition(policy.grade),
            "disposition": _condition(policy.disposition), "reason": _condition(policy.reason), "outcome": policy.outcome,
            "share": policy.share, "shipping": policy.shipping, "waits_for": policy.waits_for, "todo": policy.todo,
        }  # fmt: skip

    return [row(seq, policy) for seq, policy in enumerate(mappings.policy) if policy.marketplace in ("*", marketplace)]


def _reason_rows(mappings: Mappings, marketplace: str, day: date) -> list[dict[str, Any]]:
    """The operator's code per canonical reason on `day`; a row of the marketplace's own beats '*'."""
    chosen: dict[str, tuple[bool, str]] = {}
    for row in mappings.reasons:
        if row.marketplace not in ("*", marketplace) or row.valid_from > day or (row.valid_to is not None and row.valid_to < day):
            continue
        own = row.marketplace != "*"
        if row.canonical_reason not in chosen or own:
            chosen[row.canonical_reason] = (own, row.refund_reason_code)
    return [{"canonical_reason": reason, "refund_reason_code": code} for reason, (_, code) in sorted(chosen.items())]


def _text(*names: str) -> "list[pa.Field[Any]]":
    return [pa.field(name, pa.string()) for name in names]


def definitive_table(marketplace: Marketplace) -> pa.Table:
    """The events that decide, by lane."""
    rows = [{"lane": lane, "event": event} for lane, events in marketplace.definitive.items() for event in events]
    return pa.Table.from_pylist(rows, pa.schema(_text("lane", "event")))


def load_tables(con: duckdb.DuckDBPyConnection, mappings: Mappings, marketplace: Marketplace, day: date) -> None:
    """The mapping tables as temp tables of this connection."""
    lists: list[pa.Field[Any]] = [pa.field(name, pa.list_(pa.string())) for name in ("verification", "grade", "disposition", "reason")]
    policy_schema = pa.schema(
        [
            pa.field("seq", pa.int32()),
            *_text("rule"),
            *lists,
            *_text("outcome"),
            pa.field("share", pa.decimal128(9, 6)),
            *_text("shipping", "waits_for", "todo"),
        ]
    )
    states = [(state, "eligible") for state in marketplace.eligible_line_states] + [
        (state, "waiting") for state in marketplace.waiting_line_states
    ]
    tables: dict[str, pa.Table] = {
        "map_definitive": definitive_table(marketplace),
        "map_policy": pa.Table.from_pylist(_policy_rows(mappings, marketplace.key), policy_schema),
        "map_reasons": pa.Table.from_pylist(
            _reason_rows(mappings, marketplace.key, day), pa.schema(_text("canonical_reason", "refund_reason_code"))
        ),
        "map_dispositions": pa.Table.from_pylist(
            [{"disposition": row.disposition, "definitive": row.definitive} for row in mappings.dispositions],
            pa.schema([*_text("disposition"), pa.field("definitive", pa.bool_())]),
        ),
        "map_states": pa.Table.from_pylist(
            [{"line_state": s, "readiness": r} for s, r in states], pa.schema(_text("line_state", "readiness"))
        ),
        "map_causes": pa.Table.from_pylist(
            [{"cause": name, "exception_class": cause.exception_class, "todo": cause.todo} for name, cause in causes_of(mappings).items()],
            pa.schema(_text("cause", "exception_class", "todo")),
        ),
    }
    for name, table in tables.items():
        temp_table(con, name, table)


def causes_of(mappings: Mappings) -> dict[str, Cause]:
    """Every cause a decision can name: the fixed ones, and the policy's exception rules under their own names."""
    rules = {row.rule: Cause("logical", row.todo) for row in mappings.policy if row.outcome == "exception"}
    return {**rules, **CAUSES}


def temp_table(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Make or replace one temp table from Arrow rows."""
    con.register("incoming_table", table)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM incoming_table")
    con.unregister("incoming_table")
