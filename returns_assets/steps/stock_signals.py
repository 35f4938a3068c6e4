"""Signals to the retailer's ERP (docs/stock-signals.md): the table stock_signals and one NDJSON file a partition, made from the ledger.

The ledger alone says what was signalled, so a run that ends anywhere is made good by the next one: the same units, the same ids.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from returns_assets.ledger.records import Effect
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.push_report import naive
from returns_assets.steps.stock_kind import KIND
from returns_assets.warehouse.partitions import arrow_rows, replace_partition

TABLE = "stock_signals"
# What is told of a piece stays as it was told first: the piece may have left stock_actions for a later day that is not planned yet.
PIECES = """
    SELECT piece_id, order_id, return_id, triggered_at
    FROM (
        SELECT piece_id, order_id, return_id, triggered_at, day, FALSE AS told FROM stock_actions
        WHERE marketplace = $marketplace AND day >= $day
        UNION ALL
        SELECT piece_id, order_id, return_id, triggered_at, day, TRUE FROM stock_signals
        WHERE marketplace = $marketplace AND day = $day AND triggered_at IS NOT NULL
    )
    ORDER BY told, day
"""


def signal_id(marketplace: str, piece_id: str, unit: int) -> str:
    """The unit's identity, whatever the run: 32 hex digits."""
    text = json.dumps([marketplace, piece_id, unit], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def write_signals(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Write the partition of stock_signals, and its file under RETURNS_HOME/stock-signals. A partition without signals has no file.

    The file appears whole, by one rename; a later run of the partition replaces it with the same lines and what has been added.
    """
    effects = [
        effect
        for effect in ctx.ledger.effects.of_partition(marketplace, day, KIND)
        if effect.state == "confirmed" and effect.request["mode"] == "signal"
    ]
    partition: dict[str, Any] = {"marketplace": marketplace, "day": day}
    with ctx.warehouse.transaction() as con:
        told = {row[0]: row[1:] for row in con.execute(PIECES, partition).fetchall()}
        rows = sorted((row for effect in effects for row in _rows(effect, told)), key=lambda row: (row["signalled_at"], row["signal_id"]))
        written = replace_partition(con, TABLE, partition, arrow_rows(con, TABLE, rows))
    path = ctx.settings.stock_signals_dir / marketplace / f"{day.isoformat()}.ndjson"
    if rows:
        _replace(path, "".join(json.dumps(_line(row)) + "\n" for row in rows))
    return StepResult(written, {"file": str(path)} if rows else {})


def _rows(effect: Effect, told: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for use in effect.pieces:
        order_id, return_id, triggered_at = told.get(use.piece_id, (effect.order_id, None, None))
        for unit in range(1, use.quantity + 1):
            yield {
                "marketplace": effect.marketplace,
                "day": effect.day,
                "signal_id": signal_id(effect.marketplace, use.piece_id, unit),
                "sku": effect.subject,
                "quantity": 1,
                "piece_id": use.piece_id,
                "unit": unit,
                "order_id": order_id,
                "return_id": return_id,
                "warehouse": effect.request["warehouse"],
                "triggered_at": triggered_at,
                "signalled_at": naive(effect.confirmed_at),
            }


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(value) if isinstance(value, date | datetime) else value for name, value in row.items()}


def _text(at: date | datetime) -> str:
    return f"{at.isoformat(timespec='seconds')}Z" if isinstance(at, datetime) else at.isoformat()


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}.tmp")
    with half.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    half.replace(path)
