"""What must hold between mapping tables: names that exist, rows that do not contradict each other, prefixes that route one way."""

from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from returns_assets.translation.accounts import ReboundProfile, WarehouseProfile
from returns_assets.translation.model import CarrierRow, ComplianceRow, Dated, DispositionRow, Marketplace, PolicyRow, ReasonRow
from returns_assets.translation.vocabulary import Disposition, Grade, Verification
from returns_assets.warehouse_files.profile import KIND as WAREHOUSE_FILE

NOT_GIVEN = "NOT_GIVEN"  # the canonical reason of a piece whose documents give none; unmapped unless return_reasons.csv says so


def check_together(
    directory: Path,
    marketplaces: dict[str, Marketplace],
    rebound: ReboundProfile,
    warehouse: WarehouseProfile,
    reasons: list[tuple[int, ReasonRow]],
    carriers: list[tuple[int, CarrierRow]],
    dispositions: list[tuple[int, DispositionRow]],
    policy: list[tuple[int, PolicyRow]],
    compliance: list[tuple[int, ComplianceRow]],
) -> list[str]:
    """All faults between the tables, each a sentence with file and line."""
    return [
        *_prefixes(directory / "marketplaces.yaml", marketplaces),
        *_warehouse_folders(directory / "warehouse.yaml", rebound, warehouse),
        *_reason_rows(directory / "return_reasons.csv", marketplaces, rebound, reasons),
        *_carrier_rows(directory / "carriers.csv", marketplaces, carriers),
        *_disposition_rows(directory / "dispositions.csv", dispositions),
        *_policy_rows(directory / "refund_policy.csv", marketplaces, rebound, policy),
        *_compliance_rows(directory / "compliance.csv", marketplaces, compliance),
    ]


def _prefixes(path: Path, marketplaces: dict[str, Marketplace]) -> list[str]:
    owner: dict[str, str] = {}
    faults: list[str] = []
    for key, marketplace in marketplaces.items():
        for prefix in marketplace.order_id_prefixes:
            if not prefix.strip():
                faults.append(f"{path}: marketplaces.{key}.order_id_prefixes: an empty prefix would route every order here")
            elif prefix in owner:
                faults.append(f"{path}: marketplaces.{key}.order_id_prefixes: {prefix!r} already routes to {owner[prefix]}")
            owner.setdefault(prefix, key)
    return faults


def _warehouse_folders(path: Path, rebound: ReboundProfile, warehouse: WarehouseProfile) -> list[str]:
    known = [channel for channel, kind in rebound.channels.items() if kind == WAREHOUSE_FILE]
    return [
        f"{path}: sftp.folders: {channel!r} carries no warehouse files; channels of rebound.yaml that do: {', '.join(known)}"
        for channel in (warehouse.sftp.folders if warehouse.sftp else ())
        if channel not in known
    ]


def _overlap(a: Dated, b: Dated) -> bool:
    return (b.valid_to is None or a.valid_from <= b.valid_to) and (a.valid_to is None or b.valid_from <= a.valid_to)


def _reason_rows(path: Path, marketplaces: dict[str, Marketplace], rebound: ReboundProfile, rows: list[tuple[int, ReasonRow]]) -> list[str]:
    known = {*rebound.reason_map.values(), NOT_GIVEN}
    seen: dict[tuple[str, str], list[tuple[int, ReasonRow]]] = {}
    faults: list[str] = []
    for line, row in rows:
        if row.marketplace != "*" and row.marketplace not in marketplaces:
            faults.append(
                f"{path}:{line}: marketplace: {row.marketplace!r} is not in marketplaces.yaml; allowed: *, {', '.join(marketplaces)}"
            )
        if row.canonical_reason not in known:
            faults.append(
                f"{path}:{line}: canonical_reason: {row.canonical_reason!r} is no target of reason_map in rebound.yaml; "
                f"allowed: {', '.join(sorted(known))}"
            )
        for other_line, other in seen.setdefault((row.marketplace, row.canonical_reason), []):
            if _overlap(row, other):
                faults.append(
                    f"{path}:{line}: {row.marketplace}, {row.canonical_reason} is already mapped for these days in line {other_line}"
                )
        seen[(row.marketplace, row.canonical_reason)].append((line, row))
    return faults


def _carrier_rows(path: Path, marketplaces: dict[str, Marketplace], rows: list[tuple[int, CarrierRow]]) -> list[str]:
    """A row belongs to one marketplace: codes differ by operator, so there is no row for all of them."""
    seen: dict[tuple[str, str], list[tuple[int, CarrierRow]]] = {}
    faults: list[str] = []
    for line, row in rows:
        if row.marketplace not in marketplaces:
            faults.append(
                f"{path}:{line}: marketplace: {row.marketplace!r} is not in marketplaces.yaml; allowed: {', '.join(marketplaces)}"
            )
        for other_line, other in seen.setdefault((row.marketplace, row.key), []):
            if _overlap(row, other):
                faults.append(
                    f"{path}:{line}: {row.marketplace}, {row.carrier!r} is already mapped for these days in line {other_line}"
                    " (case and outer blanks do not count)"
                )
        seen[(row.marketplace, row.key)].append((line, row))
    return faults


def _disposition_rows(path: Path, rows: list[tuple[int, DispositionRow]]) -> list[str]:
    seen: dict[str, int] = {}
    faults: list[str] = []
    for line, row in rows:
        if row.disposition in seen:
            faults.append(f"{path}:{line}: disposition: {row.disposition} is already in line {seen[row.disposition]}")
        seen[row.disposition] = line
    missing = [name for name in get_args(Disposition) if name not in seen]
    if missing:
        faults.append(f"{path}: these dispositions have no row: {', '.join(missing)}")
    return faults


def _policy_rows(path: Path, marketplaces: dict[str, Marketplace], rebound: ReboundProfile, rows: list[tuple[int, PolicyRow]]) -> list[str]:
    reasons = tuple(sorted({*rebound.reason_map.values(), NOT_GIVEN}))
    allowed = {"verification": get_args(Verification), "grade": get_args(Grade), "disposition": get_args(Disposition), "reason": reasons}
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
        faults += conditions(path, line, row, allowed)
    return faults


def _compliance_rows(path: Path, marketplaces: dict[str, Marketplace], rows: list[tuple[int, ComplianceRow]]) -> list[str]:
    allowed = {"verification": get_args(Verification), "grade": get_args(Grade), "disposition": get_args(Disposition)}
    faults: list[str] = []
    for line, row in rows:
        if row.marketplace != "*" and row.marketplace not in marketplaces:
            faults.append(
                f"{path}:{line}: marketplace: {row.marketplace!r} is not in marketplaces.yaml; allowed: *, {', '.join(marketplaces)}"
            )
        faults += conditions(path, line, row, allowed)
    return faults


def conditions(path: Path, line: int, row: BaseModel, allowed: dict[str, tuple[str, ...]]) -> list[str]:
    """Values of a row's conditions that are not among those allowed."""
    return [
        f"{path}:{line}: {field}: {value!r}; allowed: *, {', '.join(values)}"
        for field, values in allowed.items()
        for value in str(getattr(row, field)).split("|")
        if value != "*" and value not in values
    ]
