"""How requests for returns are answered, as types: the block `return_requests` of a marketplace and its two tables."""

from typing import Literal

from pydantic import Field, model_validator

from returns_assets.translation.strict import Strict
from returns_assets.translation.vocabulary import LineState

# Nothing that was not shipped may be authorised, whatever a table says (R26).
ShippedState = Literal["SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED", "INCIDENT_OPEN"]
ReturnMethod = Literal[
    "RETURN_METHOD_BY_MAIL", "RETURN_METHOD_DROP_OFF_POINT", "RETURN_METHOD_HOME_PICKUP", "RETURN_METHOD_IN_STORE",
    "RETURN_METHOD_RETURNLESS",
]  # fmt: skip
QUANTITY = "QUANTITY"  # the rejection of more units than are left
RejectedFor = Literal[LineState, "QUANTITY"]


class ReturnRequests(Strict):
    """Which requests are authorised at ReBound and which wait; a line in any other state can never be returned."""

    eligible_line_states: list[ShippedState] = Field(min_length=1)
    waiting_line_states: list[LineState]
    methods: list[ReturnMethod] = Field(min_length=1)  # those that ReBound's label serves; RT01 gets the first
    late_hours: int = Field(gt=0)

    @model_validator(mode="after")
    def _apart(self) -> "ReturnRequests":
        both = {*self.eligible_line_states} & {*self.waiting_line_states}
        if both:
            raise ValueError(f"a line state is eligible or waiting, not both: {', '.join(sorted(both))}")
        return self


class RejectionRow(Strict):
    """Why a request can never be granted -> the operator's code; a marketplace's own row before the one for all ('*')."""

    marketplace: str
    rejected_for: RejectedFor
    rejection_code: str = Field(min_length=1)


class RequestReasonRow(Strict):
    """An operator's return reason and the canonical one. Of several codes for one canonical reason, RT01 gets the first."""

    marketplace: str
    return_reason_code: str = Field(min_length=1)
    canonical_reason: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
