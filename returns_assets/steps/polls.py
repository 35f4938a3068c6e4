"""What ReBound accounts without push have to say, polled into the same inbox. What the documents say is read elsewhere.

A poll that fails stops nothing else: what it took in is kept, the failure is an exception, and the next poll goes on where it stood.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.ledger.inbox import NewDocument
from returns_assets.ledger.poll_positions import PollPosition
from returns_assets.rebound.legacy_poll import LegacyPoll
from returns_assets.rebound.reading import Reader, Wait
from returns_assets.rebound.reading_errors import CursorExpired, ReboundDeniedError, ReboundPermanentError, ReboundReadError
from returns_assets.rebound.rest_poll import PolledDocument, RestPoll
from returns_assets.rebound.tokens import TokenSource, client_credentials
from returns_assets.steps.context import StepContext, rebound_variable
from returns_assets.translation.model import MappingError
from returns_assets.translation.rebound_ways import LegacyPoll as LegacyConfig
from returns_assets.translation.rebound_ways import Pace
from returns_assets.translation.rebound_ways import RestPoll as RestConfig

SOURCE = "rebound_polls"
RunPoll = Callable[[StepContext, Reader, Any, PollPosition, "PollReport"], PollPosition]
KEPT_AT_ONCE = 100
_variable = partial(rebound_variable, "poll")
NOT_READ = "return_not_read"
TODO = {
    "poll_denied": "ask ReBound for valid credentials and set the variables that rebound.yaml names; then `returns poll`",
    "poll_failed": "nothing is lost, the next poll tries again; if it stays, compare the poll block of rebound.yaml with ReBound",
    NOT_READ: "ask ReBound why this return cannot be read; closed once a poll reads it. Beyond look_back_days none tries again",
}


@dataclass
class PollReport:
    """One poll's run. `taken` documents of which `new` were not known; `state`: done, not due, failed. `read`: ids of the legacy returns
    that were asked for and could be read."""

    poll: str
    state: str = "done"
    taken: int = 0
    new: int = 0
    skipped: int = 0
    restarted: bool = False
    days: set[date] = field(default_factory=set[date])
    read: set[str] = field(default_factory=set[str])
    failed: list[ExceptionRecord] = field(default_factory=list[ExceptionRecord])

    def counts(self) -> dict[str, Any]:
        """For logs and metadata."""
        failed = [record.detail for record in self.failed]
        return {"state": self.state, "taken": self.taken, "new": self.new, "skipped": self.skipped, "failed": failed}


def poll_rebound(ctx: StepContext, *, even_if_recent: bool = False, wait: Wait = time.sleep) -> list[PollReport]:
    """Every poll that `profile` in rebound.yaml names, none for an account that pushes.

    A poll that came to its end less than its `interval_seconds` ago is not due, unless `even_if_recent`. `wait` paces calls. A variable
    that is not set fails its own poll.
    """
    account = ctx.mappings.rebound
    reports: list[PollReport] = []

    def run(name: str, config: Pace, poll: RunPoll) -> None:
        with closing(Reader(config.timeout_seconds, config.requests_per_second, wait)) as reader:
            reports.append(_run(ctx, PollReport(name), config, partial(poll, ctx, reader, config), even_if_recent))

    if "g3_rest_poll" in account.profile and account.poll.g3_rest_poll:
        run("g3_rest_poll", account.poll.g3_rest_poll, _rest)
    if "g1_legacy_poll" in account.profile and account.poll.g1_legacy_poll:
        run("g1_legacy_poll", account.poll.g1_legacy_poll, _legacy)
    return reports


def _run(
    ctx: StepContext, report: PollReport, config: Pace, poll: Callable[[PollPosition, PollReport], PollPosition], even_if_recent: bool
) -> PollReport:
    name, position = report.poll, ctx.ledger.poll_positions.get(report.poll)
    due_at = position.finished_at and position.finished_at + timedelta(seconds=config.interval_seconds)
    if due_at is not None and ctx.now() < due_at and not even_if_recent:
        report.state = "not due"
        return report
    try:
        finished = poll(position, report)
        ctx.ledger.poll_positions.put(name, replace(finished, finished_at=ctx.now()))
    except ReboundReadError as error:
        report.state = "failed"
        cause = "poll_denied" if isinstance(error, ReboundDeniedError) else "poll_failed"
        report.failed.append(_record(cause, "poll", name, f"{name}: {error}"))
    ctx.ledger.exceptions.sync(SOURCE, {"poll": name}, [*_still_unread(ctx, report), *report.failed], now=ctx.now())
    return report


def _still_unread(ctx: StepContext, report: PollReport) -> list[ExceptionRecord]:
    """Returns that an earlier poll could not read, and no poll since did: out of the look-back they stay a person's."""
    found = ctx.ledger.exceptions.list(source=SOURCE, cause=NOT_READ)
    return [
        _record(NOT_READ, "return", each.subject, each.detail)
        for each in found
        if each.scope == {"poll": report.poll} and each.subject not in report.read
    ]


