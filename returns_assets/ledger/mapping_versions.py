"""The mapping tables as they were: every version that ever decided something, by the hash of its content."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select

from returns_assets.ledger.store import Store
from returns_assets.ledger.tables import mapping_versions
from returns_assets.ledger.types import dump_json, load_json


@dataclass(frozen=True, slots=True)
class MappingVersion:
    """One version and when it was first used."""

    version: str
    first_seen: datetime


class MappingVersions:
    """Append-only: a version's content never changes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def store(self, version: str, content: dict[str, Any], *, now: datetime | None = None) -> bool:
        """Keep a version; True when it is new. Raises ValueError when the version is known with another content."""
        known = self.get(version)
        if known is None:
            with self._store.write("mapping_versions") as con:
                # looked at again under the lock: another process may have stored it since
                known = con.execute(select(mapping_versions.c.content).where(mapping_versions.c.version == version)).scalar_one_or_none()
                if known is None:
                    row: dict[str, Any] = {"version": version, "content": content, "first_seen": now or datetime.now(UTC)}
                    con.execute(insert(mapping_versions).values(row))
                    return True
        if known != load_json(dump_json(content)):
            raise ValueError(f"mapping version {version} is stored with another content: the version must be the hash of the content")
        return False

    def get(self, version: str) -> dict[str, Any] | None:
        """The content of a version."""
        with self._store.read() as con:
            return con.execute(select(mapping_versions.c.content).where(mapping_versions.c.version == version)).scalar_one_or_none()

    def list(self) -> "list[MappingVersion]":
        """All versions, newest first."""
        query = select(mapping_versions.c.version, mapping_versions.c.first_seen).order_by(mapping_versions.c.first_seen.desc())
        with self._store.read() as con:
            return [MappingVersion(row.version, row.first_seen) for row in con.execute(query)]
