"""OF21 and OF22: the shop's offers with their stock. OF24 as it is documented: it replaces everything, and what is not sent is reset."""

from __future__ import annotations

import hashlib
import zlib
from decimal import Decimal
from typing import Any, cast

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Json, Refusal, decimal
from returns_assets.sandbox.mirakl.offset import link as offset_link
from returns_assets.sandbox.mirakl.shape import drops_nulls
from returns_assets.sandbox.mirakl.stock_imports import settle
from returns_assets.sandbox.offer_book import SETTINGS, Offer

_NEEDED = ("shop_sku", "price", "product_id", "product_id_type", "state_code", "update_delete")
_RESET: Json = {**dict.fromkeys(SETTINGS), "logistic_class": "S"}  # an offer is never without a logistic class
_LABELS = {"S": "Small", "M": "Medium", "L": "Large"}
# fmt: off
_REQUIRED = frozenset((
    "active", "all_prices", "applicable_pricing", "category_code", "category_label", "currency_iso_code", "fulfillment",
    "inactivity_reasons", "logistic_class", "offer_id", "price", "product_sku", "product_title", "quantity", "shop_sku",
    "state_code", "total_price",
))
# fmt: on


def _shown(call: Call, offer: Offer) -> Json:
    config = call.place.config
    pricing: Json = {
        "channel_code": None,
        "discount_end_date": None,
        "discount_start_date": None,
        "price": offer.price,
        "unit_discount_price": None,
        "unit_origin_price": offer.price,
        "volume_prices": [],
    }
    code: str = offer.settings["logistic_class"]
    shown: Json = {
        "active": offer.quantity > 0,
        "all_prices": [pricing],
        "allow_quote_requests": False,
        "applicable_pricing": pricing,
        "available_end_date": None,
        "available_start_date": None,
        "category_code": "general",
        "category_label": "General",
        "channels": [],
        "currency_iso_code": config.currency,
        "description": offer.settings["description"],
        "discount": None,
        "eco_contributions": [],
        "fulfillment": {"center": {"code": "DEFAULT"}},
        "inactivity_reasons": [] if offer.quantity else ["ZERO_QUANTITY"],
        "internal_description": offer.settings["internal_description"],
        "leadtime_to_ship": offer.settings["leadtime_to_ship"],
        "logistic_class": {"code": code, "label": _LABELS.get(code, code)},
        "max_order_quantity": offer.settings["max_order_quantity"],
        "min_order_quantity": offer.settings["min_order_quantity"],
        "min_quantity_alert": offer.settings["min_quantity_alert"],
        "model": "MARKETPLACE",
        "offer_additional_fields": [],
        "offer_id": offer.offer_id,
        "package_quantity": None,
        "price": offer.price,
        "price_additional_info": None,
        "product_brand": None,
        "product_references": [],
        "product_sku": offer.product_sku,
        "product_title": offer.title,
        "quantity": offer.quantity,
        "shop_sku": offer.sku,
        "state_code": offer.state_code,
        "total_price": offer.price,
        "warehouses": [{"code": code, "quantity": units} for code, units in offer.warehouses.items()] or None,
    }
    if drops_nulls(offer.sku, config):
        return {name: value for name, value in shown.items() if value is not None or name in _REQUIRED}
    return shown


def _fitting(call: Call) -> list[Offer]:
    book = call.place.offers
    sku = call.one("sku")
    if sku is not None:
        only = book.of(sku)
        found = [] if only is None else [only]
    else:
        found = list(book.offers.values())
    product, states = call.one("product_id"), call.listed("offer_state_codes")
    if call.flag("favorite"):
        return []  # nobody marks offers here
    return [offer for offer in found if product in (None, offer.product_sku) and (states is None or offer.state_code in states)]


def of21(call: Call) -> Answer:
    """GET /api/offers, in order of creation unless `sort` says otherwise."""
    settle(call.state, call.place)
    size, offset = call.whole("max", 10, 1, 100), call.whole("offset", 0, 0, 10**9)
    sort = call.choice("sort", ("totalPrice", "price", "productTitle"))
    falling = call.choice("order", ("asc", "desc")) == "desc"
    found = _fitting(call)
    if sort is not None:
        found.sort(key=lambda offer: (offer.title if sort == "productTitle" else "", offer.price, offer.offer_id))
    if falling:
        found.reverse()
    page = [_shown(call, offer) for offer in found[offset : offset + size]]
    body = wire.dumps({"offers": page, "total_count": len(found)})
    return Answer(200, body, offset_link(call, offset, size, len(found)))


def of22(call: Call) -> Answer:
    """GET /api/offers/{offer}."""
    settle(call.state, call.place)
    offer = call.place.offers.offers.get(int(call.path.rpartition("/")[2]))
    if offer is None:
        raise Refusal(404, f"Offer {call.path.rpartition('/')[2]} not found")
    config = call.place.config
    return Answer.json({**_shown(call, offer), "shop_id": int(config.shop_id), "shop_name": f"{config.label} shop"})


def _price(entry: Json, where: str) -> Decimal:
    try:
        return decimal(entry["price"])
    except ValueError:
        raise Refusal(400, f"{where}.price is not a number") from None


def _replacements(call: Call) -> list[tuple[Json, Decimal, int]]:
    """Every entry with its price and quantity, all judged before anything is done."""
    given: Any = call.json().get("offers")
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in cast(list[Any], given)):
        raise Refusal(400, "Bad Request")
    found: list[tuple[Json, Decimal, int]] = []
    for n, entry in enumerate(cast(list[Json], given)):
        where = f"offers[{n}]"
        missing = [name for name in _NEEDED if entry.get(name) is None]
        if missing:
            raise Refusal(400, f"{where}.{missing[0]} is required")
        if entry["update_delete"] not in ("", "update", "delete"):
            raise Refusal(400, f"{where}.update_delete must be empty, update or delete")
        quantity: Any = entry.get("quantity") or 0
        if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
            raise Refusal(400, f"{where}.quantity is not a whole number")
        found.append((entry, _price(entry, where), quantity))
    return found


def of24(call: Call) -> Answer:
    """POST /api/offers: a full replace. A missing quantity becomes 0 (reference, 6.2). The same body again gets the import id it had."""
    digest = hashlib.sha256(call.body).digest()
    book = call.place.offers
    number = 1 if book.last_replace is None else book.last_replace[1] + 1
    if book.last_replace is not None and book.last_replace[0] == digest:
        return Answer.json({"import_id": book.last_replace[1]}, 201)
    at = wire.iso(call.state.clock.now())
    for entry, price, quantity in _replacements(call):
        sku = str(entry["shop_sku"])
        offer = book.of(sku)
        if entry["update_delete"] == "delete":
            if offer is not None:
                book.remove(offer)
            continue
        if offer is None:
            offer = book.add(Offer(zlib.crc32(sku.encode()), sku, str(entry["product_id"]), f"Product {sku}", price))
        offer.price, offer.state_code = price, str(entry["state_code"])
        offer.settings = {name: entry[name] if entry.get(name) is not None else reset for name, reset in _RESET.items()}
        book.change(offer, None, quantity, "replace", at, str(number))
    book.last_replace = (digest, number)
    call.state.save_offers(call.place.config.key)
    return Answer.json({"import_id": number}, 201)
