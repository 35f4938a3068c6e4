"""What an expectation is, and the few kinds of them that the tables of expectations use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from returns_assets.quality.facts import Facts
from returns_assets.translation.vocabulary import ExceptionClass

SQL_BUG = "nothing was sent: the planning and this check disagree, report it with the sample; no data needs repair"


@dataclass(frozen=True)
class Expectation:
    """One line of the table. `kind` is Great Expectations' class name; `keys` are the columns shown of unexpected rows.

    severity: critical (ERROR, blocks), warning (WARN) or gate (what the marketplace's `gate` says: rows = WARN, partition = ERROR).
    """

    asset: str
    name: str
    severity: Literal["critical", "warning", "gate"]
    slice: str
    kind: str
    arguments: Callable[[Facts], Mapping[str, Any]]
    keys: Sequence[str]
    says: str
    exception_class: ExceptionClass
    todo: str

    @property
    def blocking(self) -> bool:
        return self.severity == "critical"


def in_set(column: str, values: Callable[[Facts], Sequence[Any]]) -> tuple[str, Callable[[Facts], Mapping[str, Any]]]:
    return "ExpectColumnValuesToBeInSet", lambda facts: {"column": column, "value_set": list(values(facts))}


def equal(column: str, other: str) -> tuple[str, Callable[[Facts], Mapping[str, Any]]]:
    return "ExpectColumnPairValuesToBeEqual", lambda _: {"column_A": column, "column_B": other}


def at_most(column: str, limit: str) -> tuple[str, Callable[[Facts], Mapping[str, Any]]]:
    return "ExpectColumnPairValuesAToBeGreaterThanB", lambda _: {"column_A": limit, "column_B": column, "or_equal": True}


def at_least(column: str, minimum: int) -> tuple[str, Callable[[Facts], Mapping[str, Any]]]:
    return "ExpectColumnValuesToBeBetween", lambda _: {"column": column, "min_value": minimum}


def unique(column: str) -> tuple[str, Callable[[Facts], Mapping[str, Any]]]:
    return "ExpectColumnValuesToBeUnique", lambda _: {"column": column}
