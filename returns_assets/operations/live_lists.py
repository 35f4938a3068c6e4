"""Compares the mapping tables with what a marketplace says today: its refund reasons (RE01) and the shop's account (A01).

A code that vanished is found here before the first refusal. Facts: Mirakl reference, 4.6 and 10.
"""

from datetime import date

from returns_assets.mirakl.reference import Entry, entries
from returns_assets.steps.context import StepContext, names_marketplace
from returns_assets.translation.model import Marketplace, ReasonRow


@names_marketplace
def compare(ctx: StepContext, key: str) -> list[str]:
    """One sentence a difference; raises MiraklError when the marketplace cannot be asked."""
    client = ctx.mirakl(key)
    reasons = [entry for entry in entries("RE01", client.reasons()) if entry.list == "refund_reason"]
    account = [entry for entry in entries("A01", client.account()) if entry.list == "account"]
    rows = rows_in_force(ctx.mappings.reasons, key, ctx.now().date())
    return [*reason_findings(rows, reasons), *account_findings(ctx.mappings.marketplace(key), account)]


def rows_in_force(rows: list[ReasonRow], marketplace: str, today: date) -> list[ReasonRow]:
    """The rows that decide for the marketplace today; its own row beats the one for every marketplace ('*')."""
    now = [row for row in rows if row.valid_from <= today and (row.valid_to is None or row.valid_to >= today)]
    own = {row.canonical_reason for row in now if row.marketplace == marketplace}
    return [row for row in now if row.marketplace == marketplace or (row.marketplace == "*" and row.canonical_reason not in own)]


def reason_findings(rows: list[ReasonRow], live: list[Entry]) -> list[str]:
    """Mapped codes that the operator does not have, or does not let shops use."""
    by_code = {entry.code: entry for entry in live}
    findings: list[str] = []
    for row in rows:
        entry = by_code.get(row.refund_reason_code)
        mapped = f"return_reasons.csv maps {row.canonical_reason} to {row.refund_reason_code!r}"
        if entry is None:
            findings.append(f"{mapped}, which is not in the live list: {', '.join(sorted(by_code)) or 'empty'}")
        elif entry.attributes.get("is_shop_right") is False:
            usable = sorted(code for code, other in by_code.items() if other.attributes.get("is_shop_right") is not False)
            findings.append(f"{mapped}, which shops may not use; they may use: {', '.join(usable)}")
    return findings


def account_findings(marketplace: Marketplace, account: list[Entry]) -> list[str]:
    """A key that belongs to another shop, or a shop with another currency, than marketplaces.yaml says."""
    said = {entry.code: entry.value for entry in account}
    findings: list[str] = []
    for field, code, expected in (("currency", "currency_iso_code", marketplace.currency), ("shop_id", "shop_id", marketplace.shop_id)):
        if said.get(code) not in (None, expected):
            findings.append(f"marketplaces.yaml says {field} {expected}, the account says {said[code]}")
    return findings
