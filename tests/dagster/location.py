"""The whole code location on a temporary folder: real stores, real inbox, a Mirakl on loopback, a Dagster instance that is thrown away."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance

from returns_assets.assets import translate
from returns_assets.build import build_definitions
from returns_assets.ledger.database import Ledger
from returns_assets.partitions import partition_key
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, StepResult
from returns_assets.steps.translate import map_dispositions
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import Mappings
from returns_assets.warehouse.connection import Warehouse
from tests.mirakl.stub import StubMirakl

DAY = date(2025, 3, 5)
NOON = datetime(2025, 3, 5, 12, tzinfo=UTC)
MAPPINGS = load_mappings(Path(__file__).parents[2] / "mappings")
CURRENCIES = {"NOR": "EUR", "ALB": "GBP", "MAP": "USD"}


class Location:
    """`document` and `order` make a day; `ingest` and `process` run the jobs; `materialize` is a person clicking on one asset."""

    def __init__(self, home: Path, stub: StubMirakl, instance: DagsterInstance, mappings: Mappings = MAPPINGS) -> None:
        self.stub, self.instance, self.mappings = stub, instance, mappings
        self.settings = Settings(home=home)
        self.defs = build_definitions(settings=self.settings, mappings=mappings, now=lambda: NOON)
        self.ledger = Ledger.open(self.settings.resolved_ledger_url)
        self.warehouse = Warehouse(self.settings.resolved_warehouse_url)

    def with_mappings(self, mappings: Mappings) -> "Location":
        """The same installation after an edit of the mapping tables."""
        return Location(self.settings.home, self.stub, self.instance, mappings)

    def order(self, order: str, *prices: str, **fields: Any) -> None:
        self.stub.put_order(order, list(prices or ("10.00",)), currency_iso_code=CURRENCIES[order[:3]], **fields)

    def document(self, order: str, piece: str, *, reason: str = "Too large", line: int = 1, day: date = DAY) -> None:
        item = {"reboundItemId": piece, "clientItemId": f"{order}-{line}", "sku": f"SKU{line}", "quantity": "1", "reasonCode": reason}
        body = {"order": {"reboundOrderId": f"R-{order}", "clientOrderId": order, "timestamp": f"{day}T09:00:00Z", "items": [item]}}
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        self.ledger.inbox.add(json.dumps(body).encode(), channel="refund-registered", name=f"{piece}.json", received_at=at)

    def ingest(self, day: date = DAY) -> dg.ExecuteInProcessResult:
        job = self.defs.resolve_job_def("ingest_returns")
        return job.execute_in_process(instance=self.instance, partition_key=partition_key(day), raise_on_error=False)

    def process(self, marketplace: str = "nordhaus", day: date = DAY) -> dg.ExecuteInProcessResult:
        job = self.defs.resolve_job_def("process_returns")
        return job.execute_in_process(instance=self.instance, partition_key=partition_key(day, marketplace), raise_on_error=False)

    def materialize(self, *assets: str, marketplace: str = "nordhaus", checks: bool = True) -> dg.ExecuteInProcessResult:
        """As the UI does when somebody selects assets; `checks=False` is somebody who leaves their checks out."""
        job = self.defs.resolve_implicit_global_asset_job_def()
        keys = [AssetKey(asset) for asset in assets]
        if not checks:
            job = job.get_subset(asset_selection=set(keys), asset_check_selection=set())
            return job.execute_in_process(instance=self.instance, partition_key=partition_key(DAY, marketplace), raise_on_error=False)
        return job.execute_in_process(
            instance=self.instance, partition_key=partition_key(DAY, marketplace), asset_selection=keys, raise_on_error=False
        )

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.warehouse.transaction() as con:
            return con.execute(query, list(parameters)).fetchall()

    def states(self, marketplace: str = "nordhaus") -> dict[str, str]:
        return {effect.subject: effect.state for effect in self.ledger.effects.of_partition(marketplace, DAY, "refund")}

    @property
    def sent(self) -> int:
        """Refund requests that left the product."""
        return len(self.stub.calls("OR28"))


def made(result: dg.ExecuteInProcessResult) -> set[str]:
    """Assets that the run materialised."""
    return {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def failed(result: dg.ExecuteInProcessResult) -> set[str]:
    return {name for name, evaluation in evaluations(result).items() if not evaluation.passed}


def errors(result: dg.ExecuteInProcessResult) -> str:
    """What the failed steps said, with all causes."""
    texts: list[str] = []
    for event in result.all_events:
        if event.event_type == DagsterEventType.STEP_FAILURE:
            error = event.step_failure_data.error
            while error is not None:
                texts.append(error.message)
                error = error.cause
    return "\n".join(texts)


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """The values of what an asset said about its materialisation."""
    (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key == AssetKey(asset)]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def changed_reasons(mappings: Mappings, marketplace: str, canonical: Sequence[str], code: str) -> Mappings:
    """The tables with other refund reason codes, under another version."""
    rows = [
        row.model_copy(update={"refund_reason_code": code}) if row.marketplace == marketplace and row.canonical_reason in canonical else row
        for row in mappings.reasons
    ]
    return mappings.model_copy(update={"reasons": rows, "version": f"{code}-{mappings.version}"[:64]})


def with_a_bug(monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    """The planning SQL goes wrong: after it decided, `damage` is in the table."""

    def damaged(ctx: StepContext, marketplace: str, day: Any) -> StepResult:
        result = map_dispositions(ctx, marketplace, day)
        with ctx.warehouse.transaction() as con:
            con.execute(damage)
        return result

    monkeypatch.setattr(translate, "map_dispositions", damaged)
