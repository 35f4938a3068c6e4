"""One partition of the dispatches in one line, as the warehouse has it now, whoever ran it."""

from datetime import date

from returns_assets.steps.context import StepContext

NOTICES = "SELECT outcome, count(*) FROM dispatch_notices WHERE marketplace = ? AND day = ? GROUP BY outcome ORDER BY outcome"
PUSHES = "SELECT state, count(*) FROM dispatch_pushes WHERE marketplace = ? AND day = ? GROUP BY state ORDER BY state"
LATE = "SELECT count(*) FROM late_dispatches WHERE marketplace = ? AND day = ?"


def dispatch_line(ctx: StepContext, marketplace: str, day: date) -> str:
    """Such as `notices: 4 ready, 1 exception; effects: 8 confirmed; 1 late`."""
    with ctx.warehouse.read() as con:
        notices = con.execute(NOTICES, [marketplace, day]).fetchall()
        pushes = con.execute(PUSHES, [marketplace, day]).fetchall()
        (late,) = con.execute(LATE, [marketplace, day]).fetchone() or (0,)
    if not notices:
        return "nothing left the warehouse"
    counted = [", ".join(f"{number} {name}" for name, number in each) or "none" for each in (notices, pushes)]
    return f"notices: {counted[0]}; effects: {counted[1]}" + (f"; {late} late" if late else "")
