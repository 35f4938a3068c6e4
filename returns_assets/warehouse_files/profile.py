"""The profile of a warehouse's files as the reader needs it. The mapping file itself (mappings/warehouse.yaml) is read elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from returns_assets.rebound.identity import null_set

KIND = "warehouse_file"  # what rebound.yaml's channels call a channel that carries such files
EVENTS = ("PUTAWAY", "INSPECTED", "RECEIVED", "DISPATCHED")
FIELDS = (
    "event", "event_time", "order_id", "order_line_id", "sku", "ean", "quantity", "piece_id", "return_id", "location", "grade",
    "disposition", "verification", "carrier", "tracking_number", "warehouse", "event_id",
)  # fmt: skip
# Without them no row can be read, so their columns must be there.
NEEDED = ("event", "event_time")


class WarehouseAccount(Protocol):
    """What is needed of `mappings/warehouse.yaml`; translation's WarehouseProfile has it."""

    @property
    def columns(self) -> Mapping[Any, Sequence[str]]: ...
    @property
    def null_tokens(self) -> Sequence[str]: ...
    @property
    def delimiter(self) -> str: ...
    @property
    def decimal_comma(self) -> bool: ...
    @property
    def timezone(self) -> str: ...
    @property
    def time_format(self) -> str: ...
    @property
    def event_map(self) -> Mapping[str, str]: ...
    @property
    def verification_map(self) -> Mapping[str, str]: ...
    @property
    def grade_map(self) -> Mapping[str, str]: ...
    @property
    def disposition_map(self) -> Mapping[str, str]: ...
    @property
    def max_bad_ratio(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Profile:
    """A compiled account. `columns`: a column's name in the file -> the field it is. `delimiter` is None where it is to be detected."""

    columns: Mapping[str, str]
    nulls: frozenset[str]
    delimiter: str | None
    decimal_mark: str
    zone: ZoneInfo
    time_format: str
    events: Mapping[str, str]
    verifications: Mapping[str, str]
    grades: Mapping[str, str]
    dispositions: Mapping[str, str]
    max_bad_ratio: Decimal


def compile_profile(account: WarehouseAccount) -> Profile:
    """Prepare an account for reading many files."""
    return Profile(
        columns={name: str(field) for field, names in account.columns.items() for name in names},
        nulls=null_set(account.null_tokens),
        delimiter=None if account.delimiter == "auto" else account.delimiter,
        decimal_mark="," if account.decimal_comma else ".",
        zone=ZoneInfo(account.timezone),
        time_format=account.time_format,
        events=account.event_map,
        verifications=account.verification_map,
        grades=account.grade_map,
        dispositions=account.disposition_map,
        max_bad_ratio=account.max_bad_ratio,
    )
