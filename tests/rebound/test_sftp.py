"""Pick-up from a real SFTP server: finished files once, stored before they are moved, and only from a server whose key is known."""

import dataclasses
import logging
import socket
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from click.testing import CliRunner

from returns_assets.operations.cli import returns
from returns_assets.rebound.pickup import PickupReport
from returns_assets.rebound.sftp_session import PIECE, SftpAccess, SftpSession
from returns_assets.steps.inbox import pick_up_returns
from returns_assets.steps.sftp import pick_up_sftp
from returns_assets.translation.model import Mappings
from returns_assets.translation.sftp_account import SftpAccount
from tests.rebound.payloads import MAPPINGS, snapshot, to_bytes, tracking
from tests.rebound.polling import Poller, poller
from tests.rebound.sftp_server import PASSWORD, USER, SftpServer, sftp_server

NOW = "2025-03-09T12:00:00+00:00"
GOOD = to_bytes(tracking())
NAME = "out/tracking/a.json"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[SftpServer]:
    with sftp_server(tmp_path) as started:
        for folder in ("tracking", "snapshots", "warehouse"):
            (started.root / "out" / folder).mkdir(parents=True)
        monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
        monkeypatch.setenv("SFTP_KEY_FILE", str(started.key_file))
        yield started


def account(server: SftpServer, **changed: Any) -> SftpAccount:
    folders = {"tracking": "/out/tracking", "snapshots": "/out/snapshots/"}
    whole = {
        "host": "127.0.0.1", "port": server.port, "user": USER, "host_keys": [server.public_key], "password_env": "SFTP_PASSWORD",
        "folders": folders, "archive": "archive", "error": "error", "quiet_seconds": 60, "timeout_seconds": 20, "look_seconds": 60,
        "max_file_bytes": 10_000,
    }  # fmt: skip
    return SftpAccount.model_validate({name: value for name, value in (whole | changed).items() if value is not ...})


def tables(rebound: SftpAccount | None, warehouse: SftpAccount | None = None) -> Mappings:
    changed = {
        name: getattr(MAPPINGS, name).model_copy(update={"sftp": each}) for name, each in (("rebound", rebound), ("warehouse", warehouse))
    }
    return MAPPINGS.model_copy(update=changed)


@pytest.fixture
def mine(server: SftpServer, tmp_path: Path) -> Generator[Poller]:
    with poller(tmp_path / "home", tables(account(server)), NOW) as started:
        yield started


def look(mine: Poller, name: str = "rebound") -> PickupReport:
    """A minute later."""
    mine.now += timedelta(seconds=60)
    return pick_up_sftp(mine.ctx)[name]


def take(mine: Poller) -> PickupReport:
    """Two looks: what lies there is taken at the second one."""
    look(mine)
    return look(mine)


def test_a_finished_file_is_stored_and_moved_to_the_archive(server: SftpServer, mine: Poller) -> None:
    server.put(NAME, GOOD)
    server.put("out/snapshots/s.json", to_bytes(snapshot()))
    assert look(mine).counts() == {"taken": 0, "new": 0, "waiting": 2, "unreadable": 0, "failed": 0}
    report = look(mine)
    assert (report.taken, report.new, report.days) == (2, 2, {mine.now.date()})
    assert mine.documents() == [("tracking", GOOD), ("snapshots", to_bytes(snapshot()))]
    assert server.names() == ["out/snapshots/archive/s.json", "out/tracking/archive/a.json"]
    assert take(mine).counts() == {"taken": 0, "new": 0, "waiting": 0, "unreadable": 0, "failed": 0}
    assert mine.open() == []
    mine.read()
    assert mine.rows("SELECT DISTINCT event FROM rebound_returns ORDER BY 1") == ["ITEM_GRADED", "PARCEL_IN_NETWORK"]


def test_without_an_archive_files_are_removed_but_unreadable_ones_are_kept(server: SftpServer, mine: Poller) -> None:
    mine.use(tables(account(server, archive=None)))
    server.put(NAME, GOOD)
    server.put("out/tracking/bad.json", b'{"order": ')
    report = take(mine)
    assert (report.taken, [bad.name for bad in report.unreadable]) == (2, ["sftp rebound/tracking/bad.json"])
    assert server.names() == ["out/tracking/error/bad.json"]
    assert [cause for cause, _ in mine.open()] == ["unreadable_document"]


