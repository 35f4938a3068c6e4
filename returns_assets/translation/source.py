"""Reading YAML and CSV so that an error can name its line. What the values mean is not known here."""

import csv
import io
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from returns_assets.translation.model import MappingError

# libyaml's parser where PyYAML was built with it: every run of every process reads the tables, and it is ten times faster.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Lines = dict[tuple[str, ...], int]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MappingError(f"{path}: the file is missing") from None
    except UnicodeDecodeError as error:
        raise MappingError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None


def read_yaml(path: Path) -> tuple[dict[str, Any], Lines]:
    """The document as a dict, and the line of every key path."""
    text = _text(path)
    try:
        loader = LOADER(text)
        node: Any = loader.get_single_node()
        value: Any = None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise MappingError(f"{path}:{line}: not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(value, dict) or node is None:
        raise MappingError(f"{path}:1: must be a mapping of fields")
    lines: Lines = {}
    _collect(path, node, (), lines)
    return value, lines  # pyright: ignore[reportUnknownVariableType]


def _collect(path: Path, node: Any, at: tuple[str, ...], lines: Lines) -> None:
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            here = (*at, str(key.value))
            if here in lines:
                raise MappingError(f"{path}:{key.start_mark.line + 1}: {key.value!r} is given twice; the first is in line {lines[here]}")
            _collect(path, child, here, lines)
            lines[here] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _collect(path, child, (*at, str(index)), lines)


def read_csv(path: Path, columns: list[str]) -> list[tuple[int, dict[str, Any]]]:
    """(line, row) for every row; empty cells are left out, '#' lines and blank lines are skipped. The header must be exactly `columns`."""
    reader = csv.reader(io.StringIO(_text(path)))
    header = next(reader, None)
    if header is None or [name.strip() for name in header] != columns:
        raise MappingError(f"{path}:1: the header must be: {','.join(columns)}")
    rows: list[tuple[int, dict[str, Any]]] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
            continue
        if len(cells) != len(columns):
            raise MappingError(f"{path}:{reader.line_num}: {len(cells)} cells; the header has {len(columns)}: {','.join(columns)}")
        rows.append((reader.line_num, {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if cell.strip()}))
    return rows


def describe(path: Path, error: ValidationError, lines: Lines, prefix: tuple[str, ...]) -> list[str]:
    """One sentence for each fault pydantic found, with the line of the deepest key that the file has."""
    sentences: list[str] = []
    for fault in error.errors(include_url=False):
        location = tuple(str(part) for part in fault["loc"] if part != "[key]")
        at = (*prefix, *location)
        line = next((lines[at[:n]] for n in range(len(at), -1, -1) if at[:n] in lines), 1)
        given = fault.get("input")
        secret = bool(location) and location[-1].endswith(("_env", "key", "secret"))  # it may be the secret itself
        shown = f"; given: {given!r}" if isinstance(given, str | int | float | bool) and not secret else ""
        field = ".".join(at) if at else "row"
        sentences.append(f"{path}:{line}: {field}: {fault['msg'].removeprefix('Value error, ')}{shown}")
    return sentences
