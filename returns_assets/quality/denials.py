"""Whether a piece that would not be refunded is rightly not: judged from the policy table, the live list, the order line as read and the
refunds on it, never from the planning's own verdict columns. What it cannot know it forgives: it must not stop a right partition.

Not seen here: pieces wrongly called paid, wrongly left without an order line or wrongly folded, and any line on which others refunded
(how many units their money stands for is not worked out a second time).
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from returns_assets.quality.facts import Facts

if TYPE_CHECKING:
    from pandas import DataFrame

AXES = ("verification", "grade", "disposition", "reason")


def with_denials(denied: "DataFrame", facts: Facts) -> "DataFrame":
    """The slice `denied` with `refused` (why the piece should be refunded) and `unfounded` (why no_refund cannot be); '' where right."""
    rows: list[dict[str, Any]] = denied.to_dict("records")  # pyright: ignore[reportAssignmentType,reportUnknownMemberType] - str keys
    return denied.assign(refused=[refused(row, facts) for row in rows], unfounded=[unfounded(row, facts) for row in rows])


def refused(row: dict[str, Any], facts: Facts) -> str:
    """Why this piece should be refunded, or '' where the facts let it wait, stop or end."""
    given = [str(row[axis]) for axis in AXES]
    if any(value in ("", "UNKNOWN") for value in given) or facts.policy_says(*given) != "refund":
        return ""
    if row["line"] != "refundable" or _worthless(row, facts) or row["price_e4"] * facts.minor % 10000:
        return ""
    if facts.table_code(row["reason"]) not in facts.live_codes or _forgiven(row):
        return ""
    return f"the policy says refund and the line lets it, but the outcome is {row['outcome']}"


def _forgiven(row: dict[str, Any]) -> bool:
    """Others' refunds may make a piece wait, stop or end, an own one may let it wait for the answer; any may leave too little; and more
    units than sold are one too many.
    """
    if row["others"] > 0 or (row["outcome"] == "hold" and row["asked"]):
        return True
    if row["outcome"] != "exception":
        return False
    return (row["cause"] == "over_remainder" and row["refunds"] > 0) or (row["cause"] == "over_quantity" and row["returned"] > row["sold"])


def unfounded(row: dict[str, Any], facts: Facts) -> str:
    """Why `no_refund` cannot be right: neither the policy, nor a worthless piece, nor a refund by others stands behind it."""
    if row["outcome"] != "no_refund":
        return ""
    policy = facts.policy_row(*(str(row[axis]) for axis in AXES))
    if (policy is not None and policy.outcome == "no_refund") or row["others"] > 0 or (row["price_e4"] >= 0 and _worthless(row, facts)):
        return ""
    return f"the policy says {policy.outcome if policy else 'nothing'}, and nobody else refunded"


def _worthless(row: dict[str, Any], facts: Facts) -> bool:
    """Nothing was paid, or the granted share of the units is less than one minor unit, so that it may round to nothing."""
    policy = facts.policy_row(*(str(row[axis]) for axis in AXES))
    share = policy.share if policy is not None and policy.share is not None else Decimal(1)
    return share * row["price_e4"] * row["quantity"] * facts.minor < row["sold"] * 10000 or row["price_e4"] == 0
