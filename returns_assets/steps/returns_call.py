"""Sending entries about returns of Mirakl's (RT21, RT04, RT25 to RT29): a hundred a call, and nothing where the return shows it already."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from returns_assets.ledger.records import Effect
from returns_assets.mirakl.errors import MiraklError
from returns_assets.mirakl.return_call import MOST, send_returns
from returns_assets.steps.context import StepContext
from returns_assets.translation.model import Marketplace
from returns_assets.wire.answers import Verdict, WriteAnswer

SHOWN = "shown"  # in `known_ids`: the return showed the step just before, so that nothing is sent
ALREADY = "Mirakl's return showed it already"


class ReturnsCall(ABC):
    """The sending half of an EffectKind whose subject is Mirakl's return id and whose request is the return's entry in the call."""

    action: str  # below /returns

    @abstractmethod
    def there(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> set[int]:
        """Ids of those of the effects whose return shows the step now, whoever did it. Raises MiraklError."""

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        """Those that need a call, 100 a call; and those that need none, by themselves."""
        there = [effect for effect in effects if SHOWN in effect.known_ids]
        sent = [effect for effect in effects if SHOWN not in effect.known_ids]
        return [*([there] if there else []), *(sent[start : start + MOST] for start in range(0, len(sent), MOST))]

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        client = ctx.mirakl(shop.key)

        def send(effects: Sequence[Effect]) -> Sequence[WriteAnswer]:
            if SHOWN in effects[0].known_ids:
                return [WriteAnswer(Verdict.EXECUTED, effect.subject, message=ALREADY) for effect in effects]
            until = min(effect.lease_until for effect in effects if effect.lease_until is not None)
            answers = send_returns(
                client,
                self.action,
                [effect.request for effect in effects],
                lambda: (until - ctx.now()).total_seconds() > shop.calls.timeout_seconds,
            )
            return self._or_done_by_others(ctx, shop, effects, answers)

        return send

    def _or_done_by_others(
        self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect], answers: Sequence[WriteAnswer]
    ) -> list[WriteAnswer]:
        """A refusal because someone was faster is success: the refused returns are read once more. Where that read fails, the refusal
        stands: it is certain that nothing was done by us, and the next planning sees the state."""
        refused = [effect for effect, answer in zip(effects, answers, strict=True) if answer.verdict is Verdict.REFUSED]
        try:
            there = self.there(ctx, shop, refused) if refused else set[int]()
        except MiraklError:
            return list(answers)
        return [
            WriteAnswer(Verdict.EXECUTED, effect.subject, status=answer.status, message=ALREADY) if effect.id in there else answer
            for effect, answer in zip(effects, answers, strict=True)
        ]
