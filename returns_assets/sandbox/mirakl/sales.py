"""Stock that moves without the seller: a customer buys between the seller's reading and writing, and, where the operator is set up so,
what was cancelled or refunded goes back (whether Mirakl does that is not published)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Call, Json, Refusal
from returns_assets.sandbox.state import State


def sell(state: State, marketplace: str, sku: str, quantity: int, *, warehouse: str | None = None, order: Json | None = None) -> Json:
    """A customer buys: an order in SHIPPING that OR11 shows, and so much less stock. `order`: further fields of it, in OR11's shape.

    Refusal when there is no such offer or not enough of it: Mirakl would not have sold it.
    """
    with state.lock:
        place = state.marketplaces[marketplace]
        offer = place.offers.of(sku)
        if offer is None:
            raise Refusal(404, f"Offer with sku {sku} not found")
        there = offer.quantity if warehouse is None else offer.warehouses.get(warehouse, 0)
        if not 1 <= quantity <= there:
            raise Refusal(400, f"{quantity} of {sku} cannot be sold: there are {there}")
        line: Json = {
            "offer_id": offer.offer_id,
            "offer_sku": sku,
            "price_unit": offer.price,
            "product_sku": offer.product_sku,
            "product_title": offer.title,
            "quantity": quantity,
        }
        if warehouse is not None:
            line["shipping_from"] = {"address": None, "warehouse": {"code": warehouse}}
        order_id = f"{marketplace[:3].upper()}-S{len(place.orders) + 1:07d}-A"
        made: Json = {"order_id": order_id, "order_state": "SHIPPING", **(order or {}), "order_lines": [line]}
        state.put_orders(marketplace, [made])
        return {"order_id": made["order_id"], "quantity": offer.quantity}


def put_back(call: Call, cause: str, units: Iterable[tuple[str, int]]) -> None:
    """`units` by order line go back on sale, where the marketplace's `stock_back_after` has the cause."""
    place = call.place
    if cause not in place.config.stock_back_after:
        return
    at = wire.iso(call.state.clock.now())
    for line_id, quantity in units:
        order_id = place.order_of_line(line_id) or ""
        line: dict[str, Any] = next(each for each in place.orders[order_id].order()["order_lines"] if each["order_line_id"] == line_id)
        offer = place.offers.of(line["offer_sku"])
        if offer is not None and quantity:
            place.offers.move(offer, quantity, cause, at, order_id)
    call.state.save_offers(place.config.key)
