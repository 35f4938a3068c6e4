"""Mirakl's orders and lists into the warehouse: read, landed as they came, parsed by SQL. One function a dataset, no Dagster.

With `replay` nothing is read from the network: the partition is built from its landed answers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from returns_assets.mirakl import reference
from returns_assets.mirakl.budget import CallBudget
from returns_assets.mirakl.client import MiraklClient
from returns_assets.mirakl.errors import MiraklError
from returns_assets.mirakl.landing import Batch, Landing
from returns_assets.mirakl.parse import upsert_orders
from returns_assets.steps.context import CALLS_FILE, StepContext, StepResult, names_marketplace
from returns_assets.steps.texts import sql
from returns_assets.translation.model import Marketplace
from returns_assets.warehouse.partitions import count, replace_partition

SWEEP, BY_ID = "OR11-sweep", "OR11-ids"
FRESH = timedelta(minutes=5)


@names_marketplace
def ingest_reference(ctx: StepContext, marketplace: str, day: date, *, replay: bool = False) -> StepResult:
    """The operator's lists as of now into mirakl_reference. Reasons are read every time; the others within their ceilings.

    Raises MiraklError when the reasons cannot be read. Another list that cannot be read keeps its last answer of the day, if there is
    one, and is named in `unavailable`: a list that another flow needs must not stop the refunds.
    """
    landing = Landing(ctx.settings.landing_dir, marketplace, day)
    unavailable: list[str] = []
    for operation in () if replay else reference.OPERATIONS:
        try:
            _read_list(ctx, marketplace, landing, operation)
        except MiraklError as error:
            if operation == "RE01":
                raise
            unavailable.append(f"{operation} ({f'HTTP {error.status}' if error.status else 'no answer'})")
    found: list[tuple[reference.Entry, datetime]] = []
    for operation in reference.OPERATIONS:
        batch = landing.latest(operation)
        for path in batch.files if batch else ():
            found += [(entry, batch.fetched_at) for entry in reference.entries(operation, path.read_bytes())] if batch else []
        landing.drop_superseded(operation)
    rows = reference.table(marketplace, day, found)
    with ctx.warehouse.transaction() as con:
        written = replace_partition(con, "mirakl_reference", {"marketplace": marketplace, "day": day}, rows)
    lists: dict[str, int] = {}
    for entry, _ in found:
        lists[entry.list] = lists.get(entry.list, 0) + 1
    return StepResult(written, {"lists": lists, "unavailable": unavailable})


def refresh_lists(ctx: StepContext, marketplace: str, day: date, operations: Sequence[str]) -> list[str]:
    """Bring some lists of the partition's mirakl_reference up to date, for a flow that must not depend on the others.

    A list that cannot be read keeps the rows it has. Returns what could not be read.
    """
    landing = Landing(ctx.settings.landing_dir, marketplace, day)
    return [each for operation in operations for each in _refresh_list(ctx, marketplace, day, landing, operation)]


def read_again(ctx: StepContext, marketplace: str, day: date, operation: str, codes: Collection[str]) -> list[str]:
    """Read a list before it is due, because these codes are needed and the answer at hand, some minutes old or more, lacks them.

    Operators allow one reading a day. So a code is the reason for one, read or refused, and for the next only after hours: it is right
    after a repair that it helps. A list that cannot be read keeps the rows it has, and is returned.
    """
    landing = Landing(ctx.settings.landing_dir, marketplace, day)
    budget = _budget(ctx, marketplace)
    batch = landing.latest(operation)
    if batch is None or budget.due(operation) or timedelta() <= ctx.now() - batch.fetched_at < FRESH:  # as new as any could be
        return []
    listed = {entry.code for path in batch.files for entry in reference.entries(operation, path.read_bytes())}
    lacking = [code for code in sorted(set(codes) - listed) if budget.due(f"{operation}-again", code)]
    for code in lacking:
        budget.used(f"{operation}-again", code)
    return _refresh_list(ctx, marketplace, day, landing, operation, now=True) if lacking else []


def _refresh_list(ctx: StepContext, marketplace: str, day: date, landing: Landing, operation: str, *, now: bool = False) -> list[str]:
    """Read one list if it is due, or `now`; its newest answer, if there is one, into mirakl_reference. Returns what could not be read."""
    unavailable: list[str] = []
    try:
        _read_list(ctx, marketplace, landing, operation, now=now)
    except MiraklError as error:
        unavailable.append(f"{operation} ({f'HTTP {error.status}' if error.status else 'no answer'})")
    batch = landing.latest(operation)
    if batch is not None:
        found = [(entry, batch.fetched_at) for path in batch.files for entry in reference.entries(operation, path.read_bytes())]
        partition = {"marketplace": marketplace, "day": day, "list": reference.LISTS[operation]}
        with ctx.warehouse.transaction() as con:
            replace_partition(con, "mirakl_reference", partition, reference.table(marketplace, day, found))
    return unavailable


def _budget(ctx: StepContext, marketplace: str) -> CallBudget:
    return CallBudget(ctx.settings.landing_dir / CALLS_FILE, marketplace, clock=ctx.now)


def _read_list(ctx: StepContext, marketplace: str, landing: Landing, operation: str, *, now: bool = False) -> None:
    budget = _budget(ctx, marketplace)
    if not now and not budget.due(operation) and landing.adopt(operation):
        return
    client = ctx.mirakl(marketplace)
    read = {
        "RE01": client.reasons,
        "OR75": client.taxes,
        "CUR01": client.currencies,
        "PC01": client.platform,
        "A01": client.account,
        "SH21": client.carriers,
        "SH12": client.shipping_types,
    }[operation]
    landing.write(operation, ctx.now(), [read()])
    budget.used(operation)


@dataclass(frozen=True)
class Window:
    """The update dates to sweep; `end` is None while the day goes on (see mirakl/paging.py)."""

    start: datetime
    end: datetime | None
    until: datetime  # what the partition is complete up to afterwards


@names_marketplace
def ingest_orders(ctx: StepContext, marketplace: str, day: date, *, replay: bool = False) -> StepResult:
    """Orders changed on the day (incremental, overlapping, upserted) and, always fresh, every order that the day's returns name.

    The named ones are asked for by id, 100 a call; an id that Mirakl does not know is tried as a commercial id (`ID-A`, reference
    3.2), and named in `not_found` when that fails too. Raises MiraklError; nothing is written then.
    """
    shop = ctx.mappings.marketplace(marketplace)
    landing = Landing(ctx.settings.landing_dir, marketplace, day)
    named = _named_orders(ctx, marketplace, day)
    if replay:
        landed = [path for operation in (SWEEP, BY_ID) for batch in landing.batches(operation) for path in batch.files]
        upserted = _upsert(ctx, marketplace, day, landed, None, None)
        missing = _missing(ctx, marketplace, day, named)
        return _orders_result(ctx, marketplace, day, {"upserted": upserted, "named": len(named), "replayed": len(landed)}, missing)
    client = ctx.mirakl(marketplace)
    window = _window(ctx, shop, day)
    swept_at = ctx.now()
    batches: list[Batch] = []
    if window is not None:
        batches.append(landing.write(SWEEP, swept_at, client.orders_updated(window.start, window.end, shop.order_tax_mode)))
    batches += _read_named(ctx, landing, client, named, shop.order_tax_mode)
    upserted = _upsert(ctx, marketplace, day, [path for batch in batches for path in batch.files], window, swept_at)
    missing = _missing(ctx, marketplace, day, named)
    if missing:
        guesses = [f"{order_id}-A" for order_id in missing]
        more = _read_named(ctx, landing, client, guesses, shop.order_tax_mode)
        upserted += _upsert(ctx, marketplace, day, [path for batch in more for path in batch.files], None, None)
        missing = _missing(ctx, marketplace, day, named)
        batches += more
    landing.drop_superseded(BY_ID)
    counts = {"upserted": upserted, "named": len(named), "calls": sum(len(batch.files) for batch in batches), "swept": window is not None}
    return _orders_result(ctx, marketplace, day, counts, missing)


def _read_named(ctx: StepContext, landing: Landing, client: MiraklClient, order_ids: Sequence[str], tax_mode: str) -> list[Batch]:
    if not order_ids:
        return []
    return [landing.write(BY_ID, ctx.now(), client.orders_by_id(order_ids, tax_mode))]


def _window(ctx: StepContext, shop: Marketplace, day: date) -> Window | None:
    """What is left to sweep of the day; None when it is complete, has not begun, or was swept a moment ago (call ceilings)."""
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1)
    now = ctx.now()
    with ctx.warehouse.read() as con:
        row = con.execute(
            "SELECT max(window_to), max(swept_at) FROM mirakl_sweeps WHERE marketplace = ? AND day = ?", [shop.key, day]
        ).fetchone()
    done, swept_at = (None if value is None else value.replace(tzinfo=UTC) for value in row or (None, None))
    if now < start or (done is not None and done >= end):
        return None
    if swept_at is not None and timedelta() <= now - swept_at < timedelta(seconds=shop.calls.sweep_interval_seconds):
        return None
    begin = start if done is None else max(start, done - timedelta(seconds=shop.calls.sweep_overlap_seconds))
    return Window(begin, end, end) if now >= end else Window(begin, None, now)


def _named_orders(ctx: StepContext, marketplace: str, day: date) -> list[str]:
    text = sql("named_orders")
    with ctx.warehouse.read() as con:
        return [str(row[0]) for row in con.execute(text, {"marketplace": marketplace, "day": day}).fetchall()]


def _missing(ctx: StepContext, marketplace: str, day: date, named: Sequence[str]) -> list[str]:
    """The named orders that the partition has neither as order id nor as commercial id."""
    if not named:
        return []
    with ctx.warehouse.read() as con:
        rows = con.execute(
            "SELECT order_id FROM mirakl_orders WHERE marketplace = $m AND day = $d "
            "UNION SELECT commercial_id FROM mirakl_orders WHERE marketplace = $m AND day = $d",
            {"m": marketplace, "d": day},
        ).fetchall()
    known = {row[0] for row in rows}
    return [order_id for order_id in named if order_id not in known]


def _upsert(ctx: StepContext, marketplace: str, day: date, landed: Sequence[Path], window: Window | None, swept_at: datetime | None) -> int:
    """One transaction: the rows and, for a sweep, how far the partition is complete."""
    with ctx.warehouse.transaction() as con:
        upserted = upsert_orders(con, marketplace, day, landed)
        if window is not None and swept_at is not None:
            times = [at.astimezone(UTC).replace(tzinfo=None) for at in (window.start, window.until, swept_at)]
            con.execute("INSERT INTO mirakl_sweeps VALUES (?, ?, ?, ?, ?, ?)", [marketplace, day, *times, upserted])
    return upserted


def _orders_result(ctx: StepContext, marketplace: str, day: date, counts: dict[str, int], missing: Sequence[str]) -> StepResult:
    with ctx.warehouse.read() as con:
        rows = count(con, "mirakl_orders", {"marketplace": marketplace, "day": day})
    return StepResult(rows, {**counts, "not_found": len(missing), "not_found_sample": list(missing[:10])})
