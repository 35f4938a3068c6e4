"""The gate: judges a partition, keeps the verdict in the ledger, and brings the exception queue up to date. Knows no Dagster.

A verdict counts for exactly the rows it saw: it carries the partition's content hash, which whoever acts on it compares.
"""

import json
import warnings
from collections.abc import Sequence
from datetime import date
from typing import Any

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.quality.dispatch_suite import NOTICES
from returns_assets.quality.facts import Facts, read_facts
from returns_assets.quality.findings import Finding
from returns_assets.quality.reading import read_slices
from returns_assets.quality.runner import run_suite
from returns_assets.quality.suites import GATED, MAPPED, PARTITION_GATE, RETURNS, WAREHOUSE, Expectation, suite
from returns_assets.steps.context import StepContext
from returns_assets.steps.ingest_warehouse import files_of
from returns_assets.warehouse.partitions import slice_hash

SOURCE = "checks"
OPEN = ("claimed", "unknown", "held")
MOST_OPEN = 100_000  # of one state and marketplace; far more than a push ever has open
EXCEPTION_PIECES = "SELECT piece_id FROM mapped_dispositions WHERE marketplace = ? AND day = ? AND outcome = 'exception'"
GATE_TODO = "clear the rows that codes_validate and states_validate show, or set `gate: rows` in marketplaces.yaml"


def validate_partition(ctx: StepContext, marketplace: str, day: date) -> list[Finding]:
    """Judge one partition of a dataset that is acted on and record the verdict: passed when no critical check failed or broke.

    Registration and push act only on the latest verdict, if it passed, for the same rows and the same mapping version.
    """
    return validate_actions(ctx, MAPPED, marketplace, day)


def validate_actions(ctx: StepContext, asset: str, marketplace: str, day: date) -> list[Finding]:
    """The same for any dataset that something is sent because of; the asset's name is its table's."""
    findings, content = _validate(ctx, asset, marketplace, day, hashed=True)
    summary = {finding.name: finding.summary() for finding in findings}
    passed = not any(finding.stops for finding in findings)
    ctx.ledger.validations.record(asset, marketplace, day, content, ctx.mappings.version, passed, ctx.run_id, summary, now=ctx.now())
    return findings


def validate_dataset(ctx: StepContext, asset: str, marketplace: str | None, day: date) -> list[Finding]:
    """Judge one partition of another asset: findings and exceptions, no verdict, because nothing is sent because of it."""
    return _validate(ctx, asset, marketplace, day)[0]


def _validate(ctx: StepContext, asset: str, marketplace: str | None, day: date, *, hashed: bool = False) -> tuple[list[Finding], str]:
    expectations = suite(asset)
    extra: dict[str, Any] = {}
    if asset == RETURNS:
        extra["inbox_documents"] = dict(ctx.ledger.inbox.days()).get(day, 0)
    if asset == MAPPED:
        extra["open_lines"] = _open_lines(ctx, marketplace)
        extra["held_elsewhere"] = _held_elsewhere(ctx, marketplace, day)
    if asset == WAREHOUSE:
        extra |= _file_counts(ctx, day)
    if asset == NOTICES and marketplace is not None:
        extra["carriers_in_force"] = _carriers_in_force(ctx, marketplace)
    partition: dict[str, Any] = {"day": day} if marketplace is None else {"marketplace": marketplace, "day": day}
    with ctx.warehouse.read() as con:  # the hash and all slices from one consistent view
        content = slice_hash(con, asset, partition) if hashed else ""
        facts = read_facts(con, ctx.mappings, marketplace, day)
        slices = read_slices(con, {expectation.slice for expectation in expectations}, facts, extra)
    with warnings.catch_warnings():  # pandas' and Great Expectations' deprecations are not this run's matter
        warnings.simplefilter("ignore")
        findings = run_suite(expectations, slices, facts)
    if asset == MAPPED:
        findings.append(partition_gate(findings, facts))
    records = _records(expectations, findings, asset, marketplace, day)
    ctx.ledger.exceptions.sync(SOURCE, exception_scope(asset, marketplace, day), records, now=ctx.now())
    return findings, content


