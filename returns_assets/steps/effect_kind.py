"""What a kind of effect brings to the one way in which changes are made elsewhere (design, section 7): examine it just before the
request, build and send the request, read back a lost answer. Everything else (claims, leases, halts, outcomes, reports) is the same
for all kinds and lives in act_push.py and its parts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from returns_assets.ledger.records import Effect
from returns_assets.steps.context import StepContext
from returns_assets.translation.model import Marketplace
from returns_assets.wire.answers import WriteAnswer
from returns_assets.wire.fresh_read import Obstacle, ReadBack


@dataclass
class Examined:
    """What a fresh look at the other system says of due effects. An effect in neither is left alone: another push is at its subject.

    ready: effect id -> ids of the changes that its subject shows already, kept for reading back. obstacles: effect id -> what is in
    the way.
    """

    ready: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    obstacles: dict[int, Obstacle] = field(default_factory=dict[int, Obstacle])


class EffectKind(Protocol):
    """One kind of effect. A new object for each push: it may remember what it read once."""

    name: str  # `effects.kind` in the ledger
    validated: str  # the dataset whose passed validation releases effects of this kind

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        """Check each against a fresh read, and anything that must hold besides. Raises MiraklError when nothing can be read."""
        ...

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        """Claimed effects, in the groups that go out as one request each."""
        ...

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        """Sends one request once and answers for each of its effects; thread-safe; never raises for what the network does."""
        ...

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        """What became of effects whose answers were lost, by effect id. Raises MiraklError when nothing can be read."""
        ...
