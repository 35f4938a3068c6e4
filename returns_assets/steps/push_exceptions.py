"""What people are told of effects that are not through, whatever their kind: the exception of one effect, and the causes that the
mechanism itself finds. What is particular to a kind it brings along as `Causes`.
"""

from collections.abc import Mapping, Sequence

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.records import Effect
from returns_assets.steps.act_outcome import OTHER_REFUSAL
from returns_assets.translation.model import RefusalRow

Causes = Mapping[str, tuple[str, str]]  # cause -> (exception class, what to do)
OPEN_STATES = ("held", "rejected", "unknown", "retry_at")
COMMON: Causes = {
    "not_released": ("technical", "materialise the actions again: the partition was validated anew after the effect was registered"),
    "answer_lost": ("technical", "nothing: it is read back before anything else is done; push again in a few minutes"),
    "lease_expired": ("technical", "nothing: a push was interrupted; it is read back before anything else is done"),
    "under_way": ("technical", "nothing: Mirakl is working it off; what became of it is asked for until it is done"),
    "not_read_back": ("technical", "look for it in Mirakl: it could not be read back"),
    "ambiguous_outcome": (
        "logical",
        "find out in Mirakl which change is ours, then decide the effect (returns effects); it is never resent",
    ),
    "rate_limited": ("technical", "nothing: it is tried again"),
    "access_denied": ("technical", "check the API key and the role of its user with the operator"),
    "unreachable": ("technical", "check that the operator's address is right and reachable; it is tried again"),
    "sending_halted": ("technical", "nothing: it is tried again with the next push"),
}


def record_of(effect: Effect, refusals: Sequence[RefusalRow], causes: Causes, what: str) -> ExceptionRecord:
    """The exception of an effect that is held, rejected, unknown or waiting; `what` names the thing that it changes."""
    cause = effect.cause or effect.state
    exception_class, todo = meaning(effect.kind, cause, refusals, causes)
    return ExceptionRecord(
        exception_class=exception_class,
        cause=cause,
        marketplace=effect.marketplace,
        day=effect.day,
        subject_kind="effect",
        subject=effect.key,
        detail=f"{what}: {effect.last_error or cause}",
        todo=todo,
    )


def meaning(kind: str, cause: str, refusals: Sequence[RefusalRow], causes: Causes) -> tuple[str, str]:
    """Class and next action of a cause. A cause of both sorts (over_remainder) is told by the operator's row."""
    for row in refusals:
        if row.about(kind) and row.cause == cause:
            return row.exception_class, row.todo
    return causes.get(cause) or COMMON.get(cause) or (OTHER_REFUSAL.exception_class, OTHER_REFUSAL.todo)
