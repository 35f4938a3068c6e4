"""The mapping tables as types: what a row may say. Reading files and naming their lines is load.py's work."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from returns_assets.translation.rebound_ways import LegacyReading, Polls, Ways
from returns_assets.translation.strict import Strict, VariableName

CanonicalEvent = Literal[
    "RETURN_REGISTERED", "LABEL_ISSUED", "PARCEL_IN_NETWORK", "REFUND_ADVICE", "PARCEL_AT_HUB", "PARCEL_FORWARDED", "PARCEL_DELIVERED",
    "ITEM_REGISTERED", "ITEM_GRADED", "ITEM_DISPOSITIONED", "ITEM_INSPECTED", "PUTAWAY_COMPLETED", "RETURN_CLOSED", "RETURN_CANCELLED",
]  # fmt: skip
# Registering a return or printing a label proves nothing, and a closed case says nothing about a piece: no policy may refund on them (R1).
DecidingEvent = Literal[
    "PARCEL_IN_NETWORK", "REFUND_ADVICE", "PARCEL_AT_HUB", "PARCEL_DELIVERED",
    "ITEM_REGISTERED", "ITEM_GRADED", "ITEM_DISPOSITIONED", "ITEM_INSPECTED", "PUTAWAY_COMPLETED",
]  # fmt: skip
# What proves that goods are back: on an announcement or a postal scan no return may be shown as received.
ReceivingEvent = Literal[
    "PARCEL_AT_HUB", "PARCEL_FORWARDED", "PARCEL_DELIVERED",
    "ITEM_REGISTERED", "ITEM_GRADED", "ITEM_DISPOSITIONED", "ITEM_INSPECTED", "PUTAWAY_COMPLETED",
]  # fmt: skip
ReturnStep = Literal["received", "compliance", "closed", "cancelled"]
ReturnState = Literal["WAITING_ACCEPTANCE", "IN_PROGRESS", "REFUSED", "RECEIVED", "NO_RECEPTION", "CLOSED", "CANCELED"]
Lane = Literal["HUB", "DTR", "RLIB"]
LineState = Literal[
    "STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED",
    "REFUSED", "CANCELED", "INCIDENT_OPEN", "REFUNDED",
]  # fmt: skip
TaxMode = Literal["TAX_INCLUDED", "TAX_EXCLUDED"]
Disposition = Literal[
    "RESTOCK", "REFURBISH", "QUARANTINE", "RETURN_TO_VENDOR", "SECONDARY_SALE", "DONATE", "RECYCLE", "DESTROY", "RETURN_TO_CONSUMER",
    "NONE",
]  # fmt: skip
Verification = Literal["MATCH", "MISSING", "WRONG_ITEM", "UNEXPECTED_EXTRA", "OVER_QUANTITY", "EMPTY_PARCEL", "UNIDENTIFIABLE"]
Grade = Literal["A", "B", "C", "D", "U"]
ExceptionClass = Literal["technical", "mapping", "logical", "policy"]


class MappingError(ValueError):
    """A mapping table or a variable it names is wrong; the text names file, line, field and what is allowed."""


class Limits(Strict):
    """What one partition may do before a person has to look; money in the marketplace's currency."""

    max_exception_share: Decimal = Field(ge=0, le=1)
    min_pieces_for_share: int = Field(ge=1)
    max_refund_total: Decimal = Field(gt=0)


class Calls(Strict):
    """How this product calls one marketplace; times in seconds."""

    concurrency: int = Field(ge=1, le=64)
    timeout_seconds: float = Field(gt=0)
    lease_seconds: float = Field(gt=0)
    settle_seconds: float = Field(ge=0)
    sweep_interval_seconds: float = Field(ge=0)
    sweep_overlap_seconds: float = Field(ge=0)
    retry_seconds: float = Field(ge=0)


class ReturnStatus(Strict):
    """How Mirakl's return follows ReBound's (reference, section 7). From which states a step may start is a guess there, so data here."""

    received: dict[Lane, list[ReceivingEvent]]
    compliance: bool
    close_after_refunds: bool
    from_states: dict[ReturnStep, list[ReturnState]]
    status_limit_hours: int = Field(gt=0)
    sweep_interval_seconds: float = Field(ge=0)
    sweep_overlap_seconds: float = Field(ge=0)

    @field_validator("from_states")
    @classmethod
    def _every_step(cls, value: dict[ReturnStep, list[ReturnState]]) -> dict[ReturnStep, list[ReturnState]]:
        missing = [step for step in get_args(ReturnStep) if step not in value]
        if missing:
            raise ValueError(f"nothing is given for: {', '.join(missing)}")
        return value


