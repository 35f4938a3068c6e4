"""One shop at one Mirakl operator: the operations that this product calls, as raw answers. Knows HTTP, not what answers mean.

Raw bytes are returned because answers are landed before they are parsed. Facts: reference, 1.1 (raw key in Authorization, shop_id on
every call), 1.2 (Accept), 1.5 (offset paging), 3.1 (OR11), 4.1 (OR28).
"""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, cast

import httpx
from httpx_retries import Retry

from returns_assets.mirakl.budget import CallBudget
from returns_assets.mirakl.errors import MiraklUnreadableError, error_of_failure, error_of_response
from returns_assets.mirakl.paging import Page, pages_by_token, pages_downwards, pages_upwards
from returns_assets.mirakl.transport import connections, read_retry, with_read_retries

PAGE_SIZE = 100  # the most that OR11 gives and the most ids that it takes (reference, 1.5)
CHUNKS_AT_ONCE = 2
VALUES_A_CALL = 50  # RT11 takes repeated parameters: the address must stay short enough for every server


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


class MiraklClient:
    """Thread-safe; close it. `transport` and `wait` are for tests, `budget` paces calls across processes."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        shop_id: str,
        *,
        timeout: float = 30.0,
        concurrency: int = 8,
        budget: CallBudget | None = None,
        clock: Callable[[], datetime] = utc_now,
        transport: httpx.BaseTransport | None = None,
        retry: Retry | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.concurrency = concurrency
        self.clock = clock
        self._wait = wait
        self._budget = budget
        self._root = base_url.rstrip("/") + "/api"
        self._shop = {"shop_id": shop_id} if shop_id else {}
        self._headers = {"Authorization": api_key, "Accept": "application/json"}
        self._timeout = httpx.Timeout(timeout, pool=None)  # waiting for a free connection is not a lost answer
        tls = not base_url.startswith("http://")
        wire = transport or connections(concurrency, tls=tls)
        self._http = httpx.Client(
            transport=with_read_retries(wire, retry or read_retry(wait)), headers=self._headers, timeout=self._timeout
        )
        # One connection a sending thread: threads do not queue for one pool's lock, which costs a tenth of a push.
        self._new_writer = (lambda: transport) if transport else partial(connections, 1, tls=tls)
        self._writers: deque[httpx.BaseTransport] = deque()
        self._refund_url = httpx.URL(f"{self._root}/orders/refund", params=self._shop)
        self._write_headers = self._http.headers.copy()  # merged as a dict, the key would go out twice: names differ in case there
        self._write_headers["Content-Type"] = "application/json"

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        while self._writers:
            self._writers.pop().close()

    def pause(self, seconds: float) -> None:
        """Wait as Mirakl asked to."""
        self._wait(seconds)

    def slot(self, operation: str) -> None:
        """Wait until `operation` may be called; for what must be read just before a call that has a ceiling."""
        if self._budget is not None:
            self._budget.pace(operation, self._wait)

    def get(
        self, operation: str, path: str, params: Mapping[str, str | Sequence[str]] | None = None, *, json_body: bool = True
    ) -> httpx.Response:
        """A read with retries, its body complete; raises MiraklError."""
        self.slot(operation)
        try:
            response = self._http.get(f"{self._root}{path}", params={**(params or {}), **self._shop})
        except httpx.HTTPError as error:
            raise error_of_failure(operation, error) from error
        failure = error_of_response(operation, response)
        if failure is not None:
            raise failure
        if json_body and not response.content.rstrip().endswith((b"}", b"]")):
            raise MiraklUnreadableError(f"{operation}: the answer is not JSON", status=response.status_code)
        return response

    def put_refund(self, body: bytes) -> httpx.Response:
        """OR28, sent exactly once; raises httpx.HTTPError when no complete answer arrived."""
        return self._once("PUT", self._refund_url, body)

    def write(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        """Any other write, sent exactly once; raises httpx.HTTPError when no complete answer arrived. Without a body its length is 0."""
        return self._once(method, httpx.URL(f"{self._root}{path}", params=self._shop), body)

    def post_file(self, path: str, name: str, content: bytes) -> httpx.Response:
        """A CSV file as multipart field `file`, sent exactly once, like the other writes. Take its `slot` before."""
        headers = httpx.Headers({name: value for name, value in self._write_headers.items() if name != "content-type"})
        url = httpx.URL(f"{self._root}{path}", params=self._shop)
        timeout = {"timeout": self._timeout.as_dict()}
        return self._exchange(httpx.Request("POST", url, headers=headers, files={"file": (name, content, "text/csv")}, extensions=timeout))

    def _once(self, method: str, url: httpx.URL, body: bytes) -> httpx.Response:
        headers = self._write_headers
        if not body:
            headers = headers.copy()
            headers["Content-Length"] = "0"  # without it some instances answer 411 (reference, 1.2)
        return self._exchange(httpx.Request(method, url, headers=headers, content=body, extensions={"timeout": self._timeout.as_dict()}))

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        """Straight to the transport: writes are made by the thousand, and must not meet any retry, redirect or cookie logic."""
        try:
            writer = self._writers.pop()
        except IndexError:
            writer = self._new_writer()
        try:
            response = writer.handle_request(request)
            try:
                response.read()
            finally:
                response.close()
        finally:
            self._writers.append(writer)
        return response

    def orders_by_id(self, order_ids: Sequence[str], tax_mode: str) -> Iterator[bytes]:
        """OR11 by ids, 100 a call and several calls at once; unknown ids are simply not in the answers."""
        chunks = [order_ids[start : start + PAGE_SIZE] for start in range(0, len(order_ids), PAGE_SIZE)]

        def read(chunk: Sequence[str]) -> bytes:
            params = {"order_ids": ",".join(chunk), "order_tax_mode": tax_mode, "max": str(PAGE_SIZE), "paginate": "true"}
            return self.get("OR11-ids", "/orders", params).content

        if len(chunks) == 1:
            yield read(chunks[0])
            return
        with ThreadPoolExecutor(max_workers=CHUNKS_AT_ONCE) as pool:
            yield from pool.map(read, chunks)

    def orders_updated(self, start: datetime, end: datetime | None, tax_mode: str) -> Iterator[bytes]:
        """OR11 by update date, every page; the server itself goes back a little further than `start` (reference, 1.6).

        `end` must be in the past when given: the order of paging relies on it.
        """
        window = {"start_update_date": _iso(start)} | ({"end_update_date": _iso(end)} if end else {})
        params = {**window, "order_tax_mode": tax_mode, "sort": "dateCreated", "order": "asc", "max": str(PAGE_SIZE), "paginate": "true"}

        def read(offset: int) -> Page:
            response = self.get("OR11-sweep", "/orders", {**params, "offset": str(offset)})
            return Page(offset, response.content, bool(re.search(r'rel="?next', response.headers.get("Link", ""))))

        yield from (pages_downwards if end else pages_upwards)(read, PAGE_SIZE)

    def orders_created(self, start: datetime) -> Iterator[bytes]:
        """OR11 by creation date up to now, every page; rows may come twice."""
        params = {"start_date": _iso(start), "sort": "dateCreated", "order": "asc", "max": str(PAGE_SIZE), "paginate": "true"}

        def read(offset: int) -> Page:
            response = self.get("OR11-created", "/orders", {**params, "offset": str(offset)})
            return Page(offset, response.content, bool(re.search(r'rel="?next', response.headers.get("Link", ""))))

        yield from pages_upwards(read, PAGE_SIZE)

    def returns_updated(self, start: datetime, end: datetime | None) -> Iterator[bytes]:
        """RT11 by the date of the last change, every page."""
        window = {"return_last_updated_from": _iso(start)} | ({"return_last_updated_to": _iso(end)} if end else {})
        yield from self._returns("RT11-sweep", window)

    def returns_of(self, field: str, values: Sequence[str]) -> Iterator[bytes]:
        """RT11 by `return_id`, `order_commercial_id` or `order_line_id`, some values a call; unknown ones are not in the answers."""
        for start in range(0, len(values), VALUES_A_CALL):
            yield from self._returns("RT11-ids", {field: values[start : start + VALUES_A_CALL]})

    def items_to_return(self, order_line_ids: Sequence[str]) -> Iterator[bytes]:
        """RT12 by order lines, some a call, every page."""
        for start in range(0, len(order_line_ids), VALUES_A_CALL):
            lines = order_line_ids[start : start + VALUES_A_CALL]
            yield from self._returns("RT12", {"order_line_id": lines}, "/returns/items_to_return")

    def _returns(self, operation: str, params: Mapping[str, str | Sequence[str]], path: str = "/returns") -> Iterator[bytes]:
        first = {**params, "limit": str(PAGE_SIZE)} | ({"sort": "date_created,ASC"} if path == "/returns" else {})

        def read(token: str | None) -> bytes:
            # beside a token every other parameter is ignored (reference, 1.5)
            return self.get(operation, path, first if token is None else {"page_token": token}).content

        yield from pages_by_token(read)

    def reasons(self) -> bytes:
        """RE01: every reason type with is_shop_right."""
        return self.get("RE01", "/reasons").content

    def taxes(self) -> bytes:
        """OR75."""
        return self.get("OR75", "/orders/taxes").content

    def currencies(self) -> bytes:
        """CUR01."""
        return self.get("CUR01", "/currencies").content

    def platform(self) -> bytes:
        """PC01."""
        return self.get("PC01", "/platform/configuration").content

    def carriers(self) -> bytes:
        """SH21."""
        return self.get("SH21", "/shipping/carriers").content

    def shipping_types(self) -> bytes:
        """SH12."""
        return self.get("SH12", "/shipping/types").content

    def shipments_of(self, order_ids: Sequence[str]) -> Iterator[bytes]:
        """ST11 by orders, every page. 404 (MiraklPermanentError) where the operator has no multi-shipment (reference, 5.2)."""
        for start in range(0, len(order_ids), PAGE_SIZE):
            params: dict[str, str | Sequence[str]] = {"order_id": order_ids[start : start + PAGE_SIZE], "limit": str(PAGE_SIZE)}
            while params:
                body = self.get("ST11", "/shipments", params).content
                yield body
                token = parse("ST11", body).get("next_page_token")
                params = {"page_token": str(token)} if token else {}

    def account(self) -> bytes:
        """A01."""
        return self.get("A01", "/account").content

    def version(self) -> bytes:
        """V01: reachable, and which version."""
        return self.get("V01", "/version").content


def parse(operation: str, body: bytes) -> dict[str, Any]:
    """A JSON object, with Decimal for every number that has a fraction; raises MiraklUnreadableError."""
    try:
        parsed: Any = json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise MiraklUnreadableError(f"{operation}: the answer is not JSON") from error
    if not isinstance(parsed, dict):
        raise MiraklUnreadableError(f"{operation}: the answer is not a JSON object")
    return cast("dict[str, Any]", parsed)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
