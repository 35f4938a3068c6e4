"""How an operator runs returns (section 7 of the reference): auto-accept, window, methods, and every guess of the state machine as data.

Whether a marketplace offers returns at all is PC01's `features.returns.marketplace`; this is the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, cast

Json = dict[str, Any]
STATES = ("WAITING_ACCEPTANCE", "IN_PROGRESS", "REFUSED", "RECEIVED", "NO_RECEPTION", "CLOSED", "CANCELED")
# A RECEIVED return once RT26 was done on it: no state of Mirakl's, only a name for the tables below.
ASSESSED = "RECEIVED+COMPLIANCE"
METHODS = (
    "RETURN_METHOD_BY_MAIL",
    "RETURN_METHOD_DROP_OFF_POINT",
    "RETURN_METHOD_HOME_PICKUP",
    "RETURN_METHOD_IN_STORE",
    "RETURN_METHOD_RETURNLESS",
)
# From which states an operation may start. RT21 is documented; the others follow the reference's diagram (7.4) and are guesses.
SOURCES: dict[str, list[str]] = {
    "RT04": ["WAITING_ACCEPTANCE", "IN_PROGRESS"],
    "RT21": ["WAITING_ACCEPTANCE"],
    "RT25": ["IN_PROGRESS"],
    "RT26": ["RECEIVED"],
    "RT27": ["RECEIVED", ASSESSED],
    "RT29": ["WAITING_ACCEPTANCE", "IN_PROGRESS"],
}


@dataclass
class ReturnsConfig:
    """Days may have fractions; None: never, or without end. All but `auto_accept` and the window's existence are guesses."""

    auto_accept: bool = False
    window_days: float | None = 30  # from the line's receipt; before it the window is open
    returnable_states: list[str] = field(default_factory=lambda: ["SHIPPED", "TO_COLLECT", "RECEIVED", "INCIDENT_OPEN"])  # order lines
    freed_states: list[str] = field(default_factory=lambda: ["REFUSED", "CANCELED"])  # returns whose units can be returned again
    sources: dict[str, list[str]] = field(default_factory=dict[str, list[str]])  # laid over SOURCES
    no_reception_after_days: float | None = 30  # IN_PROGRESS -> NO_RECEPTION by the clock
    methods: list[str] = field(default_factory=lambda: list(METHODS[:2]))
    method_change: bool = True  # RT04 may change the method while the return waits for acceptance
    off: str = "per_item"  # without the feature: per_item (as documented for RT01 and RT12) | 404 | 403
    like_examples: bool = False  # answer in the shapes of the official examples where they contradict the schema (7.6)

    def __post_init__(self) -> None:
        self.off = str(self.off)
        self.sources = {**SOURCES, **{code: list(states) for code, states in self.sources.items()}}
        for name in ("window_days", "no_reception_after_days"):
            value = getattr(self, name)
            if value is not None:  # as it would be written: 30, but 0.5
                setattr(self, name, int(value) if int(value) == float(value) else float(value))
        for name, given, allowed in (
            ("off", [self.off], ("per_item", "404", "403")),
            ("methods", self.methods, METHODS),
            ("freed_states", self.freed_states, STATES),
            ("sources", list(self.sources), tuple(SOURCES)),
            *((f"sources.{code}", states, (*STATES, ASSESSED)) for code, states in self.sources.items()),
        ):
            wrong = [value for value in given if value not in allowed]
            if wrong:
                raise ValueError(f"returns: {name} has {wrong[0]!r}, allowed: {', '.join(allowed)}")


def returns_config(given: Any) -> ReturnsConfig:
    """From plain data. ValueError names what is wrong with it."""
    if isinstance(given, ReturnsConfig):
        return given
    if not isinstance(given, dict):
        raise ValueError(f"returns must be a mapping, not {given!r}")
    data, allowed = cast(Json, given), {each.name for each in fields(ReturnsConfig)}
    unknown = sorted(set(data) - allowed)
    if unknown:
        raise ValueError(f"returns: unknown field {', '.join(unknown)}; allowed: {', '.join(sorted(allowed))}")
    return ReturnsConfig(**data)


def laid_over(base: ReturnsConfig | Mapping[str, Any], given: Json) -> Json:
    """`given` fields over those of `base`; of `sources` only the operations that are named change."""
    before = asdict(base) if isinstance(base, ReturnsConfig) else dict(base)
    return {**before, **given, "sources": {**before.get("sources", {}), **given.get("sources", {})}}
