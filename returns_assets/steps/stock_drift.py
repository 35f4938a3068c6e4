"""The dataset stock_drift: every night, the shop's quantities against what they should be since the reading before.

Expected is the quantity of the last reading, plus what this product added, minus what was sold: the simplest baseline that needs nobody's
word but Mirakl's own. What remains was changed by somebody else, or is a fault: it is named, never corrected silently. In `signal` mode the
retailer's ERP sets the quantities, so the difference is shown and is no exception.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.stock_facts import Offer, Sale, all_offers, read_sales, sku_key
from returns_assets.steps.context import StepContext, StepResult, names_marketplace
from returns_assets.steps.push_report import naive
from returns_assets.steps.stock_baseline import MARGIN, units_of
from returns_assets.steps.stock_kind import KIND
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

TABLE = "stock_drift"
FIRST, UNDER_WAY, SOLD, GONE = "first reading", "stock under way", "sale during the reading", "not listed"
# A reading that could not be judged is no baseline: the one before it stays. A SKU that was not listed has none from then on: it is named
# once, and the orders are not read from ever further back because of it.
BASELINES = f"""
    SELECT arg_max(sku, read_at), arg_max(quantity, read_at) FILTER (judged), max(read_at) FILTER (judged) AS latest
    FROM (
        SELECT *, quantity IS NOT NULL AND coalesce(remark, '{FIRST}') = '{FIRST}' AS judged FROM stock_drift
        WHERE marketplace = ? AND day < ?
    )
    GROUP BY upper(trim(sku)) HAVING latest > coalesce(max(read_at) FILTER (remark = '{GONE}'), '-infinity'::TIMESTAMP)
"""
TODO = (
    "somebody else changed the quantity, or a file of ours did not do what it should: see stock_drift and the offer in Mirakl, set the "
    "quantity right, then resolve with a note; the next night starts from what it reads. As many units too many as were refunded or "
    "cancelled: the operator puts them back on sale itself (docs/operations.md)"
)
MOST = 1_000_000


class Baseline(NamedTuple):
    """What was read last of a SKU."""

    sku: str
    quantity: int
    read_at: datetime


@dataclass
class Night:
    """One reading of the whole shop, by `sku_key`. `open`: SKUs with a stock file under way. `unsettled`: sold while it was read. `added`:
    (when, units) of what this product put on sale."""

    read_at: datetime
    offers: Mapping[str, Offer]
    sales: Mapping[str, Sequence[Sale]]
    added: Mapping[str, Sequence[tuple[datetime, int]]]
    open: set[str]
    unsettled: set[str]


@names_marketplace
def measure_drift(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the day's partition of stock_drift from a reading now, and its exceptions. Raises MiraklError, nothing is written then.

    Only today can be read: of another day the rows stay as they are. `skipped` in the metadata says why nothing was read.
    """
    stock = ctx.mappings.marketplace(marketplace).stock
    if stock.mode == "off":
        return StepResult(0, {"skipped": "stock.mode is off in marketplaces.yaml"})
    if ctx.now().date() != day:
        return StepResult(0, {"skipped": "quantities can only be read today"})
    with ctx.warehouse.read() as con:
        found = con.execute(BASELINES, [marketplace, day]).fetchall()
    baselines = {sku_key(sku): Baseline(sku, int(quantity), read_at.replace(tzinfo=UTC)) for sku, quantity, read_at in found}
    night = _read(ctx, marketplace, min((baseline.read_at for baseline in baselines.values()), default=ctx.now()))
    partition: dict[str, Any] = {"marketplace": marketplace, "day": day}
    limit = stock.drift_limit if stock.mode == "own" else None
    table = [{**partition, **_row(night, key, baselines.get(key), limit)} for key in sorted({*night.offers, *baselines})]
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, TABLE, partition, arrow_rows(con, TABLE, table))
    records = [_record(row) for row in table if row["over_limit"]]
    ctx.ledger.exceptions.sync(TABLE, {"marketplace": marketplace, "day": day.isoformat()}, records, now=ctx.now())
    judged = [row["difference"] for row in table if row["remark"] is None]
    return StepResult(written, {"judged": len(judged), "different": sum(d != 0 for d in judged), "over_limit": len(records)})


def _read(ctx: StepContext, marketplace: str, oldest: datetime) -> Night:
    """Orders before and after the quantities: what was sold in between is not judged, whatever the quantities say of it."""
    client = ctx.mirakl(marketplace)
    since = oldest - MARGIN
    before = read_sales(client, since)
    read_at = ctx.now()
    under_way = _in_flight(ctx, marketplace)
    offers = all_offers(client)
    under_way |= _in_flight(ctx, marketplace)
    sales: dict[str, list[Sale]] = {}
    unsettled: set[str] = set()
    for line, sale in read_sales(client, since).items():
        sales.setdefault(sale.sku_key, []).append(sale)
        if line not in before:
            unsettled.add(sale.sku_key)
    added: dict[str, list[tuple[datetime, int]]] = {}
    for effect in _effects(ctx, marketplace, "confirmed", since):
        if effect.confirmed_at is not None:
            added.setdefault(sku_key(effect.subject), []).append((effect.confirmed_at, units_of(effect)))
            if effect.confirmed_at > read_at:
                under_way.add(sku_key(effect.subject))
    return Night(read_at, offers, sales, added, under_way, unsettled)


def _row(night: Night, key: str, base: Baseline | None, limit: int | None) -> dict[str, Any]:
    offer = night.offers.get(key)
    row: dict[str, Any] = {
        "sku": offer.sku if offer else base.sku if base else key,
        "baseline": base.quantity if base else None,
        "baseline_at": naive(base.read_at) if base else None,
        "quantity": offer.quantity if offer else None,
        "read_at": naive(night.read_at),
        "over_limit": False,
        "remark": GONE if offer is None else UNDER_WAY if key in night.open else SOLD if key in night.unsettled else None,
    }
    if base is None:
        return row | {"remark": row["remark"] or FIRST}
    if offer is None or row["remark"] is not None:
        return row
    plus = sum(units for at, units in night.added.get(key, ()) if at > base.read_at)
    minus = sum(sale.quantity for sale in night.sales.get(key, ()) if sale.counts and sale.created_at > base.read_at)
    expected = base.quantity + plus - minus
    difference = offer.quantity - expected
    over = limit is not None and abs(difference) > limit
    return row | {"added": plus, "sold": minus, "expected": expected, "difference": difference, "over_limit": over}


def _effects(ctx: StepContext, marketplace: str, state: str, since: datetime | None = None) -> list[Effect]:
    found = ctx.ledger.effects.search(marketplace=marketplace, kind=KIND, state=state, confirmed_since=since, limit=MOST)
    return [effect for effect in found if effect.request["mode"] == "own"]


def _in_flight(ctx: StepContext, marketplace: str) -> set[str]:
    states = ("claimed", "unknown", "held")
    return {sku_key(effect.subject) for state in states for effect in _effects(ctx, marketplace, state) if effect.in_flight}


def _record(row: Mapping[str, Any]) -> ExceptionRecord:
    detail = (
        f"{row['quantity']} units, {row['expected']} expected ({row['difference']:+d}): {row['baseline']} at {row['baseline_at']} UTC, "
        f"{row['added']} added, {row['sold']} sold"
    )
    return ExceptionRecord(
        exception_class="logical", cause="stock_drift", marketplace=row["marketplace"], day=row["day"], subject_kind="sku",
        subject=row["sku"], detail=detail, todo=TODO,
    )  # fmt: skip
