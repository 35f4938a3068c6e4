"""The effects ledger as callers see it: register, due, claim, settle, defer, expire, read. The heart of at-most-once.

The work is in registration.py, claims.py, settling.py and reading.py; every write is one transaction, committed on return.
The records (Intent, Outcome, Effect, ...) are in records.py.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from returns_assets.ledger import claims, reading, registration, settling
from returns_assets.ledger.records import (
    Deferral,
    Effect,
    Intent,
    Outcome,
    PieceEffect,
    RegisterResult,
    SettleResult,
    Total,
    Transition,
)
from returns_assets.ledger.store import Store


class Effects:
    """All changes to be made in other systems. `now` is always the caller's clock, an aware UTC datetime (ValueError otherwise)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def register(
        self,
        marketplace: str,
        day: date,
        kind: str,
        intents: Sequence[Intent],
        settled_pieces: Collection[str],
        *,
        settled_subjects: Collection[str] = (),
        validation_id: int | None,
        mapping_version: str,
        run_id: str,
        actor: str,
        now: datetime,
    ) -> RegisterResult:
        """Make the ledger hold exactly these intents for the partition, as far as nothing of them is in flight or done.

        `settled_pieces`: this partition's pieces whose outcome is not this kind of effect. `settled_subjects`: subjects of effects
        without pieces that this or an earlier day wanted and that this partition knows to be wanted no more. Effects of the partition,
        holding one of its pieces or settled, that are neither in flight nor confirmed are re-planned when an intent has their key, else
        withdrawn (which frees their pieces). Those in flight or confirmed are never taken over, and those of another marketplace in no
        state at all: such an intent is a conflict until that marketplace's own planning withdraws. One transaction; repeating is
        harmless.
        """
        scope = registration.Scope(marketplace, day, kind, validation_id, mapping_version, run_id, actor, now)
        return registration.register(self._store, scope, intents, settled_pieces, settled_subjects)

    def due(self, marketplace: str, kind: str, *, day: date | None = None, limit: int = 1000, now: datetime) -> list[Effect]:
        """Effects that may be sent now, oldest first: at most one per subject, none whose subject has one in flight."""
        return claims.due(self._store, marketplace, kind, day, limit, now)

    def claim(
        self,
        known_ids: Mapping[int, Sequence[str]],
        *,
        token: str,
        lease: timedelta | float,
        run_id: str,
        actor: str,
        now: datetime,
        revisions: Mapping[int, int] | None = None,
    ) -> list[Effect]:
        """Take effects for sending; committed on return, so only then may requests leave. Returns those taken, as they now are.

        known_ids: effect id -> the changes (refund ids) seen on its subject just before; kept for reading back a lost answer.
        token: unique to this process, best to this call.
        lease: seconds or timedelta after which the claim counts as lost; never start a request after `Effect.lease_until`.
        revisions: effect id -> `Effect.revision` that was verified; one planned anew meanwhile is not taken. Pass it always.
        An effect that someone else took, or whose subject has another one in flight, is simply not returned.
        """
        return claims.claim(self._store, known_ids, revisions, claims.Claimant(token, lease, run_id, actor, now))

    def renew(
        self,
        known_ids: Mapping[int, Sequence[str]],
        *,
        tokens: Mapping[int, str | None],
        token: str,
        lease: timedelta | float,
        run_id: str,
        actor: str,
        now: datetime,
    ) -> list[Effect]:
        """Unknown effects taken by this process alone, because they are written once more; committed on return.

        Only for kinds whose request sets a value, so that repeating it changes nothing. They stay unknown, and so in flight, until the
        new request's answer is settled with `token`; after the lease they are read back again. tokens: effect id -> the claim_token
        that was read; an effect that someone else renewed or settled meanwhile is not returned.
        """
        return claims.renew(self._store, known_ids, tokens, claims.Claimant(token, lease, run_id, actor, now))

    def settle(self, outcomes: Sequence[Outcome], now: datetime, *, run_id: str | None = None, actor: str = "system") -> SettleResult:
        """Write how requests ended, in one commit. Raises IllegalTransition (nothing written) for a state that cannot follow.

        An outcome whose token is no longer the row's only leaves a note. unknown -> held keeps the subject blocked: nobody knows
        whether it was paid, and only `decide` releases it. Without `run_id` the transitions carry the claim's.
        """
        return settling.settle(self._store, outcomes, now, run_id, actor)

    def defer(
        self,
        effect_id: int,
        state: str,
        *,
        cause: str,
        error: str | None = None,
        next_at: datetime | None = None,
        run_id: str,
        actor: str,
        now: datetime,
    ) -> bool:
        """One `defer_many`; False when the effect is no longer planned or retry_at."""
        return bool(self.defer_many([Deferral(effect_id, state, cause, error, next_at)], run_id=run_id, actor=actor, now=now))

    def defer_many(self, deferrals: Sequence[Deferral], *, run_id: str, actor: str, now: datetime) -> int:
        """Verification failures before the claim: planned | retry_at -> held | retry_at | rejected. Returns how many applied."""
        return settling.defer(self._store, deferrals, run_id, actor, now)

    def decide(
        self, effect_id: int, state: str, *, actor: str, note: str, now: datetime, external_id: str | None = None, run_id: str = ""
    ) -> bool:
        """A person's decision on a held effect: `planned` (it was not executed) or `confirmed` (it was; needs the external id)."""
        return settling.decide(self._store, effect_id, state, external_id, actor, run_id, note, now)

    def expire_leases(self, now: datetime, settle_seconds: float, *, marketplace: str | None = None) -> int:
        """Claims whose lease is over become unknown, to be read back from now + settle_seconds on. Returns how many."""
        return settling.expire_leases(self._store, now, settle_seconds, marketplace)

    def unknown(self, marketplace: str, kind: str, now: datetime) -> list[Effect]:
        """Effects with an unknown outcome whose settle_at has passed: read them back, then `settle` with their own claim_token."""
        return reading.unknown(self._store, marketplace, kind, now)

    def of_partition(self, marketplace: str, day: date, kind: str, *, withdrawn: bool = False) -> list[Effect]:
        """The effects of a partition in the order of their registration; withdrawn ones only on request."""
        return reading.of_partition(self._store, marketplace, day, kind, withdrawn)

    def get(self, key: str) -> Effect | None:
        """The effect with this key."""
        return reading.by_key(self._store, key)

    def without_pieces(self, marketplace: str, kind: str, subjects: Collection[str]) -> list[Effect]:
        """The subjects' effects without pieces, in whatever state: at most one a subject."""
        return reading.without_pieces(self._store, marketplace, kind, subjects)

    def of_subjects(self, marketplace: str, kind: str, subjects: Collection[str]) -> list[Effect]:
        """The subjects' effects of this kind, in whatever state, withdrawn ones included."""
        return reading.of_subjects(self._store, marketplace, kind, subjects)

    def by_ids(self, effect_ids: Collection[int]) -> list[Effect]:
        """The effects with these ids, in the order of their ids."""
        return reading.by_ids(self._store, effect_ids)

    def by_keys(self, keys: Collection[str]) -> list[Effect]:
        """The effects with these keys, whatever their partition and state; those that were never registered are absent."""
        return reading.by_keys(self._store, keys)

    def search(
        self,
        *,
        marketplace: str | None = None,
        kind: str | None = None,
        state: str | None = None,
        order_id: str | None = None,
        subject: str | None = None,
        confirmed_since: datetime | None = None,
        limit: int = 100,
    ) -> list[Effect]:
        """For people: effects by what is known of them, newest first."""
        return reading.search(self._store, marketplace, kind, state, order_id, subject, confirmed_since, limit)

    def transitions(self, effect_id: int) -> list[Transition]:
        """The life of one effect, oldest first."""
        return reading.transitions(self._store, effect_id)

    def totals(
        self, *, marketplace: str | None = None, kind: str | None = None, first_day: date | None = None, last_day: date | None = None
    ) -> list[Total]:
        """Count and exact money by marketplace, kind, state and currency; days inclusive."""
        return reading.totals(self._store, marketplace, kind, first_day, last_day)

    def confirmed_ids(self, marketplace: str, order_line_ids: Collection[str], *, kind: str = "refund") -> dict[str, set[str]]:
        """Order line -> ids of the refunds that are ours. Lines without one are absent."""
        return reading.confirmed_ids(self._store, marketplace, order_line_ids, kind)

    def in_flight(self, marketplace: str, kind: str, subjects: Collection[str]) -> set[str]:
        """Those of the subjects that have an effect in flight: what was executed on them may not be known here yet."""
        return reading.in_flight(self._store, marketplace, kind, subjects)

    def piece_effects(self, kind: str, piece_ids: Collection[str]) -> dict[str, PieceEffect]:
        """Piece -> the one effect of this kind that holds it, of whatever marketplace; free pieces are absent."""
        return reading.piece_effects(self._store, kind, piece_ids)
