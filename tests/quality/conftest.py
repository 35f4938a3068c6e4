"""A decided world in which every check passes: built once a session, copied for each test, which may damage its copy."""

import shutil
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.quality.world import World, new_world

Built = Callable[[str, Path], AbstractContextManager[World]]


def _good(made: World) -> None:
    made.good()


def _completed(made: World) -> None:
    made.good()
    made.reasons(_15=True)
    made.paid_the_day_before("P20", made.order(20, quantity=1, shipping="3.00"))
    made.line("NOR-20-A", 2, quantity=1, price="5.00", shipping="2.00")
    made.event("P21", "NOR-20-A", line_ref="NOR-20-A-2", sku="S2")


KINDS: dict[str, tuple[str, Callable[[World], None]]] = {
    "nordhaus": ("nordhaus", _good), "albion": ("albion", _good), "completed": ("nordhaus", _completed),
}  # fmt: skip


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """`with built(kind, folder) as world`."""
    templates: dict[str, tuple[Path, int]] = {}

    @contextmanager
    def copy(kind: str, home: Path) -> Generator[World]:
        marketplace, make = KINDS[kind]
        if kind not in templates:
            template = tmp_path_factory.mktemp(kind)
            with new_world(template, marketplace) as made:
                make(made)
                made.map()
                templates[kind] = template, made.documents
        template, documents = templates[kind]
        shutil.copytree(template, home, dirs_exist_ok=True)
        with new_world(home, marketplace) as made:
            made.documents = documents
            yield made

    return copy


@pytest.fixture
def world(tmp_path: Path, built: Built) -> Generator[World]:
    """nordhaus (gate: rows), three pieces ready, one held."""
    with built("nordhaus", tmp_path) as made:
        yield made


@pytest.fixture
def completed(tmp_path: Path, built: Built) -> Generator[World]:
    """nordhaus, and a piece that completes an order whose first line, with shipping, was paid on the day before."""
    with built("completed", tmp_path) as made:
        yield made


@pytest.fixture
def albion(tmp_path: Path, built: Built) -> Generator[World]:
    """The same for albion, whose gate is the partition."""
    with built("albion", tmp_path) as made:
        yield made
