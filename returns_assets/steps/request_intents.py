"""From decided requests to effects: the body of every step's call."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from returns_assets.decisions import requests as decided
from returns_assets.decisions.requests import AUTHORISE
from returns_assets.ledger.records import Intent
from returns_assets.ledger.validations import Validation
from returns_assets.rebound.return_orders import ReturnOrder, body
from returns_assets.steps.act_gate import require_rows
from returns_assets.steps.context import StepContext
from returns_assets.steps.request_done import ACCEPT, CREATE, GRANT, ORDER, REFUSE
from returns_assets.steps.request_read import from_json
from returns_assets.steps.return_requests import labels_of
from returns_assets.translation.model import Marketplace, carrier_key
from returns_assets.warehouse.partitions import dict_rows

PORTAL = "portal"  # origin of a registration in ReBound's portal
COLUMNS = (
    "request_id, origin, registration_id, mirakl_return_id, return_id, order_id, commercial_id, mirakl_state, rma, outcome, detail, "
    "rejection_code, waits_for, requested_at, lines"
)
ROWS = f"SELECT {COLUMNS} FROM return_requests WHERE marketplace = ? AND day = ? ORDER BY requested_at, request_id"
SKUS = "SELECT order_line_id, any_value(sku) FROM return_request_lines WHERE marketplace = ? AND day = ? GROUP BY order_line_id"
Row = Mapping[str, Any]


class Requests:
    """The validated rows of one partition, and what each kind of effect is to send for them."""

    def __init__(self, ctx: StepContext, shop: Marketplace, day: date, validation: Validation) -> None:
        with ctx.warehouse.read() as con:
            require_rows(con, validation)
            self.rows: Sequence[Row] = dict_rows(con.execute(ROWS, [shop.key, day]))
            self._skus: dict[str, str] = dict(con.execute(SKUS, [shop.key, day]).fetchall())
        self._ctx, self._shop = ctx, shop
        self._labels = labels_of(ctx.mappings)

    def answers(self, kind: str) -> list[Intent]:
        """Of the registrations in ReBound's portal: granted or declined."""
        wanted = AUTHORISE if kind == GRANT else decided.REFUSE
        rows = [row for row in self.rows if row["origin"] == PORTAL and row["outcome"] == wanted]
        body_of = self._grant if kind == GRANT else self._decline
        return [self.intent(row, row["registration_id"], {"body": body_of(row)}) for row in rows]

    def _grant(self, row: Row) -> dict[str, Any]:
        metadata = {"mirakl_shop_id": self._shop.shop_id, "mirakl_commercial_id": row["commercial_id"]}
        return {"clientMetadata": [{"key": key, "value": value} for key, value in metadata.items() if value], "labelBase64Enabled": False}

    def _decline(self, row: Row) -> dict[str, Any]:
        return {"reason": row["detail"]}

    def intents(self, kind: str) -> list[Intent]:
        """Of the kinds whose content is known from the plan alone: all but the update."""
        make: Callable[[Row], dict[str, Any]] = {ACCEPT: self._accept, REFUSE: self._refuse, ORDER: self._order, CREATE: self._create}[kind]
        subject = "return_id" if kind == CREATE else "mirakl_return_id"
        return [self.intent(row, row[subject], make(row)) for row in self.rows if self._wants(kind, row)]

    def intent(self, row: Row, subject: str, request: dict[str, Any]) -> Intent:
        return Intent(row["order_id"], subject, request, Decimal(0), Decimal(0), self._shop.currency, ())

    def _wants(self, kind: str, row: Row) -> bool:
        if row["origin"] == PORTAL:
            return False
        if kind == ACCEPT:
            return row["outcome"] == AUTHORISE and row["mirakl_state"] == "WAITING_ACCEPTANCE"
        if kind == ORDER:  # a return that ReBound has already is written back and not authorised a second time
            return row["outcome"] == AUTHORISE and row["return_id"] is None
        return row["outcome"] == {REFUSE: decided.REFUSE, CREATE: decided.CREATE}[kind]

    def _accept(self, row: Row) -> dict[str, Any]:
        return {"id": row["mirakl_return_id"], "accepted": True}

    def _refuse(self, row: Row) -> dict[str, Any]:
        return {"id": row["mirakl_return_id"], "accepted": False, "rejection_reason_code": row["rejection_code"]}

    def _order(self, row: Row) -> dict[str, Any]:
        items: list[dict[str, Any]] = []
        for line in from_json(row["lines"]):
            item = {"clientItemId": line.order_line_id, "sku": self._skus.get(line.order_line_id), "quantity": str(line.quantity)}
            item["reasonCode"] = self._labels.get(line.reason or "")
            items.append({name: value for name, value in item.items() if value})
        return body(row["order_id"], row["mirakl_return_id"], self._shop.shop_id, row["commercial_id"] or "", items)

    def _create(self, row: Row) -> dict[str, Any]:
        lines = [
            {"order_line_id": line.order_line_id, "quantity": line.quantity, "reason_code": line.reason_code}
            for line in from_json(row["lines"])
        ]
        entry: dict[str, Any] = {"order_commercial_id": row["commercial_id"], "method_code": self._shop.return_requests.methods[0]}
        return {**entry, "return_lines": lines, "rma": row["rma"], "accepted": True}


def update_of(ctx: StepContext, marketplace: str, mirakl_return_id: str, order: ReturnOrder, rma: str) -> dict[str, Any]:
    """RT04's entry: the RMA, which is ReBound's or its number; label and tracking as far as they are given.

    A carrier that carriers.csv does not translate is left out: no raw text is sent (R21).
    """
    tracking: dict[str, Any] = {"tracking_number": order.tracking_number} if order.tracking_number else {}
    carrier = carrier_key(order.carrier) if order.carrier else ""
    row = next((row for row in ctx.carriers(marketplace) if row.key == carrier), None)
    if row is not None and tracking:
        named = (
            {"carrier_code": row.carrier_code} if row.carrier_code else {"carrier_name": row.carrier_name, "tracking_url": row.carrier_url}
        )
        tracking |= {name: value for name, value in named.items() if value}
    entry = {"id": mirakl_return_id, "rma": rma, "label_url": order.label_url, "tracking": tracking}
    return {name: value for name, value in entry.items() if value}
