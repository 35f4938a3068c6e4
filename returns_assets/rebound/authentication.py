"""How a sender proves itself to the receiver. Every comparison takes the same time wherever the difference is.

ReBound publishes no signature scheme ("custom headers/authentication can be agreed"), so the scheme is the account's configuration.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


class AuthConfig(Protocol):
    """What is needed of `receiver.auth` in `mappings/rebound.yaml`."""

    @property
    def type(self) -> str: ...
    @property
    def header(self) -> str | None: ...
    @property
    def secret_env(self) -> str | None: ...
    @property
    def username_env(self) -> str | None: ...


class ReceiverMisconfigured(ValueError):
    """The receiver's authentication cannot work as configured; the text names the field or variable, never a secret."""


@dataclass(frozen=True)
class Authentication:
    """`check(header value, body)`; `needs_body` for signatures. `challenge` is the WWW-Authenticate answer, if the scheme has one."""

    header: str
    check: Callable[[str, bytes], bool]
    needs_body: bool = False
    challenge: str | None = None


def authentication(config: AuthConfig, secrets: Mapping[str, str]) -> Authentication | None:
    """The configured scheme with its secrets (looked up once); None for `none`. Raises ReceiverMisconfigured."""
    if config.type == "none":
        return None
    secret = _secret(config.secret_env, "secret_env", secrets)
    if config.type == "static_header":
        return Authentication(_header(config), lambda value, _: _equal(value.encode("latin-1", "replace"), secret))
    if config.type == "basic":
        expected = _secret(config.username_env, "username_env", secrets) + b":" + secret
        return Authentication("Authorization", lambda value, _: _equal(_basic(value), expected), challenge='Basic realm="returns"')
    if config.type == "hmac_sha256":
        return Authentication(_header(config), lambda value, body: _signed(value, body, secret), needs_body=True)
    raise ReceiverMisconfigured(f"receiver.auth.type is {config.type!r}; allowed: none, static_header, basic, hmac_sha256")


def _secret(variable: str | None, field: str, secrets: Mapping[str, str]) -> bytes:
    if not variable:
        raise ReceiverMisconfigured(f"receiver.auth.{field} in rebound.yaml is missing; it names the variable that holds the value")
    value = secrets.get(variable, "")
    if not value:
        raise ReceiverMisconfigured(f"the variable {variable} is not set; receiver.auth.{field} in rebound.yaml names it")
    return value.encode()


def _header(config: AuthConfig) -> str:
    if not config.header:
        raise ReceiverMisconfigured("receiver.auth.header in rebound.yaml is missing; it names the header that carries the proof")
    return config.header


def _equal(given: bytes, expected: bytes) -> bool:
    # digests first: compare_digest takes the same time only for equal lengths
    return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(expected).digest())


def _basic(value: str) -> bytes:
    scheme, _, credentials = value.partition(" ")
    if scheme.casefold() != "basic":
        return b""
    try:
        return base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _signed(value: str, body: bytes, secret: bytes) -> bool:
    """The body's HMAC as hex or base64, with or without `sha256=` before it: peers use all of these."""
    digest = hmac.new(secret, body, hashlib.sha256).digest()
    given = value.strip().removeprefix("sha256=").encode("latin-1", "replace")
    as_hex = _equal(given.lower(), digest.hex().encode())
    return _equal(given, base64.b64encode(digest)) or as_hex
