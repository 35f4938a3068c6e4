"""One partition of the restock flow, and one of the drift, in one line, as the warehouse has it now, whoever ran it."""

from datetime import date

from returns_assets.steps.context import StepContext

ACTIONS = "SELECT outcome, count(*) FROM stock_actions WHERE marketplace = ? AND day = ? GROUP BY outcome ORDER BY outcome"
PUSHES = "SELECT state, sum(units) FROM stock_pushes WHERE marketplace = ? AND day = ? GROUP BY state ORDER BY state"
DRIFT = """
    SELECT count(*), count(difference), count(*) FILTER (difference <> 0), count(*) FILTER (over_limit)
    FROM stock_drift WHERE marketplace = ? AND day = ?
"""


def stock_line(ctx: StepContext, marketplace: str, day: date) -> str:
    """Such as `pieces: 3 restock, 1 hold; units: 3 confirmed`."""
    with ctx.warehouse.read() as con:
        actions = con.execute(ACTIONS, [marketplace, day]).fetchall()
        pushes = con.execute(PUSHES, [marketplace, day]).fetchall()
    if not actions and not pushes:
        return "no piece to restock"
    pieces, units = (", ".join(f"{number} {name}" for name, number in each) or "none" for each in (actions, pushes))
    return f"pieces: {pieces}; units: {units}"


def drift_line(ctx: StepContext, marketplace: str, day: date) -> str:
    """Such as `120 SKUs read, 118 judged, 1 different, 1 over the limit`."""
    with ctx.warehouse.read() as con:
        skus, judged, different, over = con.execute(DRIFT, [marketplace, day]).fetchone() or (0, 0, 0, 0)
    if not skus:
        return "not read"
    return f"{skus} SKUs read, {judged} judged, {different} different, {over} over the limit"
