"""Access to ReBound's REST API (G3): OAuth2 client credentials (documented: reference, 1.2), kept, renewed, and tried twice at most."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from returns_assets.rebound.reading import Reader, Unauthorised, as_object
from returns_assets.rebound.reading_errors import ReboundDeniedError, ReboundPermanentError, ReboundTransientError

RENEW_AFTER = 55 * 60.0  # tokens live for 60 minutes (documented)
T = TypeVar("T")


class TokenSource:
    """A bearer token, fetched when needed, renewed after 55 minutes or when `renew` says that it was refused. Thread-safe."""

    def __init__(self, reader: Reader, url: str, form: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._reader, self._url, self._form, self._clock = reader, url, form, clock
        self._token, self._fetched = "", 0.0
        self._lock = threading.Lock()

    def token(self) -> str:
        """Raises ReboundDeniedError when the credentials are refused, ReboundTransientError when nobody answers."""
        with self._lock:
            if not self._token or self._clock() - self._fetched >= RENEW_AFTER:
                self._token = self._fetch()
                self._fetched = self._clock()
            return self._token

    def renew(self, refused: str) -> None:
        """Forget the token that was refused; another thread's newer one stays."""
        with self._lock:
            if self._token == refused:
                self._token = ""

    def read(self, call: Callable[[str], T]) -> T:
        """`call` with a token, once more with a fresh one after a 401. Raises ReboundDeniedError after the second."""
        token = self.token()
        try:
            return call(token)
        except Unauthorised:
            self.renew(token)
        try:
            return call(self.token())
        except Unauthorised as second:
            raise ReboundDeniedError(f"{second} with a fresh token") from None

    def _fetch(self) -> str:
        try:
            answer = self._reader.read("TOKEN", lambda: self._reader.request("POST", self._url, data=dict(self._form)))
        except ReboundPermanentError as error:
            raise ReboundDeniedError(f"{error}: the client credentials are refused") from None
        token = as_object("TOKEN", answer).get("access_token")
        if not isinstance(token, str) or not token:
            raise ReboundTransientError("TOKEN: the answer has no access_token")
        return token


def client_credentials(client_id: str, client_secret: str, more: Mapping[str, str]) -> dict[str, str]:
    """The form of the token request; `more`: what an account asks for besides, such as a scope."""
    return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret, **more}
