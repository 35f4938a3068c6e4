"""Where each poll of another system stands: an opaque cursor, and the time up to which everything was taken in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from returns_assets.ledger.store import Store
from returns_assets.ledger.tables import poll_positions


@dataclass(frozen=True, slots=True)
class PollPosition:
    """`watermark` as the other system writes it; `finished_at`: when the poll last came to its end."""

    cursor: str | None = None
    watermark: str | None = None
    finished_at: datetime | None = None


class PollPositions:
    """One row a poll. A position is stored after the documents before it are: a crash reads them again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, poll: str) -> PollPosition:
        """The position; an empty one for a poll that never ran."""
        columns = (poll_positions.c.cursor, poll_positions.c.watermark, poll_positions.c.finished_at)
        with self._store.read() as con:
            row = con.execute(select(*columns).where(poll_positions.c.poll == poll)).one_or_none()
        return PollPosition() if row is None else PollPosition(*row)

    def put(self, poll: str, position: PollPosition) -> None:
        """Store the position durably."""
        values = {"cursor": position.cursor, "watermark": position.watermark, "finished_at": position.finished_at}
        with self._store.write("poll_positions") as con:
            if not con.execute(update(poll_positions).where(poll_positions.c.poll == poll).values(values)).rowcount:
                con.execute(insert(poll_positions).values(poll=poll, **values))
