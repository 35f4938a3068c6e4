"""The legacy poll (G1): search by days, then get each return; form POSTs with a JSON text, errors in the body of a 200 (reference, 1.7)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol, cast

import httpx

from returns_assets.rebound.reading import Reader, as_object, document_bytes
from returns_assets.rebound.reading_errors import (
    ReboundDeniedError,
    ReboundPermanentError,
    ReboundReadError,
    ReboundTransientError,
    shown_code,
)
from returns_assets.rebound.rest_poll import PolledDocument


class LegacyConfig(Protocol):
    """What is needed of poll.g1_legacy_poll in rebound.yaml."""

    @property
    def search_path(self) -> str: ...
    @property
    def get_path(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def window_days(self) -> int: ...
    @property
    def error_codes(self) -> Mapping[str, str]: ...
    @property
    def leave_out(self) -> Sequence[str]: ...


class LegacyPoll:
    """`date_format` as strptime writes it: in which format this account gives and takes days."""

    def __init__(self, reader: Reader, base_url: str, login: Mapping[str, str], date_format: str, config: LegacyConfig) -> None:
        self._reader, self._root, self._login, self._format, self._config = reader, base_url.rstrip("/"), login, date_format, config

    def ids(self, first: date, last: date) -> Iterator[list[str]]:
        """The ids of the returns of these days, both included, a list for each window; an id may come more than once."""
        start = first
        while start <= last:
            end = min(last, start + timedelta(days=self._config.window_days - 1))
            asked = {"filter": {"date_from": start.strftime(self._format), "date_to": end.strftime(self._format)}}
            found = self._ask("SEARCH", self._config.search_path, asked)
            yield [] if found is None else self._listed(found)
            start = end + timedelta(days=1)

    def get(self, return_id: str) -> PolledDocument | None:
        """One return as it is now, without the fields that are not kept; None when there is none."""
        found = self._ask("GET", self._config.get_path, {"return": {"id": return_id, "type": "id"}})
        if found is None:
            return None
        kept = {name: value for name, value in as_object("GET", found).items() if name not in self._config.leave_out}
        return PolledDocument(document_bytes(kept), self._config.channel, f"poll {self._config.get_path} {return_id}")

    @staticmethod
    def _listed(found: Any) -> list[str]:
        ids: Any = as_object("SEARCH", found).get("id")
        if isinstance(ids, str | int):  # one id may come without its list
            return [str(ids)]
        if not isinstance(ids, list):
            raise ReboundTransientError("SEARCH: the answer has no list of ids")
        return [str(each) for each in cast("list[Any]", ids)]

    def _ask(self, operation: str, path: str, asked: Mapping[str, Any]) -> Any:
        form = {**self._login, "request": json.dumps(asked)}

        def request() -> httpx.Request:
            return self._reader.request("POST", self._root + path, data=form)

        answer = as_object(operation, self._reader.read(operation, request, lambda response: self._check(operation, response)))
        if "success" in answer:
            return answer["success"]
        if "error" in answer:  # only `empty` gets here
            return None
        raise ReboundTransientError(f"{operation}: the answer has neither success nor error")

    def _check(self, operation: str, response: httpx.Response) -> None:
        """The error body of a 200, by the account's table of codes; `empty` is none."""
        try:
            body: Any = json.loads(response.content)
        except ValueError:
            return
        fault: Any = cast("dict[str, Any]", body).get("error") if isinstance(body, dict) else None
        if fault is None:
            return
        code: Any = cast("dict[str, Any]", fault).get("code") if isinstance(fault, dict) else fault
        meaning = self._config.error_codes.get(str(code))
        if meaning == "empty":
            return
        kinds: dict[str | None, type[ReboundReadError]] = {"denied": ReboundDeniedError, "transient": ReboundTransientError}
        raise kinds.get(meaning, ReboundPermanentError)(f"{operation}: error code {shown_code(code)}")
