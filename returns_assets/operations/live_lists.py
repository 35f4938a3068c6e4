"""Compares the mapping tables with what a marketplace says today: reasons (RE01), carriers (SH21), the shop's account (A01).

A code that vanished is found here before the first refusal. Facts: Mirakl reference, 4.6, 5.3 and 10.
"""

from datetime import date

from returns_assets.mirakl.reference import Entry, entries
from returns_assets.operations.live_requests import request_findings
from returns_assets.steps.context import StepContext, names_marketplace
from returns_assets.translation.model import CarrierRow, Marketplace, ReasonRow, carrier_key

NO_FREE_NAMES = "features.disable_seller_alternative_carrier"
NAMED_BY_WAREHOUSE = "SELECT DISTINCT carrier FROM warehouse_events WHERE marketplace = ? AND event = 'DISPATCHED' AND carrier IS NOT NULL"


@names_marketplace
def compare(ctx: StepContext, key: str) -> list[str]:
    """One sentence a difference; raises MiraklError when the marketplace cannot be asked."""
    client = ctx.mirakl(key)
    listed = entries("RE01", client.reasons())
    reasons = [entry for entry in listed if entry.list == "refund_reason"]
    account = [entry for entry in entries("A01", client.account()) if entry.list == "account"]
    carriers = [entry for entry in entries("SH21", client.carriers()) if entry.list == "carrier"]
    platform = {entry.code: entry.value for entry in entries("PC01", client.platform())}
    today = ctx.now().date()
    with ctx.warehouse.read() as con:
        named = [str(row[0]) for row in con.execute(NAMED_BY_WAREHOUSE, [key]).fetchall()]
    return [
        *reason_findings(rows_in_force(ctx.mappings.reasons, key, today), reasons),
        *unmapped_findings(named, ctx.mappings.carriers_of(key, today), carriers),
        *carrier_findings(ctx.mappings.carriers_of(key, today), carriers, names_taken=platform.get(NO_FREE_NAMES) != "true"),
        *request_findings(ctx.mappings, key, listed, platform),
        *account_findings(ctx.mappings.marketplace(key), account),
    ]


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


def carrier_findings(rows: list[CarrierRow], live: list[Entry], *, names_taken: bool) -> list[str]:
    """Mapped codes that the operator does not have, each with a proposal where there is one, and names that it does not take."""
    codes = {entry.code for entry in live}
    findings: list[str] = []
    for row in rows:
        if row.carrier_code is not None and row.carrier_code not in codes:
            listed = f"not in the live list: {', '.join(sorted(codes)) or 'empty'}"
            findings.append(f"carriers.csv maps {row.carrier} to {row.carrier_code!r}, which is {listed}{_proposal(row.carrier, live)}")
        elif row.carrier_name is not None and not names_taken:
            says = f"carriers.csv maps {row.carrier} to the free name {row.carrier_name!r}"
            findings.append(f"{says}, but the operator takes registered carriers only{_proposal(row.carrier, live)}")
    return findings


def unmapped_findings(carriers: list[str], rows: list[CarrierRow], live: list[Entry]) -> list[str]:
    """Carriers that the warehouse named and that no row maps, each with a proposal where there is one."""
    mapped = {row.key for row in rows}
    unmapped = sorted({name.strip() for name in carriers if name.strip() and carrier_key(name) not in mapped})
    return [f"the warehouse names the carrier {name!r}, which carriers.csv does not map{_proposal(name, live)}" for name in unmapped]


def _proposal(carrier: str, live: list[Entry]) -> str:
    """Carriers of the operator with this standard code, which all operators share. For a person to check; nothing is applied."""
    wanted = _plain(carrier)
    fits = sorted(e.code for e in live if wanted and _plain(str(e.attributes.get("standard_code") or "")) == wanted)
    return f"; proposal by standard_code: {', '.join(fits)}" if fits else ""


def _plain(text: str) -> str:
    """`Royal Mail` and `royal-mail` are the same."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


def account_findings(marketplace: Marketplace, account: list[Entry]) -> list[str]:
    """A key that belongs to another shop, or a shop with another currency, than marketplaces.yaml says."""
    said = {entry.code: entry.value for entry in account}
    findings: list[str] = []
    for field, code, expected in (("currency", "currency_iso_code", marketplace.currency), ("shop_id", "shop_id", marketplace.shop_id)):
        if said.get(code) not in (None, expected):
            findings.append(f"marketplaces.yaml says {field} {expected}, the account says {said[code]}")
    return findings
