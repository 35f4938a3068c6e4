"""How documents are read: the ReBound account (rebound.yaml) and the retailer's own warehouse (warehouse.yaml), as types."""

from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from returns_assets.translation.rebound_ways import LegacyReading, Polls, RestApi, ReturnOrders, SalesOrders, Ways
from returns_assets.translation.sftp_account import SftpAccount
from returns_assets.translation.strict import Strict, VariableName
from returns_assets.translation.vocabulary import CanonicalEvent, Disposition, Grade, Lane, Verification
from returns_assets.warehouse_files.profile import NEEDED


class ReceiverAuth(Strict):
    """How senders prove themselves; secrets are in the variables named here."""

    type: Literal["none", "static_header", "basic", "hmac_sha256"]
    header: str | None = None
    secret_env: VariableName | None = None
    username_env: VariableName | None = None


class ReceiverConfig(Strict):
    auth: ReceiverAuth
    max_body_bytes: int = Field(gt=0)


DocumentKind = Literal["tracking_update", "refund_instant", "refund_registered", "return_snapshot", "legacy_return"]
NAMES_PIECES = ("tracking_update", "refund_instant", "refund_registered", "return_snapshot")  # what G3 tells; legacy_return has no ids
ChannelKind = Literal[DocumentKind, "warehouse_file"]


class ReboundProfile(Strict):
    """How the account's documents are read; see mappings/rebound.yaml."""

    profile: Ways
    null_tokens: list[str]
    default_lane: Lane
    channels: dict[str, ChannelKind]
    fields: dict[DocumentKind, dict[str, list[str]]]
    item_fields: dict[str, list[str]]
    lane_map: dict[str, Lane]
    status_map: dict[str, CanonicalEvent]
    snapshot_status_map: dict[str, CanonicalEvent | None]
    verification_map: dict[str, Verification]
    grade_map: dict[str, Grade]
    disposition_map: dict[str, Disposition]
    reason_map: dict[str, str]
    receiver: ReceiverConfig
    legacy: LegacyReading | None = None
    poll: Polls = Polls()
    sftp: SftpAccount | None = None
    api: RestApi | None = None
    sales_orders: SalesOrders | None = None
    return_orders: ReturnOrders | None = None

    @model_validator(mode="after")
    def _ways_fit(self) -> "ReboundProfile":
        if "g1_legacy_poll" in self.profile and len(set(self.profile)) > 1:
            raise ValueError("profile: g1_legacy_poll cannot be combined: it has no piece ids, so one unit would count as two pieces")
        if "g3_rest_poll" in self.profile and self.poll.g3_rest_poll is None:
            raise ValueError("profile: g3_rest_poll needs the block poll.g3_rest_poll")
        if "g1_legacy_poll" in self.profile and (self.poll.g1_legacy_poll is None or self.legacy is None):
            raise ValueError("profile: g1_legacy_poll needs the blocks legacy and poll.g1_legacy_poll")
        if "legacy_return" in self.channels.values() and (self.legacy is None or "legacy_return" not in self.fields):
            raise ValueError("channels: the kind legacy_return needs the blocks legacy and fields.legacy_return")
        channels: list[str] = []
        if self.poll.g3_rest_poll:
            channels += [channel for channel in self.poll.g3_rest_poll.channels.values() if channel]
        if self.poll.g1_legacy_poll:
            channels.append(self.poll.g1_legacy_poll.channel)
        if self.sftp:
            channels += self.sftp.folders
            other = [name for name in self.sftp.folders if self.channels.get(name) in NAMES_PIECES]
            if "g1_legacy_poll" in self.profile and other:
                raise ValueError(f"sftp: {', '.join(other)} beside the profile g1_legacy_poll: one unit would count as two pieces")
        if unknown := sorted(set(channels) - set(self.channels)):
            raise ValueError(f"no channel {', '.join(unknown)}; channels has: {', '.join(sorted(self.channels))}")
        return self


WarehouseField = Literal[
    "event", "event_time", "order_id", "order_line_id", "sku", "ean", "quantity", "piece_id", "return_id", "location", "grade",
    "disposition", "verification", "carrier", "tracking_number", "warehouse", "event_id",
]  # fmt: skip


class WarehouseProfile(Strict):
    """How the warehouse's own files are read; see mappings/warehouse.yaml and docs/warehouse-files.md."""

    columns: dict[WarehouseField, list[str]]
    null_tokens: list[str]
    delimiter: Literal["auto", ",", ";"]
    decimal_comma: bool
    timezone: str
    time_format: str
    event_map: dict[str, Literal["PUTAWAY", "INSPECTED", "RECEIVED", "DISPATCHED"]]
    verification_map: dict[str, Verification]
    grade_map: dict[str, Grade]
    disposition_map: dict[str, Disposition]
    max_bad_ratio: Decimal = Field(ge=0, le=1)
    sftp: SftpAccount | None = None

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone; allowed: an IANA name such as Europe/Berlin") from None
        return value

    @field_validator("columns")
    @classmethod
    def _columns(cls, value: dict[WarehouseField, list[str]]) -> dict[WarehouseField, list[str]]:
        for needed in NEEDED:
            if not value.get(needed):
                raise ValueError(f"{needed} needs a column: without it no row can be read")
        names = [name for each in value.values() for name in each]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the column {twice!r} is named twice; allowed: one field for each column")
        return value

    @field_validator("time_format")
    @classmethod
    def _time_format(cls, value: str) -> str:
        if value != "iso" and not ("%" in value and any(hour in value for hour in ("%H", "%I", "%X", "%c", "%T"))):
            raise ValueError("allowed: iso, or a pattern with date and time such as %d.%m.%Y %H:%M")
        return value
