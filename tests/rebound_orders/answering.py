"""A ReBound of one answer: gives a token, then answers every write with what the test says, quoting the request where asked to."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from returns_assets.rebound.client import ReboundClient

Answering = Callable[[dict[str, Any]], tuple[int, bytes]]  # the sales order -> status and body


class OneAnswer(ThreadingHTTPServer):
    """`answer` may be changed at any time; `told`: flow key (None where none was sent) and sales order of each write."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.told: list[tuple[str | None, dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: OneAnswer

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        address = urlsplit(self.path)
        if address.path == "/token":
            status, body = 200, b'{"access_token": "t"}'
        else:
            order = json.loads(sent)
            self.server.told.append((parse_qs(address.query).get("flowKey", [None])[0], order))
            status, body = self.server.answer(order)
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def answering(answer: Answering) -> Generator[tuple[OneAnswer, ReboundClient]]:
    with OneAnswer(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        client = ReboundClient(url, f"{url}/token", {}, timeout=5, requests_per_second=1e6, concurrency=2, wait=lambda _: None)
        try:
            yield server, client
        finally:
            client.close()
            server.shutdown()
            thread.join()
