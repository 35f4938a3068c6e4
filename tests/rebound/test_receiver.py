"""The receiver over real HTTP: what is stored, what is refused, and that nothing is acknowledged before it is stored."""

import base64
import hashlib
import hmac
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from returns_assets.rebound.authentication import ReceiverMisconfigured
from returns_assets.rebound.receiver import create_receiver
from returns_assets.translation.accounts import ReceiverAuth, ReceiverConfig
from tests.rebound.conftest import AUTH, NOW, SECRETS, Receiver
from tests.rebound.payloads import MAPPINGS, to_bytes, trigger

BODY = to_bytes(trigger())
SECRET = SECRETS["KEY"].encode()


def basic(user: str, password: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + password).decode()}


def signature(body: bytes, secret: bytes = SECRET) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).digest()


def test_a_document_is_stored_as_it_came_and_the_same_bytes_are_one(receiver: Receiver):
    with receiver() as running:
        first = httpx.post(f"{running.url}/returns/refund-registered", content=BODY, headers={"Content-Type": "application/json"})
        again = httpx.post(f"{running.url}/returns/refund-registered", content=BODY)
        other = httpx.post(f"{running.url}/returns/refund-instant", content=BODY)
        assert (first.status_code, first.json()) == (202, {"document_id": 1, "new": True})
        assert (again.status_code, again.json()) == (202, {"document_id": 1, "new": False})
        assert other.json()["document_id"] == 2  # the channel tells the kind: there it is another document
        assert running.stored() == [("refund-registered", BODY), ("refund-instant", BODY)]
        assert [day.isoformat() for day, _ in running.ledger.inbox.days()] == ["2025-03-09"]


def test_the_warehouses_tables_are_taken_on_its_channel_only(receiver: Receiver):
    table, headers = b"event;event_time\n", {"Content-Type": "text/csv; charset=utf-8"}
    with receiver() as running:
        assert httpx.post(f"{running.url}/returns/warehouse", content=table, headers=headers).status_code == 202
        assert httpx.post(f"{running.url}/returns/tracking", content=table, headers=headers).status_code == 415
        formless = httpx.post(f"{running.url}/returns/warehouse", content=b"no;header\n", headers=headers)
        assert (formless.status_code, "no column is event" in formless.text) == (400, True)
        assert [channel for channel, _ in running.stored()] == ["warehouse", "warehouse"], "kept all the same"


def test_many_at_once_and_all_the_same(receiver: Receiver):
    with receiver() as running, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: httpx.post(f"{running.url}/returns/tracking", content=to_bytes({"n": n % 4})), range(24)))
        assert {a.status_code for a in answers} == {202}
        assert sum(a.json()["new"] for a in answers) == 4
        assert len(running.stored()) == 4


def test_the_answer_waits_for_the_commit(receiver: Receiver):
    may_commit, asked = threading.Event(), threading.Event()

    def add(content: bytes, **_: Any) -> tuple[int, bool]:
        asked.set()
        assert may_commit.wait(30)
        return 7, True

    with receiver(add=add) as running, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.post, f"{running.url}/returns/tracking", content=BODY, timeout=30)
        assert asked.wait(30)
        assert httpx.get(f"{running.url}/health").json() == {"status": "ok"}  # a slow store does not stop the server
        assert not answer.done()
        may_commit.set()
        assert answer.result().json() == {"document_id": 7, "new": True}


def test_what_could_not_be_stored_is_not_acknowledged(receiver: Receiver):
    def add(content: bytes, **_: Any) -> tuple[int, bool]:
        raise OSError("disk full at /secret/place")

    with receiver(add=add) as running:
        answer = httpx.post(f"{running.url}/returns/tracking", content=BODY)
        assert (answer.status_code, answer.json()) == (503, {"error": "not stored; send it again"})
        assert "Retry-After" in answer.headers


@pytest.mark.parametrize(
    ("auth", "headers", "status"),
    [
        ("static_header", {"X-Returns-Key": SECRETS["KEY"].encode()}, 202),
        ("static_header", {"X-Returns-Key": b"correct horse"}, 401),
        ("static_header", {"X-Returns-Key": b""}, 401),
        ("static_header", {}, 401),
        ("basic", basic("rebound", SECRET), 202),
        ("basic", basic("rebound", b"wrong"), 401),
        ("basic", basic("other", SECRET), 401),
        ("basic", {"Authorization": "Basic !!!"}, 401),
        ("basic", {"Authorization": "Bearer x"}, 401),
        ("basic", {}, 401),
        ("hmac_sha256", {"X-Signature": signature(BODY).hex()}, 202),
        ("hmac_sha256", {"X-Signature": "sha256=" + signature(BODY).hex().upper()}, 202),
        ("hmac_sha256", {"X-Signature": base64.b64encode(signature(BODY))}, 202),
        ("hmac_sha256", {"X-Signature": signature(BODY + b" ").hex()}, 401),
        ("hmac_sha256", {"X-Signature": signature(BODY, b"other").hex()}, 401),
        ("hmac_sha256", {"X-Signature": "ü".encode()}, 401),
        ("hmac_sha256", {}, 401),
    ],
)
def test_who_may_post(receiver: Receiver, auth: str, headers: dict[str, Any], status: int):
    with receiver(auth=auth) as running:
        answer = httpx.post(f"{running.url}/returns/tracking", content=BODY, headers=headers)
        assert answer.status_code == status
        assert len(running.stored()) == (status == 202)
        if status == 401:
            assert SECRETS["KEY"] not in answer.text
            assert answer.json()["error"].startswith("the header ")
            assert ("WWW-Authenticate" in answer.headers) == (auth == "basic")


