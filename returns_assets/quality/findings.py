"""What a check found: the result type, and how it is shown to people. No Great Expectations, no Dagster."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class Finding:
    """One expectation's verdict on one slice.

    `evaluated` and `unexpected` count rows of the slice, `percent` is unexpected of evaluated (0 when nothing was evaluated);
    `sample` holds the keys and values of the first unexpected rows. `broken` says why the expectation could not be judged at all:
    that is a fault of the check, not of the data.
    """

    name: str
    severity: Severity
    passed: bool
    evaluated: int = 0
    unexpected: int = 0
    percent: float = 0.0
    sample: Sequence[dict[str, str]] = field(default_factory=list[dict[str, str]])
    broken: str = ""

    @property
    def stops(self) -> bool:
        """Whether this verdict closes the gate: a critical expectation that failed or could not be judged."""
        return self.severity == "critical" and not self.passed

    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.broken:
            return f"broken check, says nothing about the data: {self.broken}"
        if self.passed:
            return f"all {self.evaluated} rows as expected" if self.evaluated else "nothing to judge"
        return f"{self.unexpected} of {self.evaluated} rows ({self.percent:.1f} %) are not as expected"

    def summary(self) -> dict[str, Any]:
        """What the ledger keeps of the verdict: no row values."""
        counts: dict[str, Any] = {
            "passed": self.passed,
            "severity": self.severity,
            "evaluated": self.evaluated,
            "unexpected": self.unexpected,
        }
        return {**counts, "broken": self.broken} if self.broken else counts


def markdown_table(rows: Sequence[dict[str, str]]) -> str:
    """Rows with the same keys as a Markdown table; bars and line breaks in values cannot break it."""
    if not rows:
        return "none"
    columns = list(rows[0])
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_cell(row.get(column, "")) for column in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: str) -> str:
    return value.replace("|", "\\|").replace("\n", " ").replace("`", "'")
