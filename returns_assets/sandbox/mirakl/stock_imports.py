"""STO01, STO02, STO03: a stock file is taken, worked off later, and reported on. Quantities are absolute: what was sold in between is lost.

What moves an import on is the marketplace's switch (`stock_import_by`): answers of STO02, the clock, or only the admin.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Refusal
from returns_assets.sandbox.import_book import COMPLETE, FAILED, FINISHED, RUNNING, WAITING, StockImport
from returns_assets.sandbox.mirakl import stock_file
from returns_assets.sandbox.state import MarketplaceState, State

_STEPS = (WAITING, RUNNING, COMPLETE)


def _work_off(state: State, place: MarketplaceState, made: StockImport) -> None:
    """The import ends: COMPLETE with what each line came to, or FAILED when the file cannot be read."""
    made.status = COMPLETE if made.rows is not None else FAILED
    at = wire.iso(state.clock.now())
    for sku, group, together in stock_file.offers(made.rows or []):
        found = stock_file.faults(sku, group, together, place.offers, place.config)
        if found:
            made.errors += [[row[0], found.get(row[0], "Another line of this offer is in error")] for row in group]
            continue
        for _, _, quantity, code, _ in group:
            place.offers.change(place.offers.named(sku), code or None, int(quantity or 0), "import", at, made.import_id)
        made.success += len(group)


def advance(state: State, place: MarketplaceState, made: StockImport, to: str) -> None:
    """Bring an open import to `to`: RUNNING, COMPLETE (or FAILED, if the file cannot be read), FAILED (nothing of it is done)."""
    if to == COMPLETE:
        _work_off(state, place, made)
    else:
        made.status = to
    _save(state, place, made)


def _save(state: State, place: MarketplaceState, made: StockImport) -> None:
    state.keep(f"import:{place.config.key}", made.import_id, made.as_dict())
    state.save_offers(place.config.key)


def _due(made: StockImport, now: datetime, by: str, after: float) -> str:
    """Where the import stands by now."""
    passed = made.polls - 1 if by == "polls" else (now - wire.moment(made.created)).total_seconds()
    if not after:
        return COMPLETE
    return _STEPS[min(int(2 * max(passed, 0) / after), 2)]


def settle(state: State, place: MarketplaceState) -> None:
    """Work off what is due; whoever looks at stock calls this first."""
    config = place.config
    if config.stock_import_by == "tick":
        return
    for made in place.imports.open_ones():
        to = _due(made, state.clock.now(), config.stock_import_by, config.stock_import_after)
        if _STEPS.index(to) > _STEPS.index(made.status):
            advance(state, place, made, to)


def settle_all(state: State, now: datetime) -> None:
    """The clock jumped."""
    with state.lock:
        for place in state.marketplaces.values():
            settle(state, place)


def tick(state: State, place: MarketplaceState, to: str | None = None) -> int:
    """Every open import one step on, or to `to`. Gives their number."""
    found = place.imports.open_ones()
    for made in found:
        advance(state, place, made, to or _STEPS[_STEPS.index(made.status) + 1])
    return len(found)


def sto01(call: Call) -> Answer:
    """POST /api/offers/stock/imports, multipart with the part `file`."""
    content = stock_file.uploaded(call.headers.get("content-type", ""), call.body)
    digest = hashlib.sha256(content).hexdigest()
    latest = call.place.imports.latest()
    if latest is not None and latest.digest == digest and call.place.config.duplicate_stock_import == "existing":
        made = latest
    else:
        made = call.place.imports.open(call.place.config.key, wire.iso(call.state.clock.now()), digest, stock_file.rows(content))
        _save(call.state, call.place, made)
        if not call.place.config.stock_import_after:
            settle(call.state, call.place)
    answer = Answer.json({"import_id": made.import_id}, 201)
    answer.headers["location"] = f"{call.root}/offers/stock/imports/{made.import_id}/status"
    return answer


def _of(call: Call) -> StockImport:
    import_id = call.path.split("/")[4]
    made = call.place.imports.imports.get(import_id)
    if made is None:
        raise Refusal(404, f"Import {import_id} not found")
    return made


def sto02(call: Call) -> Answer:
    """GET /api/offers/stock/imports/{import_id}/status."""
    made = _of(call)
    if made.open:
        made.polls += 1
        settle(call.state, call.place)
        _save(call.state, call.place, made)
    done = made.status in FINISHED
    return Answer.json(
        {
            "date_created": made.created,
            "has_error_report": bool(made.errors),
            "import_id": made.import_id,
            "lines_in_error": len(made.errors) if done else 0,
            "lines_in_success": made.success,
            "shop_id": int(call.place.config.shop_id),
            "status": made.status,
        }
    )


def sto03(call: Call) -> Answer:
    """GET /api/offers/stock/imports/{import_id}/error_report; 404 when there is none."""
    made = _of(call)
    if not made.errors:
        raise Refusal(404, f"Import {made.import_id} has no error report")
    body = stock_file.report(made.errors, made.rows or [])
    return Answer(200, body, {"content-type": "text/csv;charset=UTF-8"})
