"""The drop folder: half-written files wait, finished ones are stored before they are moved, bad ones do not stop good ones."""

import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.inbox import NewDocument
from returns_assets.rebound.drop_folder import DropFolder
from returns_assets.rebound.dropped import Incoming, UndatedFile, channel_of, received_at
from returns_assets.rebound.importer import import_directory
from returns_assets.rebound.pickup import PickupReport, Rule, Unreadable, pick_up

NOW = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
GOOD = b'{"order": {"reboundOrderId": "R1"}}'


class Crash(BaseException):
    """The process ends here."""


class Drop:
    """A drop folder over a real ledger."""

    def __init__(self, home: Path, ledger: Ledger) -> None:
        self.folders = DropFolder.of(home / "inbox")
        self.ledger = ledger
        self.unreadable: list[Unreadable] = []

    def put(self, name: str, content: bytes = GOOD) -> Path:
        path = self.folders.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def add(self, documents: Sequence[Incoming]) -> list[tuple[int, bool]]:
        return self.ledger.inbox.add_many([NewDocument(d.content, d.channel, d.name, d.received_at) for d in documents])

    def look(self, add: Callable[[Sequence[Incoming]], list[tuple[int, bool]]] | None = None) -> PickupReport:
        return pick_up(self.folders, Rule(self.folders.state), add or self.add, now=lambda: NOW, on_unreadable=self.unreadable.append)

    def stored(self) -> list[tuple[str, bytes]]:
        return [(d.channel, d.content) for day, _ in self.ledger.inbox.days() for d in self.ledger.inbox.documents(day)]

    def names(self, folder: Path) -> list[str]:
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def drop(tmp_path: Path, sqlite_ledger: Ledger) -> Drop:
    return Drop(tmp_path, sqlite_ledger)


def test_a_file_is_taken_at_the_second_equal_look(drop: Drop):
    drop.put("tracking/a.json")
    assert drop.look().counts() == {"taken": 0, "new": 0, "waiting": 1, "unreadable": 0, "failed": 0}
    assert drop.stored() == []
    report = drop.look()
    assert (report.taken, report.new, report.waiting, report.days) == (1, 1, 0, {date(2025, 3, 9)})
    assert drop.stored() == [("tracking", GOOD)]
    assert drop.names(drop.folders.inbox) == []
    assert drop.names(drop.folders.archive) == ["2025-03-09/tracking/a.json"]


def test_a_file_that_grows_is_left_alone_until_it_is_still(drop: Drop):
    path = drop.put("tracking/a.json", GOOD[:10])
    drop.look()
    for size in (20, 30, len(GOOD)):
        path.write_bytes(GOOD[:size])
        assert drop.look().waiting == 1
    assert drop.stored() == []
    drop.look()
    assert drop.stored() == [("tracking", GOOD)]


def test_the_same_size_at_another_time_is_still_being_written(drop: Drop):
    path = drop.put("tracking/a.json")
    drop.look()
    os.utime(path, ns=(1, 1))
    assert drop.look().taken == 0
    assert drop.look().taken == 1


def test_a_file_that_changes_while_it_is_read_waits(drop: Drop, monkeypatch: pytest.MonkeyPatch):
    path = drop.put("tracking/a.json")
    drop.look()
    read = Path.read_bytes

    def read_while_written(self: Path) -> bytes:
        content = read(self)
        if self == path:
            with path.open("ab") as more:
                more.write(b"\n" + GOOD)
        return content

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", read_while_written)
        assert drop.look().counts() == {"taken": 0, "new": 0, "waiting": 1, "unreadable": 0, "failed": 0}
    assert drop.stored() == []
    assert path.exists()


def test_a_marker_makes_one_look_enough_and_goes_with_its_file(drop: Drop):
    drop.put("tracking/a.json")
    drop.put("tracking/a.json.done", b"")
    drop.put("tracking/b.json")
    assert (drop.look().taken, drop.stored()) == (1, [("tracking", GOOD)])
    assert drop.names(drop.folders.inbox) == ["tracking/b.json"]


def test_a_marker_does_not_outlive_a_file_that_is_moved_when_the_process_ends(drop: Drop, monkeypatch: pytest.MonkeyPatch):
    drop.put("tracking/a.json")
    drop.put("tracking/a.json.done", b"")
    move = shutil.move

    def moved_then_crash(path: Path, target: Path) -> None:
        move(path, target)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "move", moved_then_crash)
        with pytest.raises(Crash):
            drop.look()
    drop.put("tracking/a.json", GOOD[:10])  # the next file of that name is being sent
    assert (drop.look().waiting, drop.stored()) == (1, [("tracking", GOOD)])


