"""What must hold in the two tables about requests for returns: names that exist, and one meaning a marketplace and row."""

from pathlib import Path
from typing import Protocol

from returns_assets.translation.accounts import ReboundProfile
from returns_assets.translation.model import Marketplace
from returns_assets.translation.request_tables import RejectionRow, RequestReasonRow


class _OfMarketplace(Protocol):
    @property
    def marketplace(self) -> str: ...


def check_requests(
    directory: Path,
    marketplaces: dict[str, Marketplace],
    rebound: ReboundProfile,
    rejections: list[tuple[int, RejectionRow]],
    reasons: list[tuple[int, RequestReasonRow]],
) -> list[str]:
    """All faults, each a sentence with file and line."""
    faults: list[str] = []
    path = directory / "return_rejections.csv"
    seen: dict[tuple[str, str], int] = {}
    for line, row in rejections:
        faults += _known_marketplace(path, line, row, marketplaces)
        key = (row.marketplace, row.rejected_for)
        if key in seen:
            faults.append(f"{path}:{line}: {row.marketplace}, {row.rejected_for} is already in line {seen[key]}")
        seen.setdefault(key, line)
    path = directory / "request_reasons.csv"
    labels = sorted(set(rebound.reason_map.values()))
    for line, row in reasons:
        faults += _known_marketplace(path, line, row, marketplaces)
        if row.canonical_reason not in labels:
            faults.append(
                f"{path}:{line}: canonical_reason: {row.canonical_reason!r} is no target of reason_map in rebound.yaml; "
                f"allowed: {', '.join(labels)}"
            )
    return faults


def _known_marketplace(path: Path, line: int, row: _OfMarketplace, marketplaces: dict[str, Marketplace]) -> list[str]:
    if row.marketplace == "*" or row.marketplace in marketplaces:
        return []
    return [f"{path}:{line}: marketplace: {row.marketplace!r} is not in marketplaces.yaml; allowed: *, {', '.join(marketplaces)}"]
