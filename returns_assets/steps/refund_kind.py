"""Refunds as a kind of effect: one order line a request (OR28), verified and read back on the order itself."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date

from returns_assets.ledger.records import Effect
from returns_assets.mirakl.order_facts import LineFact, lines_of
from returns_assets.mirakl.reference import refund_reasons
from returns_assets.mirakl.refund_call import send_refund
from returns_assets.mirakl.refund_rules import Rules, Wanted, obstacle, read_back
from returns_assets.steps.act_gate import VALIDATED, decided_elsewhere
from returns_assets.steps.act_shipping import rests_on
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import Examined
from returns_assets.translation.model import Marketplace
from returns_assets.wire.answers import WriteAnswer
from returns_assets.wire.fresh_read import Obstacle, ReadBack

KIND = "refund"


class RefundKind:
    """See EffectKind. The operator's reasons are read once, when the first effect is due."""

    name = KIND
    validated = VALIDATED

    def __init__(self) -> None:
        self._reasons: Collection[str] | None = None

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        moved = _decided_elsewhere(ctx, shop, day, due)
        examined = Examined(obstacles=dict(moved))
        released = [effect for effect in due if effect.id not in moved]
        if not released:
            return examined
        lines = read_lines(ctx, shop.key, released, shop.order_tax_mode)
        # Another push may have sent the line's next effect since `due`: what it made may be on the line already and not yet ours.
        # Asked after the read and before `ours`, so that no refund of ours can slip between and look like a stranger's.
        busy = ctx.ledger.effects.in_flight(shop.key, KIND, {effect.subject for effect in released})
        released = [effect for effect in released if effect.subject not in busy]
        ours = ctx.ledger.effects.confirmed_ids(shop.key, {effect.subject for effect in released})
        rules = Rules(shop.currency, shop.eligible_line_states, shop.waiting_line_states, self._live_reasons(ctx, shop))
        for effect in released:
            line = lines.get(effect.subject)
            mine = ours.get(effect.subject, frozenset[str]())
            found = obstacle(line, wanted_of(effect), rules, ours=mine, foreign=effect.foreign_ids)
            if found is not None:
                examined.obstacles[effect.id] = found
            else:
                examined.ready[effect.id] = sorted(line.refund_ids) if line else []
        return examined

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        """One order line a call: an error is then unambiguous (reference, 4.3)."""
        return [[effect] for effect in effects]

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        client = ctx.mirakl(shop.key)
        return lambda effects: [send_refund(client, effect.request) for effect in effects]

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        found: dict[int, ReadBack] = {}
        by_mode: dict[str, list[Effect]] = {}
        for effect in effects:
            by_mode.setdefault(wanted_of(effect).tax_mode, []).append(effect)
        for tax_mode, group in sorted(by_mode.items()):
            lines = read_lines(ctx, shop.key, group, tax_mode)
            ours = ctx.ledger.effects.confirmed_ids(shop.key, {effect.subject for effect in group})
            for effect in group:
                mine = ours.get(effect.subject, frozenset[str]())
                found[effect.id] = read_back(lines.get(effect.subject), wanted_of(effect), known=effect.known_ids, ours=mine)
        return found

    def _live_reasons(self, ctx: StepContext, shop: Marketplace) -> Collection[str]:
        if self._reasons is None:
            self._reasons = refund_reasons(ctx.mirakl(shop.key).reasons())
        return self._reasons


def wanted_of(effect: Effect) -> Wanted:
    """The refund in an effect's request."""
    entry = effect.request["refunds"][0]
    return Wanted(
        effect.subject,
        effect.amount,
        effect.shipping_amount,
        str(entry["reason_code"]),
        effect.currency,
        str(effect.request["order_tax_mode"]),
    )


def read_lines(ctx: StepContext, marketplace: str, effects: Sequence[Effect], tax_mode: str) -> dict[str, LineFact]:
    """The effects' orders as Mirakl shows them now, 100 a call, as lines by order line id."""
    order_ids = sorted({effect.order_id for effect in effects})
    return lines_of(ctx.mirakl(marketplace).orders_by_id(order_ids, tax_mode))


def _decided_elsewhere(ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> dict[int, Obstacle]:
    """The due effects that hold, or rest on, a piece which another partition decides: a later day, which registers it anew or withdraws
    it, or another marketplace, which cannot before this partition, planned again, has withdrawn it."""
    held = {effect.id: [use.piece_id for use in effect.pieces] for effect in due}
    with ctx.warehouse.read() as con:
        if not all(held.values()):  # refunds of shipping alone
            behind = rests_on(con, shop.key, day)
            held |= {effect.id: behind.get(effect.subject, []) for effect in due if not effect.pieces}
        takers = decided_elsewhere(ctx, con, shop.key, day, {piece for pieces in held.values() for piece in pieces})
    obstacles: dict[int, Obstacle] = {}
    for number, pieces in held.items():
        gone = sorted(takers.keys() & set(pieces))
        others = sorted({takers[piece] for piece in gone} - {shop.key})
        if others:
            obstacles[number] = Obstacle("decided_in_other_marketplace", f"{', '.join(others)} decides {', '.join(gone)}")
        elif gone:
            obstacles[number] = Obstacle("decided_again_later", f"a later day decides {', '.join(gone)}")
    return obstacles
