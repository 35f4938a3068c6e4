"""The sandbox's configuration as a YAML file: what is in it over the defaults, and every mistake as one sentence with file and line."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import yaml

from returns_assets.sandbox.config import Json, SandboxConfig, checked, default_config, marketplace_from
from returns_assets.sandbox.rebound.account import ReboundConfig

FIELDS = ("marketplaces", "rebound", "seed", "warehouse")


def load_config(path: Path | None, seed: int = 1) -> SandboxConfig:
    """`marketplaces` (a list, or a mapping by key) replaces the default set; `rebound` and `warehouse` lay over
    their defaults.

    Raises ValueError with `file:line: what is wrong`.
    """
    if path is None:
        return default_config(seed)
    data, lines = _read(path)
    for name in data:
        with _at(path, lines[(name,)]):
            if name not in FIELDS:
                raise ValueError(f"unknown field {name}; allowed: {', '.join(FIELDS)}")
    with _at(path, lines.get(("seed",), 1)):
        config = default_config(int(data.get("seed", seed)))
    if data.get("marketplaces") is not None:
        config.marketplaces = []
        for line, place in _places(path, data["marketplaces"], lines):
            with _at(path, line):
                config.marketplaces.append(marketplace_from(place))
    with _at(path, lines.get(("rebound",), 1)):
        config.rebound = ReboundConfig(**checked(ReboundConfig, _mapping(data.get("rebound") or {}, "rebound"), "rebound"))
    with _at(path, lines.get(("warehouse",), 1)):
        config.warehouse = config.warehouse.with_changes(_mapping(data.get("warehouse") or {}, "warehouse"))
    return config


def _places(path: Path, given: Any, lines: dict[tuple[str, ...], int]) -> Iterator[tuple[int, Json]]:
    """Each marketplace with its line; the key of a mapping's entry is the marketplace's."""
    with _at(path, lines["marketplaces",]):
        if not isinstance(given, dict | list):
            raise ValueError("marketplaces must be a list, or a mapping by key")
    entries = cast("dict[Any, Any]", given) if isinstance(given, dict) else dict(enumerate(cast("list[Any]", given)))
    for name, place in entries.items():
        line = lines["marketplaces", str(name)]
        with _at(path, line):
            fields = _mapping({} if place is None else place, f"marketplace {name}")
        yield line, ({"key": str(name)} | fields if isinstance(given, dict) else fields)


def _mapping(value: Any, name: str) -> Json:
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be a mapping of fields, not {value!r}")
    return {str(key): entry for key, entry in cast("dict[Any, Any]", value).items()}


def _read(path: Path) -> tuple[Json, dict[tuple[str, ...], int]]:
    """The document, and the line of each key of its first two levels."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
        raw: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        raise ValueError(f"{path}:{line}: not valid YAML: {getattr(error, 'problem', None) or error}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}:1: not UTF-8 text ({error.reason} at byte {error.start})") from None
    with _at(path, 1):
        data = _mapping({} if raw is None else raw, "the file")
    lines: dict[tuple[str, ...], int] = {}
    for key, value in node.value if node is not None else ():
        lines[(str(key.value),)] = key.start_mark.line + 1
        entries = value.value if isinstance(value, yaml.CollectionNode) else ()
        for index, entry in enumerate(entries):
            inner, name = (entry[0], str(entry[0].value)) if isinstance(value, yaml.MappingNode) else (entry, str(index))
            lines[str(key.value), name] = inner.start_mark.line + 1
    return data, lines


@contextmanager
def _at(path: Path, line: int) -> Generator[None]:
    """What is wrong in the block is said with its place."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}:{line}: {error}") from error
