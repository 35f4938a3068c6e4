"""The mapping tables as types: what a row may say. Reading files and naming their lines is load.py's work."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints, field_validator, model_validator

from returns_assets.translation.accounts import ReboundProfile, WarehouseProfile
from returns_assets.translation.request_tables import RejectionRow, RequestReasonRow, ReturnRequests
from returns_assets.translation.restock import RestockRow, Stock
from returns_assets.translation.strict import Strict, VariableName
from returns_assets.translation.vocabulary import (
    DecidingEvent,
    Disposition,
    ExceptionClass,
    Lane,
    LineState,
    ReceivingEvent,
    ReturnState,
    ReturnStep,
    TaxMode,
)


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


class ReboundOrders(Strict):
    """Which orders ReBound is told of: shipped at most so many days ago, to these countries (ISO 3166 alpha-3, as Mirakl writes them)."""

    window_days: int = Field(ge=1)
    countries: list[Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]]


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
    rebound_orders: ReboundOrders
    stock: Stock
    return_requests: ReturnRequests

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


class CarrierRow(Dated):
    """A carrier as the warehouse writes it -> how one operator names it: a code of its list (SH21), or a free name and its address."""

    marketplace: str
    carrier: str = Field(min_length=1)
    carrier_code: str | None = None
    carrier_name: str | None = None
    carrier_url: str | None = Field(default=None, pattern=r"^https?://")

    @property
    def key(self) -> str:
        """What a warehouse's text is compared with: trimmed, whatever its case."""
        return carrier_key(self.carrier)

    @model_validator(mode="after")
    def _one_name(self) -> "CarrierRow":
        if (self.carrier_code is None) == (self.carrier_name is None):
            raise ValueError("give either carrier_code or carrier_name")
        if (self.carrier_name is None) != (self.carrier_url is None):
            raise ValueError("carrier_name and carrier_url are given together, and only together")
        return self


def carrier_key(text: str) -> str:
    """Carriers are the same when they differ in case and outer blanks only."""
    return text.strip().lower()


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
    """A text ('*': any) in a refusal of the kinds of effects named (joined by |, or '*') -> its cause and what happens to the effect."""

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


class Mappings(Strict):
    """All mapping tables of one version; `content` is what the ledger keeps of it."""

    version: str
    first_day: date
    marketplaces: dict[str, Marketplace]
    rebound: ReboundProfile
    warehouse: WarehouseProfile
    reasons: list[ReasonRow]
    carriers: list[CarrierRow]
    dispositions: list[DispositionRow]
    policy: list[PolicyRow]
    refusals: list[RefusalRow]
    compliance: list[ComplianceRow]
    restock: list[RestockRow]
    rejections: list[RejectionRow]
    request_reasons: list[RequestReasonRow]
    content: dict[str, Any]

    def carriers_of(self, marketplace: str, day: date) -> list[CarrierRow]:
        """The marketplace's carriers in force on `day`."""
        rows = (row for row in self.carriers if row.marketplace == marketplace)
        return [row for row in rows if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)]

    def marketplace(self, key: str) -> Marketplace:
        """The marketplace with this key; MappingError lists the known ones."""
        try:
            return self.marketplaces[key]
        except KeyError:
            raise MappingError(f"unknown marketplace {key!r}; marketplaces.yaml has: {', '.join(self.marketplaces)}") from None
