"""ReBound's stand-in: OAuth2 client credentials and POST /sales-orders with the three ways a repeated clientOrderId may be taken.

The token endpoint's path and all answer bodies are assumptions: ReBound publishes neither (reference, 1.2, 1.3, 3.2).
"""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Json, Refusal
from returns_assets.sandbox.state import State

_ROUTES = {("POST", "/oauth/token"): "TOKEN", ("POST", "/sales-orders"): "SALES-ORDERS"}


def operation_of(method: str, path: str) -> str:
    return _ROUTES.get((method, path), "unknown")


class Rebound:
    """Tokens live in memory: a restarted server knows none of the old ones, which is a 401 that clients must renew on."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._tokens: dict[str, datetime] = {}
        self._positions: dict[str, int] = {}  # clientOrderId -> its first place in the state's list
        for position, entry in enumerate(state.rebound_orders):
            self._positions.setdefault(entry["order"]["clientOrderId"], position)

    def revoke(self) -> None:
        self._tokens.clear()

    def perform(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Answer:
        try:
            if path not in {known for _, known in _ROUTES}:
                raise Refusal(404, "Not Found")
            operation = _ROUTES.get((method, path))
            if operation is None:
                raise Refusal(405, "Method Not Allowed", headers={"allow": "POST"})
            with self._state.lock:
                return self._token(headers, body) if operation == "TOKEN" else self._sales_order(query, headers, body)
        except Refusal as refusal:
            return refusal.answer()

    def _token(self, headers: dict[str, str], body: bytes) -> Answer:
        """Client id and secret in the form or by HTTP Basic (RFC 6749, 2.3.1)."""
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client_id, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                client_id, secret = "", ""
        if form.get("grant_type") != "client_credentials":
            return Answer.json({"error": "unsupported_grant_type"}, 400)
        account = self._state.config.rebound
        if (client_id, secret) != (account.client_id, account.client_secret):
            return Answer.json({"error": "invalid_client"}, 401)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._state.clock.now() + timedelta(seconds=account.token_seconds)
        return Answer.json({"access_token": token, "token_type": "Bearer", "expires_in": account.token_seconds})

    def _admit(self, headers: dict[str, str]) -> None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        until = self._tokens.get(token) if scheme.lower() == "bearer" else None
        if until is None or until <= self._state.clock.now():
            raise Refusal(401, "Unauthorized", headers={"www-authenticate": "Bearer"})

    def _sales_order(self, query: str, headers: dict[str, str], body: bytes) -> Answer:
        self._admit(headers)
        flow_key = parse_qs(query).get("flowKey", [None])[-1]
        allowed = self._state.config.rebound.flow_keys
        if flow_key is not None and allowed and flow_key not in allowed:
            raise Refusal(403, "The flow key is unknown")
        try:
            order: Any = wire.loads(body)
        except ValueError:
            raise Refusal(400, "The body is not JSON") from None
        if not isinstance(order, dict) or not isinstance(order.get("clientOrderId"), str) or not order["clientOrderId"]:  # pyright: ignore[reportUnknownMemberType]
            raise Refusal(422, "clientOrderId is required")
        client_order_id = str(order["clientOrderId"])  # pyright: ignore[reportUnknownArgumentType]
        stored = self._state.rebound_orders
        known = self._positions.get(client_order_id)
        repeat = self._state.config.rebound.repeat
        if known is not None and repeat == "409":
            raise Refusal(409, f"A sales order with clientOrderId {client_order_id} exists")
        now = wire.iso(self._state.clock.now())
        entry: Json = {"salesOrderId": f"SO-{len(stored) + 1}", "flowKey": flow_key, "receivedAt": now, "order": order}
        if known is not None and repeat == "overwrite":
            entry["salesOrderId"] = stored[known]["salesOrderId"]
            stored[known] = entry
            position = known
        else:
            stored.append(entry)
            position = len(stored) - 1
            self._positions.setdefault(client_order_id, position)
        self._state.save_rebound_order(position)
        status = 200 if known is not None and repeat == "overwrite" else 201
        return Answer.json({"salesOrderId": entry["salesOrderId"], "clientOrderId": client_order_id}, status)
