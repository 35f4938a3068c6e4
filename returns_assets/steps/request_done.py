"""What the ledger says of the returns of requests: which steps were made or may have been, and which return is which."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from returns_assets.decisions.requests import Done
from returns_assets.ledger.records import Effect
from returns_assets.steps.context import StepContext

TABLE = "return_requests"
ACCEPT, REFUSE, ORDER, CREATE, UPDATE = "return_accept", "return_refuse", "return_order", "return_create", "return_update"
GRANT, DECLINE = "registration_authorise", "registration_decline"
PORTAL_KINDS = (GRANT, DECLINE)
KINDS = (ACCEPT, REFUSE, CREATE, ORDER, *PORTAL_KINDS, UPDATE)  # in the order of sending; what needs ReBound comes last


@dataclass(frozen=True)
class Known:
    """`links`: ReBound's return id -> Mirakl's, of the returns that this product made one for the other; `at_rebound`: the way back of
    those that were authorised. `done`: see there."""

    done: Done = field(default_factory=Done)
    links: dict[str, str] = field(default_factory=dict[str, str])
    at_rebound: dict[str, str] = field(default_factory=dict[str, str])


def known(ctx: StepContext, marketplace: str, mirakl_ids: Collection[str], return_ids: Collection[str]) -> Known:
    """Of those returns of Mirakl's and of ReBound's."""
    accepted = _live(effects_of(ctx, marketplace, ACCEPT, mirakl_ids))
    ordered = _live(effects_of(ctx, marketplace, ORDER, mirakl_ids))
    created = _live(effects_of(ctx, marketplace, CREATE, return_ids))
    mine = {*mirakl_ids, *(effect.external_id for effect in created if effect.external_id)}
    updated = [effect for effect in effects_of(ctx, marketplace, UPDATE, mine) if effect.state == "confirmed"]
    links = {effect.external_id: effect.subject for effect in ordered if effect.external_id}
    links |= {effect.subject: effect.external_id for effect in created if effect.external_id}
    done = Done(_subjects(accepted), _subjects(ordered), _subjects(updated), _subjects(created))
    return Known(done, links, {effect.subject: effect.external_id for effect in ordered if effect.external_id})


def answered(ctx: StepContext, marketplace: str, registration_ids: Collection[str]) -> set[str]:
    """Registrations in ReBound's portal that were answered, or may have been."""
    return _subjects(_live([effect for kind in PORTAL_KINDS for effect in effects_of(ctx, marketplace, kind, registration_ids)]))


def effects_of(ctx: StepContext, marketplace: str, kind: str, subjects: Collection[str]) -> list[Effect]:
    """The subjects' effects of that kind, one at most each, in whatever state."""
    return ctx.ledger.effects.without_pieces(marketplace, kind, subjects)


def _live(effects: Iterable[Effect]) -> list[Effect]:
    return [effect for effect in effects if effect.live]


def _subjects(effects: Iterable[Effect]) -> set[str]:
    return {effect.subject for effect in effects}
