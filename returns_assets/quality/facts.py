"""What a partition is judged against: limits and codes of the mapping tables, and Mirakl's live list. Never verdict columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import duckdb

from returns_assets.decisions.plan import MINOR_DIGITS
from returns_assets.translation.model import CarrierRow, Mappings, Marketplace, PolicyRow
from returns_assets.translation.restock import SELLABLE_GRADES, SELLABLE_VERIFICATIONS
from returns_assets.translation.vocabulary import LineState

REFUND_CODES, COMPLIANCE_CODES = "refund_reason", "return_non_compliant_reason"
REJECTION_CODES, RETURN_CODES = "return_rejection_reason", "return_reason"
LIVE_CODES = """
    SELECT DISTINCT code FROM mirakl_reference
    WHERE marketplace = ? AND day = ? AND list = ?
        AND json_extract_string(attributes, '$.is_shop_right') = 'true'
    ORDER BY code
"""


@dataclass(frozen=True)
class Facts:
    """One partition's yardsticks. Day-partitioned datasets have no marketplace: their lists of states and codes are empty."""

    mappings: Mappings
    day: date
    marketplace: Marketplace | None
    live_codes: Sequence[str] = field(default_factory=list[str])
    compliance_codes: Sequence[str] = field(default_factory=list[str])
    rejection_codes: Sequence[str] = field(default_factory=list[str])
    return_codes: Sequence[str] = field(default_factory=list[str])

    @property
    def marketplaces(self) -> list[str]:
        return list(self.mappings.marketplaces)

    @property
    def eligible_states(self) -> list[str]:
        return list(self.marketplace.eligible_line_states) if self.marketplace else []

    @property
    def known_states(self) -> list[str]:
        """States in which a line can be refunded now or after a while."""
        return [*self.eligible_states, *(self.marketplace.waiting_line_states if self.marketplace else [])]

    @property
    def carriers(self) -> list[CarrierRow]:
        """The marketplace's rows of carriers.csv, whatever their days."""
        return [row for row in self.mappings.carriers if self.marketplace is not None and row.marketplace == self.marketplace.key]

    @property
    def lane_events(self) -> list[str]:
        """`LANE:EVENT` for every definitive event of the marketplace."""
        if self.marketplace is None:
            return []
        return [f"{lane}:{event}" for lane, events in self.marketplace.definitive.items() for event in events]

    @property
    def minor(self) -> int:
        """Minor units in one unit of the marketplace's currency."""
        return 10 ** MINOR_DIGITS.get(self.marketplace.currency if self.marketplace else "", 2)

    @property
    def least_share(self) -> Decimal:
        """The smallest part of a price that any refund of the policy table grants."""
        return min((row.share for row in self._policy() if row.outcome == "refund" and row.share is not None), default=Decimal(1))

    @property
    def never_states(self) -> list[str]:
        """States of a line that can never be returned."""
        if self.marketplace is None:
            return []
        rules = self.marketplace.return_requests
        return [state for state in get_args(LineState) if state not in (*rules.eligible_line_states, *rules.waiting_line_states)]

    def parameters(self) -> dict[str, Any]:
        """The scalars that the slices' SQL names."""
        values: dict[str, Any] = {"day": self.day, "default_lane": self.mappings.rebound.default_lane, "lane_events": self.lane_events}
        if self.marketplace is not None:
            limits = self.marketplace.limits
            values |= {
                "marketplace": self.marketplace.key,
                "min_pieces": limits.min_pieces_for_share,
                "max_share": str(limits.max_exception_share),
                "max_total": str(limits.max_refund_total),
                "eligible_states": self.eligible_states,
                "never_states": self.never_states,
                "tax_mode": self.marketplace.order_tax_mode,
                "minor": self.minor,
                "least_share": str(self.least_share),
                "stock_trigger": self.marketplace.stock.trigger,
            }
        return values

    def policy_says(self, verification: str, grade: str, disposition: str, reason: str) -> str:
        """The policy table read row by row: the first row that fits; `not final` for a disposition that decides nothing yet."""
        final = {row.disposition for row in self.mappings.dispositions if row.definitive}
        if disposition not in final:
            return "not final"
        row = self.policy_row(verification, grade, disposition, reason)
        return row.outcome if row else "no row"

    def policy_row(self, verification: str, grade: str, disposition: str, reason: str) -> PolicyRow | None:
        """The first row of the policy table that fits, whether or not the disposition is final."""
        given = {"verification": verification, "grade": grade, "disposition": disposition, "reason": reason}
        return next((row for row in self._policy() if all(_fits(getattr(row, name), value) for name, value in given.items())), None)

    def restock_says(self, verification: str, grade: str, disposition: str, lane: str) -> str:
        """restock.csv read row by row, under what may never be sold again whatever it says; `sellable`, or why not."""
        sold_again = {row.disposition for row in self.mappings.dispositions if row.sellable}
        if verification not in SELLABLE_VERIFICATIONS or grade not in SELLABLE_GRADES or disposition not in sold_again:
            return "never sellable"
        given = {"verification": verification, "grade": grade, "disposition": disposition, "lane": lane}
        own = self.marketplace.key if self.marketplace else ""
        rows = (row for row in self.mappings.restock if row.marketplace in ("*", own))
        row = next((row for row in rows if all(_fits(getattr(row, name), value) for name, value in given.items())), None)
        return "no row" if row is None else "sellable" if row.sellable else "not sellable"

    def _policy(self) -> Iterator[PolicyRow]:
        own = self.marketplace.key if self.marketplace else ""
        return (row for row in self.mappings.policy if row.marketplace in ("*", own))

    def table_code(self, reason: str) -> str:
        """The operator's code for a canonical reason on this day; the marketplace's own row before the one for all."""
        own = self.marketplace.key if self.marketplace else ""
        for owner in (own, "*"):
            for row in self.mappings.reasons:
                valid = row.valid_from <= self.day and (row.valid_to is None or self.day <= row.valid_to)
                if row.marketplace == owner and row.canonical_reason == reason and valid:
                    return row.refund_reason_code
        return "(not mapped)"


def _fits(condition: str, value: str) -> bool:
    return condition == "*" or value in condition.split("|")


def read_facts(con: duckdb.DuckDBPyConnection, mappings: Mappings, marketplace: str | None, day: date) -> Facts:
    """Facts of one partition; the live codes are those that RE01 named when the partition's mirakl_reference was read."""
    if marketplace is None:
        return Facts(mappings, day, None)
    found = [live_codes(con, marketplace, day, name) for name in (REFUND_CODES, COMPLIANCE_CODES, REJECTION_CODES, RETURN_CODES)]
    return Facts(mappings, day, mappings.marketplace(marketplace), *found)


def live_codes(con: duckdb.DuckDBPyConnection, marketplace: str, day: date, name: str) -> list[str]:
    """The codes of one of the operator's reason lists that shops may use, as RE01 named them when the partition was read."""
    return [str(row[0]) for row in con.execute(LIVE_CODES, [marketplace, day, name]).fetchall()]
