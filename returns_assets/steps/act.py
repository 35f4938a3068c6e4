"""The two steps that act: registering refunds in the ledger, and pushing them to Mirakl. At most once each (design, section 7).

The work is in act_register.py and, for the push, act_resolve.py (lost answers), act_verify.py (fresh read and claim), act_send.py
(requests and their results) and act_report.py (dataset and exceptions). What is particular to refunds is in refund_kind.py.
"""

from dataclasses import asdict
from datetime import date

from returns_assets.steps.act_gate import VALIDATED, NotValidated, require_validation
from returns_assets.steps.act_push import push_all
from returns_assets.steps.act_register import register_partition, write_actions
from returns_assets.steps.act_report import report_pushes
from returns_assets.steps.act_resolve import resolve_unknown
from returns_assets.steps.context import StepContext, StepResult, names_marketplace
from returns_assets.steps.left_behind import left_behind
from returns_assets.steps.refund_kind import RefundKind


@names_marketplace
def read_back_lost_answers(ctx: StepContext, marketplace: str, day: date) -> None:
    """Decide the partition's lost answers before it is planned, and whatever its checks say. Raises MiraklError."""
    if resolve_unknown(ctx, RefundKind(), marketplace, day).settled:
        report_pushes(ctx, marketplace, day)


def register_refunds(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """What mapped_dispositions wants refunded becomes effects in the ledger, and the partition of refund_actions.

    Pieces no longer wanted are withdrawn; pieces that an effect in flight or confirmed stands for are left alone. Repeating it changes
    nothing. Raises NotValidated unless the rows, as they are now, passed their validation. No HTTP.
    """
    validation = require_validation(ctx, VALIDATED, marketplace, day)
    result = register_partition(ctx, marketplace, day, validation)
    for other in left_behind(ctx, marketplace, day):  # an effect that was not sent moved along with its pieces, or was withdrawn
        write_actions(ctx, other.marketplace, other.day)
        report_pushes(ctx, other.marketplace, other.day)
    return result


@names_marketplace
def push_refunds(ctx: StepContext, marketplace: str, day: date) -> StepResult:
    """Read back lost answers, then send what is registered and released; the partition of refund_pushes and its exceptions.

    Each effect is verified against a fresh read, claimed with a commit, sent once, settled with a commit. A lost answer leaves it
    `unknown` until a later push reads it back. Raises NotValidated (nothing sent) unless the rows, as they are now, passed their
    validation, and MiraklError when orders or reasons cannot be read; effects stay as they are then.
    """
    resolved = resolve_unknown(ctx, RefundKind(), marketplace, day)
    try:
        require_validation(ctx, VALIDATED, marketplace, day)
    except NotValidated:
        if resolved.settled:
            report_pushes(ctx, marketplace, day)
        raise
    try:
        sent = push_all(ctx, RefundKind(), marketplace, day)
    finally:
        result = report_pushes(ctx, marketplace, day)
    return StepResult(result.rows, {**result.metadata, "read_back": asdict(resolved), "push": asdict(sent)})
