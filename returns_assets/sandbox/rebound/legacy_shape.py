"""A return and its parcels in the legacy API's shape: the fields that third parties were seen to read (reference, 1.7), all strings.

Items have no line id and no piece id: one entry for each SKU, price, reason and finding, in the order in which the pieces were announced.
What the published field list has no place for stands in `custom_` fields, as an account would have it (assumption).
"""

from __future__ import annotations

import base64
from datetime import datetime

from returns_assets.sandbox.documents import NOT_AVAILABLE, Json
from returns_assets.sandbox.rebound.account import DATE_FORMATS
from returns_assets.sandbox.rebound.facts import Parcel, ReturnFacts
from returns_assets.sandbox.rebound.return_book import ReturnOrder

_LABEL = base64.b64encode(b"%PDF-1.4 " + b"label " * 2000).decode()  # real ones are large, too
_ADDRESS = {"addr1": "street_1", "addr2": "street_2", "city": "city", "state": "state", "zip": "zip_code", "country": "country_iso_code"}


def text(value: object) -> str:
    """Here a missing value is an empty string."""
    return "" if value is None or value == NOT_AVAILABLE else str(value)


class Dates:
    """Days in the account's format; times behind them (assumption, as UTC)."""

    def __init__(self, name: str) -> None:
        self._format = DATE_FORMATS[name]

    def day(self, value: object) -> datetime:
        """Midnight UTC. ValueError when it is no day in this format."""
        return datetime.strptime(f"{value} +0000", f"{self._format} %z")

    def moment(self, at: datetime | None) -> str:
        return "" if at is None else at.strftime(f"{self._format} %H:%M:%S")


def _place(location: str) -> Json:
    """A hub code is country_carrier_site."""
    country, _, rest = location.partition("_")
    return {"country": country, "state": "", "city": rest.rpartition("_")[2]}


def _items(facts: ReturnFacts, dates: Dates) -> list[Json]:
    groups: dict[tuple[str, ...], Json] = {}
    for item_id in (*facts.announced, *(each for each in facts.received if each not in facts.announced)):
        received, announced = facts.received.get(item_id), facts.announced.get(item_id, {})
        finding = received.finding if received is not None else {}
        item = announced if received is None else finding or received.item
        parcel = facts.parcels[0 if received is None else received.parcel]
        entry = {
            "sku_code": text(item["sku"]),
            "sku_desc": text(announced.get("articleDescription")),
            "price": text(announced.get("commercialValue")),
            "cost_price_currency": text(announced.get("commercialValueCurrency")),
            "tracking": text(parcel.tracking_number),
            "verification_entity": "" if received is None else parcel.location,
            "final_disposition": text(finding.get("disposition")),
            "custom_ean": text(item["ean"]),
            "custom_verification": text(finding.get("verification")),
            "custom_grade": text(finding.get("grade")),
            "custom_registered": "" if received is None else dates.moment(received.at),
        }
        reason, quantity = text(facts.reason(item_id)), item["quantity"]
        if not quantity.isdecimal():  # shown as it is
            groups[item_id,] = {**entry, "quantity": quantity, "reason": _reasons(reason)}
            continue
        row = groups.setdefault((*entry.values(), reason), {**entry, "quantity": "0", "reason": _reasons(reason)})
        row["quantity"] = str(int(row["quantity"]) + int(quantity))
    return list(groups.values())


def _reasons(reason: str) -> list[Json]:
    return [{"action": "return", "reason": reason, "wish": "refund", "additional": {"title": "", "value": ""}}] if reason else []


def _unannounced(facts: ReturnFacts) -> list[Json]:
    """What a label-in-box return says before anything of it is registered: a snapshot's announced items."""
    return [
        {
            "sku_code": text(item["sku"]),
            "quantity": item["quantity"],
            "custom_ean": text(item["ean"]),
            "final_disposition": "",
            "verification_entity": "",
            "custom_registered": "",
            "reason": _reasons(text(item["reasonCode"])),
        }
        for item in facts.snapshot.get("announcedItems", [])
    ]


def legacy_return(return_id: str, facts: ReturnFacts, order: ReturnOrder | None, customer: Json, carrier: str, dates: Dates) -> Json:
    """`return_id` as the search gives it; `customer` is Mirakl's, where the order is known."""
    address: Json = customer.get("shipping_address") or {}
    steps = sorted(((at, status, parcel) for parcel in facts.parcels for at, status in parcel.steps), key=lambda step: step[0])
    name = f"{text(customer.get('firstname'))} {text(customer.get('lastname'))}".strip()
    return {
        "id": return_id,
        "display_id": order.rma if order is not None else text(facts.snapshot.get("rmaNumber")),
        "external_id": text(order.client_return_id) if order is not None else "",
        "order_reference": text(facts.order_id),
        "date_added": dates.moment(facts.registered_at),
        "name": name,
        "company_name": text(address.get("company")),
        "email": f"{return_id}@consumer.example" if name else "",
        "phone": text(address.get("phone")),
        **{mine: text(address.get(theirs)) for mine, theirs in _ADDRESS.items()},
        "addr3": "",
        "tracking": text(facts.parcels[0].tracking_number),
        "tracking_last_update": dates.moment(steps[-1][0] if steps else None),
        "current_tracking_status": steps[-1][1] if steps else "",
        "carrier": order.carrier if order is not None else carrier,
        "verification_entity": facts.parcels[0].location if facts.received else "",
        "label": _LABEL,
        "custom_status": facts.status,
        "custom_flow": text(facts.snapshot.get("flow")),
        "custom_instant_refund": dates.moment(facts.instant_at),
        "item": _items(facts, dates) or _unannounced(facts),
    }


def legacy_tracking(facts: ReturnFacts, parcel: Parcel, carrier: str, dates: Dates) -> Json:
    return {
        "pallet_number": "",
        "source_country": _place(parcel.location)["country"],
        "carrier_name": carrier,
        "service_id": "",
        "external_id": "",
        "order_reference": text(facts.order_id),
        "track": [{"dt": dates.moment(at), "status": status, "location": _place(parcel.location)} for at, status in parcel.steps],
    }
