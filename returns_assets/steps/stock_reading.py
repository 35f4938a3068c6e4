"""Quantities and sales of the same moment: Mirakl has no one call for both, so the sales are read before and after the quantities."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from returns_assets.mirakl.client import MiraklClient
from returns_assets.mirakl.stock_facts import Offer, Sale, read_offers, read_sales, sku_key

TRIES = 4


@dataclass
class Reading:
    """`offers` by `sku_key`, `sales` by order line. `unsettled`: SKUs that were sold during every try, so that it is not known whether
    their quantity is from before or after that sale."""

    offers: dict[str, Offer] = field(default_factory=dict[str, Offer])
    sales: dict[str, Sale] = field(default_factory=dict[str, Sale])
    unsettled: set[str] = field(default_factory=set[str])

    @cached_property
    def sold(self) -> dict[str, list[Sale]]:
        """The sales by `sku_key`, whatever their state."""
        found: dict[str, list[Sale]] = {}
        for sale in self.sales.values():
            found.setdefault(sale.sku_key, []).append(sale)
        return found


def read_together(client: MiraklClient, skus: Collection[str], since: datetime) -> Reading:
    """Offers of these SKUs and the sales since then. Raises MiraklError."""
    reading = Reading(sales=read_sales(client, since))
    todo: dict[str, str] = {sku_key(sku): sku for sku in skus}
    for _ in range(TRIES):
        if not todo:
            break
        reading.offers.update(read_offers(client, todo.values()))
        later = read_sales(client, since)
        sold = {sale.sku_key for line, sale in later.items() if line not in reading.sales}
        reading.sales = later
        todo = {key: sku for key, sku in todo.items() if key in sold}
    reading.unsettled = set(todo)
    return reading
