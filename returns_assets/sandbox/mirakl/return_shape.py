"""A return in RT11's shape (reference, 7.2): made with every field, shown with nulls or without, and in the examples' odd spellings."""

from __future__ import annotations

import copy
from typing import Any, cast

from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.exchange import Json
from returns_assets.sandbox.mirakl.shape import drops_nulls
from returns_assets.sandbox.records import Order

# Where the parcel goes unless RT04 says otherwise. Invented.
_ADDRESS: Json = {
    "street1": "1 Returns Yard",
    "street2": None,
    "city": "Sampleton",
    "zip_code": "10000",
    "state": None,
    "country_iso_code": "DEU",
}


def made(return_id: str, order: Order, lines: list[Json], state: str, at: str, **more: Any) -> Json:
    """`lines`: order_line_id, quantity, reason_code. `more`: method_code, and any optional field."""
    return {
        "id": return_id,
        "state": state,
        "order_id": order["order_id"],
        "order_commercial_id": order["commercial_id"],
        "rma": None,
        "reason_code": None,
        "rejection_reason_code": None,
        "label_url": None,
        "description": None,
        "documents": [],
        "return_address": dict(_ADDRESS),
        "return_lines": [{**line, "compliance": None} for line in lines],
        "tracking": None,
        "date_created": at,
        "last_updated": at,
        **more,
    }


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in cast(Json, value).items() if each is not None}
    return [without_nulls(each) for each in cast(list[Any], value)] if isinstance(value, list) else value


def _as_in_the_examples(content: Json, operation: str) -> Json:
    """The contradictions that the reference lists (7.6), each in the answer where it was seen."""
    content = copy.deepcopy(content)
    if content["method_code"] == "RETURN_METHOD_DROP_OFF_POINT":
        content["method_code"] = "RETURN_METHOD_DROP_OFF"
    for line in content["return_lines"]:
        line.pop("reason_code")
    if operation == "RT01":
        content["status"] = content.pop("state")
    elif content["tracking"]:
        for name, odd in (("carrier_code", "carrierCode"), ("carrier_name", "carrierName")):
            content["tracking"][odd] = content["tracking"].pop(name)
    return content


def shown(content: Json, config: MarketplaceConfig, operation: str) -> Json:
    """What the seller sees of a return in an answer of `operation`."""
    if config.returns.like_examples:
        content = _as_in_the_examples(content, operation)
    return without_nulls(content) if drops_nulls(content["id"], config) else content
