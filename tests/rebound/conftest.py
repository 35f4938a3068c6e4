"""A receiver on a real server on loopback, storing into a real ledger."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from returns_assets.ledger.database import Ledger
from returns_assets.rebound.receiver import create_receiver
from returns_assets.steps.inbox import unreadable
from returns_assets.translation.accounts import ReceiverAuth, ReceiverConfig
from tests.rebound.payloads import MAPPINGS

NOW = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
SECRETS = {"KEY": "correct horse ü", "USER": "rebound"}
AUTH: dict[str, dict[str, Any]] = {
    "none": {"type": "none"},
    "static_header": {"type": "static_header", "header": "X-Returns-Key", "secret_env": "KEY"},
    "basic": {"type": "basic", "secret_env": "KEY", "username_env": "USER"},
    "hmac_sha256": {"type": "hmac_sha256", "header": "X-Signature", "secret_env": "KEY"},
}


@dataclass
class Running:
    """A receiver that listens."""

    url: str
    port: int
    ledger: Ledger

    def stored(self) -> list[tuple[str, bytes]]:
        return [(d.channel, d.content) for day, _ in self.ledger.inbox.days() for d in self.ledger.inbox.documents(day)]


@pytest.fixture
def sqlite_ledger(tmp_path: Path) -> Generator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield opened
    opened.close()


@contextmanager
def serve(app: Any) -> Generator[int]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    config_socket = server.config.bind_socket()
    config_socket.listen()  # connections queue from here on, however long the thread takes to accept them
    thread = threading.Thread(target=server.run, kwargs={"sockets": [config_socket]}, daemon=True)
    thread.start()
    try:
        yield config_socket.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        config_socket.close()


Receiver = Callable[..., Any]


@pytest.fixture
def receiver(sqlite_ledger: Ledger) -> Receiver:
    """`with receiver(auth='basic', limit=..., add=...) as running:`"""

    @contextmanager
    def start(auth: str = "none", limit: int = 10_000, add: Any = None) -> Generator[Running]:
        config = ReceiverConfig(auth=ReceiverAuth(**AUTH[auth]), max_body_bytes=limit)
        account = MAPPINGS.rebound.model_copy(update={"receiver": config})
        app = create_receiver(add or sqlite_ledger.inbox.add, account, SECRETS, lambda: NOW, unreadable(MAPPINGS))
        with serve(app) as port:
            yield Running(f"http://127.0.0.1:{port}", port, sqlite_ledger)

    return start
