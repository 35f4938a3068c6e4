"""Admin commands: time, orders, the operator's side of Mirakl, back-office refunds, faults."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from returns_assets.sandbox import wire
from returns_assets.sandbox.admin_observe import clock
from returns_assets.sandbox.config import marketplace_from
from returns_assets.sandbox.exchange import Json, decimal, listed
from returns_assets.sandbox.mirakl.operator import set_line_state, settle_debits, tick
from returns_assets.sandbox.mirakl.refund_request import Item
from returns_assets.sandbox.mirakl.refunds import ghost_refund
from returns_assets.sandbox.state import State


def set_clock(state: State, given: Json) -> Json:
    """{"now": iso} freezes it there, {"advance_seconds": n} moves it, {"now": null} lets it run with real time. Due things happen."""
    if "advance_seconds" in given:
        state.advance_clock(float(given["advance_seconds"]))
    elif given.get("now") is not None:
        state.set_clock(wire.moment(given["now"]))
    elif "now" in given:
        state.release_clock()
    else:
        raise ValueError("give now or advance_seconds")
    return clock(state, given)


def put_marketplace(state: State, given: Json) -> Json:
    """A new marketplace, or other values for one that exists (its orders stay)."""
    known = state.marketplaces.get(given.get("key", ""))
    config = marketplace_from(given, known.config if known else None)
    state.put_marketplace(config)
    return config.as_dict()


def put_orders(state: State, given: Json) -> Json:
    """{marketplace, orders: [], sale?: false} in OR11's shape; what is missing is filled in. New ones are sales: they lower stock."""
    key = state.marketplace(given["marketplace"]).config.key
    return {"orders": state.put_orders(key, given["orders"], sold=given.get("sale", True))}


def add_ghost_refund(state: State, given: Json) -> Json:
    """{marketplace, order_line_id, amount, shipping_amount?, reason_code?, quantity?, order_tax_mode?, taxes?, shipping_taxes?}."""
    config = state.marketplace(given["marketplace"]).config
    usable = next((r["code"] for r in config.reasons if r["type"] == "REFUND" and r["is_shop_right"]), "17")
    item = Item(
        order_line_id=given["order_line_id"],
        amount=decimal(given.get("amount", 0)).quantize(config.quantum),
        shipping_amount=decimal(given.get("shipping_amount", 0)).quantize(config.quantum),
        reason_code=str(given.get("reason_code") or usable),
        quantity=int(given.get("quantity", 0)),
        currency=None,
        excluded_from_shipment=False,
        taxes={tax["code"]: decimal(tax["amount"]) for tax in given.get("taxes") or ()},
        shipping_taxes={tax["code"]: decimal(tax["amount"]) for tax in given.get("shipping_taxes") or ()},
    )
    return ghost_refund(state, config.key, item, mode=given.get("order_tax_mode")).summary()


def set_balance(state: State, given: Json) -> Json:
    """{marketplace, payable?, pending?}; null takes the limit away. `balance` sets both."""
    config = state.marketplace(given["marketplace"]).config
    for name in ("payable", "pending"):
        if name in given or "balance" in given:
            value = given[name] if name in given else given["balance"]
            setattr(config, f"{name}_balance", None if value is None else decimal(value))
    state.save_marketplace(config.key)
    return {name: None if value is None else str(value) for name, value in _balances(config.payable_balance, config.pending_balance)}


def _balances(payable: Decimal | None, pending: Decimal | None) -> list[tuple[str, Decimal | None]]:
    return [("payable", payable), ("pending", pending)]


def set_reasons(state: State, given: Json) -> Json:
    """{marketplace, add?, withdraw?}: `add` a code or {code, label, type, is_shop_right}, `withdraw` a code, or lists of them; `type`
    (default REFUND) is the list that is meant."""
    config = state.marketplace(given["marketplace"]).config
    kind: str = given.get("type", "REFUND")
    gone = {str(code) for code in listed(given.get("withdraw"))}
    added: list[Json] = []
    for reason in listed(given.get("add")):
        data: Json = cast(Json, reason) if isinstance(reason, dict) else {"code": str(reason)}
        added.append(
            {
                "code": data["code"],
                "label": data.get("label") or data["code"],
                "type": data.get("type", kind),
                "is_shop_right": data.get("is_shop_right", True),
            }
        )
    replaced = {(reason["code"], reason["type"]) for reason in added}
    kept = [r for r in config.reasons if (r["code"], r["type"]) not in replaced and not (r["type"] == kind and r["code"] in gone)]
    config.reasons = kept + added
    state.save_marketplace(config.key)
    return {"reasons": config.reasons}


def line_state(state: State, given: Json) -> Json:
    """{marketplace, order_line_id, state, order_state?}."""
    order = set_line_state(
        state, state.marketplace(given["marketplace"]).config.key, given["order_line_id"], given["state"], given.get("order_state")
    )
    return {"order_id": order["order_id"], "order_state": order["order_state"]}


def run_tick(state: State, given: Json) -> Json:
    """{marketplace?, to?: state, refund_ids?: []}: the operator's payment job moves refunds one step on, or up to `to`."""
    keys = [state.marketplace(given["marketplace"]).config.key] if given.get("marketplace") else list(state.marketplaces)
    return {"moved": sum(tick(state, key, to=given.get("to"), refund_ids=given.get("refund_ids")) for key in keys)}


def run_debits(state: State, given: Json) -> Json:
    """{marketplace?}: accepted orders are debited and can be shipped."""
    keys = [state.marketplace(given["marketplace"]).config.key] if given.get("marketplace") else list(state.marketplaces)
    return {"moved": sum(settle_debits(state, key) for key in keys)}


def add_fault(state: State, given: Json) -> Json:
    """{operation, marketplace?, fault, times? | rate? | script?, contains?, retry_after?, seconds?, seed?}; see faults.py."""
    numbers = {name: float(given[name]) for name in ("rate", "retry_after", "seconds") if given.get(name) is not None}
    return state.faults.add(given | numbers).as_dict()


def clear_faults(state: State, given: Json) -> Json:
    """DELETE /admin/faults."""
    state.faults.clear()
    return {"faults": []}


def clear_requests(state: State, given: Json) -> Json:
    """DELETE /admin/requests."""
    state.forget_requests()
    return {"requests": []}


POSTS: dict[str, Callable[[State, Json], Any]] = {
    "/admin/clock": set_clock,
    "/admin/marketplaces": put_marketplace,
    "/admin/orders": put_orders,
    "/admin/ghost-refund": add_ghost_refund,
    "/admin/balance": set_balance,
    "/admin/reasons": set_reasons,
    "/admin/line-state": line_state,
    "/admin/tick": run_tick,
    "/admin/debits": run_debits,
    "/admin/faults": add_fault,
}
DELETES: dict[str, Callable[[State, Json], Any]] = {"/admin/faults": clear_faults, "/admin/requests": clear_requests}
