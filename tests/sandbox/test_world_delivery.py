"""Delivery: files that are complete when they appear and carry the sandbox's time, posts to a real receiver, and the mishaps of both."""

import json
import socket
import threading
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from returns_assets.sandbox.delivery import Mishaps, finish_file, shuffled, to_files, to_receiver
from returns_assets.sandbox.world_plan import Scheduled

START = datetime(2025, 3, 1, 6, tzinfo=UTC)
LATE = START + timedelta(days=2)
CALM = Mishaps()


def scheduled(count: int) -> list[Scheduled]:
    return [Scheduled(START + timedelta(minutes=n), n, "tracking", json.dumps({"b": n, "a": "ß"}).encode()) for n in range(count)]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_file_has_its_channel_its_time_and_no_temporary_beside_it(tmp_path: Path) -> None:
    outcome = to_files(scheduled(3), tmp_path, CALM, 1, LATE)
    assert outcome.done == {0, 1, 2}
    found = sorted((tmp_path / "tracking").iterdir())
    assert [path.name for path in found] == [
        "20250301T060000-0000000.json",
        "20250301T060100-0000001.json",
        "20250301T060200-0000002.json",
    ]
    assert [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in found] == [document.at for document in scheduled(3)]
    assert [path.read_bytes() for path in found] == [document.body for document in scheduled(3)]


def test_duplicates_come_under_new_names_the_same_and_reserialised(tmp_path: Path) -> None:
    to_files(scheduled(2), tmp_path, Mishaps(duplicate=1, reserialised=1), 1, LATE)
    found = contents(tmp_path)
    assert len(found) == 6
    first = found["20250301T060000-0000000.json"]
    assert found["20250301T070000-0000000-d.json"] == first
    other = found["20250301T070000-0000000-r.json"]
    assert other != first
    assert json.loads(other) == json.loads(first)


def test_nothing_is_sent_again_after_the_end_of_the_delivery(tmp_path: Path) -> None:
    to_files(scheduled(1), tmp_path, Mishaps(duplicate=1), 1, START + timedelta(minutes=5))
    assert max(path.stat().st_mtime for path in tmp_path.rglob("*.json")) == (START + timedelta(minutes=5)).timestamp()


def test_a_half_written_file_is_completed_in_its_place(tmp_path: Path) -> None:
    (document,) = scheduled(1)
    outcome = to_files([document], tmp_path, Mishaps(half_written=1), 1, LATE)
    assert outcome.done == set()
    assert contents(tmp_path) == {"20250301T060000-0000000.json": document.body[: len(document.body) // 2]}
    half, abandoned = outcome.half[0]
    finish_file(half, tmp_path, abandoned=abandoned)
    assert contents(tmp_path) == {"20250301T060000-0000000.json": document.body}


def test_an_abandoned_half_stays_and_the_whole_comes_under_a_new_name(tmp_path: Path) -> None:
    (document,) = scheduled(1)
    half, abandoned = to_files([document], tmp_path, Mishaps(half_abandoned=1), 1, LATE).half[0]
    finish_file(half, tmp_path, abandoned=abandoned)
    assert contents(tmp_path) == {
        "20250301T060000-0000000.json": document.body[: len(document.body) // 2],
        "20250301T060000-0000000-2.json": document.body,
    }


def test_disorder_changes_places_and_loses_nothing() -> None:
    documents = scheduled(200)
    moved = shuffled(documents, Mishaps(disorder=0.3), 7)
    assert [document.at for document in moved] == [document.at for document in documents]
    assert sorted(document.seq for document in moved) == list(range(200))
    assert [document.seq for document in moved] != list(range(200))
    assert moved == shuffled(documents, Mishaps(disorder=0.3), 7)
    assert moved != shuffled(documents, Mishaps(disorder=0.3), 8)
    assert shuffled(documents, CALM, 7) == documents


@pytest.mark.parametrize(
    ("given", "complaint"), [({"flood": 1}, "unknown fault flood; allowed: duplicate"), ({"disorder": 3}, "share from 0 to 1")]
)
def test_wrong_faults_are_told_what_is_allowed(given: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Mishaps.read(given)


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent; answers 503 to bodies that hold a word of `refuses`."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str | None, bytes]] = []
        self.types: list[str | None] = []
        self.refuses: set[bytes] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/returns"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.types.append(self.headers["Content-Type"])
        self.server.received.append((self.path, self.headers["X-Returns-Key"], body))
        self.send_response(503 if any(word in body for word in self.server.refuses) else 202)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_documents_are_posted_to_their_channel_with_the_agreed_header(receiver: Receiver) -> None:
    outcome = to_receiver(scheduled(3), receiver.url, {"X-Returns-Key": "k"}, CALM, 1, LATE)
    assert outcome.done == {0, 1, 2}
    assert receiver.received == [("/returns/tracking", "k", document.body) for document in scheduled(3)]


def test_a_document_is_posted_as_what_it_is(receiver: Receiver) -> None:
    [document] = scheduled(1)
    kinds = [replace(document, suffix=suffix) for suffix in ("json", "csv", "ndjson")]
    to_receiver(kinds, receiver.url, {}, CALM, 1, LATE)
    to_receiver(kinds[:1], receiver.url, {"Content-Type": "text/plain"}, CALM, 1, LATE)
    assert receiver.types == ["application/json", "text/csv; charset=utf-8", "application/x-ndjson", "text/plain"]


def test_what_is_refused_stays_due(receiver: Receiver) -> None:
    receiver.refuses = {b'"b": 1'}
    outcome = to_receiver(scheduled(3), receiver.url, {}, CALM, 1, LATE)
    assert outcome.done == {0, 2}
    assert outcome.failed == {"503": 1}


def test_nobody_there_is_counted_not_raised() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        # bound and not listening: every connection is refused, and nobody else gets the port
        outcome = to_receiver(scheduled(2), f"http://127.0.0.1:{unused.getsockname()[1]}/returns", {}, CALM, 1, LATE)
    assert outcome.done == set()
    assert outcome.failed == {"ConnectError": 2}
