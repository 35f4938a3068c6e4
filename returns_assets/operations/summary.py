"""The one page about a range of days: documents, pieces, refunds and money by marketplace, and what waits for whom."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib.resources import files

from returns_assets.ledger.records import Total
from returns_assets.operations.console import money, shortened, table
from returns_assets.steps.context import StepContext

FOREVER = (date.min, date.max)
LOOK_AT = 3  # causes whose command is shown, the most frequent first
REFUND = "refund"
FAILED_CHECK = "check_failed"  # one a check and partition: shown as checks, not as a cause of its own


@dataclass(frozen=True)
class MarketplaceRow:
    """One marketplace: pieces by outcome from the warehouse, refunds and money from the ledger (the books that must be right)."""

    marketplace: str
    currency: str
    documents: int
    pieces: int
    outcomes: dict[str, int]
    refunds: int
    amount: Decimal
    shipping: Decimal
    waiting: dict[str, int]  # refunds that are not confirmed, by state

    @property
    def unconfirmed(self) -> int:
        return sum(self.waiting.values())


@dataclass(frozen=True)
class QueueRow:
    """Open exceptions, or holds, of one cause: how many in each marketplace ('-' for none), and what clears them."""

    kind: str
    cause: str
    todo: str
    counts: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class ChangeRow:
    """One kind of change beside the refunds: by marketplace how many are made, and how many are not."""

    kind: str
    made: dict[str, int] = field(default_factory=dict[str, int])
    waiting: dict[str, int] = field(default_factory=dict[str, int])

    def cell(self, marketplace: str) -> str | None:
        """Such as `12` or `12, 2 not yet`."""
        made, waiting = self.made.get(marketplace, 0), self.waiting.get(marketplace, 0)
        return f"{made}, {waiting} not yet" if waiting else str(made) if made else None


@dataclass(frozen=True)
class FailedCheck:
    """A check of a partition that fails now; `detail` says on how many rows."""

    subject: str
    detail: str


@dataclass(frozen=True)
class Summary:
    """`first_day` and `last_day` are None for everything."""

    first_day: date | None
    last_day: date | None
    documents: int
    rows: list[MarketplaceRow]
    exceptions: list[QueueRow]
    holds: list[QueueRow]
    changes: list[ChangeRow]
    checks: list[FailedCheck]


def collect(ctx: StepContext, first_day: date | None = None, last_day: date | None = None) -> Summary:
    """Read the warehouse and the ledger; days inclusive."""
    days = (first_day or FOREVER[0], last_day or FOREVER[1])
    with ctx.warehouse.read() as con:
        outcome_rows = con.execute(_sql("summary_outcomes"), days).fetchall()
        document_rows = con.execute(_sql("summary_documents"), days).fetchall()
        hold_rows = con.execute(_sql("summary_holds"), days).fetchall()
    outcomes: dict[str, dict[str, int]] = defaultdict(dict)
    for marketplace, outcome, pieces in outcome_rows:
        outcomes[marketplace][outcome] = int(pieces)
    documents = {marketplace: int(number) for marketplace, number in document_rows}
    effects = ctx.ledger.effects.totals(first_day=first_day, last_day=last_day)
    totals = [total for total in effects if total.kind == REFUND]
    return Summary(
        first_day,
        last_day,
        sum(number for day, number in ctx.ledger.inbox.days() if days[0] <= day <= days[1]),
        [_row(ctx, key, documents, outcomes[key], [t for t in totals if t.marketplace == key]) for key in _keys(ctx, outcomes, totals)],
        _exceptions(ctx, first_day, last_day),
        _holds(hold_rows),
        _changes(effects),
        _checks(ctx, *days),
    )


def _keys(ctx: StepContext, outcomes: dict[str, dict[str, int]], totals: list[Total]) -> list[str]:
    """Configured marketplaces first, then those that were removed from the tables but have a past."""
    past = {*outcomes, *(total.marketplace for total in totals)} - set(ctx.mappings.marketplaces)
    return [*ctx.mappings.marketplaces, *sorted(past)]


def _row(ctx: StepContext, key: str, documents: dict[str, int], outcomes: dict[str, int], totals: list[Total]) -> MarketplaceRow:
    confirmed = [total for total in totals if total.state == "confirmed"]
    waiting: dict[str, int] = {}
    for total in totals:
        if total.state not in ("confirmed", "withdrawn"):
            waiting[total.state] = waiting.get(total.state, 0) + total.effects
    known = ctx.mappings.marketplaces.get(key)
    return MarketplaceRow(
        key,
        known.currency if known else next((total.currency for total in totals), ""),
        documents.get(key, 0),
        sum(outcomes.values()),
        outcomes,
        sum(total.effects for total in confirmed),
        sum((total.amount for total in confirmed), Decimal(0)),
        sum((total.shipping_amount for total in confirmed), Decimal(0)),
        waiting,
    )


def _exceptions(ctx: StepContext, first_day: date | None, last_day: date | None) -> list[QueueRow]:
    rows: dict[tuple[str, str], QueueRow] = {}
    for count in ctx.ledger.exceptions.counts(first_day=first_day, last_day=last_day):
        if count.cause == FAILED_CHECK:
            continue
        key = (count.exception_class, count.cause)
        if key not in rows:
            sample = ctx.ledger.exceptions.list(exception_class=count.exception_class, cause=count.cause, limit=1)
            rows[key] = QueueRow(*key, sample[0].todo if sample else "")
        rows[key].counts[count.marketplace or "-"] = count.count
    return sorted(rows.values(), key=lambda row: (-row.total, row.cause))


def _holds(found: list[tuple[str, str, int, str]]) -> list[QueueRow]:
    rows: dict[str, QueueRow] = {}
    for marketplace, cause, count, waits_for in found:
        rows.setdefault(cause, QueueRow("hold", cause, waits_for)).counts[marketplace] = int(count)
    return sorted(rows.values(), key=lambda row: (-row.total, row.cause))


def _changes(totals: list[Total]) -> list[ChangeRow]:
    rows: dict[str, ChangeRow] = {}
    for total in totals:
        if total.kind == REFUND or total.state == "withdrawn":
            continue
        row = rows.setdefault(total.kind, ChangeRow(total.kind))
        counted = row.made if total.state == "confirmed" else row.waiting
        counted[total.marketplace] = counted.get(total.marketplace, 0) + total.effects
    return sorted(rows.values(), key=lambda row: row.kind)


def _checks(ctx: StepContext, first_day: date, last_day: date) -> list[FailedCheck]:
    found = ctx.ledger.exceptions.list(cause=FAILED_CHECK)
    chosen = [e for e in found if e.day is None or first_day <= e.day <= last_day]
    return [FailedCheck(e.subject, e.detail) for e in sorted(chosen, key=lambda e: e.subject)]


def _sql(name: str) -> str:
    return files("returns_assets.operations").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def render(summary: Summary, program: str) -> str:
    """The page as text. `program`: how the command line is called, for the commands at its end."""
    keys = [row.marketplace for row in summary.rows]
    parts = [f"{summary.documents} documents received{_range(summary)}", "", _marketplaces(summary)]
    if summary.changes:
        shown = [(row.kind, *(row.cell(key) for key in keys)) for row in summary.changes]
        parts += ["", "Other changes made elsewhere", table(["kind", *keys], shown, right=keys)]
    parts += [
        "",
        "Exceptions: a person or time must clear them",
        _queue(summary.exceptions, ["-", *keys]),
    ]
    if summary.holds:
        parts += ["", "Holds: decided so by the policy, they wait", _queue(summary.holds, keys, "waits for")]
    if summary.checks:
        shown = [(check.subject, shortened(check.detail, 110)) for check in summary.checks]
        parts += ["", "Checks that fail now", table(["dataset/partition/check", "what was found"], shown)]
    if commands := _next(summary):
        parts += ["", "What to look at next", *(f"  {program} {command}" for command in commands)]
    return "\n".join(parts)


def _next(summary: Summary) -> list[str]:
    """The commands that show what waits for somebody, ready to be copied."""
    causes = [row.cause for row in summary.exceptions[:LOOK_AT]] + ([FAILED_CHECK] if summary.checks else [])
    states = sorted({state for row in summary.rows for state in row.waiting})
    return [*(f"exceptions list --cause {cause}" for cause in causes), *(f"effects list --state {state}" for state in states)]


def _range(summary: Summary) -> str:
    if summary.first_day and summary.last_day:
        return f", {summary.first_day} to {summary.last_day}"
    if summary.first_day:
        return f" since {summary.first_day}"
    return f" until {summary.last_day}" if summary.last_day else ""


def _marketplaces(summary: Summary) -> str:
    headers = ["marketplace", "documents", "pieces", "to refund", "no refund", "hold", "exception", "refunds", "refunded", "not confirmed"]
    rows = [
        (
            row.marketplace,
            row.documents,
            row.pieces,
            *(row.outcomes.get(outcome, 0) for outcome in ("refund", "no_refund", "hold", "exception")),
            row.refunds,
            money(row.amount + row.shipping, row.currency),
            row.unconfirmed,
        )
        for row in summary.rows
    ]
    return table(headers, rows, right=headers[1:])


def _queue(rows: list[QueueRow], keys: list[str], last: str = "what to do") -> str:
    if not rows:
        return "none"
    used = [key for key in keys if any(key in row.counts for row in rows)]
    shown = [(row.kind, row.cause, *(row.counts.get(key) for key in used), shortened(row.todo, 90)) for row in rows]
    return table(["class", "cause", *used, last], shown, right=used)
