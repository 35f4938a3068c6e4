"""An account's profile as the reader needs it: field paths split, null tokens comparable. The mapping file itself is read elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from returns_assets.rebound.identity import null_set

Path = tuple[str, ...]
Paths = tuple[Path, ...]


class LegacyAccount(Protocol):
    """How the account writes its legacy returns (G1)."""

    @property
    def strptime(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def item_fields(self) -> Mapping[str, Sequence[str]]: ...


class ReboundAccount(Protocol):
    """What is needed of `mappings/rebound.yaml`; translation's ReboundProfile has it."""

    @property
    def null_tokens(self) -> Sequence[str]: ...
    @property
    def channels(self) -> Mapping[str, str]: ...
    @property
    def fields(self) -> Mapping[Any, Mapping[str, Sequence[str]]]: ...
    @property
    def item_fields(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def lane_map(self) -> Mapping[str, str]: ...
    @property
    def status_map(self) -> Mapping[str, str]: ...
    @property
    def snapshot_status_map(self) -> Mapping[str, str | None]: ...
    @property
    def verification_map(self) -> Mapping[str, str]: ...
    @property
    def grade_map(self) -> Mapping[str, str]: ...
    @property
    def disposition_map(self) -> Mapping[str, str]: ...
    @property
    def reason_map(self) -> Mapping[str, str]: ...
    @property
    def legacy(self) -> LegacyAccount | None: ...


@dataclass(frozen=True, slots=True)
class LegacyDialect:
    """Dates are `date_format` (strptime) with or without a time behind, in `zone`; `item_fields` as in Profile."""

    date_format: str
    zone: ZoneInfo
    item_fields: Mapping[str, Paths]


@dataclass(frozen=True, slots=True)
class Profile:
    """A compiled account. `fields[kind][name]` and `item_fields[name]` are where to look, the first hit wins."""

    nulls: frozenset[str]
    channels: Mapping[str, str]
    fields: Mapping[str, Mapping[str, Paths]]
    item_fields: Mapping[str, Paths]
    lanes: Mapping[str, str]
    statuses: Mapping[str, str]
    snapshot_statuses: Mapping[str, str | None]
    verifications: Mapping[str, str]
    grades: Mapping[str, str]
    dispositions: Mapping[str, str]
    reasons: Mapping[str, str]
    legacy: LegacyDialect | None


def compile_profile(account: ReboundAccount) -> Profile:
    """Prepare an account for reading many documents."""
    return Profile(
        nulls=null_set(account.null_tokens),
        channels=dict(account.channels),
        fields={str(kind): _split(paths) for kind, paths in account.fields.items()},
        item_fields=_split(account.item_fields),
        lanes=account.lane_map,
        statuses=account.status_map,
        snapshot_statuses=account.snapshot_status_map,
        verifications=account.verification_map,
        grades=account.grade_map,
        dispositions=account.disposition_map,
        reasons=account.reason_map,
        legacy=_dialect(account.legacy),
    )


def _dialect(legacy: LegacyAccount | None) -> LegacyDialect | None:
    return None if legacy is None else LegacyDialect(legacy.strptime, ZoneInfo(legacy.time_zone), _split(legacy.item_fields))


def _split(fields: Mapping[str, Sequence[str]]) -> dict[str, Paths]:
    """`order.timestamp` -> ('order', 'timestamp'); `@received_at` is no path: the time of receipt is what is left when nothing fits."""
    return {name: tuple(tuple(path.split(".")) for path in paths if not path.startswith("@")) for name, paths in fields.items()}
