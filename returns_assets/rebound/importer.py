"""Past documents into the inbox under their past days: for a first installation, or a replay from an archive. Files stay where they are."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from returns_assets.rebound.dropped import DAY, Incoming, ReceivedAt, UndatedFile, channel_of, document_files, received_at
from returns_assets.rebound.identity import clean_text

BATCH_FILES = 1000
BATCH_BYTES = 32_000_000


@dataclass
class ImportReport:
    """`days`: how many new documents each day got. `refused`: one sentence for each file that was not taken.

    `channels`: those that have a folder, if an empty one. `strangers`: folders and files beside them, of which nothing was taken.
    """

    documents: int = 0
    new: int = 0
    days: Counter[date] = field(default_factory=Counter[date])
    refused: list[str] = field(default_factory=list[str])
    channels: set[str] = field(default_factory=set[str])
    strangers: list[str] = field(default_factory=list[str])


def import_directory(
    directory: Path,
    rule: ReceivedAt,
    add_many: Callable[[Sequence[Incoming]], Sequence[tuple[int, bool]]],
    *,
    channels: Collection[str],
    now: Callable[[], datetime],
) -> ImportReport:
    """Store every document in a folder of one of the channels below `directory` (`<channel>/...`, or `<day>/<channel>/...` as archived).

    `add_many` commits before it returns (id, is_new) for each. Importing twice stores nothing twice. Raises NotADirectoryError.
    """
    if not directory.is_dir():
        raise NotADirectoryError(f"{directory}: no such directory; it has one folder for each channel")
    report = ImportReport()
    _look_over(directory, directory, channels, report)
    for batch in _batches(directory, rule, report, now()):
        for incoming, (_, is_new) in zip(batch, add_many(batch), strict=True):
            report.documents += 1
            if is_new:
                report.new += 1
                report.days[incoming.received_at.astimezone(UTC).date()] += 1
    return report


def _look_over(folder: Path, root: Path, channels: Collection[str], report: ImportReport) -> None:
    """Which channels have a folder, and what lies beside them; a folder named by a day is looked into."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if not path.is_dir():
            report.strangers.append(str(path.relative_to(root)))
        elif DAY.fullmatch(path.name):
            _look_over(path, root, channels, report)
        elif clean_text(path.name) in channels:
            report.channels.add(clean_text(path.name))
        else:
            report.strangers.append(f"{path.relative_to(root)}/")


def _batches(directory: Path, rule: ReceivedAt, report: ImportReport, now: datetime) -> Iterator[list[Incoming]]:
    batch: list[Incoming] = []
    size = 0
    for path in document_files(directory):
        relative = path.relative_to(directory)
        channel = channel_of(relative)
        if channel not in report.channels:
            continue
        try:
            incoming = Incoming(path.read_bytes(), channel, clean_text(str(relative)), received_at(path, relative, rule, now))
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
