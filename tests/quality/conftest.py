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
def albion(tmp_path: Path) -> Generator[World]:
    """The same for albion, whose gate is the partition."""
    with new_world(tmp_path, "albion") as made:
        made.good()
        made.map()
        yield made
