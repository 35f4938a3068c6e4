"""One partition of the return status in one line, as the warehouse has it now, whoever ran it."""

from datetime import date

from returns_assets.steps.context import StepContext
from returns_assets.steps.ingest_marketplace_returns import returns_off

COUNTS = """
    SELECT CASE WHEN state IS NULL OR state = 'withdrawn' THEN outcome ELSE state END AS stands, count(*)
    FROM return_status_pushes WHERE marketplace = ? AND day = ? AND step <> 'match' GROUP BY stands ORDER BY stands
"""
MATCHES = """
    SELECT count(*), count(*) FILTER (outcome <> 'done')
    FROM return_status_pushes WHERE marketplace = ? AND day = ? AND step = 'match'
"""


def status_line(ctx: StepContext, marketplace: str, day: date) -> str:
    """Such as `4 returns, 1 without Mirakl's; steps: 7 confirmed, 2 wait`; of a marketplace that is left out, why."""
    with ctx.warehouse.read() as con:
        counts = con.execute(COUNTS, [marketplace, day]).fetchall()
        returns, lost = con.execute(MATCHES, [marketplace, day]).fetchone() or (0, 0)
    if not returns and not counts:
        return returns_off(ctx, marketplace, day) or "no returns to follow"
    without = f", {lost} without Mirakl's" if lost else ""
    steps = ", ".join(f"{number} {stands}" for stands, number in counts) or "none"
    return f"{returns} returns{without}; steps: {steps}"
