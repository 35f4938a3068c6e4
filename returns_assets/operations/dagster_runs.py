"""Runs the code location's jobs in this process, into the same history that the UI shows: Dagster's start is paid once, not once a run.

Beside it only the demo's history imports Dagster.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from dagster import AssetCheckSeverity, DagsterEvent, DagsterInstance, Definitions, ExecuteInProcessResult

from returns_assets.build import build_definitions
from returns_assets.operations.dagster_home import prepare_dagster_home
from returns_assets.partitions import partition_key
from returns_assets.settings import Settings

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunReport:
    """How one run ended. `blocked_by`: blocking checks that failed; `warnings`: other checks that failed, as (name, sentence)."""

    run_id: str
    success: bool
    blocked_by: tuple[str, ...]
    warnings: tuple[str, ...]
    failure: str


class Runner:
    """Jobs of one code location on one instance; as many runs as wanted."""

    def __init__(self, definitions: Definitions, instance: DagsterInstance) -> None:
        self._definitions = definitions
        self._instance = instance

    def ingest(self, day: date) -> RunReport:
        """The job ingest_returns: the day's documents to return events."""
        return self._run("ingest_returns", partition_key(day))

    def process(self, day: date, marketplace: str, job: str = "process_returns") -> RunReport:
        """A flow's job for one partition; the main job unless another is named."""
        return self._run(job, partition_key(day, marketplace))

    def publish(self) -> RunReport:
        """The read-only copy."""
        return self._run("publish", None)

    def _run(self, job: str, key: str | None) -> RunReport:
        result = self._definitions.resolve_job_def(job).execute_in_process(
            instance=self._instance, partition_key=key, run_config=QUIET, raise_on_error=False, tags={"user": "command line"}
        )
        return report(result)


def report(result: ExecuteInProcessResult) -> RunReport:
    """What a person wants to know of a run."""
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    blocking = tuple(check.check_name for check in failed if check.blocking and check.severity == AssetCheckSeverity.ERROR)
    others = tuple(check.check_name for check in failed if check.check_name not in blocking)
    return RunReport(result.run_id, result.success, blocking, others, "" if result.success else _failure(result))


def _failure(result: ExecuteInProcessResult) -> str:
    """The innermost message of the first step that failed; an error of our own says all in its text, without its class."""
    events: Sequence[DagsterEvent] = result.filter_events(lambda event: event.is_step_failure)
    error = events[0].step_failure_data.error if events else None
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return "the run failed outside its steps"
    kind, _, text = error.message.strip().partition(": ")
    return text if text and kind.startswith("returns_assets.") else error.message.strip()


@contextmanager
def runner(settings: Settings) -> Generator[Runner]:
    """Load the code location once, on the instance of DAGSTER_HOME."""
    prepare_dagster_home(settings)
    with DagsterInstance.get() as instance:
        yield Runner(build_definitions(settings=settings), instance)
