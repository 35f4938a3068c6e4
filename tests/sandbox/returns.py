"""What the tests of the returns API share: a shop with returns on, and its calls in short."""

from typing import Any

import httpx

from tests.sandbox.shop import Shop, read

ON: dict[str, Any] = {"returns.marketplace": True}
REASON, METHOD = "RETURN_PDNT_TOO_BIG", "RETURN_METHOD_BY_MAIL"
WRITES = {"RT04": "", "RT21": "/accept", "RT25": "/receive", "RT26": "/compliance", "RT27": "/close", "RT29": "/cancel"}


def entry(commercial_id: str, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
    """One entry of RT01's returns[]: `entry("O1", ("O1-A-1", 2))`."""
    return_lines = [{"order_line_id": line_id, "quantity": count, "reason_code": REASON} for line_id, count in lines]
    return {"order_commercial_id": commercial_id, "method_code": METHOD, "return_lines": return_lines, **more}


def call(shop: Shop, operation: str, *entries: dict[str, Any]) -> httpx.Response:
    body = {"returns": list(entries)}
    if operation == "RT01":
        return shop.client.post("/api/returns", json=body)
    return shop.client.put(f"/api/returns{WRITES[operation]}", json=body)


def done(shop: Shop, operation: str, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    """return_success of a call in which nothing was refused."""
    answer = call(shop, operation, *entries)
    assert answer.status_code == 200, answer.text
    assert answer.json()["return_errors"] == []
    return read(answer)["return_success"]


def refused(shop: Shop, operation: str, given: dict[str, Any]) -> str:
    """The message of a single entry that was refused in a 200, and changed nothing."""
    before = shop.server.get("returns", marketplace=shop.key)
    answer = call(shop, operation, given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["return_success"] == []
    assert shop.server.get("returns", marketplace=shop.key) == before
    [error] = answer.json()["return_errors"]
    key = "order_commercial_id" if operation == "RT01" else "id"
    assert set(error) == {key, "message"}
    assert error[key] == given[key]
    return error["message"]


def opened(shop: Shop, line_id: str = "O1-A-1", quantity: int = 1, **more: Any) -> str:
    """The id of a return that RT01 made for a line."""
    [made] = done(shop, "RT01", entry(line_id.split("-")[0], (line_id, quantity), **more))
    return made["id"]


def listed(shop: Shop, **params: Any) -> list[dict[str, Any]]:
    answer = shop.client.get("/api/returns", params={"limit": 100, **params})
    assert answer.status_code == 200, answer.text
    return read(answer)["data"]


def one(shop: Shop, return_id: str) -> dict[str, Any]:
    [found] = listed(shop, return_id=return_id)
    return found


def history(shop: Shop, return_id: str) -> list[tuple[str, str]]:
    [found] = shop.server.get("returns", marketplace=shop.key, return_id=return_id)["returns"]
    return [(step["by"], step["state"]) for step in found["history"]]
