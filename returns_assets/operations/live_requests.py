"""Compares return_rejections.csv and request_reasons.csv with an operator's lists (RE01), where it has returns."""

from collections.abc import Mapping, Sequence

from returns_assets.mirakl.reference import Entry
from returns_assets.translation.model import Mappings


def request_findings(mappings: Mappings, marketplace: str, reasons: Sequence[Entry], platform: Mapping[str, str | None]) -> list[str]:
    """Codes that a refusal or a return that is created would carry and that the operator does not have."""
    if not any(code.startswith("features.returns.") and value == "true" for code, value in platform.items()):
        return []
    keys = (marketplace, "*")
    rejections: dict[str, str] = {}
    created: dict[str, str] = {}
    for key in keys:
        for row in mappings.rejections:
            if row.marketplace == key:
                rejections.setdefault(row.rejected_for, row.rejection_code)
        for reason in mappings.request_reasons:
            if reason.marketplace == key:
                created.setdefault(reason.canonical_reason, reason.return_reason_code)
    return [
        *_missing("return_rejections.csv", rejections, reasons, "return_rejection_reason"),
        *_missing("request_reasons.csv", created, reasons, "return_reason"),
    ]


def _missing(table: str, mapped: Mapping[str, str], reasons: Sequence[Entry], name: str) -> list[str]:
    live = sorted({entry.code for entry in reasons if entry.list == name and entry.attributes.get("is_shop_right") is not False})
    listed = ", ".join(live) or "empty"
    return [f"{table} maps {why} to {code!r}, which is not in the live list: {listed}" for why, code in mapped.items() if code not in live]