def test_a_marker_does_not_count_for_the_file_that_follows_under_its_name(drop: Drop, monkeypatch: pytest.MonkeyPatch):
    path = drop.put("tracking/a.json")
    drop.put("tracking/a.json.done", b"")

    def sent_again(documents: Sequence[Incoming]) -> list[tuple[int, bool]]:
        path.write_bytes(GOOD[:10])
        return drop.add(documents)

    assert drop.look(sent_again).taken == 1
    assert (drop.look().waiting, drop.stored()) == (1, [("tracking", GOOD)])
    drop.put("tracking/a.json.done", b"")
    read = Path.read_bytes

    def read_while_written(self: Path) -> bytes:
        content = read(self)
        path.write_bytes(GOOD[:20])
        return content

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", read_while_written)
        assert drop.look().waiting == 1
    assert (drop.look().waiting, drop.stored()) == (1, [("tracking", GOOD)])


@pytest.mark.parametrize(
    "name",
    ["tracking/.a.json", "tracking/a.json.tmp", "tracking/a.json.part", "tracking/a.json.filepart", ".hidden/a.json", "tracking/x.done"],
)
def test_unfinished_and_hidden_files_are_no_documents(drop: Drop, name: str):
    drop.put(name)
    drop.look()
    assert drop.look().counts() == {"taken": 0, "new": 0, "waiting": 0, "unreadable": 0, "failed": 0}
    assert drop.names(drop.folders.inbox) == [name]


def test_a_bad_file_is_kept_reported_and_set_aside_and_the_good_ones_go_on(drop: Drop):
    drop.put("refund-registered/a.json", b'{"order": ')
    drop.put("refund-registered/b.json")
    drop.put("refund-registered/c.json", GOOD + b"\n{broken")
    drop.put("refund-registered/d.json", b"")
    drop.look()
    report = drop.look()
    assert (report.taken, [bad.name for bad in report.unreadable]) == (4, ["refund-registered/a.json", "refund-registered/d.json"])
    assert drop.unreadable == report.unreadable
    assert "line 1, column" in report.unreadable[0].fault
    assert len(drop.stored()) == 4
    assert drop.names(drop.folders.error) == ["2025-03-09/refund-registered/a.json", "2025-03-09/refund-registered/d.json"]
    assert drop.names(drop.folders.archive) == ["2025-03-09/refund-registered/b.json", "2025-03-09/refund-registered/c.json"]


def test_a_crash_between_commit_and_move_stores_nothing_twice(drop: Drop):
    for number in range(3):
        drop.put(f"tracking/{number}.json", GOOD + b" " * number)
    drop.look()

    def add_then_crash(documents: Sequence[Incoming]) -> list[tuple[int, bool]]:
        drop.add(documents)
        raise Crash

    with pytest.raises(Crash):
        drop.look(add_then_crash)
    assert len(drop.names(drop.folders.inbox)) == 3
    report = drop.look()
    assert (report.taken, report.new) == (3, 0)
    assert len(drop.stored()) == 3
    assert drop.names(drop.folders.inbox) == []


def test_nothing_is_moved_that_is_not_stored(drop: Drop):
    drop.put("tracking/a.json")
    drop.look()

    def no_ledger(documents: Sequence[Incoming]) -> list[tuple[int, bool]]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        drop.look(no_ledger)
    assert drop.names(drop.folders.inbox) == ["tracking/a.json"]
    assert drop.look().taken == 1


def test_sent_again_under_another_name_is_the_same_document(drop: Drop):
    drop.put("tracking/a.json")
    drop.put("tracking/a-again.json")
    drop.put("refund-instant/a.json")
    drop.look()
    report = drop.look()
    assert (report.taken, report.new) == (3, 2)
    assert sorted(channel for channel, _ in drop.stored()) == ["refund-instant", "tracking"]


def test_another_document_under_an_archived_name_does_not_overwrite_it(drop: Drop):
    for content in (GOOD, GOOD + b"\n"):
        drop.put("tracking/a.json", content)
        drop.put("tracking/a.json.done", b"")
        assert drop.look().new == 1
    assert drop.names(drop.folders.archive) == ["2025-03-09/tracking/2-a.json", "2025-03-09/tracking/a.json"]
    contents = {(drop.folders.archive / name).read_bytes() for name in drop.names(drop.folders.archive)}
    assert contents == {GOOD, GOOD + b"\n"}


def test_a_file_replaced_after_it_was_stored_is_not_lost(drop: Drop):
    path = drop.put("tracking/a.json")
    drop.look()

    def replaced_meanwhile(documents: Sequence[Incoming]) -> list[tuple[int, bool]]:
        stored = drop.add(documents)
        path.write_bytes(GOOD + b"  ")
        return stored

    drop.look(replaced_meanwhile)
    assert path.exists()
    drop.look()
    drop.look()
    assert [content for _, content in drop.stored()] == [GOOD, GOOD + b"  "]


def test_a_file_beside_the_channels_is_kept_under_no_channel(drop: Drop):
    drop.put("stray.json")
    drop.look()
    assert drop.look().taken == 1
    assert drop.stored() == [("none", GOOD)]


