"""One request and its answer, as the operation modules see them: no sockets, no ASGI."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast
from urllib.parse import parse_qs

from returns_assets.sandbox import wire
from returns_assets.sandbox.state import MarketplaceState, State

Json = dict[str, Any]


class Refusal(Exception):
    """The operation answers an error and does nothing. The common body is {status, message}; newer operations add errors[]."""

    def __init__(self, status: int, message: str, errors: list[Json] | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, headers or {}

    def answer(self) -> Answer:
        body: Json = {"status": self.status, "message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        return Answer(self.status, wire.dumps(body), self.headers)


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def json(cls, value: Any, status: int = 200) -> Answer:
        return cls(status, wire.dumps(value))


@dataclass(slots=True)
class Call:
    """`path` is what follows the API's root; `root` the address up to it; `query` the raw query string."""

    state: State
    place: MarketplaceState
    method: str
    path: str
    root: str
    raw_query: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.query = parse_qs(self.raw_query, keep_blank_values=True) if self.raw_query else {}

    def one(self, name: str) -> str | None:
        """A parameter's value; empty counts as not given."""
        values = self.query.get(name)
        return values[-1] if values and values[-1] else None

    def many(self, name: str) -> list[str]:
        """A repeated parameter."""
        return [value for value in self.query.get(name, ()) if value]

    def listed(self, name: str) -> list[str] | None:
        """A comma-separated parameter of at most 100 values (reference, 1.5); None when not given."""
        values = [part.strip() for text in self.query.get(name, ()) for part in text.split(",") if part.strip()]
        if len(values) > 100:
            raise Refusal(400, f"Parameter '{name}' accepts at most 100 values, {len(values)} given")
        return values or None

    def flag(self, name: str) -> bool | None:
        text = self.one(name)
        if text is None:
            return None
        if text.lower() not in ("true", "false"):
            raise Refusal(400, f"Parameter '{name}' must be true or false")
        return text.lower() == "true"

    def moment(self, name: str) -> int | None:
        """Milliseconds since 1970."""
        text = self.one(name)
        if text is None:
            return None
        try:
            return wire.millis(text)
        except ValueError:
            raise Refusal(400, f"Parameter '{name}' is not an ISO-8601 date-time") from None

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        text = self.one(name)
        if text is None:
            return default
        if not text.isdigit() or not low <= int(text) <= high:
            raise Refusal(400, f"Parameter '{name}' must be a whole number from {low} to {high}")
        return int(text)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        text = self.one(name)
        if text is not None and text not in allowed:
            raise Refusal(400, f"Parameter '{name}' must be one of {', '.join(allowed)}")
        return text

    def json(self) -> Json:
        """The body as an object; real servers answer a bare 'Bad Request' when it is anything else."""
        try:
            value: Any = wire.loads(self.body)
        except ValueError:
            raise Refusal(400, "Bad Request") from None
        if not isinstance(value, dict):
            raise Refusal(400, "Bad Request")
        return cast(Json, value)


def decimal(value: Any) -> Decimal:
    """A number of the wire, or a quoted one. ValueError when it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal | float):
        raise ValueError(f"not a number: {value!r}")
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise ValueError(f"not a number: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"not a number: {value!r}")
    return number


def listed(value: Any) -> list[Any]:
    """A list as it is, nothing as an empty one, anything else as the only one of its list."""
    if value is None:
        return []
    return cast(list[Any], value) if isinstance(value, list) else [value]