def test_a_half_written_file_waits_until_it_has_been_still_for_a_while(server: SftpServer, mine: Poller) -> None:
    server.put(NAME, GOOD[:10])
    look(mine)
    for size in (20, len(GOOD)):
        server.put(NAME, GOOD[:size])
        assert look(mine).counts()["waiting"] == 1
    for _ in range(2):  # two equal looks are not enough: the transfer may have stalled
        assert pick_up_sftp(mine.ctx)["rebound"].waiting == 1
    assert mine.documents() == []
    look(mine)
    assert mine.documents() == [("tracking", GOOD)]


@pytest.mark.parametrize("name", [".a.json", "a.json.tmp", "a.json.part", "a.json.filepart", "a.json.done", "sub/a.json"])
def test_unfinished_and_hidden_files_links_and_folders_are_no_documents(server: SftpServer, mine: Poller, name: str) -> None:
    server.put(f"out/tracking/{name}", GOOD)
    (server.root / "out/tracking/link.json").symlink_to(server.put("elsewhere/x.json", GOOD))
    assert take(mine).counts() == {"taken": 0, "new": 0, "waiting": 0, "unreadable": 0, "failed": 0}


def test_a_marker_makes_one_look_enough_and_goes_with_its_file(server: SftpServer, mine: Poller) -> None:
    server.put(NAME, GOOD)
    server.put(f"{NAME}.done", b"")
    assert look(mine).taken == 1
    assert server.names() == ["out/tracking/archive/a.json"]


def test_a_marker_does_not_outlive_its_file(server: SftpServer, mine: Poller) -> None:
    path = server.put(NAME, GOOD)
    server.put(f"{NAME}.done", b"")
    server.mishaps.cut_after_move = True
    assert type(look(mine).lost).__name__ == "SftpFailed"
    server.mishaps.cut_after_move = False
    server.put(NAME, GOOD[:10])  # the next file of that name is being sent
    assert look(mine).waiting == 1
    server.put(f"{NAME}.done", b"")
    server.mishaps.on_read = lambda name: path.write_bytes(GOOD[:20])  # longer while it is read
    assert look(mine).waiting == 1
    assert (look(mine).waiting, mine.documents()) == (1, [("tracking", GOOD)])
    server.mishaps.on_read = lambda name: server.put(f"{NAME}.done", b"")  # after the folder was listed
    assert look(mine).taken == 1
    assert server.names() == ["out/tracking/archive/a.json", "out/tracking/error/a.json"]  # the marker is gone


def test_the_same_bytes_again_are_one_document_and_other_bytes_overwrite_nothing(server: SftpServer, mine: Poller) -> None:
    for content, new in ((GOOD, 1), (GOOD, 0), (GOOD, 0), (GOOD + b"\n", 1)):
        server.put(NAME, content)
        assert take(mine).new == new
    assert len(mine.documents()) == 2
    assert server.names() == ["out/tracking/archive/1-a.json", "out/tracking/archive/2-a.json", "out/tracking/archive/a.json"]
    server.put("out/tracking/again.json", GOOD)
    assert (take(mine).new, len(mine.documents())) == (0, 2)


def test_a_file_that_could_not_be_moved_is_taken_once(server: SftpServer, mine: Poller) -> None:
    server.put(NAME, GOOD)
    server.mishaps.no_move = True
    report = take(mine)
    assert (report.new, len(report.failed)) == (1, 1)
    assert "stored as document 1, but not moved" in report.failed[0]
    assert [cause for cause, _ in mine.open()] == ["file_not_taken"]
    server.mishaps.no_move = False
    again = look(mine)
    assert (again.taken, again.new) == (1, 0)
    assert (len(mine.documents()), server.names(), mine.open()) == (1, ["out/tracking/archive/a.json"], [])


def test_a_connection_that_breaks_off_in_a_file_keeps_what_was_taken(server: SftpServer, mine: Poller) -> None:
    for name in "abc":
        server.put(f"out/tracking/{name}.json", GOOD + b" " * ord(name))
    look(mine)
    server.mishaps.cut_at = b"b.json"
    broken = look(mine)
    assert (broken.new, str(type(broken.lost).__name__)) == (1, "SftpFailed")
    assert mine.open() == [("sftp_failed", "rebound")]
    assert server.names() == ["out/tracking/archive/a.json", "out/tracking/b.json", "out/tracking/c.json"]
    server.mishaps.cut_at = None
    assert look(mine).new == 2
    assert mine.documents() == [("tracking", GOOD + b" " * ord(name)) for name in "acb"]  # where it broke off comes last
    assert mine.open() == []


