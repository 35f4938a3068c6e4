"""How ReBound is called, as `mappings/rebound.yaml` describes it: polls for documents that are not pushed, and the API for writes.

Addresses and credentials are variables named here; everything that ReBound does not publish is a field. How a document is read is not
known here.
"""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator

from returns_assets.translation.strict import Strict, VariableName

Way = Literal["g3_push", "g3_rest_poll", "g1_legacy_poll"]
DATE_PARTS = {"YYYY": "%Y", "MM": "%m", "DD": "%d"}


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Ways = Annotated[list[Way], BeforeValidator(_as_list), Field(min_length=1)]


class Pace(Strict):
    """How a poll calls; times in seconds. ReBound's rate limit is not published: 2 a second is what comparable platforms allow."""

    interval_seconds: float = Field(ge=0)  # a scheduled poll younger than this is not repeated
    requests_per_second: float = Field(gt=0)
    timeout_seconds: float = Field(gt=0)
    look_back_days: int = Field(ge=1)


class RestApi(Strict):
    """The account's REST API where something is written there (docs/configuration.md); `flow_keys`: marketplace -> flow key.

    ReBound's rate limit is not published: 2 requests a second, 2 at once is what comparable platforms allow (reference, 3.2).
    """

    base_url_env: VariableName
    token_url_env: VariableName
    client_id_env: VariableName
    client_secret_env: VariableName
    token_parameters: dict[str, str] = Field(default_factory=dict[str, str])
    flow_keys: dict[str, str] = Field(default_factory=dict[str, str])
    requests_per_second: float = Field(gt=0)
    concurrency: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0)


RepeatedOrder = Literal["conflict", "overwrite", "duplicate"]
AddressField = Literal[
    "firstname", "lastname", "company", "company_2", "street_1", "street_2", "zip_code", "city", "state", "country", "country_iso_code"
]


class SalesOrders(Strict):
    """How orders are told to ReBound (reference, 1.3); path and document are documented, the rest of this is the account's agreement.

    `id_field`: where the answer names the sales order. `repeat_order`: what a repeated clientOrderId does there. `customer_address`: field
    sent -> field of Mirakl's shipping address; neither telephone nor e-mail can be named, and an empty map sends no address.
    """

    path: str = Field(pattern=r"^/")
    id_field: str
    repeat_order: RepeatedOrder
    customer_address: dict[str, AddressField]


class Registrations(Strict):
    """Where returns that consumers register in ReBound's portal wait for a yes or no: an assumption as a whole."""

    list_path: str = Field(pattern=r"^/")
    read_path: str = Field(pattern=r"^/.*\{id\}")
    authorise_path: str = Field(pattern=r"^/.*\{id\}")
    decline_path: str = Field(pattern=r"^/.*\{id\}")


class ReturnOrders(Strict):
    """Where return orders are made and read (reference, 3.2): the capability is documented, paths and names are an assumption."""

    create_path: str = Field(pattern=r"^/")
    read_path: str = Field(pattern=r"^/.*\{id\}")
    list_path: str = Field(pattern=r"^/")
    order_parameter: str = Field(min_length=1)
    registrations: Registrations | None = None


class RestPoll(Pace):
    """A changed-since list with an opaque cursor (reference, 3.2: an assumption). `channels`: entry type -> channel, null: not kept."""

    base_url_env: VariableName
    token_url_env: VariableName
    client_id_env: VariableName
    client_secret_env: VariableName
    token_parameters: dict[str, str] = Field(default_factory=dict[str, str])
    path: str = Field(pattern=r"^/")
    since: str
    page_size: int = Field(ge=1, le=250)
    type: str
    data: str
    changed_at: str
    channels: dict[str, str | None]


class LegacyPoll(Pace):
    """Search by days, then get each return (reference, 1.7). `leave_out`: fields of a return that are not kept."""

    base_url_env: VariableName
    login_env: VariableName
    api_key_env: VariableName
    search_path: str = Field(pattern=r"^/")
    get_path: str = Field(pattern=r"^/")
    channel: str
    window_days: int = Field(ge=1)
    error_codes: dict[str, Literal["empty", "denied", "transient"]]
    leave_out: list[str]


class Polls(Strict):
    """Each block is needed only while its profile is chosen."""

    g3_rest_poll: RestPoll | None = None
    g1_legacy_poll: LegacyPoll | None = None


class LegacyReading(Strict):
    """How a legacy return is read: its dates, in requests and records alike, and where an item's fields are."""

    date_format: str
    time_zone: str
    item_fields: dict[str, list[str]]

    @field_validator("date_format")
    @classmethod
    def _has_all_parts(cls, value: str) -> str:
        if any(value.count(part) != 1 for part in DATE_PARTS):
            raise ValueError("a date format has YYYY, MM and DD once each, such as YYYY/MM/DD or MM/DD/YYYY")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("no such time zone; allowed: a name such as UTC or Europe/London") from None
        return value

    @property
    def strptime(self) -> str:
        """The date format in Python's words."""
        written = self.date_format
        for part, directive in DATE_PARTS.items():
            written = written.replace(part, directive)
        return written
