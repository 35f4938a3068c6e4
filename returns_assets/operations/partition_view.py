"""One partition in one line, as the warehouse and the ledger have it now, whoever ran it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files

from returns_assets.operations.console import money
from returns_assets.steps.context import StepContext

OUTCOMES = {"refund": "to refund", "no_refund": "no refund", "hold": "hold", "exception": "exception"}


@dataclass(frozen=True)
class PartitionView:
    """Pieces by outcome, effects by state (withdrawn ones left out), and the money of the confirmed ones."""

    marketplace: str
    day: date
    currency: str
    outcomes: dict[str, int]
    effects: dict[str, int]
    refunded: Decimal

    @property
    def pieces(self) -> int:
        return sum(self.outcomes.values())

    def line(self) -> str:
        """Such as `12 pieces: 9 to refund, 3 hold; refunds: 8 confirmed; 123.45 EUR` (one refund pays all pieces of a line)."""
        if not self.pieces and not self.effects:
            return "no definitive returns"
        parts = [f"{self.outcomes[name]} {shown}" for name, shown in OUTCOMES.items() if self.outcomes.get(name)]
        sent = [f"{number} {state}" for state, number in sorted(self.effects.items())]
        text = f"{self.pieces} pieces: {', '.join(parts) or 'none'}"
        return f"{text}; refunds: {', '.join(sent)}; {money(self.refunded, self.currency)}" if sent else text


def view(ctx: StepContext, marketplace: str, day: date) -> PartitionView:
    """Read one partition."""
    text = files("returns_assets.operations").joinpath("sql", "partition_outcomes.sql").read_text(encoding="utf-8")
    with ctx.warehouse.read() as con:
        outcomes = {str(outcome): int(number) for outcome, number in con.execute(text, [marketplace, day]).fetchall()}
    totals = ctx.ledger.effects.totals(marketplace=marketplace, kind="refund", first_day=day, last_day=day)
    live = [total for total in totals if total.state != "withdrawn"]
    refunded = sum((t.amount + t.shipping_amount for t in live if t.state == "confirmed"), Decimal(0))
    effects: dict[str, int] = {}
    for total in live:
        effects[total.state] = effects.get(total.state, 0) + total.effects
    return PartitionView(marketplace, day, ctx.mappings.marketplace(marketplace).currency, outcomes, effects, refunded)
