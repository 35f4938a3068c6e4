"""Notices of the warehouse at a test's own wish: a file of the given rows, written into the drop folder or posted, at once."""

from __future__ import annotations

from pathlib import Path

from returns_assets.sandbox import delivery
from returns_assets.sandbox.delivery import Mishaps
from returns_assets.sandbox.exchange import Json, listed
from returns_assets.sandbox.state import State
from returns_assets.sandbox.warehouse_files import CHANNEL, COLUMNS, Notice
from returns_assets.sandbox.world_plan import Scheduled

_NOTE = "warehouse-notices"
_FIRST = 9_000_000  # these files' numbers stay clear of the worlds'


def _order_of(state: State, row: Json) -> Json | None:
    """The order that the row names, in whichever marketplace it is."""
    order_id = row.get("order_id")
    for key in state.marketplaces:
        found = state.get_order(key, str(order_id or state.order_of_line(key, str(row.get("order_line_id"))) or ""))
        if found is not None:
            return found
    return None


def _completed(state: State, row: Json) -> list[Json]:
    """What the row leaves out is taken from its order line; a dispatch that names no line is of every line that is still to be shipped."""
    order = _order_of(state, row)
    if order is None:
        return [row]
    whole = row.get("event") == "DISPATCHED" and not ({"order_line_id", "sku", "ean"} & set(row))
    rows: list[Json] = []
    for line in order["order_lines"]:
        if (whole and line["order_line_state"] == "SHIPPING") or row.get("order_line_id") == line["order_line_id"]:
            known: Json = {"order_id": order["order_id"], "order_line_id": line["order_line_id"], "sku": line["offer_sku"]}
            rows.append({**known, "ean": line["product_sku"], "quantity": line["quantity"] if whole else 1, **row})
    return rows or [row]


def notices(state: State, given: Json) -> Json:
    """{rows: [{event, ...}], directory | url, headers?, files?: {format, delimiter, bom, ...}}: one file, sent now.

    Rows have the contract's columns; `event_time` (now), `event_id`, and what an order line tells are filled in where the column is not
    given. Any text is taken, so that wrong rows can be made. ValueError for a column that does not exist.
    """
    form = state.config.warehouse.with_changes(given.get("files") or {})
    now = state.clock.now()
    number: int = (state.note(_NOTE) or 0) + 1
    rows: list[Json] = []
    for row in listed(given["rows"]):
        stray = sorted(set(row) - set(COLUMNS))
        if stray:
            raise ValueError(f"unknown column {stray[0]}; allowed: {', '.join(COLUMNS)}")
        rows += _completed(state, row)
    rows = [{"warehouse": "WH-01", "event_id": f"N{number:06d}-{n}", **row} for n, row in enumerate(rows, 1)]
    body = form.render([Notice(now, row) for row in rows])
    document = Scheduled(now, _FIRST + number, CHANNEL, body, form.format)
    if isinstance(given.get("directory"), str):
        outcome = delivery.to_files([document], Path(given["directory"]), Mishaps(), 0, now)
    elif isinstance(given.get("url"), str):
        outcome = delivery.to_receiver([document], given["url"], given.get("headers") or {}, Mishaps(), 0, now)
    else:
        raise ValueError("notices need a directory or a url")
    state.set_note(_NOTE, number)
    return {"file": delivery.file_name(document), "rows": rows, "files": outcome.files, "posted": outcome.posted, "failed": outcome.failed}
