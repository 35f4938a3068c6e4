"""What must hold between restock.csv and the other tables: no row may make something sellable that never is."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from returns_assets.translation.model import DispositionRow, Marketplace
from returns_assets.translation.restock import SELLABLE_GRADES, SELLABLE_VERIFICATIONS, RestockRow
from returns_assets.translation.rules import conditions
from returns_assets.translation.vocabulary import Disposition, Grade, Lane, Verification

ALLOWED = {
    "verification": get_args(Verification),
    "grade": get_args(Grade),
    "disposition": get_args(Disposition),
    "lane": get_args(Lane),
}


def restock_faults(
    path: Path,
    marketplaces: dict[str, Marketplace],
    dispositions: Sequence[tuple[int, DispositionRow]],
    rows: Sequence[tuple[int, RestockRow]],
) -> list[str]:
    """All faults of the table, each a sentence with file and line."""
    may_be = {
        "verification": SELLABLE_VERIFICATIONS,
        "grade": SELLABLE_GRADES,
        "disposition": tuple(row.disposition for _, row in dispositions if row.sellable),
    }
    names: dict[str, int] = {}
    faults: list[str] = []
    for line, row in rows:
        if row.marketplace != "*" and row.marketplace not in marketplaces:
            faults.append(
                f"{path}:{line}: marketplace: {row.marketplace!r} is not in marketplaces.yaml; allowed: *, {', '.join(marketplaces)}"
            )
        if row.rule in names:
            faults.append(f"{path}:{line}: rule: {row.rule} is already in line {names[row.rule]}; each decision names its rule")
        names[row.rule] = line
        faults += conditions(path, line, row, ALLOWED)
        faults += [
            f"{path}:{line}: {field}: {value!r} can never be sold again; allowed with sellable=yes: {', '.join(values)}"
            for field, values in may_be.items()
            for value in (str(getattr(row, field)).split("|") if row.sellable else ())
            if value == "*" or (value in ALLOWED[field] and value not in values)
        ]
    return faults
