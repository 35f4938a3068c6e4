"""The HTTP layer under the client: connections, headers, and retries of reads.

Only GET and HEAD are ever sent twice. A PUT that got no answer may have moved money, so no transport may repeat it.
"""

import time
from collections.abc import Callable, Mapping

import httpx
from httpx_retries import Retry, RetryTransport

RETRIED_METHODS = ("GET", "HEAD")
RETRIED_STATUSES = (408, 429, 500, 502, 503, 504)
RETRIED_FAILURES = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
# Servers commonly close idle connections after 5 s; giving them up earlier avoids the race in which a PUT meets a closing connection
# and its outcome becomes unknown for no reason.
KEEPALIVE_SECONDS = 3.0


class ReadRetry(Retry):
    """Retries of reads: honours Retry-After, backs off with jitter without it, and waits through a replaceable `wait`."""

    wait: Callable[[float], None] = staticmethod(time.sleep)

    def increment(self) -> "ReadRetry":
        """The next attempt's retry; httpx-retries copies itself, the wait function goes along."""
        following = super().increment()
        if not isinstance(following, ReadRetry):
            raise TypeError("httpx-retries no longer copies its own class")
        following.wait = self.wait
        return following

    def sleep(self, response: httpx.Response | Exception) -> None:
        """Wait before the next attempt."""
        headers: Mapping[str, str] = response.headers if isinstance(response, httpx.Response) else {}
        seconds = self._calculate_sleep(headers)
        self.wait(seconds)
        self.elapsed_sleep += seconds


def _read_whole(response: httpx.Response) -> None:
    """A body that breaks off is as good as no answer: read it where the retry sees it."""
    response.read()


def read_retry(wait: Callable[[float], None] = time.sleep, *, attempts: int = 5) -> ReadRetry:
    """The policy for reads: up to `attempts` repeats, at most a minute between two and five minutes in all."""
    retry = ReadRetry(
        total=attempts,
        allowed_methods=RETRIED_METHODS,
        status_forcelist=RETRIED_STATUSES,
        retry_on_exceptions=RETRIED_FAILURES,
        backoff_factor=0.5,
        backoff_jitter=0.5,
        max_backoff_wait=60.0,
        total_timeout=300.0,
        validate_response=_read_whole,
    )
    retry.wait = wait
    return retry


def connections(concurrency: int, *, tls: bool = True) -> httpx.HTTPTransport:
    """A pool that never opens more than `concurrency` connections and never connects a second time by itself.

    `tls` False is for an address that begins with http:// (the sandbox): loading the certificates takes a tenth of a second.
    """
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=KEEPALIVE_SECONDS)
    return httpx.HTTPTransport(limits=limits, retries=0, verify=tls)


def with_read_retries(transport: httpx.BaseTransport, retry: Retry) -> RetryTransport:
    """`transport` with retries for reads; a PUT goes straight through."""
    return RetryTransport(transport=transport, retry=retry)
