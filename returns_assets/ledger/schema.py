"""Bringing the schema to this code's version, with Alembic inside one transaction of ours."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from returns_assets.ledger.store import Store

MIGRATIONS = Path(__file__).parent / "migrations"


class LedgerTooNew(RuntimeError):
    """The database was written by a later version of this program: refusing to guess what its columns mean."""


def upgrade(store: Store) -> None:
    """Upgrade to head. The check, the lock and the DDL are one transaction, so of two processes starting at once one waits and then
    finds the work done, and a crash half-way leaves the old schema."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    head = scripts.get_current_head()
    with store.read() as con:
        if _current(con) == head:
            return
    with store.write("schema") as con:
        current = _current(con)
        if current == head:
            return
        if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
            raise LedgerTooNew(f"the ledger's schema is version {current}, this program knows up to {head}: update the program")
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = con
        command.upgrade(config, "head")


def _current(con: Connection) -> str | None:
    return MigrationContext.configure(con).get_current_revision()
