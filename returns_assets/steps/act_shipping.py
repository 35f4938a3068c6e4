"""Refunds of shipping alone (mapped_dispositions.shipping_top_ups) have no pieces of their own: which pieces do they rest on?

A correction of one of these on a later day stops and withdraws them, as it does the refund of the piece itself.
"""

from datetime import date

import duckdb

_LISTED = """
    SELECT unnest(from_json(shipping_top_ups, '[{"order_line_id": "VARCHAR", "pieces": ["VARCHAR"]}]')) AS t
    FROM mapped_dispositions
    WHERE marketplace = $marketplace AND shipping_top_ups IS NOT NULL
"""
_RESTS_ON = f"SELECT t.order_line_id, t.pieces FROM ({_LISTED} AND day = $day)"
_UNDONE = f"""
    SELECT DISTINCT t.order_line_id
    FROM ({_LISTED} AND day < $day)
    WHERE list_has_any(t.pieces, (
        SELECT coalesce(list(piece_id), []) FROM mapped_dispositions WHERE marketplace = $marketplace AND day = $day))
    ORDER BY t.order_line_id
"""


def rests_on(con: duckdb.DuckDBPyConnection, marketplace: str, day: date) -> dict[str, list[str]]:
    """Order line whose shipping the partition refunds alone -> the pieces that make its order whole."""
    rows = con.execute(_RESTS_ON, {"marketplace": marketplace, "day": day}).fetchall()
    return {str(line): [str(piece) for piece in pieces] for line, pieces in rows}


def undone(con: duckdb.DuckDBPyConnection, marketplace: str, day: date) -> list[str]:
    """Order lines whose shipping an earlier partition refunds alone because of a piece that this partition decides now."""
    return [str(line) for (line,) in con.execute(_UNDONE, {"marketplace": marketplace, "day": day}).fetchall()]