@pytest.mark.parametrize("auth", ["static_header", "basic", "hmac_sha256"])
def test_a_stranger_learns_no_channels(receiver: Receiver, auth: str):
    with receiver(auth=auth) as running:
        answer = httpx.post(f"{running.url}/returns/nowhere", content=BODY)
        assert answer.status_code == 401
        assert "refund-registered" not in answer.text


@pytest.mark.parametrize(
    ("channel", "body", "headers", "status", "words"),
    [
        ("nowhere", BODY, {}, 404, "refund-instant, refund-registered, snapshots, tracking"),
        ("tracking", b"", {}, 400, "empty"),
        ("tracking", b"  \n", {}, 400, "empty"),
        ("tracking", BODY, {"Content-Type": "text/csv"}, 415, "application/json"),
        ("tracking", BODY, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415, "content encoding"),
        ("tracking", b'{"x": "' + b"y" * 10_000 + b'"}', {}, 413, "10000 bytes"),
    ],
)
def test_refusals_say_what_is_allowed_and_store_nothing(
    receiver: Receiver, channel: str, body: bytes, headers: dict[str, str], status: int, words: str
):
    with receiver() as running:
        answer = httpx.post(f"{running.url}/returns/{channel}", content=body, headers=headers)
        assert answer.status_code == status
        assert words in answer.json()["error"]
        assert running.stored() == []


def test_other_paths_and_methods_answer_in_json(receiver: Receiver):
    with receiver() as running:
        assert httpx.get(f"{running.url}/returns/tracking").json() == {"error": "Method Not Allowed"}
        assert httpx.get(f"{running.url}/").json() == {"error": "Not Found"}


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/x-ndjson", "application/cloudevents+json"])
def test_json_by_its_other_names(receiver: Receiver, content_type: str):
    with receiver() as running:
        assert httpx.post(f"{running.url}/returns/tracking", content=BODY, headers={"Content-Type": content_type}).status_code == 202


def test_an_unreadable_body_is_refused_and_kept(receiver: Receiver):
    with receiver() as running:
        answer = httpx.post(f"{running.url}/returns/tracking", content=BODY[:-5])
        assert answer.status_code == 400
        assert "kept as document 1" in answer.json()["error"]
        assert "line 1, column" in answer.json()["error"]
        assert running.stored() == [("tracking", BODY[:-5])]
        lines = httpx.post(f"{running.url}/returns/tracking", content=BODY + b"\n{broken\n")
        assert lines.status_code == 202  # what can be read counts; the broken line becomes an exception


def test_a_chunked_body_is_limited_by_what_comes(receiver: Receiver):
    def chunks() -> Any:
        for _ in range(20):
            yield b'"' + b"x" * 999 + b'"'

    with receiver() as running:
        assert httpx.post(f"{running.url}/returns/tracking", content=chunks()).status_code == 413
        fits = httpx.post(f"{running.url}/returns/tracking", content=iter([b'{"a": ', b'"1"}']))
        assert fits.status_code == 202
        assert running.stored() == [("tracking", b'{"a": "1"}')]


def test_a_sender_that_hangs_up_leaves_nothing(receiver: Receiver):
    """The announced length never comes: half a document must not be stored as one."""
    with receiver() as running:
        with socket.create_connection(("127.0.0.1", running.port)) as half:
            half.sendall(b"POST /returns/tracking HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + b'{"a": "1"}')
        assert httpx.post(f"{running.url}/returns/tracking", content=b'{"b": "2"}').status_code == 202
        assert running.stored() == [("tracking", b'{"b": "2"}')]


@pytest.mark.parametrize(
    ("auth", "secrets", "words"),
    [
        (AUTH["static_header"], {}, "the variable KEY is not set"),
        (AUTH["basic"], {"KEY": "x"}, "the variable USER is not set"),
        ({"type": "static_header", "secret_env": "KEY"}, SECRETS, "receiver.auth.header"),
        ({"type": "hmac_sha256", "header": "X"}, SECRETS, "receiver.auth.secret_env"),
    ],
)
def test_a_receiver_without_its_secret_does_not_start(auth: dict[str, Any], secrets: dict[str, str], words: str):
    config = ReceiverConfig(auth=ReceiverAuth(**auth), max_body_bytes=1)
    account = MAPPINGS.rebound.model_copy(update={"receiver": config})
    with pytest.raises(ReceiverMisconfigured, match=words):
        create_receiver(lambda content, **_: (1, True), account, secrets, lambda: NOW)
