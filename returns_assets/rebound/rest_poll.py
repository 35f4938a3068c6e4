"""The REST poll (G3): a changed-since list with a cursor (assumed: reference, 3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast

import httpx

from returns_assets.rebound.reading import Reader, as_object, document_bytes
from returns_assets.rebound.reading_errors import ReboundTransientError
from returns_assets.rebound.tokens import TokenSource


class RestConfig(Protocol):
    """What is needed of poll.g3_rest_poll in rebound.yaml."""

    @property
    def path(self) -> str: ...
    @property
    def since(self) -> str: ...
    @property
    def page_size(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def data(self) -> str: ...
    @property
    def changed_at(self) -> str: ...
    @property
    def channels(self) -> Mapping[str, str | None]: ...


@dataclass(frozen=True, slots=True)
class PolledDocument:
    """A document out of an answer, on its way into the inbox; `name` is for people."""

    content: bytes
    channel: str
    name: str


@dataclass(frozen=True, slots=True)
class RestPage:
    """`watermark`: the latest time of a change in it, as written. `skipped`: entries whose type is configured as not kept."""

    documents: Sequence[PolledDocument]
    cursor: str | None
    watermark: str | None
    more: bool
    entries: int
    skipped: int


class RestPoll:
    """Reads one page after the other."""

    def __init__(self, reader: Reader, base_url: str, tokens: TokenSource, config: RestConfig) -> None:
        self._reader, self._tokens, self._config = reader, tokens, config
        self._url = base_url.rstrip("/") + config.path

    def page(self, cursor: str | None, since: datetime | str | None) -> RestPage:
        """What changed behind `cursor`, or since a time. Raises CursorExpired when the cursor is too old, ReboundReadError otherwise."""
        params: dict[str, str] = {"limit": str(self._config.page_size)}
        if cursor is not None:
            params["cursor"] = cursor
        elif since is not None:
            params[self._config.since] = since if isinstance(since, str) else since.isoformat().replace("+00:00", "Z")
        answer = self._tokens.read(lambda token: self._read(params, token))
        return self._page(as_object("CHANGES", answer))

    def _read(self, params: Mapping[str, str], token: str) -> Any:
        def request() -> httpx.Request:
            return self._reader.request("GET", self._url, params=params, headers={"Authorization": f"Bearer {token}"})

        return self._reader.read("CHANGES", request)

    def _page(self, answer: Mapping[str, Any]) -> RestPage:
        rows: Any = answer.get("data")
        if not isinstance(rows, list):
            raise ReboundTransientError("CHANGES: the answer has no list in data")
        entries = [as_object("CHANGES", row) for row in cast("list[Any]", rows)]
        documents: list[PolledDocument] = []
        for entry in entries:
            kind = str(entry.get(self._config.type))
            # a type that is not configured lands under its own name: an unknown channel, which is an exception and no loss
            channel = self._config.channels.get(kind, kind)
            if channel is not None:
                documents.append(PolledDocument(document_bytes(entry.get(self._config.data)), channel, f"poll {self._config.path} {kind}"))
        times = [str(entry[self._config.changed_at]) for entry in entries if entry.get(self._config.changed_at)]
        cursor: Any = answer.get("nextCursor")
        skipped = len(entries) - len(documents)
        return RestPage(
            documents, str(cursor) if cursor else None, times[-1] if times else None, bool(answer.get("hasMore")), len(entries), skipped
        )
