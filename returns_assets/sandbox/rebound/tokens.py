"""OAuth2 client credentials (reference, 1.2): a token lives for `token_seconds` of the sandbox's clock.

Tokens live in memory: a restarted server knows none of the old ones, which is a 401 that clients must renew on.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import datetime, timedelta

from returns_assets.sandbox.exchange import Answer, Refusal
from returns_assets.sandbox.rebound.request import Request
from returns_assets.sandbox.state import State


class Tokens:
    def __init__(self, state: State) -> None:
        self._state = state
        self._until: dict[str, datetime] = {}

    def revoke(self) -> None:
        self._until.clear()

    def issue(self, request: Request) -> Answer:
        """Client id and secret in the form or by HTTP Basic (RFC 6749, 2.3.1)."""
        form = request.form()
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
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
        self._until[token] = self._state.clock.now() + timedelta(seconds=account.token_seconds)
        return Answer.json({"access_token": token, "token_type": "Bearer", "expires_in": account.token_seconds})

    def admit(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        until = self._until.get(token) if scheme.lower() == "bearer" else None
        if until is None or until <= self._state.clock.now():
            raise Refusal(401, "Unauthorized", headers={"www-authenticate": "Bearer"})

    def flow_key(self, request: Request) -> str | None:
        """The flow that the caller names; 403 when it is none of the account's."""
        flow_key, allowed = request.query.get("flowKey"), self._state.config.rebound.flow_keys
        if flow_key is not None and allowed and flow_key not in allowed:
            raise Refusal(403, "The flow key is unknown")
        return flow_key
