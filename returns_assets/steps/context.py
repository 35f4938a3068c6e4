"""What every step is given: settings, mapping tables, the stores, the APIs, a clock. Knows no Dagster."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from returns_assets.ledger.database import Ledger
from returns_assets.mirakl.budget import CallBudget, with_stock
from returns_assets.mirakl.client import MiraklClient
from returns_assets.mirakl.errors import MiraklError
from returns_assets.rebound.client import ReboundClient
from returns_assets.rebound.reading_errors import ReboundDeniedError
from returns_assets.rebound.tokens import client_credentials
from returns_assets.settings import Settings
from returns_assets.translation.load import load_mappings
from returns_assets.translation.model import CarrierRow, MappingError, Mappings, Marketplace
from returns_assets.warehouse.connection import Warehouse

P = ParamSpec("P")
T = TypeVar("T")
CALLS_FILE = "calls.sqlite"  # in the landing directory, shared with ingest_mirakl: one file, every process


def _no_rebound() -> ReboundClient:
    raise RuntimeError("this context was built without ReBound's client")


@dataclass(frozen=True)
class StepContext:
    """One run's tools. `mirakl(key)` gives the client of one marketplace, `rebound()` the account's, each made on first use."""

    settings: Settings
    mappings: Mappings
    warehouse: Warehouse
    ledger: Ledger
    mirakl: Callable[[str], MiraklClient]
    run_id: str
    actor: str
    now: Callable[[], datetime]
    rebound: Callable[[], ReboundClient] = _no_rebound

    def carriers(self, marketplace: str) -> list[CarrierRow]:
        """The marketplace's rows of carriers.csv that are in force today (UTC): how a carrier is translated now."""
        return self.mappings.carriers_of(marketplace, self.now().astimezone(UTC).date())


@dataclass(frozen=True)
class StepResult:
    """What a step wrote: the rows of its partition, and counts for people."""

    rows: int
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])


def names_marketplace(
    call: Callable[Concatenate["StepContext", str, P], T],
) -> Callable[Concatenate["StepContext", str, P], T]:
    """Decorates what asks a marketplace's Mirakl, as (ctx, marketplace, ...): a MiraklError out of it says which marketplace it was."""

    @wraps(call)
    def named(ctx: StepContext, marketplace: str, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(ctx, marketplace, *args, **kwargs)
        except MiraklError as error:
            error.marketplace = marketplace
            raise

    return named


def utc_now() -> datetime:
    """The clock of every run that is not given another one."""
    return datetime.now(UTC)


def marketplace_access(marketplace: Marketplace) -> tuple[str, str]:
    """Base URL and key of a marketplace from the variables it names; raises MappingError in one sentence if one is not set."""
    base_url = marketplace.base_url or os.environ.get(marketplace.base_url_env or "", "")
    if not base_url:
        raise MappingError(
            f"marketplace {marketplace.key}: the variable {marketplace.base_url_env} is not set; it holds the Mirakl base URL, such as https://operator.example"
        )
    key = os.environ.get(marketplace.api_key_env, "")
    if not key:
        raise MappingError(
            f"marketplace {marketplace.key}: the variable {marketplace.api_key_env} is not set; it holds the shop's Mirakl API key"
        )
    return base_url.rstrip("/"), key


def rebound_variable(block: str, name: str) -> str:
    """The value of a variable that this block of rebound.yaml names; raises ReboundDeniedError in one sentence if it is not set."""
    value = os.environ.get(name, "")
    if not value:
        raise ReboundDeniedError(
            f"rebound.yaml: {block}: the variable {name} is not set; it holds an address or a credential of ReBound's account"
        )
    return value


def rebound_client(mappings: Mappings) -> ReboundClient:
    """The account's client from the variables that rebound.yaml names. Raises MappingError without the block; ReboundDeniedError in one
    sentence if a variable is not set: whoever goes on without ReBound goes on without it."""
    api = mappings.rebound.api
    if api is None:
        raise MappingError("rebound.yaml: the block api is missing; it says where ReBound's REST API is and who may call it")

    variable = partial(rebound_variable, "api")
    form = client_credentials(variable(api.client_id_env), variable(api.client_secret_env), api.token_parameters)
    return ReboundClient(
        variable(api.base_url_env),
        variable(api.token_url_env),
        form,
        timeout=api.timeout_seconds,
        requests_per_second=api.requests_per_second,
        concurrency=api.concurrency,
    )


@contextmanager
def open_context(
    settings: Settings,
    *,
    run_id: str,
    actor: str,
    now: Callable[[], datetime] = utc_now,
    mappings: Mappings | None = None,
) -> Generator[StepContext]:
    """Open the stores, remember the mapping version, and close everything at the end."""
    loaded = mappings or load_mappings(settings.mappings)
    ledger = Ledger.open(settings.resolved_ledger_url)
    clients: dict[str, MiraklClient] = {}
    accounts: list[ReboundClient] = []

    def client(key: str) -> MiraklClient:
        if key not in clients:
            marketplace = loaded.marketplace(key)
            base_url, api_key = marketplace_access(marketplace)
            clients[key] = MiraklClient(
                base_url,
                api_key,
                marketplace.shop_id,
                timeout=marketplace.calls.timeout_seconds,
                concurrency=marketplace.calls.concurrency,
                budget=CallBudget(
                    settings.landing_dir / CALLS_FILE,
                    key,
                    ceilings=with_stock(marketplace.stock.file_seconds, marketplace.stock.status_seconds),
                    clock=now,
                ),
            )
        return clients[key]

    def rebound() -> ReboundClient:
        if not accounts:
            accounts.append(rebound_client(loaded))
        return accounts[0]

    try:
        ledger.mapping_versions.store(loaded.version, loaded.content)
        yield StepContext(settings, loaded, Warehouse(settings.resolved_warehouse_url), ledger, client, run_id, actor, now, rebound)
    finally:
        for opened in (*clients.values(), *accounts):
            opened.close()
        ledger.close()
