"""What a push of stock leaves for people: the partition of stock_pushes, and an exception for each effect that is not through."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from returns_assets.ledger.records import Effect
from returns_assets.steps.act_register import pieces_json
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.push_exceptions import OPEN_STATES, Causes, record_of
from returns_assets.steps.push_report import pushed, states_of, write_report
from returns_assets.steps.stock_baseline import baseline_of, units_of
from returns_assets.steps.stock_kind import KIND, OVERSOLD

TABLE = "stock_pushes"
# Causes that this product finds itself; those of a line error in Mirakl's report are in refusals.csv.
CAUSES: Causes = {
    "decided_again_later": ("logical", "run the later day's restock: it decides the piece now"),
    "offer_unknown": ("logical", "the shop has no offer with this SKU any more (OF21): make one, or resolve with a note"),
    "warehouses_changed": ("mapping", "compare stock.warehouses in marketplaces.yaml with the offer, then run the partition again"),
    OVERSOLD: (
        "logical",
        "more units were sold than the shop has: find them, or refuse or cancel as many units of the SKU's last orders; then resolve",
    ),
    "sold_during_reading": ("technical", "nothing: it is tried again"),
    "not_read_back": ("technical", "nothing: the quantity is set once more with the next run; see it in Mirakl if it stays"),
    "ambiguous_outcome": (
        "logical",
        "somebody else changed the quantity while ours was under way: compare it in Mirakl, set it right by hand if needed, then decide "
        "the effect (returns effects decide); it is never resent",
    ),
}


def report_stock(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition of stock_pushes from the ledger and bring its exceptions up to date: cleared ones close by themselves."""
    effects = ctx.ledger.effects.of_partition(marketplace, day, KIND)
    records = [
        record_of(effect, ctx.mappings.refusals, CAUSES, f"{units_of(effect)} x {effect.subject}")
        for effect in effects
        if effect.state in OPEN_STATES
    ]
    rows = write_report(ctx, TABLE, marketplace, day, [_push(effect) for effect in effects], records)
    _tell_oversold(ctx, marketplace, day, effects)
    units = sum(units_of(effect) for effect in effects if effect.state == "confirmed")
    return StepResult(rows, {"states": states_of(effects), "units_restocked": units})


def _tell_oversold(ctx: StepContext, marketplace: str, day: date, effects: Sequence[Effect]) -> None:
    """One exception for each effect that ended so, ever: it lasts until a person resolves it, and stays resolved then."""
    told = {known.subject for known in ctx.ledger.exceptions.list(None, source=OVERSOLD, marketplace=marketplace, day=day)}
    for effect in effects:
        if effect.cause == OVERSOLD and effect.key not in told:
            record = record_of(effect, ctx.mappings.refusals, CAUSES, effect.subject)
            ctx.ledger.exceptions.open_one(OVERSOLD, record, now=ctx.now())


def _push(effect: Effect) -> dict[str, Any]:
    baseline = baseline_of(effect.known_ids) if effect.request["mode"] == "own" else None
    return {
        **pushed(effect),
        "mode": effect.request["mode"],
        "sku": effect.subject,
        "warehouse": effect.request["warehouse"],
        "units": units_of(effect),
        "pieces": pieces_json(effect),
        "answer": effect.last_error,
        "quantity_before": baseline.quantity if baseline else None,
        "quantity_written": baseline.write if baseline else None,
        "import_id": effect.external_id if effect.request["mode"] == "own" else None,
    }
