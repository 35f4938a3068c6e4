"""Reads the mapping tables of a directory into one validated version; every error names file, line, field and what is allowed."""

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from returns_assets.translation.accounts import ReboundProfile, WarehouseProfile
from returns_assets.translation.model import (
    CarrierRow,
    ComplianceRow,
    DispositionRow,
    MappingError,
    Mappings,
    Marketplace,
    PolicyRow,
    ReasonRow,
    RefusalRow,
)
from returns_assets.translation.request_rules import check_requests
from returns_assets.translation.request_tables import RejectionRow, RequestReasonRow
from returns_assets.translation.restock import RestockRow
from returns_assets.translation.restock_rules import restock_faults
from returns_assets.translation.rules import check_together
from returns_assets.translation.source import describe, read_csv, read_yaml

Row = TypeVar("Row", bound=BaseModel)
REASON_COLUMNS = ["marketplace", "canonical_reason", "refund_reason_code", "valid_from", "valid_to"]
CARRIER_COLUMNS = ["marketplace", "carrier", "carrier_code", "carrier_name", "carrier_url", "valid_from", "valid_to"]
DISPOSITION_COLUMNS = ["disposition", "definitive", "sellable", "note"]
POLICY_COLUMNS = [
    "rule",
    "marketplace",
    "verification",
    "grade",
    "disposition",
    "reason",
    "outcome",
    "share",
    "shipping",
    "waits_for",
    "todo",
]
COMPLIANCE_COLUMNS = ["marketplace", "verification", "grade", "disposition", "compliant", "code"]
RESTOCK_COLUMNS = ["rule", "marketplace", "verification", "grade", "disposition", "lane", "sellable"]
REJECTION_COLUMNS = ["marketplace", "rejected_for", "rejection_code"]
REQUEST_REASON_COLUMNS = ["marketplace", "return_reason_code", "canonical_reason"]
REFUSAL_COLUMNS = ["kinds", "text", "cause", "class", "action", "todo"]


def load_mappings(directory: Path) -> Mappings:
    """All tables of `directory`; raises MappingError listing every fault found, one a line."""
    if not directory.is_dir():
        raise MappingError(f"{directory}: no such directory; RETURNS_MAPPINGS names the folder with marketplaces.yaml")
    faults: list[str] = []
    raw, lines = read_yaml(directory / "marketplaces.yaml")
    marketplaces = _marketplaces(directory / "marketplaces.yaml", raw, lines, faults)
    rebound_raw, rebound_lines = read_yaml(directory / "rebound.yaml")
    rebound = _one(ReboundProfile, rebound_raw, directory / "rebound.yaml", rebound_lines, (), faults)
    warehouse_raw, warehouse_lines = read_yaml(directory / "warehouse.yaml")
    warehouse = _one(WarehouseProfile, warehouse_raw, directory / "warehouse.yaml", warehouse_lines, (), faults)
    reasons = _rows(ReasonRow, directory / "return_reasons.csv", REASON_COLUMNS, faults)
    carriers = _rows(CarrierRow, directory / "carriers.csv", CARRIER_COLUMNS, faults)
    dispositions = _rows(DispositionRow, directory / "dispositions.csv", DISPOSITION_COLUMNS, faults)
    policy = _rows(PolicyRow, directory / "refund_policy.csv", POLICY_COLUMNS, faults)
    refusals = _rows(RefusalRow, directory / "refusals.csv", REFUSAL_COLUMNS, faults, rename={"class": "exception_class"})
    compliance = _rows(ComplianceRow, directory / "compliance.csv", COMPLIANCE_COLUMNS, faults)
    restock = _rows(RestockRow, directory / "restock.csv", RESTOCK_COLUMNS, faults)
    rejections = _rows(RejectionRow, directory / "return_rejections.csv", REJECTION_COLUMNS, faults)
    request_reasons = _rows(RequestReasonRow, directory / "request_reasons.csv", REQUEST_REASON_COLUMNS, faults)
    if faults or rebound is None or warehouse is None:
        raise MappingError("\n".join(faults))
    first_day = raw.get("first_day")
    content: dict[str, Any] = {
        "first_day": str(first_day),
        "marketplaces": {key: value.model_dump(mode="json") for key, value in marketplaces.items()},
        "rebound": rebound.model_dump(mode="json"),
        "warehouse": warehouse.model_dump(mode="json"),
        "reasons": [row.model_dump(mode="json") for _, row in reasons],
        "carriers": [row.model_dump(mode="json") for _, row in carriers],
        "dispositions": [row.model_dump(mode="json") for _, row in dispositions],
        "policy": [row.model_dump(mode="json") for _, row in policy],
        "refusals": [row.model_dump(mode="json") for _, row in refusals],
        "compliance": [row.model_dump(mode="json") for _, row in compliance],
        "restock": [row.model_dump(mode="json") for _, row in restock],
        "rejections": [row.model_dump(mode="json") for _, row in rejections],
        "request_reasons": [row.model_dump(mode="json") for _, row in request_reasons],
    }
    faults = check_together(directory, marketplaces, rebound, warehouse, reasons, carriers, dispositions, policy, compliance)
    faults += restock_faults(directory / "restock.csv", marketplaces, dispositions, restock)
    faults += check_requests(directory, marketplaces, rebound, rejections, request_reasons)
    if faults:
        raise MappingError("\n".join(faults))
    try:
        return Mappings.model_validate(
            {
                "version": hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
                "first_day": first_day,
                "marketplaces": marketplaces,
                "rebound": rebound,
                "warehouse": warehouse,
                "reasons": [row for _, row in reasons],
                "carriers": [row for _, row in carriers],
                "dispositions": [row for _, row in dispositions],
                "policy": [row for _, row in policy],
                "refusals": [row for _, row in refusals],
                "compliance": [row for _, row in compliance],
                "restock": [row for _, row in restock],
                "rejections": [row for _, row in rejections],
                "request_reasons": [row for _, row in request_reasons],
                "content": content,
            }
        )
    except ValidationError as error:
        raise MappingError("\n".join(describe(directory / "marketplaces.yaml", error, lines, ()))) from error


