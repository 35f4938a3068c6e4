"""A marketplace of a test's own on a server that several tests share: nothing of another test is in it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import httpx

from tests.sandbox_fixture import Sandbox, put_refunds

_numbers = count(1)


@dataclass
class Shop:
    """One marketplace as its seller sees it (`client`) and as the test sees it from behind (`server`)."""

    server: Sandbox
    key: str
    config: dict[str, Any]
    client: httpx.Client = field(repr=False)

    def put(self, *orders: dict[str, Any]) -> None:
        self.server.put_orders(self.key, *orders)

    def set(self, **config: Any) -> None:
        self.server.post("marketplaces", key=self.key, **config)

    def orders(self, **params: Any) -> list[dict[str, Any]]:
        answer = self.client.get("/api/orders", params=params)
        assert answer.status_code == 200, answer.text
        return read(answer)["orders"]

    def order(self, order_id: str, **params: Any) -> dict[str, Any]:
        [found] = self.orders(order_ids=order_id, **params)
        return found

    def line(self, order_line_id: str, **params: Any) -> dict[str, Any]:
        order = self.order(order_line_id.rpartition("-")[0], **params)
        return next(line for line in order["order_lines"] if line["order_line_id"] == order_line_id)

    def refund(self, *entries: dict[str, Any], **more: Any) -> httpx.Response:
        return put_refunds(self.client, entries, **more)

    def refused(self, *entries: dict[str, Any], status: int = 400, **more: Any) -> str:
        """The message of the refusal; fails when it was accepted or when something was refunded all the same."""
        before = self.server.refunds(self.key)
        answer = self.refund(*entries, **more)
        assert answer.status_code == status, answer.text
        assert answer.json()["status"] == status
        assert self.server.refunds(self.key) == before
        return answer.json()["message"]


def read(answer: httpx.Response) -> Any:
    """JSON with exact decimals."""
    import json

    return json.loads(answer.text, parse_float=Decimal)


@contextmanager
def open_shop(server: Sandbox, **config: Any) -> Generator[Shop]:
    key = f"m{next(_numbers)}"
    made = server.post("marketplaces", key=key, **config)
    with server.seller(key) as client:
        yield Shop(server, key, made, client)
