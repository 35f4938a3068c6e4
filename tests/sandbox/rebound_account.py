"""A client of ReBound's stand-in for tests: the REST API with a token, the legacy API with its form."""

import json
from typing import Any

import httpx

from tests.sandbox_fixture import Sandbox


class Account:
    """`rest` carries a token that was fetched when it was made."""

    def __init__(self, server: Sandbox) -> None:
        self.server = server
        self.rest = httpx.Client(base_url=server.env["REBOUND_BASE_URL"], timeout=30)
        self.form = httpx.Client(base_url=server.env["REBOUND_LEGACY_URL"], timeout=30)
        self.login()

    def login(self) -> None:
        env = self.server.env
        form = {"grant_type": "client_credentials", "client_id": env["REBOUND_CLIENT_ID"], "client_secret": env["REBOUND_CLIENT_SECRET"]}
        token = httpx.post(env["REBOUND_TOKEN_URL"], data=form).json()["access_token"]
        self.rest.headers["Authorization"] = f"Bearer {token}"

    def push(self, order_id: str, *lines: tuple[str, int], **more: Any) -> httpx.Response:
        """`lines`: (clientItemId, quantity); the SKU of line n is S<n>."""
        items = [
            {"clientItemId": line_id, "sku": f"S{n}", "ean": f"400000000000{n}", "quantity": str(count)}
            for n, (line_id, count) in enumerate(lines, 1)
        ]
        return self.rest.post("/sales-orders", json={"clientOrderId": order_id, "salesItems": items, **more})

    def create(self, order_id: str, *items: dict[str, Any], headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        body = {"clientOrderId": order_id, "announcedItems": list(items), **more}
        return self.rest.post("/return-orders", json=body, headers=headers)

    def shown(self, return_id: str) -> dict[str, Any]:
        answer = self.rest.get(f"/return-orders/{return_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """All entries of a poll, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.rest.get(path, params=params)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["data"]
            if not page["hasMore"]:
                return found
            params["cursor"] = page["nextCursor"]

    def legacy(self, path: str, request: object, **form: str) -> dict[str, Any]:
        """The JSON of a 200, success or error. `request` is sent as JSON text, a string as it is."""
        answer = self.legacy_answer(path, request, **form)
        assert answer.status_code == 200
        return answer.json()

    def legacy_answer(self, path: str, request: object, **form: str) -> httpx.Response:
        env = self.server.env
        given = {"login": env["REBOUND_LEGACY_LOGIN"], "api_key": env["REBOUND_LEGACY_API_KEY"]}
        text = request if isinstance(request, str) else json.dumps(request)
        return self.form.post(f"/api/{path}", data=given | {"request": text} | form)

    def legacy_ids(self, first: str, last: str) -> list[str]:
        answer = self.legacy("returns/search/json", {"filter": {"date_from": first, "date_to": last}})
        return answer["success"]["id"] if "success" in answer else []

    def legacy_return(self, return_id: str) -> dict[str, Any]:
        return self.legacy("returns/get/json", {"return": {"id": return_id, "type": "id"}})["success"]


def item(line_id: str, quantity: Any = "1", reason: str = "Too large", **more: Any) -> dict[str, Any]:
    """One entry of announcedItems."""
    return {"clientItemId": line_id, "quantity": quantity, "reasonCode": reason, **more}
