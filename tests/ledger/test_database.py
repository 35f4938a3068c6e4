"""Opening: settings of the connections, migrations, several processes at once, writers that wait instead of failing."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select, text

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.schema import MIGRATIONS, LedgerTooNew
from returns_assets.ledger.tables import inbox, metadata
from tests.ledger.samples import NOW


def test_migrations_make_exactly_the_tables_of_the_code(ledger: Ledger) -> None:
    with ledger.store.write() as con:
        assert compare_metadata(MigrationContext.configure(con, opts={"compare_type": True}), metadata) == []
        checks = {check["name"] for table in metadata.tables for check in inspect(con).get_check_constraints(table)}
    assert checks == {c.name for t in metadata.tables.values() for c in t.constraints if str(c.name).startswith("ck_")}


def test_the_first_schema_can_be_taken_back(ledger: Ledger) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with ledger.store.write() as con:
        config.attributes["connection"] = con
        command.downgrade(config, "base")
        assert inspect(con).get_table_names() == ["alembic_version"]


def test_opening_again_keeps_what_is_there(ledger: Ledger, ledger_url: str) -> None:
    ledger.inbox.add(b"{}", channel="tracking", name="a", received_at=NOW)
    again = Ledger.open(ledger_url)
    assert [document.content for document in again.inbox.documents(NOW.date())] == [b"{}"]
    again.close()


def test_sqlite_survives_a_power_cut_and_waits_for_other_writers(tmp_path: Path) -> None:
    opened = Ledger.open(f"sqlite:///{tmp_path / 'new folder' / 'ledger.sqlite'}")
    with opened.store.read() as con:
        pragmas = {
            name: con.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}
    opened.close()


def test_a_later_versions_database_is_refused(ledger: Ledger, ledger_url: str) -> None:
    with ledger.store.write() as con:
        con.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerTooNew, match="9999"):
        Ledger.open(ledger_url)


def test_processes_that_start_at_once_upgrade_once(ledger_url: str) -> None:
    program = f"from returns_assets.ledger.database import Ledger; Ledger.open({ledger_url!r}).close()"
    processes = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) for _ in range(3)]
    errors = [process.communicate()[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors


def test_a_failed_block_leaves_nothing(ledger: Ledger) -> None:
    row = {"received_at": NOW, "day": NOW.date(), "channel": "c", "name": "n", "sha256": "s", "size": 1, "content": b"x"}

    def half() -> None:
        with ledger.store.write() as con:
            con.execute(inbox.insert().values(row))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        half()
    assert ledger.inbox.days() == []


def test_read_then_write_in_many_threads_never_meets_a_busy_database(ledger: Ledger) -> None:
    failures: list[Exception] = []
    start = threading.Barrier(4)

    def worker(number: int) -> None:
        start.wait()
        try:
            for i in range(15):
                ledger.inbox.add(f"{number}-{i}".encode(), channel="c", name="n", received_at=NOW)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failures.append(error)

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with ledger.store.read() as con:
        assert con.execute(select(func.count()).select_from(inbox)).scalar_one() == 60
