"""The warehouse's clock: its local time, mostly without a zone, to UTC.

An hour that exists twice (the clock goes back) or never (it goes forward) is read with the offset that was in force before the clock
changed: 02:30 on the last Sunday of October in Berlin is the first 02:30, 00:30 UTC; 02:30 on the last Sunday of March is 01:30 UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ISO = "iso"
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # what lies before is a system's word for 'no time'
TOLERANCE = timedelta(days=1)
_DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")


def read_time(text: str, time_format: str, zone: ZoneInfo, received_at: datetime) -> datetime:
    """Aware UTC; ValueError says in one sentence what is wrong and what is allowed."""
    try:
        if time_format == ISO:
            if not _DATE_AND_TIME.match(text):
                raise ValueError
            time = datetime.fromisoformat(text)
        else:
            time = datetime.strptime(text, time_format)  # noqa: DTZ007 (the zone follows)
        # fold is 0 whatever is read: the offset before the change
        found = (time if time.tzinfo is not None else time.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        allowed = "a date and time such as 2025-03-09 14:05:00" if time_format == ISO else f"a time written as {time_format}"
        raise ValueError(f"no such time; allowed: {allowed}") from None
    if found < EARLIEST or found > received_at + TOLERANCE:
        raise ValueError("the time lies after the file's receipt or before 2000; allowed: when it happened, in the warehouse's zone")
    return found
