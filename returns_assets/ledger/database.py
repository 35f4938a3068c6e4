"""The ledger opened from a URL: schema brought up to date, one attribute for each of its rooms."""

from returns_assets.ledger.effects import Effects
from returns_assets.ledger.exceptions import Exceptions
from returns_assets.ledger.inbox import Inbox
from returns_assets.ledger.mapping_versions import MappingVersions
from returns_assets.ledger.poll_positions import PollPositions
from returns_assets.ledger.schema import upgrade
from returns_assets.ledger.store import Store
from returns_assets.ledger.validations import Validations


class Ledger:
    """Thread-safe. Open one in each process; never carry it across a fork."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.inbox = Inbox(store)
        self.effects = Effects(store)
        self.exceptions = Exceptions(store)
        self.validations = Validations(store)
        self.poll_positions = PollPositions(store)
        self.mapping_versions = MappingVersions(store)

    @classmethod
    def open(cls, url: str) -> "Ledger":
        """Open `sqlite:///PATH` (folders are made) or `postgresql://...`, upgrading the schema; safe for several processes at once.

        Raises sqlalchemy.exc.OperationalError when the database cannot be reached, LedgerTooNew when a later version wrote it.
        """
        store = Store(url)
        try:
            upgrade(store)
        except BaseException:
            store.close()
            raise
        return cls(store)

    def close(self) -> None:
        """Close all connections."""
        self.store.close()
