"""Restock as mapping tables see it: a marketplace's stock settings, and a row of restock.csv. What may never be sold again is said here."""

from typing import Any, Literal

from pydantic import Field, field_validator

from returns_assets.translation.strict import Strict

StockMode = Literal["own", "signal", "off"]
StockTrigger = Literal["putaway", "disposition", "delivered"]
OTHER_WAREHOUSES = "*"
# Whatever a table says: only the announced article, whole, goes back on sale. What cannot be told apart, was not announced or is damaged,
# and values that no map has, do not (R11, R12). Which dispositions may is dispositions.csv's `sellable`.
SELLABLE_VERIFICATIONS = ("MATCH",)
SELLABLE_GRADES = ("A", "B", "C", "U")


class Stock(Strict):
    """Whose the marketplace's quantity is, and from when on a piece is for sale again.

    mode: `own`: this product sets it (STO01); `signal`: the retailer's ERP does, and is told by a feed; `off`.
    trigger: the event that makes a piece sellable: put on the shelf; the hub's disposition, where the hub sells; the parcel's delivery,
    before anybody looked.
    warehouses: the warehouse as its files name it -> Mirakl's warehouse code, for offers with warehouses; `*` is every other one.
    file_seconds, status_seconds: the least time between two stock files (STO01) and between two looks at an import (STO02).
    """

    mode: StockMode
    trigger: StockTrigger
    warehouses: dict[str, str] = Field(default_factory=dict[str, str])
    drift_limit: int = Field(ge=0)
    file_seconds: float = Field(ge=0)
    status_seconds: float = Field(ge=0)

    @field_validator("mode", mode="before")
    @classmethod
    def _yaml_off(cls, value: Any) -> Any:
        return "off" if value is False else value  # YAML reads a bare off as false


class RestockRow(Strict):
    """One row of restock.csv; the first that fits a piece decides, and none means no. Conditions are values joined by | or '*'."""

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    marketplace: str
    verification: str
    grade: str
    disposition: str
    lane: str
    sellable: bool