def _marketplaces(path: Path, raw: dict[str, Any], lines: dict[tuple[str, ...], int], faults: list[str]) -> dict[str, Marketplace]:
    """Each entry over the file's defaults; unknown top-level fields are faults."""
    for name in raw:
        if name not in ("first_day", "defaults", "marketplaces"):
            faults.append(f"{path}:{lines.get((name,), 1)}: unknown field {name!r}; allowed: first_day, defaults, marketplaces")
    entries = raw.get("marketplaces")
    if not isinstance(entries, dict) or not entries:
        faults.append(f"{path}:{lines.get(('marketplaces',), 1)}: marketplaces must hold at least one marketplace")
        return {}
    defaults: Any = raw.get("defaults") or {}
    if not isinstance(defaults, dict):
        faults.append(f"{path}:{lines.get(('defaults',), 1)}: defaults must be a mapping of fields")
        return {}
    result: dict[str, Marketplace] = {}
    for key, entry in cast("dict[Any, Any]", entries).items():
        if not isinstance(entry, dict):
            faults.append(f"{path}:{lines.get(('marketplaces', str(key)), 1)}: {key} must be a mapping of fields")
            continue
        merged = _merged(cast("dict[str, Any]", defaults), {**cast("dict[str, Any]", entry), "key": str(key)})
        at = ("marketplaces", str(key))
        # a fault in a default stands in the default's line
        inherited = {(*at, *where[1:]): line for where, line in lines.items() if where[:1] == ("defaults",) and len(where) > 1}
        marketplace = _one(Marketplace, merged, path, {**inherited, **lines}, at, faults)
        if marketplace is not None:
            result[str(key)] = marketplace
    return result


def _merged(defaults: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """The entry over the defaults; limits, calls and lanes field by field."""
    merged = {**defaults, **entry}
    for nested in ("limits", "calls", "definitive", "return_status", "rebound_orders", "return_requests", "stock"):
        if isinstance(entry.get(nested), dict) and isinstance(defaults.get(nested), dict):
            merged[nested] = {**defaults[nested], **entry[nested]}
    return merged


def _one(
    model: type[Row], raw: dict[str, Any], path: Path, lines: dict[tuple[str, ...], int], prefix: tuple[str, ...], faults: list[str]
) -> Row | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults.extend(describe(path, error, lines, prefix))
        return None


def _rows(
    model: type[Row], path: Path, columns: list[str], faults: list[str], rename: dict[str, str] | None = None
) -> list[tuple[int, Row]]:
    result: list[tuple[int, Row]] = []
    for line, raw in read_csv(path, columns):
        renamed = {(rename or {}).get(name, name): value for name, value in raw.items()}
        row = _one(model, renamed, path, {(): line}, (), faults)
        if row is not None:
            result.append((line, row))
    return result
