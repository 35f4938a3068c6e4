"""The end of the demo: what our ledger says was done beside what the sandbox's own books say, refunds to the cent."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import click

from returns_assets.operations.console import money, table
from returns_assets.operations.demo.sandbox_process import Sandbox
from returns_assets.steps.context import StepContext

Money = tuple[int, Decimal, Decimal]


def compare_books(ctx: StepContext, sandbox: Sandbox, new_refunds: int, again: bool) -> bool:
    """Print both sides by marketplace; True when they agree, and when a telling that repeats the last one refunded nothing more."""
    rows: list[tuple[object, ...]] = []
    agree = True
    theirs, by_hand = _sandbox_refunds(sandbox)
    for key, marketplace in ctx.mappings.marketplaces.items():
        totals = [t for t in ctx.ledger.effects.totals(marketplace=key, kind="refund") if t.state == "confirmed"]
        ours: Money = (
            sum(t.effects for t in totals),
            sum((t.amount for t in totals), Decimal(0)),
            sum((t.shipping_amount for t in totals), Decimal(0)),
        )
        same = ours == theirs[key]
        agree = agree and same
        rows.append(
            (key, *_shown(ours, marketplace.currency), *_shown(theirs[key], marketplace.currency), by_hand[key], "yes" if same else "NO")
        )
    headers = ["marketplace", "our refunds", "our money", "their refunds", "their money", "by others", "agree"]
    click.echo(table(headers, rows, right=headers[1:6]))
    calls = sandbox.get("requests/counts")["counts"]
    sent = sum(int(number) for operation, number in calls.items() if operation.endswith("/OR28"))
    click.echo(f"{new_refunds} new refunds in this telling; {sent} refund calls left the product since the sandbox began")
    if again and new_refunds:
        click.secho("a repeated telling must refund nothing more", fg="red")
    return agree and not (again and new_refunds)


def compare_other_books(ctx: StepContext, sandbox: Sandbox) -> bool:
    """The same for the other flows, as counts; True when they agree. Units are those of marketplaces whose quantity this product sets."""
    rows: list[tuple[object, ...]] = []
    for key, shop in ctx.mappings.marketplaces.items():
        made = {t.kind: t.effects for t in ctx.ledger.effects.totals(marketplace=key) if t.state == "confirmed"}
        shipped = sum(each["status"] == "SHIPPED" for each in sandbox.get("shipments", marketplace=key)["shipments"])
        rows.append((key, "orders and parcels shipped", made.get("ship", 0) + made.get("shipment", 0), shipped))
        received = sum(any(step["by"] == "RT25" for step in each["history"]) for each in _returns(sandbox, key))
        if received or made.get("return_received"):  # not where the operator has no returns
            rows.append((key, "returns shown as received", made.get("return_received", 0), received))
        if shop.stock.mode == "own":
            with ctx.warehouse.read() as con:
                units = con.execute("SELECT coalesce(sum(units), 0) FROM stock_pushes WHERE marketplace = ? AND state = 'confirmed'", [key])
                (ours,) = units.fetchone() or (0,)
            changes = sandbox.get("offers/history", marketplace=key, cause="import")["changes"]
            rows.append((key, "units put back on sale", int(ours), sum(each["after"] - each["before"] for each in changes)))
    told = sum(t.effects for t in ctx.ledger.effects.totals(kind="sales_order") if t.state == "confirmed")
    rows.append(("ReBound", "orders told of", told, len(sandbox.get("rebound/sales-orders")["sales_orders"])))
    authorised = sum(t.effects for t in ctx.ledger.effects.totals(kind="return_order") if t.state == "confirmed")
    made_there = [each for each in sandbox.get("rebound/returns")["returns"] if each["source"] == "api"]
    rows.append(("ReBound", "returns authorised", authorised, len(made_there)))
    shown = [(*row, "yes" if row[2] == row[3] else "NO") for row in rows]
    click.echo()
    click.echo(table(["where", "what", "ours", "theirs", "agree"], shown, right=["ours", "theirs"]))
    return all(row[2] == row[3] for row in rows)


def _returns(sandbox: Sandbox, marketplace: str) -> list[Any]:
    return sandbox.get("returns", marketplace=marketplace)["returns"]


def _shown(books: Money, currency: str) -> tuple[int, str]:
    return books[0], money(books[1] + books[2], currency)


def _sandbox_refunds(sandbox: Sandbox) -> tuple[dict[str, Money], dict[str, int]]:
    """By marketplace: refunds that came over the API, and the number of those made by hand in the operator's back office."""
    api: dict[str, Money] = defaultdict(lambda: (0, Decimal(0), Decimal(0)))
    by_hand: dict[str, int] = defaultdict(int)
    for refund in sandbox.get("refunds")["refunds"]:
        key = str(refund["marketplace"])
        if refund["source"] == "api":
            number, amount, shipping = api[key]
            api[key] = (number + 1, amount + Decimal(refund["amount"]), shipping + Decimal(refund["shipping_amount"]))
        else:
            by_hand[key] += 1
    return api, by_hand
