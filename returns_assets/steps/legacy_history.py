"""Legacy records of a day in the light of the record before: the numbers that their units had so far."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from returns_assets.ledger.inbox import Document
from returns_assets.rebound.documents import parse
from returns_assets.rebound.events import Event
from returns_assets.rebound.legacy import LegacyReturn, read_legacy
from returns_assets.rebound.legacy_units import Known, settle
from returns_assets.rebound.profile import LegacyDialect, Profile
from returns_assets.rebound.vocabulary import LEGACY_RETURN
from returns_assets.steps.context import StepContext
from returns_assets.steps.texts import sql


class LegacyHistory:
    """Reads records in the order of their documents; what earlier days know of their returns is looked up once, all at a time."""

    def __init__(self, ctx: StepContext, profile: Profile, day: date, documents: Iterable[Document]) -> None:
        self._profile = profile
        self._units: dict[str, list[Known]] = {}
        mine = [document for document in documents if profile.channels.get(document.channel) == LEGACY_RETURN]
        if not mine:
            return
        owners = {self._record(payload, d.received_at).owner for d in mine for payload in parse(d.content, d.name).payloads}
        self._look_up(ctx, day, sorted(owners))

    @property
    def _dialect(self) -> LegacyDialect:
        if self._profile.legacy is None:
            raise ValueError("rebound.yaml: the kind legacy_return needs the block legacy")
        return self._profile.legacy

    def _record(self, payload: Mapping[str, Any], received_at: datetime) -> LegacyReturn:
        return read_legacy(self._profile, self._dialect, payload, received_at)

    def _look_up(self, ctx: StepContext, day: date, owners: list[str]) -> None:
        query = sql("legacy_units")
        with ctx.warehouse.read() as con:
            con.register("legacy_returns", pa.table({"return_id": pa.array(owners, pa.string())}))
            for owner, *unit in con.execute(query, {"day": day}).fetchall():
                self._units.setdefault(owner, []).append(Known(*unit))

    def events(self, payload: Mapping[str, Any], received_at: datetime) -> list[Event]:
        """One record's events, its units with the numbers that they had."""
        record = self._record(payload, received_at)
        events, self._units[record.owner] = settle(record, self._units.get(record.owner, []))
        return events