def test_a_broken_state_file_costs_one_look(drop: Drop):
    drop.put("tracking/a.json")
    drop.look()
    for broken in (b"", b"[1]", b'{"tracking/a.json": 3}', b"\xff"):
        drop.folders.state.write_bytes(broken)
        assert drop.look().taken == 0
    assert drop.look().taken == 1


def test_an_empty_or_absent_drop_folder_is_no_error(drop: Drop):
    assert drop.look().counts() == {"taken": 0, "new": 0, "waiting": 0, "unreadable": 0, "failed": 0}


def test_a_file_name_that_is_no_text_is_stored_all_the_same(drop: Drop):
    folder = drop.folders.inbox / "tracking"
    folder.mkdir(parents=True)
    with open(os.fsencode(folder) + b"/gr\xfc\xdfe.json", "wb") as odd:
        odd.write(GOOD)
    drop.look()
    assert drop.look().new == 1
    assert drop.stored() == [("tracking", GOOD)]


@pytest.mark.parametrize("path", ["tracking/a.json", "2025-03-09/tracking/a.json", "tracking/2025-03-09/a.json", "none/a.json", "a.json"])
def test_the_channel_is_the_first_folder_that_is_no_day(path: str):
    assert channel_of(Path(path)) == ("tracking" if "tracking" in path else "none")


def test_when_a_past_document_was_received(tmp_path: Path):
    folder = tmp_path / "2025-03-07" / "tracking"
    folder.mkdir(parents=True)
    path = folder / "a.json"
    path.write_bytes(GOOD)
    relative = path.relative_to(tmp_path)
    on_the_day, later = datetime(2025, 3, 7, 8, 30, tzinfo=UTC), datetime(2025, 3, 8, 8, 30, tzinfo=UTC)
    for changed, by_path in ((on_the_day, on_the_day), (later, datetime(2025, 3, 7, 23, 59, 59, tzinfo=UTC))):
        os.utime(path, (changed.timestamp(), changed.timestamp()))
        assert received_at(path, relative, "mtime", NOW) == changed
        assert received_at(path, relative, "path", NOW) == by_path
        assert received_at(path, relative, "now", NOW) == NOW
    for undated in ("tracking/a.json", "2025-13-41/tracking/a.json", "tracking/12025-03-071.json"):
        with pytest.raises(UndatedFile, match="2025-03-09"):
            received_at(path, Path(undated), "path", NOW)


def test_importing_past_documents_twice_stores_them_once_under_their_days(drop: Drop, tmp_path: Path):
    source = tmp_path / "past"
    for day in (5, 6):
        for number in range(day):
            path = source / "tracking" / f"{day}-{number}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(GOOD + b" " * (10 * day + number))
            at = datetime(2025, 3, day, 10, 0, tzinfo=UTC).timestamp()
            os.utime(path, (at, at))
    first = import_directory(source, "mtime", drop.add, channels=["tracking"], now=lambda: NOW)
    again = import_directory(source, "mtime", drop.add, channels=["tracking"], now=lambda: NOW)
    assert (first.documents, first.new, dict(first.days)) == (11, 11, {date(2025, 3, 5): 5, date(2025, 3, 6): 6})
    assert (again.documents, again.new, dict(again.days)) == (11, 0, {})
    assert dict(drop.ledger.inbox.days()) == {date(2025, 3, 5): 5, date(2025, 3, 6): 6}
    assert len(drop.names(source)) == 11  # files stay


def test_an_archive_can_be_imported_and_undated_files_are_named(drop: Drop, tmp_path: Path):
    source = tmp_path / "archive"
    for name in ("2025-03-07/tracking/a.json", "tracking/undated.json"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(GOOD)
    report = import_directory(source, "path", drop.add, channels=["tracking"], now=lambda: NOW)
    assert dict(report.days) == {date(2025, 3, 7): 1}
    assert len(report.refused) == 1
    assert "tracking/undated.json" in report.refused[0]
    with pytest.raises(NotADirectoryError):
        import_directory(tmp_path / "nowhere", "now", drop.add, channels=["tracking"], now=lambda: NOW)


def test_only_the_folders_of_channels_are_imported_and_the_others_are_named(drop: Drop, tmp_path: Path):
    source = tmp_path / "mixed"
    for name in ("tracking/a.json", "2025-03-07/tracking/b.json", "2025-03-07/gossip/c.json", "gossip/d.json", "e.json", ".git/f.json"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(GOOD + name.encode())
    (source / "registered").mkdir()
    report = import_directory(source, "now", drop.add, channels=["tracking", "registered", "instant"], now=lambda: NOW)
    assert {channel for channel, _ in drop.stored()} == {"tracking"}
    assert (report.new, report.channels) == (2, {"tracking", "registered"})
    assert report.strangers == ["2025-03-07/gossip/", "e.json", "gossip/"]