def _file_counts(ctx: StepContext, day: date) -> dict[str, Any]:
    """The warehouse's files of the day, counted from their bytes."""
    read = files_of(ctx, day)
    return {
        "file_documents": [document.id for document, _ in read],
        "file_names": [document.name for document, _ in read],
        "file_rows": [file.rows for _, file in read],
        "file_refused": [file.rows_refused for _, file in read],
    }


def _carriers_in_force(ctx: StepContext, marketplace: str) -> str:
    """The marketplace's rows of carriers.csv with a code, as a dispatch is translated now, as JSON."""
    rows = [row for row in ctx.carriers(marketplace) if row.carrier_code is not None]
    return json.dumps([{"carrier": row.carrier, "carrier_code": row.carrier_code} for row in rows])


def _open_lines(ctx: StepContext, marketplace: str | None) -> list[str]:
    """Order lines with a refund whose outcome nobody knows: other pieces of the line may wait for it."""
    found = (ctx.ledger.effects.search(marketplace=marketplace, kind="refund", state=state, limit=MOST_OPEN) for state in OPEN)
    return sorted({effect.subject for effects in found for effect in effects})


def _held_elsewhere(ctx: StepContext, marketplace: str | None, day: date) -> list[str]:
    """Pieces of the partition's exceptions that an effect of another marketplace holds, by the ledger's own word."""
    with ctx.warehouse.read() as con:
        pieces = [str(row[0]) for row in con.execute(EXCEPTION_PIECES, [marketplace, day]).fetchall()]
    held = ctx.ledger.effects.piece_effects("refund", pieces)
    return sorted(piece for piece, effect in held.items() if effect.marketplace != marketplace)


def partition_gate(findings: Sequence[Finding], facts: Facts) -> Finding:
    """Closed when the marketplace's gate is the partition and a row's code or state does not validate; otherwise open."""
    gated = [finding for finding in findings if finding.name in GATED]
    closes = facts.marketplace is not None and facts.marketplace.gate == "partition"
    failed = [finding for finding in gated if closes and not finding.passed]
    broken = "; ".join(f"{finding.name}: {finding.broken}" for finding in failed if finding.broken)
    evaluated = max((finding.evaluated for finding in gated), default=0)
    unexpected = sum(finding.unexpected for finding in failed)
    sample = [{"check": finding.name, "keys": ", ".join(row.values())} for finding in failed for row in finding.sample]
    percent = 100.0 * unexpected / evaluated if evaluated else 0.0
    return Finding(PARTITION_GATE, "critical", not failed, evaluated, unexpected, percent, sample, broken)


def _records(
    expectations: Sequence[Expectation], findings: Sequence[Finding], asset: str, marketplace: str | None, day: date
) -> list[ExceptionRecord]:
    known = {expectation.name: expectation for expectation in expectations}
    return [
        exception_of(asset, finding.name, finding.sentence(), known.get(finding.name), marketplace, day, broken=bool(finding.broken))
        for finding in findings
        if not finding.passed
    ]


def exception_scope(asset: str, marketplace: str | None, day: date) -> dict[str, Any]:
    """What one validation is about: its next one resolves whatever of this it no longer finds."""
    return {"asset": asset, "day": day} if marketplace is None else {"asset": asset, "marketplace": marketplace, "day": day}


def exception_of(
    asset: str, check: str, sentence: str, expectation: Expectation | None, marketplace: str | None, day: date, *, broken: bool
) -> ExceptionRecord:
    """The exception of a failed check: one a check and partition, however often it fails."""
    where = f"{day}|{marketplace}" if marketplace else str(day)
    says = f" (expected: {expectation.says})" if expectation else ""
    todo = expectation.todo if expectation else GATE_TODO
    return ExceptionRecord(
        exception_class="technical" if broken else (expectation.exception_class if expectation else "policy"),
        cause="check_broken" if broken else "check_failed",
        marketplace=marketplace,
        day=day,
        subject_kind="partition",
        subject=f"{asset}/{where}/{check}",
        detail=f"{check}: {sentence}{says}",
        todo="the check itself could not be run: report it, the data was not judged" if broken else todo,
    )
