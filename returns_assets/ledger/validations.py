"""Verdicts on partitions: what the blocking checks found, for which rows (slice hash) and which mapping version."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select

from returns_assets.ledger.store import Store
from returns_assets.ledger.tables import validations


@dataclass(frozen=True, slots=True)
class Validation:
    """One verdict; the latest of a partition is the one that counts."""

    id: int
    asset: str
    marketplace: str
    day: date
    slice_hash: str
    mapping_version: str
    passed: bool
    run_id: str
    summary: dict[str, Any]
    recorded_at: datetime


class Validations:
    """Append-only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(
        self,
        asset: str,
        marketplace: str,
        day: date,
        slice_hash: str,
        mapping_version: str,
        passed: bool,
        run_id: str,
        summary: dict[str, Any],
        *,
        now: datetime | None = None,
    ) -> int:
        """Store a verdict and return its id. `summary` is JSON-able and free of personal data."""
        row: dict[str, Any] = {
            "asset": asset,
            "marketplace": marketplace,
            "day": day,
            "slice_hash": slice_hash,
            "mapping_version": mapping_version,
            "passed": passed,
            "run_id": run_id,
            "summary": summary,
            "recorded_at": now or datetime.now(UTC),
        }
        # one writer at a time for a partition: with ids in the order of the commits, the latest verdict is the highest id
        with self._store.write(f"validations:{asset}:{marketplace}:{day}") as con:
            return con.execute(insert(validations).values(row).returning(validations.c.id)).scalar_one()

    def latest(self, asset: str, marketplace: str, day: date) -> Validation | None:
        """The verdict that counts for the partition."""
        query = (
            select(validations)
            .where(validations.c.asset == asset, validations.c.marketplace == marketplace, validations.c.day == day)
            .order_by(validations.c.id.desc())
            .limit(1)
        )
        with self._store.read() as con:
            row = con.execute(query).mappings().one_or_none()
        return None if row is None else _validation(row)

    def get(self, validation_id: int) -> Validation | None:
        """One verdict by its id, as effects name it."""
        with self._store.read() as con:
            row = con.execute(select(validations).where(validations.c.id == validation_id)).mappings().one_or_none()
        return None if row is None else _validation(row)


def _validation(row: RowMapping) -> Validation:
    return Validation(**{column.name: row[column.name] for column in validations.c})
