"""Past documents into the inbox under their past days: for a first installation, or a replay from an archive. Files stay where they are."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from returns_assets.rebound.dropped import Incoming, ReceivedAt, UndatedFile, channel_of, document_files, received_at
from returns_assets.rebound.identity import clean_text

BATCH_FILES = 1000
BATCH_BYTES = 32_000_000


@dataclass
class ImportReport:
    """`days`: how many new documents each day got. `refused`: one sentence for each file that was not taken."""

    documents: int = 0
    new: int = 0
    days: Counter[date] = field(default_factory=Counter[date])
    refused: list[str] = field(default_factory=list[str])


def import_directory(
    directory: Path,
    rule: ReceivedAt,
    add_many: Callable[[Sequence[Incoming]], Sequence[tuple[int, bool]]],
    *,
    now: Callable[[], datetime],
) -> ImportReport:
    """Store every document below `directory` (`<channel>/...`, or `<day>/<channel>/...` as archived).

    `add_many` commits before it returns (id, is_new) for each. Importing twice stores nothing twice. Raises NotADirectoryError.
    """
    if not directory.is_dir():
        raise NotADirectoryError(f"{directory}: no such directory; it has one folder for each channel")
    report = ImportReport()
    for batch in _batches(directory, rule, report, now()):
        for incoming, (_, is_new) in zip(batch, add_many(batch), strict=True):
            report.documents += 1
            if is_new:
                report.new += 1
                report.days[incoming.received_at.astimezone(UTC).date()] += 1
    return report


def _batches(directory: Path, rule: ReceivedAt, report: ImportReport, now: datetime) -> Iterator[list[Incoming]]:
    batch: list[Incoming] = []
    size = 0
    for path in document_files(directory):
        relative = path.relative_to(directory)
        try:
            incoming = Incoming(path.read_bytes(), channel_of(relative), clean_text(str(relative)), received_at(path, relative, rule, now))
        except (OSError, UndatedFile) as error:
            report.refused.append(str(error))
            continue
        batch.append(incoming)
        size += len(incoming.content)
        if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
