"""One order as it is kept: its JSON, compressed (half a million lines fit into memory), beside the fields that OR11 filters by."""

from __future__ import annotations

import zlib
from typing import Any

from returns_assets.sandbox import wire

Order = dict[str, Any]
MODES = ("TAX_INCLUDED", "TAX_EXCLUDED")
# Before the customer's debit OR11 shows no addresses, although the fields are called required.
EARLY = ("STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT")
# Every blob starts with the tax mode, so that an order without taxes can be shown in the other mode by exchanging its first bytes.
_HEADS = {mode: b'{"order_tax_mode":"' + mode.encode() + b'",' for mode in MODES}


class OrderRecord:
    """`blob` is the zlib-compressed JSON of the order in OR11's shape; dates are milliseconds since 1970."""

    __slots__ = (
        "blob",
        "center",
        "channel",
        "created",
        "debited",
        "early",
        "incident",
        "lines",
        "order_id",
        "other",
        "ref_customer",
        "ref_seller",
        "shipped",
        "state",
        "taxed",
        "updated",
        "workflow",
    )

    def __init__(self, order: Order, blob: bytes | None = None) -> None:
        self.order_id: str = order["order_id"]
        self.pack(order, blob)

    def pack(self, order: Order, blob: bytes | None = None) -> None:
        """Take the order's present content; `blob` saves packing it when that was done before."""
        if blob is None:
            rest = wire.dumps({k: v for k, v in order.items() if k != "order_tax_mode"})
            blob = zlib.compress(_HEADS[order["order_tax_mode"]] + rest[1:], 1)
        self.blob = blob
        self.other: bytes | None = None
        self.created = wire.millis(order["created_date"])
        self.updated = wire.millis(order["last_updated_date"])
        self.state: str = order["order_state"]
        self.early = self.state in EARLY
        channel: Order | None = order.get("channel")
        references: Order | None = order.get("references")
        fulfillment: Order = order.get("fulfillment") or {}
        center: Order = fulfillment.get("center") or {}
        self.channel: str | None = channel["code"] if channel else None
        self.ref_customer: str | None = references.get("order_reference_for_customer") if references else None
        self.ref_seller: str | None = references.get("order_reference_for_seller") if references else None
        self.center: str | None = center.get("code")
        self.debited = bool(order.get("customer_debited_date"))
        self.workflow: str | None = order.get("payment_workflow")
        self.incident = bool(order.get("has_incident"))
        lines: list[dict[str, Any]] = order["order_lines"]
        self.lines = len(lines)
        self.taxed = any(line.get("taxes") or line.get("shipping_taxes") for line in lines)
        shipped = [line["shipped_date"] for line in lines if line.get("shipped_date")]
        self.shipped: int | None = wire.millis(max(shipped)) if shipped else None

    @staticmethod
    def unpacked(blob: bytes) -> Order:
        return wire.loads(zlib.decompress(blob))

    def text(self) -> bytes:
        return zlib.decompress(self.blob)

    def order(self) -> Order:
        """A fresh copy: changing it changes nothing here."""
        return wire.loads(self.text())

    def text_as(self, mode: str) -> bytes:
        """The JSON with another tax mode in its head; right only for an order without taxes, where both modes show the same amounts."""
        text = self.text()
        head = _HEADS[mode]
        return text if text.startswith(head) else head + text[len(_HEADS[MODES[1 - MODES.index(mode)]]) :]
