"""A decided world in which every check passes."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.quality.world import World, new_world


@pytest.fixture
def world(tmp_path: Path) -> Generator[World]:
    """nordhaus (gate: rows), three pieces ready, one held."""
    with new_world(tmp_path) as made:
        made.good()
        made.map()
        yield made


@pytest.fixture
def completed(tmp_path: Path) -> Generator[World]:
    """nordhaus, and a piece that completes an order whose first line, with shipping, was paid on the day before."""
    with new_world(tmp_path) as made:
        made.good()
        made.reasons(_15=True)
        made.paid_the_day_before("P20", made.order(20, quantity=1, shipping="3.00"))
        made.line("NOR-20-A", 2, quantity=1, price="5.00", shipping="2.00")
        made.event("P21", "NOR-20-A", line_ref="NOR-20-A-2", sku="S2")
        made.map()
        yield made


@pytest.fixture
def albion(tmp_path: Path) -> Generator[World]:
    """The same for albion, whose gate is the partition."""
    with new_world(tmp_path, "albion") as made:
        made.good()
        made.map()
        yield made
