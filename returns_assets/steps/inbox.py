"""Documents into the ledger's inbox: from the drop folder, from a directory of past ones. What they say is read elsewhere."""

import time
from collections.abc import Callable, Sequence

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.inbox import NewDocument
from returns_assets.rebound.documents import why_unreadable
from returns_assets.rebound.drop_folder import DropFolder
from returns_assets.rebound.dropped import Incoming
from returns_assets.rebound.pickup import PickupReport, Rule, Unreadable, pick_up
from returns_assets.steps.context import StepContext
from returns_assets.steps.document_exceptions import SOURCE as DOCUMENTS
from returns_assets.steps.document_exceptions import unreadable_document
from returns_assets.translation.model import Mappings
from returns_assets.warehouse_files.form import read_form
from returns_assets.warehouse_files.profile import KIND as WAREHOUSE_FILE
from returns_assets.warehouse_files.profile import compile_profile

SOURCE = "returns"


def keep(ctx: StepContext) -> Callable[[Sequence[Incoming]], list[tuple[int, bool]]]:
    """Stores documents durably: the callable that pick-up and import are given."""

    def add_many(documents: Sequence[Incoming]) -> list[tuple[int, bool]]:
        return ctx.ledger.inbox.add_many([NewDocument(d.content, d.channel, d.name, d.received_at) for d in documents])

    return add_many


def unreadable(mappings: Mappings) -> Callable[[str, bytes, str], str]:
    """Why nothing of a document (channel, content, name) can be read, by what its channel carries; empty where something can."""
    profile = compile_profile(mappings.warehouse)

    def why(channel: str, content: bytes, name: str) -> str:
        if mappings.rebound.channels.get(channel) == WAREHOUSE_FILE:
            return read_form(content, profile, name).fault
        return why_unreadable(channel, content, name)

    return why


def pick_up_returns(ctx: StepContext, *, look_again_after: float = 0.0) -> PickupReport:
    """One look at RETURNS_HOME/inbox; with `look_again_after` seconds a second one, if the first left files waiting.

    Files that cannot be read, and files that cannot be opened or moved, become exceptions; the good ones go on.
    """
    folder = DropFolder.of(ctx.settings.inbox_dir)
    why = unreadable(ctx.mappings)

    def look() -> PickupReport:
        return pick_up(
            folder, Rule(folder.state), keep(ctx), now=ctx.now, on_unreadable=lambda bad: report_unreadable(ctx, bad), unreadable=why
        )

    report = look()
    if report.waiting and look_again_after > 0:
        time.sleep(look_again_after)
        report = report.then(look())
    ctx.ledger.exceptions.sync(SOURCE, {}, [file_not_taken(sentence) for sentence in report.failed], now=ctx.now())
    return report


def report_unreadable(ctx: StepContext, bad: Unreadable) -> None:
    """The exception of a document of which nothing could be read."""
    record = unreadable_document(bad.document_id, bad.day, bad.channel, bad.name, bad.fault)
    ctx.ledger.exceptions.open_one(DOCUMENTS, record, scope={"day": bad.day}, now=ctx.now())


def file_not_taken(sentence: str) -> ExceptionRecord:
    """The exception of a file that could not be opened or moved."""
    return ExceptionRecord(
        exception_class="technical",
        cause="file_not_taken",
        subject_kind="file",
        subject=sentence[:200],
        detail=sentence,
        todo="look at the file's and the folders' permissions and at the disk; the next look tries again",
    )
