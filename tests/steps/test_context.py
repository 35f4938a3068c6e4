"""What a context gives its steps: clients that keep to the marketplace's call budget."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from returns_assets.mirakl import budget
from returns_assets.mirakl.errors import MiraklError
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, names_marketplace, open_context
from tests.rebound.payloads import MAPPINGS

NOW = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)


def test_a_client_takes_its_slots_from_the_file_that_all_processes_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    marketplace = MAPPINGS.marketplace("nordhaus")
    closed = marketplace.model_copy(update={"base_url": "http://127.0.0.1:9"})
    mappings = MAPPINGS.model_copy(update={"marketplaces": {**MAPPINGS.marketplaces, "nordhaus": closed}})
    monkeypatch.setenv(marketplace.api_key_env, "key")
    monkeypatch.setitem(budget.CEILINGS, "V01", budget.Ceiling(gap=1.0))  # pyright: ignore[reportArgumentType]
    settings = Settings(home=tmp_path)
    with open_context(settings, run_id="run", actor="test", now=lambda: NOW, mappings=mappings) as ctx:
        client = ctx.mirakl("nordhaus")
        # Any refusal will do: the slot is taken before the call.
        monkeypatch.setattr(client._http, "_transport", httpx.MockTransport(lambda request: httpx.Response(403)))
        with pytest.raises(MiraklError):
            client.version()
    with sqlite3.connect(settings.landing_dir / "calls.sqlite") as con:
        assert con.execute("SELECT scope, name, at FROM calls").fetchall() == [("nordhaus", "slot V01", NOW.timestamp())]


def test_an_error_names_the_marketplace_whose_mirakl_it_was():
    @names_marketplace
    def ask(_ctx: StepContext, _marketplace: str) -> None:
        raise MiraklError("RE01: HTTP 503")

    with pytest.raises(MiraklError, match=r"^Mirakl \(albion\): RE01: HTTP 503$"):
        ask(None, "albion")  # pyright: ignore[reportArgumentType]
