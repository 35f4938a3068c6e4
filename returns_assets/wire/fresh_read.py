"""What a fresh read of the other system says: may a change be sent now, and was one whose answer was lost executed."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an effect is not sent now. `passing`: time may clear it, so it is tried again instead of held; `soon` when only the read is
    old."""

    cause: str
    detail: str
    passing: bool = False
    soon: bool = False


class Trace(StrEnum):
    """What reading back says about a change whose answer was lost."""

    EXECUTED = "executed"
    NOT_EXECUTED = "not_executed"
    REFUSED = "refused"  # certainly not executed, and the other system says why
    AMBIGUOUS = "ambiguous"
    UNREADABLE = "unreadable"  # the read shows too little to decide: ask again later


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The trace and, when executed, the change's id in the other system. `detail`: the other system's words where it refused.

    `cause`: of what is executed, and all the same for a person to look at; `detail` says it then.
    `again_seconds`: when to ask again what is not readable yet; None: after the marketplace's settle time.
    """

    trace: Trace
    external_id: str | None = None
    detail: str = ""
    again_seconds: float | None = None
    cause: str | None = None
