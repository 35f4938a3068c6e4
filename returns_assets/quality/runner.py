"""Runs a suite: Great Expectations on pandas slices, one validator a slice. The only module that imports Great Expectations, and only
when there is a row to judge: its import costs seconds, an empty partition needs none of it.

No data context is made: a Validator on a PandasExecutionEngine needs none, writes no files and sends no usage statistics.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from returns_assets.quality.facts import Facts
from returns_assets.quality.findings import Finding, Severity
from returns_assets.quality.reading import Slices
from returns_assets.quality.suites import Expectation

if TYPE_CHECKING:
    from pandas import DataFrame

SAMPLE_ROWS = 20


def run_suite(expectations: Sequence[Expectation], slices: Slices, facts: Facts) -> list[Finding]:
    """One finding an expectation, in the given order. Never raises for a fault of data or expectation: that is what findings are for."""
    findings: dict[str, Finding] = {}
    for name in {expectation.slice for expectation in expectations}:
        here = [expectation for expectation in expectations if expectation.slice == name]
        frame = slices[name]
        if isinstance(frame, str):
            findings |= {e.name: _broken(e, facts, frame) for e in here}
        elif frame.empty:
            findings |= {e.name: _empty(e, facts, frame) for e in here}
        else:
            findings |= _judge(here, frame, facts)
    return [findings[expectation.name] for expectation in expectations]


def severity_of(expectation: Expectation, facts: Facts) -> Severity:
    """The severity in this marketplace: `gate` is critical where the marketplace's gate is the partition."""
    if expectation.severity == "gate":
        return "critical" if facts.marketplace is not None and facts.marketplace.gate == "partition" else "warning"
    return expectation.severity


def _broken(expectation: Expectation, facts: Facts, why: str) -> Finding:
    return Finding(expectation.name, severity_of(expectation, facts), passed=False, broken=why)


def _empty(expectation: Expectation, facts: Facts, frame: "DataFrame") -> Finding:
    """Nothing to judge, but a column that is missing would be missing tomorrow, too."""
    arguments = expectation.arguments(facts)
    columns = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        return _broken(expectation, facts, f"the slice {expectation.slice} has no column {', '.join(missing)}")
    return Finding(expectation.name, severity_of(expectation, facts), passed=True)


def _judge(expectations: Sequence[Expectation], frame: "DataFrame", facts: Facts) -> dict[str, Finding]:
    from great_expectations import expectations as catalogue
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.validator.validator import Validator

    class QuietValidator(Validator):
        """Without progress bars in the run's log; Great Expectations has no other switch when there is no data context."""

        def _determine_progress_bars(self) -> bool:
            return False

    engine = PandasExecutionEngine()
    engine.load_batch_data("slice", frame)
    validator = QuietValidator(execution_engine=engine)
    findings: dict[str, Finding] = {}
    for expectation in expectations:  # one at a time: each has its own columns to show
        try:
            configuration = getattr(catalogue, expectation.kind)(**expectation.arguments(facts)).configuration
            shown = [key for key in expectation.keys if key in frame.columns]
            result_format = {"result_format": "SUMMARY", "unexpected_index_column_names": shown, "partial_unexpected_count": SAMPLE_ROWS}
            (answer,) = validator.graph_validate([configuration], {"result_format": result_format})  # pyright: ignore[reportUnknownMemberType] - untyped there
            findings[expectation.name] = _finding(expectation, facts, cast("dict[str, Any]", answer.to_json_dict()), shown)
        except Exception as error:  # noqa: BLE001 - whatever it raises is a broken check, and the others must still be judged
            findings[expectation.name] = _broken(
                expectation, facts, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            )
    return findings


def _finding(expectation: Expectation, facts: Facts, answer: Mapping[str, Any], shown: Sequence[str]) -> Finding:
    raised = _raised(answer.get("exception_info") or {})
    if raised:
        return _broken(expectation, facts, raised)
    result = cast("dict[str, Any]", answer["result"])
    unlike = cast("list[dict[str, Any]]", result.get("partial_unexpected_index_list") or [])
    evaluated, unexpected = int(result["element_count"]), int(result["unexpected_count"])
    missing = int(result.get("missing_count") or 0)
    if missing:  # Great Expectations leaves NULLs out of account; a slice has none, so one means that the slice is wrong
        return _broken(expectation, facts, f"{missing} of {evaluated} rows have no value to judge")
    sample = [{key: str(row.get(key, "")) for key in shown} for row in unlike]
    percent = 100.0 * unexpected / evaluated if evaluated else 0.0
    return Finding(expectation.name, severity_of(expectation, facts), bool(answer["success"]), evaluated, unexpected, percent, sample)


def _raised(info: Mapping[str, Any]) -> str:
    """The message of what an expectation raised, from either of the two shapes that Great Expectations gives it; '' if it did not."""
    entries: list[Any] = [info] if "raised_exception" in info else list(info.values())
    for entry in (cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)):
        if entry.get("raised_exception"):
            return str(entry.get("exception_message") or "it raised without a message").splitlines()[0]
    return ""
