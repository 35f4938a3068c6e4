"""One partition of the requests for returns in one line, as the warehouse has it now, whoever ran it."""

from datetime import date

from returns_assets.steps.context import StepContext
from returns_assets.steps.ingest_marketplace_returns import returns_off

REQUESTS = "SELECT outcome, count(*) FROM return_requests WHERE marketplace = ? AND day = ? GROUP BY outcome ORDER BY outcome"
PUSHES = "SELECT state, count(*) FROM return_request_pushes WHERE marketplace = ? AND day = ? GROUP BY state ORDER BY state"


def request_line(ctx: StepContext, marketplace: str, day: date) -> str:
    """Such as `requests: 3 authorise, 1 hold; steps: 9 confirmed`; of a marketplace that is left out, why."""
    with ctx.warehouse.read() as con:
        requests = con.execute(REQUESTS, [marketplace, day]).fetchall()
        pushes = con.execute(PUSHES, [marketplace, day]).fetchall()
    if not requests:
        return returns_off(ctx, marketplace, day) or "nobody asked for a return"
    counted = [", ".join(f"{number} {name}" for name, number in each) or "none" for each in (requests, pushes)]
    return f"requests: {counted[0]}; steps: {counted[1]}"
