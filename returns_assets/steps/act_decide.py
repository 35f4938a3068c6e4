"""A person's word on a refund whose outcome nobody else can know, held against what Mirakl shows now."""

from returns_assets.ledger.records import Effect
from returns_assets.mirakl.refund_rules import objection
from returns_assets.steps.context import StepContext, names_marketplace
from returns_assets.steps.refund_kind import KIND, read_lines, wanted_of

EFFECTS_OF_A_LINE = 1000  # more than any order line has units


@names_marketplace
def doubt(ctx: StepContext, marketplace: str, effect: Effect, refund_id: str) -> str:
    """Why the refund cannot be what became of the effect, by a fresh read of the order; empty when it can. Raises MiraklError."""
    sent = wanted_of(effect)
    line = read_lines(ctx, marketplace, [effect], sent.tax_mode).get(effect.subject)
    neighbours = ctx.ledger.effects.search(marketplace=marketplace, kind=KIND, subject=effect.subject, limit=EFFECTS_OF_A_LINE)
    others = {one.external_id: f"effect {one.id}'s" for one in neighbours if one.external_id is not None and one.id != effect.id}
    return objection(line, sent, refund_id, known=effect.known_ids, others=others)
