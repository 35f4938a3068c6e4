"""Restock as a kind of effect: pieces of one SKU, added to Mirakl's quantity (STO01), or told to the retailer's ERP by a signal.

STO01 sets a quantity and is worked off later, so an effect goes through three readings: the quantity just before (examine), how the import
ended (STO02, STO03), and the quantity afterwards beside the sales since. It stays in flight until the quantity is what it should be; a sale
that the file overwrote is put right by writing once more from the same baseline. OF24 is never used: it resets what is not sent.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from returns_assets.decisions.stock import decided_elsewhere
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.stock_call import Import, StockLine, read_import, send_stock
from returns_assets.mirakl.stock_facts import Offer, sku_key
from returns_assets.mirakl.stock_rules import Standing, judge
from returns_assets.steps.context import StepContext
from returns_assets.steps.effect_kind import Examined
from returns_assets.steps.stock_baseline import Baseline, baseline_of, sold_since, units_of, window
from returns_assets.steps.stock_reading import Reading, read_together
from returns_assets.translation.model import Marketplace
from returns_assets.wire.answers import Verdict, WriteAnswer
from returns_assets.wire.fresh_read import Obstacle, ReadBack, Trace

KIND = "stock"
ACTIONS_TABLE = "stock_actions"
MOST = 100_000  # of effects that one question to the ledger is about
OVERSOLD = "oversold"  # cause of a confirmed effect: the quantity is right, and cannot be as low as the sales want it
UNCLEAR_WRITES = 3  # tries after which an import that ended without a word on a line and did nothing is a person's
EARLIER_IMPORT = "the answer names an import of an earlier file: nothing of this one was done"


class Again(NamedTuple):
    """What to write once more, and the claim_token of the reading that says so."""

    baseline: Baseline
    token: str | None


class StockKind:
    """See EffectKind; the subject is the SKU, the request `{mode, sku, units, warehouse}`. `again`: what read_back found to be written once
    more, by effect id. `days`: the partitions of what it looked at."""

    name = KIND
    validated = ACTIONS_TABLE

    def __init__(self) -> None:
        self.again: dict[int, Again] = {}
        self.days: set[date] = set()

    def examine(self, ctx: StepContext, shop: Marketplace, day: date, due: Sequence[Effect]) -> Examined:
        moved = pieces_decided_later(ctx, shop.key, day, [use.piece_id for effect in due for use in effect.pieces])
        examined = Examined()
        for effect in due:
            if any(use.piece_id in moved for use in effect.pieces):
                examined.obstacles[effect.id] = Obstacle("decided_again_later", "later news decide a piece of it in another partition")
        left = [effect for effect in due if effect.id not in examined.obstacles]
        examined.ready |= {effect.id: [] for effect in left if _is_signal(effect)}
        written = [effect for effect in left if not _is_signal(effect)]
        if written:
            examined.ready |= self._read_before(ctx, shop, written, examined.obstacles)
        return examined

    def _read_before(
        self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect], obstacles: dict[int, Obstacle]
    ) -> dict[int, list[str]]:
        """The baselines of what can be written now, by effect id; what is in the way of others goes to `obstacles`."""
        client = ctx.mirakl(shop.key)
        client.slot("STO01-turn")  # first the turn, then the reading: the time between reading and writing is when a sale is overwritten
        since, started = window(ctx), ctx.now()
        reading = read_together(client, [effect.subject for effect in effects], since)
        # asked after the read: another push that wrote the SKU meanwhile may have come after or before what was read
        changing = ctx.ledger.effects.in_flight(shop.key, KIND, {effect.subject for effect in effects})
        written = ctx.ledger.effects.search(marketplace=shop.key, kind=KIND, confirmed_since=started, limit=MOST)
        changing |= {effect.subject for effect in written}
        ready: dict[int, list[str]] = {}
        for effect in effects:
            key = sku_key(effect.subject)
            offer = reading.offers.get(key)
            if offer is None:
                obstacles[effect.id] = Obstacle("offer_unknown", f"no offer has the SKU {effect.subject}")
            elif (obstacle := _obstacle(effect, offer, sold=key in reading.unsettled)) is not None:
                obstacles[effect.id] = obstacle
            elif effect.subject not in changing:
                seen = frozenset(sale.order_line_id for sale in reading.sold.get(key, ()))
                write = offer.at(effect.request["warehouse"]) + units_of(effect)
                ready[effect.id] = Baseline(offer.quantity, write, since, seen).known_ids()
        return ready

    def requests(self, effects: Sequence[Effect]) -> list[Sequence[Effect]]:
        """One file for all of them, and one group of signals: a subject is there once, so a file has one line an offer."""
        groups = [[effect for effect in effects if _is_signal(effect) is signal] for signal in (True, False)]
        return [group for group in groups if group]

    def sender(self, ctx: StepContext, shop: Marketplace) -> Callable[[Sequence[Effect]], Sequence[WriteAnswer]]:
        def send(effects: Sequence[Effect]) -> Sequence[WriteAnswer]:
            if _is_signal(effects[0]):
                return [WriteAnswer(Verdict.EXECUTED, effect.key, message="told by stock_signals") for effect in effects]
            client, lines = ctx.mirakl(shop.key), [_line(effect) for effect in effects]
            client.slot("STO01")  # once more: whoever had the turn before may have read for long, and have sent only now
            last = ctx.now() + timedelta(seconds=shop.calls.timeout_seconds)
            if any(effect.lease_until is None or last >= effect.lease_until for effect in effects):
                return [WriteAnswer(Verdict.NOT_SENT, message="other stock files came before it for too long")] * len(effects)
            answer = send_stock(client, lines)
            if answer.verdict is Verdict.ACCEPTED and answer.external_id in _imports_before(ctx, effects[0]):
                answer = WriteAnswer(Verdict.UNKNOWN, status=answer.status, message=EARLIER_IMPORT)
            return [answer] * len(effects)

        return send

    def read_back(self, ctx: StepContext, shop: Marketplace, effects: Sequence[Effect]) -> Mapping[int, ReadBack]:
        self.days |= {effect.day for effect in effects}
        found: dict[int, ReadBack] = {}
        ended: list[tuple[Effect, Baseline, Import | None]] = []
        carried = defaultdict[str | None, list[str]](list)
        for effect in (each for day in {e.day for e in effects} for each in ctx.ledger.effects.of_partition(shop.key, day, KIND)):
            carried[effect.external_id].append(effect.subject)
        imports = {
            number: read_import(ctx.mirakl(shop.key), number) for number in sorted({e.external_id for e in effects if e.external_id})
        }
        for effect in effects:
            baseline = baseline_of(effect.known_ids)
            state = imports.get(effect.external_id or "")
            if baseline is None:  # a signal: it is in the ledger, which is all that there is to it
                found[effect.id] = ReadBack(Trace.EXECUTED, effect.key)
            elif state is not None and state.under_way:
                found[effect.id] = ReadBack(Trace.UNREADABLE, detail=f"import {state.status}", again_seconds=shop.stock.status_seconds)
            elif state is not None and sku_key(effect.subject) in state.errors:
                found[effect.id] = ReadBack(Trace.REFUSED, detail=f"line error: {state.errors[sku_key(effect.subject)]}")
            else:
                ended.append((effect, baseline, state))
        if ended:
            since = min(baseline.since for _, baseline, _ in ended)
            reading = read_together(ctx.mirakl(shop.key), [effect.subject for effect, _, _ in ended], since)
            for effect, baseline, state in ended:
                done = state is not None and state.accounts_for(carried[effect.external_id])
                found[effect.id] = self._standing(effect, baseline, state, done, reading, shop.stock.status_seconds)
        return found

    def _standing(self, effect: Effect, baseline: Baseline, state: Import | None, done: bool, reading: Reading, again: float) -> ReadBack:
        """What the quantity says. An import that is complete (`done`) was executed, whatever somebody else does to the quantity."""
        key = sku_key(effect.subject)
        offer = reading.offers.get(key)
        if offer is None:
            return ReadBack(Trace.EXECUTED if done else Trace.AMBIGUOUS, effect.external_id, "Mirakl lists the offer no more")
        if key in reading.unsettled:
            return ReadBack(Trace.UNREADABLE, detail="it is being sold: the quantity is read again", again_seconds=again)
        judged = judge(baseline.quantity, units_of(effect), sold_since(baseline, reading.sold.get(key, ())), offer.quantity)
        nothing_there = judged.off == -units_of(effect)
        if judged.standing is Standing.RIGHT or (done and (judged.standing is Standing.OTHER or nothing_there)):
            return ReadBack(Trace.EXECUTED, effect.external_id)
        if state is not None and state.status == "FAILED" and nothing_there:
            return ReadBack(Trace.REFUSED, detail="import FAILED: nothing of the file was done")
        if state is not None and nothing_there and effect.attempts >= UNCLEAR_WRITES:
            # never a fresh start: the quantity that was read may be an old one, and then a new baseline would add the units twice
            return ReadBack(Trace.AMBIGUOUS, detail="imports ended, nothing of them is there, and nothing readable says why")
        if judged.standing is Standing.OTHER:
            said = f"read {baseline.quantity}, wrote {baseline.write}, now {offer.quantity}: {judged.off:+d} units against what is expected"
            return ReadBack(Trace.AMBIGUOUS, detail=said)
        shown = offer.at(effect.request["warehouse"])
        target = max(shown - judged.off, 0)
        if target == shown:  # more was sold than there is: no quantity says that, and to set this one again changes nothing
            return ReadBack(Trace.EXECUTED, effect.external_id, f"units sold that are not there: {judged.off}", cause=OVERSOLD)
        self.again[effect.id] = Again(baseline.writing(target), effect.claim_token)
        said = "nothing of it is there" if nothing_there else f"{judged.off} units sold meanwhile were overwritten"
        return ReadBack(Trace.UNREADABLE, detail=f"{said}: it is written once more")


def pieces_decided_later(ctx: StepContext, marketplace: str, day: date, pieces: Sequence[str]) -> set[str]:
    """Those of the pieces that later news decide in another partition."""
    with ctx.warehouse.read() as con:
        return decided_elsewhere(con, ctx.mappings, ctx.mappings.marketplace(marketplace), day, pieces)


def _is_signal(effect: Effect) -> bool:
    return effect.request["mode"] == "signal"


def _obstacle(effect: Effect, offer: Offer, *, sold: bool) -> Obstacle | None:
    if bool(offer.warehouses) != (effect.request["warehouse"] is not None):
        return Obstacle(
            "warehouses_changed", "the offer has warehouses now" if offer.warehouses else "the offer has no warehouses any more"
        )
    if sold:
        return Obstacle("sold_during_reading", "it is being sold while its quantity is read", passing=True, soon=True)
    return None


def _line(effect: Effect) -> StockLine:
    baseline = baseline_of(effect.known_ids)
    if baseline is None:
        raise ValueError(f"effect {effect.id} was claimed without a reading")
    # Where an operator answers an equal file with the import that it had (reference, 2), the same value is said in another way.
    action = "update" if effect.attempts % 2 else ""
    return StockLine(effect.subject, baseline.write, effect.request["warehouse"], action)


def _imports_before(ctx: StepContext, effect: Effect) -> set[str | None]:
    """Imports that carried other effects of the same SKU: a file that is told to be one of them was not taken as a new one."""
    others = ctx.ledger.effects.search(marketplace=effect.marketplace, kind=KIND, subject=effect.subject, limit=1000)
    return {other.external_id for other in others if other.id != effect.id and other.external_id}
