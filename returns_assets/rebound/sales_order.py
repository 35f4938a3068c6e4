"""A Mirakl order as the sales order that ReBound takes (POST /sales-orders), and the hash that says whether two are the same.

Documented (reference, 1.3): the document's own fields. Inside `salesItems` nothing is published: the names are those of the Tracking
Update's items (1.6), which echo them. Quantities and money are text there, so they are here: exact, and never a float. The customer's
address is no part of the document: it is added right before the request leaves, and nothing keeps it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

CENT = Decimal("0.01")
GTIN_LENGTHS = (8, 12, 13, 14)
CANCELLED = ("CANCELED", "REFUSED")
DOCUMENT_FIELDS = ("clientOrderId", "clientOrderCreatedDate", "businessUnit", "salesItems", "clientMetadata")
ITEM_FIELDS = ("clientItemId", "sku", "ean", "articleDescription", "quantity", "commercialValue", "commercialValueCurrency")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """An order line. `price_unit` in the order's currency; None where Mirakl does not say it."""

    line_id: str
    state: str
    sku: str
    product_sku: str
    title: str
    quantity: int
    price_unit: Decimal | None
    shipped_at: datetime | None

    @property
    def cancelled(self) -> bool:
        return self.state in CANCELLED

    @property
    def ean(self) -> str | None:
        """The operator's product id where it is a GTIN: OR11 has no other EAN."""
        return self.product_sku if is_gtin(self.product_sku) else None


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """An order as far as it is nobody's personal data; times in UTC. `country`: ISO 3166 alpha-3 of the shipping address."""

    order_id: str
    commercial_id: str
    state: str
    currency: str
    country: str
    fully_refunded: bool
    created_at: datetime | None
    lines: Sequence[SoldLine]

    @property
    def sent(self) -> list[SoldLine]:
        """The lines that are not cancelled, in the order of their ids."""
        return sorted((line for line in self.lines if not line.cancelled), key=lambda line: line.line_id)

    @property
    def shipped_at(self) -> datetime | None:
        """When the last of it left, None while Mirakl does not say."""
        return max((line.shipped_at for line in self.sent if line.shipped_at is not None), default=None)


def is_gtin(code: str) -> bool:
    """Whether a code is a GTIN with its right check digit: an operator's own product number is not passed on as an EAN."""
    if len(code) not in GTIN_LENGTHS or not (code.isascii() and code.isdecimal()):
        return False
    digits = [int(digit) for digit in reversed(code)]
    return (sum(digits[1::2]) * 3 + sum(digits[::2])) % 10 == 0


def document(order: SoldOrder, marketplace: str, shop_id: str) -> dict[str, Any]:
    """The sales order without address: the same order gives the same document, whichever answer it was read from."""
    sold: dict[str, Any] = {"clientOrderId": order.order_id}
    if order.created_at is not None:
        sold["clientOrderCreatedDate"] = order.created_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    sold["businessUnit"] = marketplace
    sold["salesItems"] = [_item(line, order.currency) for line in order.sent]
    facts = {
        "mirakl_order_id": order.order_id,
        "mirakl_commercial_id": order.commercial_id,
        "mirakl_shop_id": shop_id,
        "channel": marketplace,
    }
    sold["clientMetadata"] = [{"key": key, "value": value} for key, value in facts.items() if value]
    return sold


def _item(line: SoldLine, currency: str) -> dict[str, str]:
    item = {"clientItemId": line.line_id, "sku": line.sku}
    if line.ean is not None:
        item["ean"] = line.ean
    if line.title:
        item["articleDescription"] = line.title
    item["quantity"] = str(line.quantity)
    if line.price_unit is not None:
        item |= {"commercialValue": money_text(line.price_unit), "commercialValueCurrency": currency}
    return item


def money_text(amount: Decimal) -> str:
    """An amount with two decimals, or more only where they are not zero."""
    shortest = amount.normalize()
    exponent = shortest.as_tuple().exponent
    return f"{shortest if isinstance(exponent, int) and exponent < -2 else shortest.quantize(CENT):f}"


def content_hash(sold: Mapping[str, Any]) -> str:
    """Hex sha256 of a document, whatever the order of its fields."""
    return hashlib.sha256(json.dumps(sold, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def request_body(sold: Mapping[str, Any], digest: str, address: Mapping[str, str]) -> dict[str, Any]:
    """What goes out: the document, its hash in the metadata, and the address where one is sent."""
    metadata = [*sold["clientMetadata"], {"key": "content_hash", "value": digest}]
    return {**sold, "clientMetadata": metadata, **({"customerAddress": dict(address)} if address else {})}
