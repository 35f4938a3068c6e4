"""The life of an effect: the one table of legal transitions. Nothing else decides whether a state may follow another."""

PLANNED, CLAIMED, CONFIRMED, REJECTED = "planned", "claimed", "confirmed", "rejected"
UNKNOWN, HELD, RETRY_AT, WITHDRAWN = "unknown", "held", "retry_at", "withdrawn"

TRANSITIONS: dict[str, frozenset[str]] = {
    # re-planned with another request, taken for sending, stopped by the verification before sending, no longer wanted
    PLANNED: frozenset({PLANNED, CLAIMED, HELD, RETRY_AT, REJECTED, WITHDRAWN}),
    RETRY_AT: frozenset({PLANNED, CLAIMED, HELD, RETRY_AT, REJECTED, WITHDRAWN}),
    # the request was, or may have been, sent: only an answer, a lost answer or a lapsed lease leads on
    CLAIMED: frozenset({CONFIRMED, REJECTED, UNKNOWN, HELD, RETRY_AT, PLANNED}),
    # read back: found, certainly not executed, not decidable, or not yet readable; never straight to claimed
    UNKNOWN: frozenset({CONFIRMED, REJECTED, UNKNOWN, HELD, RETRY_AT, PLANNED}),
    # planned again after its cause was fixed; confirmed by a person who found the change in the other system
    HELD: frozenset({PLANNED, CONFIRMED, WITHDRAWN}),
    REJECTED: frozenset({PLANNED, WITHDRAWN}),
    WITHDRAWN: frozenset({PLANNED}),
    CONFIRMED: frozenset(),  # it was executed: final
}
STATES = tuple(TRANSITIONS)

SENDABLE = (PLANNED, RETRY_AT)  # a claim may take these
SENT = (CLAIMED, UNKNOWN)  # a request may be on its way or executed
REPLANNABLE = (PLANNED, RETRY_AT, HELD, REJECTED)  # planning may change or withdraw these, unless in flight


class IllegalTransition(ValueError):
    """A state that cannot follow: a programming error of the caller, nothing was written."""


def check(from_state: str, to_state: str) -> None:
    """Raise IllegalTransition unless `to_state` may follow `from_state`."""
    if to_state not in TRANSITIONS.get(from_state, frozenset[str]()):
        raise IllegalTransition(f"an effect cannot go from {from_state} to {to_state}; allowed: {sorted(TRANSITIONS.get(from_state, ()))}")
