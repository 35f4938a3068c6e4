"""The shop that the made-up world sells from: products, customers, tax rates. All invented; the catalogue is the same for every seed."""

import random
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from returns_assets.sandbox.documents import ean13
from returns_assets.sandbox.orders import NONE_RULE, Customer, Market, Tax

PRODUCTS = 300
REASONS = {  # label as ReBound writes it (mappings/rebound.yaml knows them all) -> how often
    "Too large": 24,
    "Too small": 26,
    "Changed my mind": 20,
    "Not as described": 9,
    "Faulty": 8,
    "Damaged in transit": 4,
    "Wrong item received": 5,
    "Arrived too late": 4,
}
DEFECT_REASONS = ("Faulty", "Damaged in transit", "Wrong item received")
HUBS = {"DEU": "DE_DPD_Duisburg", "GBR": "GB_EVRI_Rugby", "USA": "US_USPS_Columbus"}
COUNTRIES = {"EUR": ("DEU", "de_DE"), "GBP": ("GBR", "en_GB"), "USD": ("USA", "en_US")}
TAX_RATES = {"US-STATE": Decimal("6.25"), "US-COUNTY": Decimal("1.50")}
FAMILIES = ("SHIRT", "DRESS", "JEANS", "COAT", "SHOE", "BOOT", "LAMP", "MUG", "RUG", "BAG")
COLOURS = ("navy", "sand", "moss", "rust", "white", "black")
FIRSTNAMES = ("Ada", "Ben", "Cleo", "Dario", "Edda", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Käthe", "Luís")
LASTNAMES = ("Albers", "Brook", "Cornwell", "Dietz", "Eriksen", "Fontaine", "Groß", "Hale", "Ivers", "Jung", "Keller", "Lund")
STREETS = ("Mill Lane", "Hafenstraße", "Station Road", "Lindenweg", "Maple Avenue", "Rue du Port")
CITIES = ("Norden", "Albury", "Westfield", "Neustadt", "Ashford", "Mapleton")


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    ean: str
    title: str
    price: Decimal


@cache
def catalogue() -> tuple[Product, ...]:
    """300 products with prices from 3.99 to about 180, many of which do not divide evenly by two or three."""
    rng = random.Random("catalogue")
    products: list[Product] = []
    for n in range(PRODUCTS):
        family = FAMILIES[n % len(FAMILIES)]
        price = Decimal(rng.randrange(399, 18000)) / 100
        products.append(Product(f"{family}-{1000 + n}", ean13(7_000_000 + n), f"{family.title()} {rng.choice(COLOURS)} {1000 + n}", price))
    return tuple(products)


def customer(rng: random.Random) -> Customer:
    """An invented customer; one in 33 is anonymised."""
    return Customer(
        number=rng.randrange(10_000, 99_999),
        firstname=rng.choice(FIRSTNAMES),
        lastname=rng.choice(LASTNAMES),
        street=f"{rng.choice(STREETS)} {rng.randrange(1, 120)}",
        zip_code=f"{rng.randrange(10_000, 99_999)}",
        city=rng.choice(CITIES),
        anonymised=rng.randrange(33) == 0,
    )


def reason(rng: random.Random) -> str:
    return rng.choices(tuple(REASONS), tuple(REASONS.values()))[0]


def taxes(market: Market, rng: random.Random) -> tuple[Tax, ...]:
    """Taxes of one line, of those that the marketplace has.

    TAX_EXCLUDED: the ones that Mirakl prorates are on every line, the ones it does not (rule NONE) on half of them.
    TAX_INCLUDED: every fourth line lists the tax that its price contains, the others list nothing.
    """
    if market.tax_mode == "TAX_EXCLUDED":
        return tuple(tax for tax in market.taxes if tax.rule != NONE_RULE or rng.randrange(2))
    return market.taxes[:1] if rng.randrange(4) == 0 else ()


def tax(code: str, rule: str, currency: str) -> Tax:
    """A tax of a marketplace's list with an invented rate: Mirakl's list has none."""
    vat = Decimal("20.00") if currency == "GBP" else Decimal("19.00")
    return Tax(code, TAX_RATES.get(code, vat), rule)


def hub(market: Market) -> str:
    return HUBS.get(market.country, f"{market.country[:2]}_HUB_Central")