def _record(cause: str, kind: str, subject: str, detail: str) -> ExceptionRecord:
    return ExceptionRecord(exception_class="technical", cause=cause, subject_kind=kind, subject=subject, detail=detail, todo=TODO[cause])


def _keep(ctx: StepContext, documents: Sequence[PolledDocument], report: PollReport) -> None:
    now = ctx.now()
    stored = ctx.ledger.inbox.add_many([NewDocument(d.content, d.channel, d.name, now) for d in documents])
    report.taken += len(stored)
    report.new += sum(is_new for _, is_new in stored)
    if any(is_new for _, is_new in stored):
        report.days.add(now.date())


def _rest(ctx: StepContext, reader: Reader, config: RestConfig, position: PollPosition, report: PollReport) -> PollPosition:
    """Page by page; each page's documents are stored before its cursor is. A cursor that is too old: again from the watermark."""
    form = client_credentials(_variable(config.client_id_env), _variable(config.client_secret_env), config.token_parameters)
    base_url, token_url = _variable(config.base_url_env), _variable(config.token_url_env)
    poll = RestPoll(reader, base_url, TokenSource(reader, token_url, form), config)
    since = position.watermark or ctx.now() - timedelta(days=config.look_back_days)
    while True:
        try:
            page = poll.page(position.cursor, since)
        except CursorExpired:
            if position.cursor is None:
                raise
            report.restarted, position = True, replace(position, cursor=None)
            since = position.watermark or since
            continue
        _keep(ctx, page.documents, report)
        report.skipped += page.skipped
        if page.more and page.cursor in (None, position.cursor):
            raise ReboundPermanentError("CHANGES: there is more, but the cursor does not move")
        position = replace(position, cursor=page.cursor or position.cursor, watermark=page.watermark or position.watermark)
        ctx.ledger.poll_positions.put(report.poll, position)
        if not page.more:
            return position


def _legacy(ctx: StepContext, reader: Reader, config: LegacyConfig, position: PollPosition, report: PollReport) -> PollPosition:
    """Searches from the look-back before the last complete poll to today; a return that cannot be read does not stop the others."""
    login = {"login": _variable(config.login_env), "api_key": _variable(config.api_key_env)}
    base_url, reading = _variable(config.base_url_env), ctx.mappings.rebound.legacy
    if reading is None:
        raise MappingError("rebound.yaml: g1_legacy_poll needs the block legacy")
    today = ctx.now().date()
    complete = date.fromisoformat(position.watermark) if position.watermark else today
    poll = LegacyPoll(reader, base_url, login, reading.strptime, config)
    first, last = min(complete, today) - timedelta(days=config.look_back_days), today + timedelta(days=1)  # its day may be ahead of ours
    wanted = dict.fromkeys(each for window in poll.ids(first, last) for each in window)
    batch: list[PolledDocument] = []
    try:
        for document in _returns(poll, list(wanted), report):
            batch.append(document)
            if len(batch) == KEPT_AT_ONCE:
                _keep(ctx, batch, report)
                batch = []
    finally:
        _keep(ctx, batch, report)
    return PollPosition(watermark=today.isoformat())


def _returns(poll: LegacyPoll, ids: Sequence[str], report: PollReport) -> Iterator[PolledDocument]:
    for return_id in ids:
        try:
            document = poll.get(return_id)
        except ReboundDeniedError:
            raise
        except ReboundPermanentError as error:
            report.failed.append(_record(NOT_READ, "return", return_id, str(error)))
            continue
        report.read.add(return_id)
        if document is not None:
            yield document
