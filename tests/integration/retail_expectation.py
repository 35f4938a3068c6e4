"""What the Online Retail history must come to, straight from the Parquet file, by the rule in docs/sandbox.md.

Independent on purpose: plain Python over pandas rows, nothing imported from the product or the sandbox.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pandas as pd

CENT = Decimal("0.01")


@dataclass
class Expected:
    """Money to refund per marketplace, and how many credit rows end in which way."""

    money: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: Decimal(0)))
    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    credits: int = 0


def half_up(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def marketplace(country: str, customer: float | None) -> str:
    if country != "United Kingdom":
        return "maplewood"
    return "albion" if customer is None or int(customer) % 2 == 0 else "nordhaus"


def expected(path: Path, first: date, last: date) -> Expected:
    frame = pd.read_parquet(path)
    frame = frame[(frame["InvoiceDate"].dt.date >= first) & (frame["InvoiceDate"].dt.date <= last)]
    sold: dict[tuple[str, int, str], list[dict[str, Any]]] = defaultdict(list)
    credits: list[Any] = []
    for row in frame.itertuples(index=False):
        customer = None if pd.isna(row.CustomerID) else int(row.CustomerID)
        if row.InvoiceNo.startswith("C"):
            credits.append((row, customer))
        elif row.Quantity > 0 and row.UnitPrice > 0 and not row.InvoiceNo.startswith("A") and customer is not None:
            total = half_up(Decimal(str(row.UnitPrice)) * int(row.Quantity))
            key = (marketplace(row.Country, customer), customer, row.StockCode)
            sold[key].append({"at": row.InvoiceDate, "units": int(row.Quantity), "back": 0, "total": total})
    result = Expected(credits=len(credits))
    for row, customer in credits:
        place, units = marketplace(row.Country, customer), int(-row.Quantity)
        earlier = (
            [] if customer is None else [line for line in sold.get((place, customer, row.StockCode), []) if line["at"] < row.InvoiceDate]
        )
        fitting = [line for line in earlier if line["units"] - line["back"] >= units]
        if not fitting:
            result.outcomes["over_quantity" if earlier else "unknown_order"] += 1
            continue
        line = max(enumerate(fitting), key=lambda pair: (pair[1]["at"], pair[0]))[1]
        line["back"] += units
        line["place"] = place
        before = half_up(line["total"] * (line["back"] - units) / line["units"])
        after = half_up(line["total"] * line["back"] / line["units"])
        result.outcomes["refund" if after > before else "nothing"] += 1
    for lines in sold.values():
        for line in lines:
            if line["back"]:
                result.money[line["place"]] += half_up(line["total"] * line["back"] / line["units"])
    return result
