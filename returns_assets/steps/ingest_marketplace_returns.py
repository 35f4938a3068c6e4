"""The dataset marketplace_returns: the returns that Mirakl lists (RT11), landed as they came, then parsed.

A partition is what its landed answers say, the newest of each return: sweeps of what changed on the day, and, fresh every time, the
returns that the day's ReBound events name. Where the operator has no returns (PC01) nothing is asked, and the metadata say so.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from returns_assets.mirakl.client import MiraklClient
from returns_assets.mirakl.landing import Landing
from returns_assets.mirakl.parse import statement
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.texts import sql
from returns_assets.translation.model import Marketplace
from returns_assets.warehouse.partitions import replace_partition

TABLE = "marketplace_returns"
SWEEP, BY_ID = "RT11-sweep", "RT11-ids"
FEATURES = """
    SELECT bool_or(code LIKE 'features.returns.%' AND value = 'true'), count(*)
    FROM mirakl_reference WHERE marketplace = ? AND day = ? AND list = 'platform'
"""


def returns_off(ctx: StepContext, marketplace: str, day: date) -> str:
    """Why this marketplace has no returns API, by PC01 as read for the partition (reference, 7.1); '' where it has."""
    with ctx.warehouse.read() as con:
        row = con.execute(FEATURES, [marketplace, day]).fetchone()
    on, entries = row or (None, 0)
    if on:
        return ""
    if not entries:
        return "skipped: PC01 was not read (mirakl_reference), so it is not known whether the operator has returns"
    return "skipped: the operator has no returns (PC01 features.returns)"


def ingest_marketplace_returns(ctx: StepContext, marketplace: str, day: date, *, replay: bool = False) -> StepResult:
    """Read what changed on the day and what its ReBound events name into the partition. Raises MiraklError; nothing is written then.

    With `replay` nothing is read from the network. A marketplace without the feature gets an empty partition and `skipped` in the
    metadata.
    """
    partition = {"marketplace": marketplace, "day": day}
    landing = Landing(ctx.settings.landing_dir, marketplace, day)
    off = returns_off(ctx, marketplace, day)
    if off:
        with ctx.warehouse.transaction() as con:
            replace_partition(con, TABLE, partition)
        return StepResult(0, {"skipped": off})
    named = _named(ctx, marketplace, day)
    swept = False
    if not replay:
        client = ctx.mirakl(marketplace)
        swept = _sweep(ctx, landing, client, ctx.mappings.marketplace(marketplace), day)
        if named:
            landing.write(BY_ID, ctx.now(), _read_named(client, named))
        landing.drop_superseded(BY_ID)
    landed = [path for operation in (SWEEP, BY_ID) for batch in landing.batches(operation) for path in batch.files]
    with ctx.warehouse.transaction() as con:
        con.execute("CREATE OR REPLACE TEMP TABLE landed_returns AS SELECT * FROM marketplace_returns LIMIT 0")
        if landed:
            query = statement("parse_returns")
            con.execute(f"INSERT INTO landed_returns BY NAME {query}", {**partition, "files": [str(path) for path in landed]})
        rows = replace_partition(con, TABLE, partition, select_sql="SELECT * FROM landed_returns")
        con.execute("DROP TABLE landed_returns")
    return StepResult(rows, {"named": sum(map(len, named.values())), "swept": swept, "files": len(landed)})


def _named(ctx: StepContext, marketplace: str, day: date) -> dict[str, list[str]]:
    """RT11 parameter -> values that the day's events name."""
    text = sql("named_returns")
    named: dict[str, list[str]] = {}
    with ctx.warehouse.read() as con:
        for field, value in con.execute(text, {"marketplace": marketplace, "day": day}).fetchall():
            named.setdefault(str(field), []).append(str(value))
    return named


def _read_named(client: MiraklClient, named: dict[str, list[str]]) -> Iterator[bytes]:
    for field, values in named.items():
        yield from client.returns_of(field, values)


def _sweep(ctx: StepContext, landing: Landing, client: MiraklClient, shop: Marketplace, day: date) -> bool:
    """Read what is left of the day; False when it is complete, has not begun, or was swept a moment ago (reference, 1.4)."""
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1)
    now = ctx.now()
    last = landing.latest(SWEEP)
    pace = shop.return_status
    if now < start or (last is not None and last.fetched_at >= end):
        return False
    if last is not None and timedelta() <= now - last.fetched_at < timedelta(seconds=pace.sweep_interval_seconds) and now < end:
        return False
    begin = start if last is None else max(start, last.fetched_at - timedelta(seconds=pace.sweep_overlap_seconds))
    landing.write(SWEEP, now, client.returns_updated(begin, end if now >= end else None))
    return True