def test_a_file_too_slow_for_a_look_is_named_and_holds_up_no_other(
    server: SftpServer, mine: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def slow(name: str) -> None:
        nonlocal now
        now += 25.0 if name == "a.json" else 0.0

    def session(access: SftpAccess) -> SftpSession:
        return SftpSession(access, clock=lambda: now)

    monkeypatch.setattr("returns_assets.steps.sftp.SftpSession", session)
    mine.use(tables(account(server, max_file_bytes=10**7)))
    large = GOOD + b" " * (5 * PIECE)
    server.put(NAME, large)
    server.put("out/tracking/b.json", GOOD)
    look(mine)
    server.mishaps.on_read = slow
    first = look(mine)
    where = f"127.0.0.1:{server.port}: reading /out/tracking/a.json, {3 * PIECE} of {len(large)} bytes"
    assert (first.taken, str(first.lost)) == (0, f"{where}: the look took longer than 60 s; the next one goes on")
    second = look(mine)
    assert (second.taken, str(second.lost)) == (1, str(first.lost))
    assert (mine.documents(), mine.open()) == ([("tracking", GOOD)], [("sftp_failed", "rebound")])
    server.mishaps.on_read = lambda name: None
    assert (look(mine).lost, mine.documents(), mine.open()) == (None, [("tracking", GOOD), ("tracking", large)], [])


def test_a_file_that_never_comes_holds_up_no_other(server: SftpServer, mine: Poller) -> None:
    mine.use(tables(account(server, timeout_seconds=2)))
    for name in "abc":
        server.put(f"out/tracking/{name}.json", GOOD + b" " * ord(name))
    look(mine)
    server.mishaps.stuck_at = b"a.json"
    assert (look(mine).taken, look(mine).taken) == (0, 2)
    assert mine.open() == [("sftp_failed", "rebound")]
    server.mishaps.stuck_at = b"none"
    assert look(mine).taken == 1
    assert server.names() == [f"out/tracking/archive/{name}.json" for name in "abc"]


def test_a_server_with_another_key_is_told_nothing(server: SftpServer, mine: Poller) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    server.put(NAME, GOOD)
    other_kind = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode().strip()
    for changed in (
        {"host_keys": [other]}, {"host_keys": [other_kind]}, {"host_keys": ..., "known_hosts": "no-such-file"},
        {"host_keys": ["ssh-ed25519 AAAA"]},
    ):  # fmt: skip
        mine.use(tables(account(server, **changed)))
        assert look(mine).taken == 0
        assert mine.open() == [("sftp_host_key_refused", "rebound")]
    assert server.logins == 0
    mine.use(tables(account(server, host_keys=[other, server.public_key])))  # while a key is being changed
    take(mine)
    assert (len(mine.documents()), mine.open()) == (1, [])


def test_a_known_hosts_file_and_a_private_key(server: SftpServer, mine: Poller, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {server.public_key}\n")
    settings = mine.ctx.settings.model_copy(update={"mappings": tmp_path})
    mine.ctx = dataclasses.replace(mine.ctx, settings=settings)
    changed: dict[str, Any] = {"host_keys": ..., "known_hosts": "known_hosts", "password_env": ..., "private_key_file_env": "SFTP_KEY_FILE"}
    mine.use(tables(account(server, **changed)))
    server.put(NAME, GOOD)
    assert take(mine).new == 1
    (tmp_path / "known_hosts").write_text(f"elsewhere {server.public_key}\n")
    assert type(look(mine).lost).__name__ == "SftpHostKeyRefused"


def test_wrong_credentials_are_said_without_them(
    server: SftpServer, mine: Poller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SFTP_PASSWORD", "wrong-and-secret")
    broken, secret = tmp_path / "broken", "c2VjcmV0"
    broken.write_text(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{secret}\n-----END OPENSSH PRIVATE KEY-----\n")
    by_key: dict[str, Any] = {"password_env": ..., "private_key_file_env": "SFTP_KEY_FILE"}
    for changed, path in (({}, ""), (by_key, str(broken)), (by_key, str(tmp_path / "absent")), (by_key, "")):
        monkeypatch.setenv("SFTP_KEY_FILE", path)
        mine.use(tables(account(server, **changed)))
        report = look(mine)
        assert mine.open() == [("sftp_denied", "rebound")]
        assert not any(word in str(report) + caplog.text for word in ("wrong-and-secret", secret, PASSWORD))
    assert "the variable SFTP_KEY_FILE is not set" in str(report.lost)
    monkeypatch.setenv("SFTP_KEY_FILE", str(server.key_file))
    assert look(mine).lost is None
    assert mine.open() == []


def test_a_dead_or_silent_server_stops_neither_the_local_folder_nor_the_other_server(server: SftpServer, mine: Poller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        facts = b"event,event_time,piece_id\nPUTAWAY,2025-03-09 09:00:00,1\n"
        server.put("out/warehouse/w.csv", facts)
        drop = mine.ctx.settings.inbox_dir / "tracking" / "a.json"
        drop.parent.mkdir(parents=True)
        drop.write_bytes(GOOD)
        shelf = account(server, folders={"warehouse": "/out/warehouse"})
        for dead in (silent, closed):
            mine.use(tables(account(server, port=dead.getsockname()[1], timeout_seconds=0.2), shelf))
            pick_up_returns(mine.ctx)
            look(mine)
            assert mine.open() == [("sftp_failed", "rebound")]
    assert sorted(mine.documents()) == [("tracking", GOOD), ("warehouse", facts)]
    assert server.names() == ["out/warehouse/archive/w.csv"]


def test_a_file_too_large_and_a_folder_that_is_not_there_stop_nothing_else(server: SftpServer, mine: Poller) -> None:
    server.put("out/tracking/large.json", b" " * 10_001)
    server.put(NAME, GOOD)
    mine.use(tables(account(server, folders={"snapshots": "/nowhere", "tracking": "/out/tracking"})))
    report = take(mine)
    assert (report.new, report.failed) == (
        1,
        [
            f"127.0.0.1:{server.port}: listing /nowhere: there is no such file or folder",
            "sftp rebound/tracking/large.json is larger than max_file_bytes 10000",
        ],
    )
    assert server.names() == ["out/tracking/archive/a.json", "out/tracking/large.json"]
    assert [cause for cause, _ in mine.open()] == ["file_not_taken", "file_not_taken"]


def test_a_look_that_takes_too_long_ends_and_the_next_goes_on(server: SftpServer, mine: Poller) -> None:
    server.put(NAME, GOOD)
    take_long = account(server, look_seconds=1e-9)
    mine.use(tables(take_long))
    assert "the next one goes on" in str(look(mine).lost)
    mine.use(tables(account(server)))
    assert take(mine).new == 1


def test_a_name_that_is_no_text_is_stored_all_the_same(server: SftpServer, mine: Poller) -> None:
    server.put("out/tracking/gr\udcfc\udcdfe.json", GOOD)
    assert take(mine).new == 1
    assert server.names() == ["out/tracking/archive/gr\udcfc\udcdfe.json"]


def test_returns_poll_looks_at_the_servers(server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(__file__).parents[2] / "mappings"
    (tmp_path / "tables").mkdir()
    for path in source.iterdir():
        (tmp_path / "tables" / path.name).write_bytes(path.read_bytes())
    block = account(server, quiet_seconds=0).model_dump_json()
    table = tmp_path / "tables" / "rebound.yaml"
    table.write_text(table.read_text().replace("sftp: null", f"sftp: {block}\n#"))
    monkeypatch.setenv("RETURNS_MAPPINGS", str(tmp_path / "tables"))
    monkeypatch.setenv("RETURNS_HOME", str(tmp_path / "home"))
    server.put(NAME, GOOD)
    first, second = (CliRunner().invoke(returns, ["poll"]) for _ in range(2))
    assert first.output == "sftp rebound: 0 taken, 0 new, 1 waiting, 0 unreadable, 0 failed\n"
    assert second.output == "sftp rebound: 1 taken, 1 new, 0 waiting, 0 unreadable, 0 failed\n"
    monkeypatch.setenv("SFTP_PASSWORD", "wrong")
    denied = CliRunner().invoke(returns, ["poll"])
    assert denied.exit_code == 1
    assert "failed: sftp rebound: " in denied.output
