"""The server tests: `sandbox` is a process of the test's own, `shop` a marketplace of its own on a process that a module shares."""

from collections.abc import Generator

import pytest

from returns_assets.sandbox.rebound.account import ReboundConfig
from tests.sandbox.rebound_account import Account
from tests.sandbox.returns import ON
from tests.sandbox.shop import Shop, open_shop
from tests.sandbox_fixture import Sandbox, order, running_sandbox, sandbox

__all__ = ["sandbox"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    """Shared by a module's tests; its clock stands at 2025-03-10 12:00 UTC."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), clock="2025-03-10T12:00:00Z") as started:
        yield started


@pytest.fixture
def account(server: Sandbox) -> Generator[Account]:
    """ReBound on the shared server, with the account's defaults before and after."""
    opened = Account(server)
    yield opened
    opened.rest.close()
    server.delete("faults")
    defaults = ReboundConfig().public()
    server.post("rebound", **defaults, revoke_tokens=True)


@pytest.fixture
def shop(server: Sandbox) -> Generator[Shop]:
    """EUR, TAX_INCLUDED, the standard reasons."""
    with open_shop(server) as opened:
        yield opened


@pytest.fixture
def net_shop(server: Sandbox) -> Generator[Shop]:
    """USD, TAX_EXCLUDED: one tax that Mirakl computes (STATE), one that the caller must name (COUNTY)."""
    taxes = [
        {"code": "STATE", "label": "State", "tax_calculation_rule": "PROPORTIONAL_TO_AMOUNT"},
        {"code": "COUNTY", "label": "County", "tax_calculation_rule": "NONE"},
    ]
    with open_shop(server, currency="USD", order_tax_mode="TAX_EXCLUDED", taxes=taxes) as opened:
        yield opened


@pytest.fixture
def returns_shop(server: Sandbox) -> Generator[Shop]:
    """Returns on, waiting for acceptance; one RECEIVED order O1-A of two lines: three units at 30.00, one at 5.00."""
    with open_shop(server, features=ON) as opened:
        opened.put(order("O1-A", {"price": "30.00", "quantity": 3}, {"price": "5.00"}))
        yield opened
