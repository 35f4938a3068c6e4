"""One partition of the sales orders in one line, as the warehouse has it now, whoever ran it."""

from datetime import date

from returns_assets.steps.context import StepContext

ORDERS = "SELECT outcome, count(*) FROM rebound_orders WHERE marketplace = ? AND day = ? GROUP BY outcome ORDER BY outcome"
PUSHES = "SELECT state, count(*) FROM rebound_order_pushes WHERE marketplace = ? AND day = ? GROUP BY state ORDER BY state"


def rebound_order_line(ctx: StepContext, marketplace: str, day: date) -> str:
    """Such as `orders: 3 done, 1 ready, 2 skip; told to ReBound: 4 confirmed` (ready: told by this run)."""
    with ctx.warehouse.read() as con:
        orders = con.execute(ORDERS, [marketplace, day]).fetchall()
        pushes = con.execute(PUSHES, [marketplace, day]).fetchall()
    if not orders:
        return "no orders changed"
    counted = [", ".join(f"{number} {name}" for name, number in each) or "none" for each in (orders, pushes)]
    return f"orders: {counted[0]}; told to ReBound: {counted[1]}"
