"""Files at ReBound's and the warehouse's SFTP servers into the inbox, beside the local folder. What they say is read elsewhere.

A server that fails stops nothing else: what was taken is kept, the failure is an exception, and the next look goes on.
"""

import os
from datetime import timedelta
from pathlib import Path

from returns_assets.ledger.exceptions import ExceptionRecord
from returns_assets.rebound.pickup import PickupReport, PlaceLost, Rule, Unreadable, pick_up
from returns_assets.rebound.sftp_folder import SftpFolder
from returns_assets.rebound.sftp_session import SftpAccess, SftpDenied, SftpSession
from returns_assets.steps.context import StepContext
from returns_assets.steps.inbox import file_not_taken, keep, report_unreadable, unreadable
from returns_assets.translation.sftp_account import SftpAccount

SOURCE = "sftp"
TODO = {
    "sftp_failed": "nothing is lost, the next look tries again; if it stays, compare the block sftp with what its owner says",
    "sftp_denied": "ask whoever runs the server for a valid password or key and set the variable that the block sftp names",
    "sftp_host_key_refused": "ask whoever runs the server for its public key, by another way than this connection; only if it was changed "
    "there, change host_keys or known_hosts",
}


def pick_up_sftp(ctx: StepContext) -> dict[str, PickupReport]:
    """One look at each server that rebound.yaml and warehouse.yaml name, by `rebound` and `warehouse`; empty where none is named."""
    accounts = {"rebound": ctx.mappings.rebound.sftp, "warehouse": ctx.mappings.warehouse.sftp}
    return {name: _look(ctx, name, account) for name, account in accounts.items() if account is not None}


def _look(ctx: StepContext, name: str, account: SftpAccount) -> PickupReport:
    inbox = ctx.settings.inbox_dir
    rule = Rule(inbox.with_name(f"{inbox.name}-sftp-{name}-looks.json"), timedelta(seconds=account.quiet_seconds), batch=1)

    def bad(found: Unreadable) -> None:
        report_unreadable(ctx, found)

    try:
        with SftpSession(_access(ctx, name, account)) as session:
            place = SftpFolder(session, f"sftp {name}/", account.folders, account.archive, account.error, account.max_file_bytes)
            report = pick_up(place, rule, keep(ctx), now=ctx.now, on_unreadable=bad, unreadable=unreadable(ctx.mappings))
    except PlaceLost as lost:
        report = PickupReport(lost=lost)
    records = [file_not_taken(sentence) for sentence in report.failed]
    if report.lost is not None:
        records.append(_lost(name, report.lost))
    ctx.ledger.exceptions.sync(SOURCE, {"account": name}, records, now=ctx.now())
    return report


def _access(ctx: StepContext, name: str, account: SftpAccount) -> SftpAccess:
    key_file = account.private_key_file_env and _variable(name, account.private_key_file_env)
    return SftpAccess(
        host=account.host, port=account.port, user=account.user, host_keys=tuple(account.host_keys),
        known_hosts=ctx.settings.mappings / account.known_hosts if account.known_hosts else None,
        timeout_seconds=account.timeout_seconds, look_seconds=account.look_seconds,
        password=account.password_env and _variable(name, account.password_env),
        private_key=Path(key_file) if key_file else None,
    )  # fmt: skip


def _variable(name: str, variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise SftpDenied(f"{name}.yaml: sftp: the variable {variable} is not set")
    return value


def _lost(name: str, lost: PlaceLost) -> ExceptionRecord:
    return ExceptionRecord(
        exception_class="technical", cause=lost.cause, subject_kind="server", subject=name, detail=f"{name}.yaml: {lost}",
        todo=TODO[lost.cause],
    )  # fmt: skip
