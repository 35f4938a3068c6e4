"""Returns that consumers registered in ReBound's portal and that wait for the client's yes or no. The whole shape is an assumption."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from returns_assets.rebound.client import ReboundClient
from returns_assets.rebound.identity import normal_id
from returns_assets.rebound.reading import as_object
from returns_assets.rebound.reading_errors import ReboundPermanentError, ReboundTransientError, shown_code
from returns_assets.rebound.return_orders import AnnouncedItem, announced

PENDING, AUTHORISED, DECLINED = "PENDING", "AUTHORISED", "DECLINED"
REGISTRATION_FIELD = "registrationId"


class RegistrationPaths(Protocol):
    """What is needed of `return_orders.registrations` in rebound.yaml."""

    @property
    def list_path(self) -> str: ...
    @property
    def read_path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Registration:
    """`items` as announced. `registered_at` is naive UTC. `return_id`: of the return that it became."""

    registration_id: str
    order_id: str
    status: str
    registered_at: datetime
    return_id: str | None
    items: tuple[AnnouncedItem, ...]


def pending(client: ReboundClient, paths: RegistrationPaths, unreadable: list[str]) -> Iterator[Registration]:
    """All that wait, oldest first, page by page; of entries that are none the ids are added to `unreadable`. Raises ReboundReadError."""
    params = {"status": PENDING}
    while True:
        answer = as_object("REGISTRATION-LIST", client.get("REGISTRATION-LIST", paths.list_path, params))
        rows: Any = answer.get("data")
        if not isinstance(rows, list):
            raise ReboundTransientError("REGISTRATION-LIST: the answer has no list in data")
        for row in cast("list[Any]", rows):
            try:
                yield _registration("REGISTRATION-LIST", as_object("REGISTRATION-LIST", row))
            except ReboundTransientError:
                unreadable.append(_id_of(row))
        cursor = answer.get("nextCursor")
        if not answer.get("hasMore"):
            return
        if not cursor or cursor == params.get("cursor"):
            raise ReboundPermanentError("REGISTRATION-LIST: there is more, but the cursor does not move")
        params = {"cursor": str(cursor)}


def registration(client: ReboundClient, paths: RegistrationPaths, registration_id: str) -> Registration:
    """One of them, whatever became of it. Raises ReboundReadError."""
    path = paths.read_path.replace("{id}", registration_id)
    return _registration("REGISTRATION", as_object("REGISTRATION", client.get("REGISTRATION", path)))


def _id_of(row: Any) -> str:
    found = cast("dict[str, Any]", row).get(REGISTRATION_FIELD) if isinstance(row, dict) else None
    return shown_code(found) if found else "an entry without id"


def _registration(operation: str, row: Mapping[str, Any]) -> Registration:
    try:
        made = row.get("reboundOrderId")
        return Registration(
            registration_id=str(row[REGISTRATION_FIELD]),
            order_id=str(row["clientOrderId"]).strip(),
            status=str(row["status"]),
            registered_at=datetime.fromisoformat(str(row["registeredAt"])).astimezone(UTC).replace(tzinfo=None),
            return_id=normal_id(str(made)) if made else None,
            items=announced(row.get("announcedItems") or []),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReboundTransientError(f"{operation}: the answer is no registration") from error
