"""The two kinds of partitions: a day, and a day of one marketplace. What a partition contains is the assets' matter."""

from collections.abc import Sequence
from datetime import date

import dagster as dg

DAY = "day"
MARKETPLACE = "marketplace"


def daily_partitions(first_day: date) -> dg.DailyPartitionsDefinition:
    """UTC days from `first_day` to today. Today counts (end_offset): its documents are worked on while they arrive."""
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone="UTC", end_offset=1)


def marketplace_partitions(days: dg.DailyPartitionsDefinition, marketplaces: Sequence[str]) -> dg.MultiPartitionsDefinition:
    """Day x marketplace; the marketplaces are those of mappings/marketplaces.yaml when the code location was loaded."""
    return dg.MultiPartitionsDefinition({DAY: days, MARKETPLACE: dg.StaticPartitionsDefinition(list(marketplaces))})


def partition_key(day: date, marketplace: str | None = None) -> str:
    """Dagster's key of a partition; dimensions come in alphabetical order, hence day|marketplace."""
    return day.isoformat() if marketplace is None else str(dg.MultiPartitionKey({DAY: day.isoformat(), MARKETPLACE: marketplace}))


def day_slice(key: str) -> date:
    """The day of a partition key of either kind."""
    return date.fromisoformat(key.split("|")[0])


def marketplace_slice(key: str) -> tuple[str, date]:
    """(marketplace, day) of a key day|marketplace; ValueError for another."""
    day, marketplace = key.split("|")
    return marketplace, date.fromisoformat(day)
