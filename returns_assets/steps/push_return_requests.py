"""The acting half of the return authorisations: the partition's steps registered as effects and sent, each at most once (design, 7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

from returns_assets.ledger.validations import Validation
from returns_assets.rebound.reading_errors import ReboundReadError
from returns_assets.steps.act_gate import require_validation
from returns_assets.steps.act_push import push_all
from returns_assets.steps.act_resolve import Resolved, resolve_unknown
from returns_assets.steps.context import StepContext, StepResult, names_marketplace
from returns_assets.steps.effect_kind import EffectKind
from returns_assets.steps.ingest_marketplace_returns import returns_off
from returns_assets.steps.register_effects import register_effects
from returns_assets.steps.request_create import CreateKind
from returns_assets.steps.request_done import ACCEPT, CREATE, DECLINE, GRANT, KINDS, ORDER, PORTAL_KINDS, REFUSE, TABLE, UPDATE
from returns_assets.steps.request_intents import Requests
from returns_assets.steps.request_kinds import AcceptKind, RefuseKind, UpdateKind
from returns_assets.steps.request_links import Updates, updates
from returns_assets.steps.request_order import OrderKind
from returns_assets.steps.request_portal import PortalKind
from returns_assets.steps.request_report import report_return_requests

KIND: Mapping[str, Callable[[], EffectKind]] = {
    ACCEPT: AcceptKind, REFUSE: RefuseKind, CREATE: CreateKind, ORDER: OrderKind,
    GRANT: partial(PortalKind, GRANT), DECLINE: partial(PortalKind, DECLINE), UPDATE: UpdateKind,
}  # fmt: skip


@names_marketplace
def read_back_lost_requests(ctx: StepContext, marketplace: str, day: date) -> dict[str, Any]:
    """Decide the partition's lost answers before it is planned, and whatever its checks say. Raises MiraklError.

    While ReBound cannot be read, what was lost there stays unknown: nothing else waits for it.
    """
    found: dict[str, Resolved] = {}
    for kind in KINDS:
        try:
            found[kind] = resolve_unknown(ctx, KIND[kind](), marketplace, day)
        except ReboundReadError:
            found[kind] = Resolved()
    if any(resolved.settled for resolved in found.values()):
        report_return_requests(ctx, marketplace, day)
    return {kind: asdict(resolved) for kind, resolved in found.items() if resolved.settled}


@names_marketplace
def push_return_requests(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Read back lost answers, register what return_requests wants, send it step by step; the partition of return_request_pushes.

    Each step is registered once the one before is through, so that one push brings a return from its acceptance to its label. Raises
    NotValidated (nothing registered, nothing sent) unless the rows, as they are now, passed their validation; MiraklError and
    ReboundReadError when what a step needs cannot be read. Of a marketplace without returns only ReBound's portal is answered.
    """
    off = returns_off(ctx, marketplace, day)
    registered: dict[str, Any] = {}
    pushed: dict[str, Any] = {}
    told = Updates()
    try:
        resolved = read_back_lost_requests(ctx, marketplace, day)
        validation = require_validation(ctx, TABLE, marketplace, day)
        told = _send(ctx, marketplace, day, validation, registered, pushed, PORTAL_KINDS if off else KINDS)
    finally:
        result = report_return_requests(ctx, marketplace, day, told.waiting)
    skipped = {"skipped": off} if off else {}
    return StepResult(result.rows, {**skipped, **result.metadata, "read_back": resolved, "registered": registered, "push": pushed})


def _send(
    ctx: StepContext,
    marketplace: str,
    day: date,
    validation: Validation,
    registered: dict[str, Any],
    pushed: dict[str, Any],
    kinds: Sequence[str],
) -> Updates:
    shop = ctx.mappings.marketplace(marketplace)
    requests = Requests(ctx, shop, day, validation)
    told = Updates()
    for kind in kinds:
        if kind == UPDATE:
            told = updates(ctx, shop, day, requests)
        intents = told.intents if kind == UPDATE else requests.answers(kind) if kind in PORTAL_KINDS else requests.intents(kind)
        registered[kind] = register_effects(ctx, marketplace, day, kind, intents, validation).counts
        pushed[kind] = asdict(push_all(ctx, KIND[kind](), marketplace, day))
    return told
