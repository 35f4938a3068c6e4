"""Registering one kind of effects under a partition's validation, as every flow does it."""

from collections.abc import Collection, Sequence
from datetime import date

from returns_assets.ledger.records import Intent, RegisterResult
from returns_assets.ledger.validations import Validation
from returns_assets.steps.context import StepContext


def register_effects(
    ctx: StepContext,
    marketplace: str,
    day: date,
    kind: str,
    intents: Sequence[Intent],
    validation: Validation,
    *,
    settled_pieces: Collection[str] = (),
    settled_subjects: Collection[str] = (),
) -> RegisterResult:
    """The ledger holds exactly these effects of the kind for the partition: see Effects.register."""
    return ctx.ledger.effects.register(
        marketplace,
        day,
        kind,
        intents,
        settled_pieces,
        settled_subjects=settled_subjects,
        validation_id=validation.id,
        mapping_version=ctx.mappings.version,
        run_id=ctx.run_id,
        actor=ctx.actor,
        now=ctx.now(),
    )
