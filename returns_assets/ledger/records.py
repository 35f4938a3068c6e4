"""The words of the effects ledger: what callers hand in and get back. Plain frozen data; no SQL here.

Money is Decimal, times are aware UTC datetimes, days are dates. A piece is ReBound's item; it may be a lot of several units.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from returns_assets.ledger.states import CONFIRMED


@dataclass(frozen=True, slots=True)
class PieceUse:
    """A piece in an effect: `quantity` units of the order line, the first of them the line's unit number `unit_from`."""

    piece_id: str
    quantity: int = 1
    unit_from: int = 0


@dataclass(frozen=True, slots=True)
class Intent:
    """One effect wanted by planning. `request` is what will be sent (Decimals allowed, kept exactly); `foreign_ids` are the changes
    (refund ids) on the subject that planning saw, netted out and knows not to be ours."""

    order_id: str
    subject: str
    request: Mapping[str, Any]
    amount: Decimal
    shipping_amount: Decimal
    currency: str
    pieces: Sequence[PieceUse]
    foreign_ids: Sequence[str] = ()


def effect_key(kind: str, marketplace: str, subject: str, piece_ids: Sequence[str]) -> str:
    """The identity of an effect: the same pieces of the same subject are the same effect, whatever the amount. Hex sha256.

    Without pieces it is the subject's refund of shipping alone: one at most, ever.
    """
    parts = [kind, marketplace, subject, *(sorted(piece_ids) or ["shipping"])]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RegisterResult:
    """Counts of one registration. `settled`: intents whose pieces are all in flight or done already, nothing left to do.
    `conflicts`: intents not registered because only part of their pieces is free; planning again splits them."""

    created: int = 0
    reopened: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    settled: int = 0
    conflicts: tuple[Intent, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Without the conflicts, which have content."""
        return {name: getattr(self, name) for name in ("created", "reopened", "withdrawn", "unchanged", "settled")}


@dataclass(frozen=True, slots=True)
class Effect:
    """One row of the ledger. `subject` is the order line; `external_id` the other system's id of the change (refund id).

    `revision` grows whenever planning changes the request: what was verified is the revision that was read.
    """

    id: int
    key: str
    kind: str
    marketplace: str
    day: date
    order_id: str
    subject: str
    request: dict[str, Any]
    amount: Decimal
    shipping_amount: Decimal
    currency: str
    state: str
    cause: str | None
    attempts: int
    known_ids: list[str]
    external_id: str | None
    validation_id: int | None
    mapping_version: str
    foreign_ids: list[str]
    revision: int
    run_id: str
    claim_token: str | None
    claimed_at: datetime | None
    lease_until: datetime | None
    next_at: datetime | None
    settle_at: datetime | None
    confirmed_at: datetime | None
    last_error: str | None
    created_at: datetime
    updated_at: datetime
    inflight: str | None
    pieces: tuple[PieceUse, ...] = ()

    @property
    def in_flight(self) -> bool:
        """True while nobody can say whether it was executed: claimed, unknown, or held with an ambiguous outcome."""
        return self.inflight is not None

    @property
    def live(self) -> bool:
        """It was executed, or may have been."""
        return self.in_flight or self.state == CONFIRMED


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a claimed or unknown effect ended. `token` is the claim's (`Effect.claim_token`): a stale one never overwrites.

    `state`: confirmed | rejected | unknown | held | retry_at | planned. `next_at` for retry_at (and planned after a 429),
    `settle_at` for unknown; `external_id` for confirmed, and for unknown where the other system named what it is working off; `amounts`
    and `detail` go to the transition as evidence. `certain`: a held one was certainly not executed, so that its subject is free, even
    when it was unknown before.
    """

    effect_id: int
    token: str | None
    state: str
    external_id: str | None = None
    cause: str | None = None
    error: str | None = None
    next_at: datetime | None = None
    settle_at: datetime | None = None
    detail: str | None = None
    amounts: Mapping[str, Any] | None = None
    certain: bool = False


@dataclass(frozen=True, slots=True)
class SettleResult:
    """Effect ids by what became of their outcome. `superseded`: the token was stale, only a note was written; an executed one among
    them deserves a person's look. `ambiguous`: its external id already belongs to another effect, so it is held."""

    applied: tuple[int, ...] = ()
    superseded: tuple[int, ...] = ()
    ambiguous: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Deferral:
    """A verification failure before the claim: planned or retry_at becomes held | retry_at | rejected without a request."""

    effect_id: int
    state: str
    cause: str
    error: str | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an effect's life. `from_state` is None at its creation; equal states are a note."""

    effect_id: int
    at: datetime
    from_state: str | None
    to_state: str
    actor: str
    run_id: str
    attempt: int
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PieceEffect:
    """The effect that holds a piece. `amount` and `shipping_amount` are the effect's (all its pieces), `refund_id` its external id."""

    piece_id: str
    effect_id: int
    key: str
    marketplace: str
    state: str
    cause: str | None
    refund_id: str | None
    order_id: str
    subject: str
    day: date
    unit_from: int
    quantity: int
    amount: Decimal
    shipping_amount: Decimal
    currency: str
    in_flight: bool
    confirmed_at: datetime | None

    @property
    def live(self) -> bool:
        """Money moved for the piece, or may have."""
        return self.in_flight or self.state == CONFIRMED


@dataclass(frozen=True, slots=True)
class Total:
    """Count and money of the effects of one marketplace, kind, state and currency."""

    marketplace: str
    kind: str
    state: str
    currency: str
    effects: int
    amount: Decimal = field(default=Decimal(0))
    shipping_amount: Decimal = field(default=Decimal(0))
