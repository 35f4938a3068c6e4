"""What is read before and after a stock file: an offer's quantity (OF21), and what was sold meanwhile (OR11 by creation)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from returns_assets.mirakl.client import PAGE_SIZE, MiraklClient, parse
from returns_assets.mirakl.errors import MiraklUnreadableError

ONE_BY_ONE = 50  # offers asked for one by one; of more, all offers are read, a hundred a call
UNSOLD = ("REFUSED", "CANCELED")


def sku_key(sku: str) -> str:
    """SKUs are compared trimmed and whatever their case (reference, 3.2)."""
    return sku.strip().upper()


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as just read. `warehouses` is empty where the offer has one global quantity; `quantity` is that of all of it."""

    sku: str
    offer_id: str
    quantity: int
    active: bool = True
    warehouses: dict[str, int] = field(default_factory=dict[str, int])

    def at(self, warehouse: str | None) -> int:
        """The quantity that a line of a stock file for this warehouse sets; a warehouse that is not listed has none."""
        return self.quantity if warehouse is None else self.warehouses.get(warehouse, 0)


@dataclass(frozen=True, slots=True)
class Sale:
    """An order line, as far as stock is concerned."""

    order_line_id: str
    sku_key: str
    quantity: int
    created_at: datetime
    counts: bool  # not refused or cancelled


def read_offers(client: MiraklClient, skus: Collection[str]) -> dict[str, Offer]:
    """These offers by `sku_key`, as they are now; those that Mirakl does not list are absent. Raises MiraklError."""
    wanted = {sku_key(sku): sku for sku in skus}
    found: dict[str, Offer] = {}
    if len(wanted) > ONE_BY_ONE:
        found = {key: offer for key, offer in all_offers(client).items() if key in wanted}
    for key, sku in sorted(wanted.items()):
        if key not in found:
            page = parse("OF21", client.get("OF21", "/offers", {"sku": sku, "max": str(PAGE_SIZE), "paginate": "true"}).content)
            found.update({sku_key(offer.sku): offer for offer in _offers(page) if sku_key(offer.sku) == key})
    return found


def all_offers(client: MiraklClient) -> dict[str, Offer]:
    """Every offer of the shop by `sku_key`. Raises MiraklError."""
    found: dict[str, Offer] = {}
    offset = 0
    while True:
        params = {"max": str(PAGE_SIZE), "offset": str(offset), "paginate": "true"}
        page = parse("OF21", client.get("OF21", "/offers", params).content)
        offers = list(_offers(page))
        found.update({sku_key(offer.sku): offer for offer in offers})
        offset += len(offers)
        total: Any = page.get("total_count")
        if not isinstance(total, int):
            raise MiraklUnreadableError("OF21: the answer has no total_count")
        if not offers or offset >= total:
            return found


def _offers(page: dict[str, Any]) -> Iterator[Offer]:
    try:
        for entry in cast("list[dict[str, Any]]", page["offers"]):
            places = cast("list[dict[str, Any]]", entry.get("warehouses") or [])
            parts = {str(place["code"]): _units(place["quantity"]) for place in places}
            quantity = sum(parts.values()) if parts else _units(entry["quantity"])
            yield Offer(str(entry["shop_sku"]), str(entry["offer_id"]), quantity, bool(entry.get("active", True)), parts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MiraklUnreadableError("OF21: an offer without a readable SKU or quantity") from error


def _units(value: Any) -> int:
    units = int(value)
    if units != value:
        raise ValueError(value)
    return units


def read_sales(client: MiraklClient, since: datetime) -> dict[str, Sale]:
    """Lines of the orders created since then, by order line id. Raises MiraklError."""
    return {sale.order_line_id: sale for sale in sales_of(client.orders_created(since))}


def sales_of(pages: Iterable[bytes]) -> Iterator[Sale]:
    """The order lines in OR11's answers."""
    for body in pages:
        try:
            for order in cast("list[dict[str, Any]]", parse("OR11", body)["orders"]):
                created = _moment(order["created_date"])
                for line in cast("list[dict[str, Any]]", order.get("order_lines") or []):
                    state = str(line.get("order_line_state") or order.get("order_state") or "")
                    key, units = sku_key(str(line["offer_sku"])), int(line["quantity"])
                    yield Sale(str(line["order_line_id"]), key, units, created, state not in UNSOLD)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MiraklUnreadableError("OR11: an order line without a readable SKU, quantity or date") from error


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