class Marketplace(Strict):
    """One Mirakl operator instance and shop."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    base_url: str | None = Field(default=None, pattern=r"^https?://")
    base_url_env: VariableName | None = None
    api_key_env: VariableName
    shop_id: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    gate: Literal["rows", "partition"]
    order_tax_mode: TaxMode
    definitive: dict[Lane, list[DecidingEvent]]
    eligible_line_states: list[LineState]
    waiting_line_states: list[LineState]
    shipping_refund: Literal["never", "per_unit", "whole_order"]
    refund_taxes: Literal["always", "tax_excluded_only"]
    refund_deadline_hours: int = Field(gt=0)
    order_id_prefixes: list[str] = Field(min_length=1)
    limits: Limits
    calls: Calls
    return_status: ReturnStatus

    @model_validator(mode="after")
    def _one_url(self) -> "Marketplace":
        if (self.base_url is None) == (self.base_url_env is None):
            raise ValueError("give either base_url or base_url_env")
        both = set(self.eligible_line_states) & set(self.waiting_line_states)
        if both:
            raise ValueError(f"a line state is eligible or waiting, not both: {', '.join(sorted(both))}")
        return self


class Dated(Strict):
    """A row with an effective period, both days inclusive; no end means still valid."""

    valid_from: date
    valid_to: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Dated":
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class ReasonRow(Dated):
    """Canonical return reason -> the operator's refund reason code; marketplace '*' is every marketplace without a row of its own."""

    marketplace: str
    canonical_reason: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    refund_reason_code: str = Field(min_length=1)


class DispositionRow(Strict):
    """What a canonical disposition means: definitive yes/no, sellable yes/no."""

    disposition: Disposition
    definitive: bool
    sellable: bool
    note: str = ""


class PolicyRow(Strict):
    """One row of the refund policy; the first that fits a piece decides. Conditions are values joined by | or '*'."""

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    marketplace: str
    verification: str
    grade: str
    disposition: str
    reason: str
    outcome: Literal["refund", "no_refund", "hold", "exception"]
    share: Decimal | None = Field(default=None, gt=0, le=1)
    shipping: Literal["default", "always", "never"] | None = None
    waits_for: str = ""
    todo: str = ""

    @model_validator(mode="after")
    def _complete(self) -> "PolicyRow":
        if self.outcome == "refund" and self.share is None:
            raise ValueError("a refund row needs a share between 0 (exclusive) and 1")
        if self.outcome == "hold" and not self.waits_for:
            raise ValueError("a hold row says what it waits for (waits_for)")
        if self.outcome == "exception" and not self.todo:
            raise ValueError("an exception row says what to do (todo)")
        return self


class RefusalRow(Strict):
    """A text in a refusal of the kinds of effects named (joined by |, or '*') -> its cause and what happens to the effect."""

    kinds: str = Field(pattern=r"^(\*|[a-z_]+(\|[a-z_]+)*)$")
    text: str = Field(min_length=1)
    cause: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    exception_class: ExceptionClass
    action: Literal["retry", "hold", "reject"]
    todo: str

    def about(self, kind: str) -> bool:
        """Whether the row speaks of refusals of this kind of effect."""
        return self.kinds == "*" or kind in self.kinds.split("|")


class ComplianceRow(Strict):
    """What a piece of a return counts as in RT26; the first row that fits decides. Conditions are values joined by | or '*'."""

    marketplace: str
    verification: str
    grade: str
    disposition: str
    compliant: bool
    code: str = ""

    @model_validator(mode="after")
    def _code_where_needed(self) -> "ComplianceRow":
        if self.compliant and self.code:
            raise ValueError("a compliant row has no code")
        if not self.compliant and not self.code:
            raise ValueError("a row that is not compliant needs the operator's code (RE01, type RETURN_NON_COMPLIANT)")
        return self


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
        for needed in ("event", "event_time"):
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


class Mappings(Strict):
    """All mapping tables of one version; `content` is what the ledger keeps of it."""

    version: str
    first_day: date
    marketplaces: dict[str, Marketplace]
    rebound: ReboundProfile
    warehouse: WarehouseProfile
    reasons: list[ReasonRow]
    dispositions: list[DispositionRow]
    policy: list[PolicyRow]
    refusals: list[RefusalRow]
    compliance: list[ComplianceRow]
    content: dict[str, Any]

    def marketplace(self, key: str) -> Marketplace:
        """The marketplace with this key; MappingError lists the known ones."""
        try:
            return self.marketplaces[key]
        except KeyError:
            raise MappingError(f"unknown marketplace {key!r}; marketplaces.yaml has: {', '.join(self.marketplaces)}") from None
