"""What the ledger keeps of the moment before a stock file: the quantity as read, what the file sets, and which sales were counted in it.

Kept in `known_ids` with the claim, so committed before the file leaves: reading back starts from it, in whatever process.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from returns_assets.ledger.records import Effect
from returns_assets.mirakl.stock_facts import Sale
from returns_assets.steps.context import StepContext

MARGIN = timedelta(minutes=15)  # two clocks are compared: orders are asked for from so much earlier on, and told apart by their ids


@dataclass(frozen=True, slots=True)
class Baseline:
    """`quantity`: of the whole offer. `write`: the line's absolute value. `since`: orders are asked for from here on, and `seen` are the
    lines of the SKU that were there before."""

    quantity: int
    write: int
    since: datetime
    seen: frozenset[str]

    def known_ids(self) -> list[str]:
        """As the ledger keeps it."""
        return [
            f"quantity {self.quantity}",
            f"write {self.write}",
            f"since {self.since.isoformat()}",
            *sorted(f"line {n}" for n in self.seen),
        ]

    def writing(self, quantity: int) -> "Baseline":
        """The same moment, another value to set."""
        return replace(self, write=quantity)


def baseline_of(known_ids: Sequence[str]) -> Baseline | None:
    """None for an effect that was never claimed to be written to Mirakl."""
    said = [entry.split(" ", 1) for entry in known_ids]
    facts = {name: value for name, value in said if name != "line"}
    if "quantity" not in facts:
        return None
    seen = frozenset(value for name, value in said if name == "line")
    return Baseline(int(facts["quantity"]), int(facts["write"]), datetime.fromisoformat(facts["since"]), seen)


def sold_since(baseline: Baseline, sales: Iterable[Sale]) -> int:
    """Units of the SKU's sales that were not there at the baseline. What was created before its window was not looked for then."""
    later = (sale for sale in sales if sale.created_at >= baseline.since and sale.order_line_id not in baseline.seen)
    return sum(sale.quantity for sale in later if sale.counts)


def window(ctx: StepContext) -> datetime:
    """From when on orders are asked for at a reading now."""
    return ctx.now() - MARGIN


def units_of(effect: Effect) -> int:
    """Units that an effect adds."""
    return int(effect.request["units"])
