"""From a request (seed, days, volumes, marketplaces, scenarios) to a finished plan. Same request, same bytes; the clock plays no part."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.mirakl.return_life import enabled
from returns_assets.sandbox.orders import Market
from returns_assets.sandbox.scenarios import NAMES, plant
from returns_assets.sandbox.scenarios_warehouse import WAREHOUSE_NAMES, WAREHOUSE_SCENARIOS
from returns_assets.sandbox.warehouse_files import FileForm
from returns_assets.sandbox.world_catalogue import COUNTRIES, tax
from returns_assets.sandbox.world_plan import Plan
from returns_assets.sandbox.world_returns import Openings, plant_late
from returns_assets.sandbox.world_traffic import Traffic
from returns_assets.sandbox.world_warehouse import dispatches, send_files, shelve

FIELDS = (
    "seed",
    "first_day",
    "days",
    "orders_per_day",
    "returns_per_day",
    "marketplaces",
    "scenarios",
    "graded_share",
    "marketplace_returns",
    "dispatches_per_day",
    "warehouse",
    "warehouse_files",
)
ONLINE_RETAIL = 0  # the number of the world made from real data; made-up worlds have 1..9999


@dataclass(frozen=True)
class WorldRequest:
    """Volumes are per marketplace and day. `scenarios` and `warehouse` name what is planted in which marketplace; `shelves`: the
    warehouse tells of the traffic's returned pieces, too."""

    seed: int
    first_day: date
    days: int
    orders_per_day: int
    returns_per_day: int
    marketplaces: tuple[str, ...]
    scenarios: Mapping[str, Collection[str]]
    graded_share: float
    marketplace_returns: bool
    dispatches_per_day: int
    warehouse: Mapping[str, Collection[str]]
    shelves: bool
    form: FileForm

    @property
    def number(self) -> int:
        return 1 + self.seed % 9999


def market_of(config: MarketplaceConfig) -> Market:
    """What the world needs to know of a marketplace. Order ids start with the first three letters of its key."""
    country, locale = COUNTRIES.get(config.currency, ("DEU", "de_DE"))
    shop: list[dict[str, Any]] = [reason for reason in config.reasons if reason["is_shop_right"]]
    refund = [reason for reason in shop if reason["type"] == "REFUND"]
    returned = [reason for reason in refund if reason["label"] == "Item returned"] or refund
    cancelation = [reason for reason in shop if reason["type"] == "CANCELATION"]
    return Market(
        key=config.key,
        prefix=config.key[:3].upper(),
        currency=config.currency,
        tax_mode=config.order_tax_mode,
        shop_id=config.shop_id,
        country=country,
        locale=locale,
        taxes=tuple(tax(each["code"], each["tax_calculation_rule"], config.currency) for each in config.taxes),
        refund_reason=returned[0]["code"] if returned else "17",
        cancel_reason=cancelation[0]["code"] if cancelation else "34",
        returns=enabled(config),
        return_window_days=config.returns.window_days,
        carriers=tuple((carrier["standard_code"], carrier["code"]) for carrier in config.carriers if carrier.get("standard_code")),
        warehouses=tuple(config.warehouses),
    )


def _scenarios(given: object, marketplaces: Sequence[str], everything: Collection[str] = NAMES) -> dict[str, Collection[str]]:
    if isinstance(given, dict):
        by_market = cast(dict[str, object], given)
        return {key: _scenarios(by_market.get(key, False), [key], everything)[key] for key in marketplaces}
    if isinstance(given, list):
        names: Collection[str] = tuple(str(name) for name in cast(list[object], given))
    else:
        names = everything if given else ()
    return dict.fromkeys(marketplaces, names)


def _whole(data: Mapping[str, Any], name: str, default: int, least: int) -> int:
    value = data.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return value


def world_request(data: Mapping[str, Any], known: Collection[str], form: FileForm | None = None) -> WorldRequest:
    """Read the JSON of POST /admin/world. `known` are the marketplaces that exist, `form` is how warehouse files are written where the
    request does not say otherwise. ValueError says what is wrong and what is allowed."""
    stray = sorted(set(data) - set(FIELDS))
    if stray:
        raise ValueError(f"unknown field {', '.join(stray)}; allowed: {', '.join(FIELDS)}")
    marketplaces = tuple(str(key) for key in data.get("marketplaces") or known)
    missing = sorted(set(marketplaces) - set(known))
    if missing:
        raise ValueError(f"unknown marketplace {', '.join(missing)}; known: {', '.join(known)}")
    share = data.get("graded_share", 0.3)
    if isinstance(share, bool) or not isinstance(share, int | float | Decimal) or not 0 <= share <= 1:
        raise ValueError(f"graded_share must be a number from 0 to 1, not {share!r}")
    opened = data.get("marketplace_returns", False)
    if not isinstance(opened, bool):
        raise ValueError(f"marketplace_returns must be true or false, not {opened!r}")
    request = WorldRequest(
        seed=_whole(data, "seed", 1, 0),
        first_day=date.fromisoformat(str(data.get("first_day", "2025-03-01"))),
        days=_whole(data, "days", 7, 1),
        orders_per_day=_whole(data, "orders_per_day", 20, 0),
        returns_per_day=_whole(data, "returns_per_day", 8, 0),
        marketplaces=marketplaces,
        scenarios=_scenarios(data.get("scenarios", True), marketplaces),
        graded_share=float(share),
        marketplace_returns=opened,
        dispatches_per_day=_whole(data, "dispatches_per_day", 0, 0),
        warehouse=_scenarios(data.get("warehouse", False), marketplaces, WAREHOUSE_NAMES),
        shelves=data.get("warehouse") is True,
        form=(form or FileForm()).with_changes(data.get("warehouse_files") or {}),
    )
    if request.returns_per_day > request.orders_per_day:
        raise ValueError(f"returns_per_day ({request.returns_per_day}) must not be above orders_per_day ({request.orders_per_day})")
    return request


def generate(request: WorldRequest, markets: Mapping[str, Market]) -> Plan:
    """The plan of a world: every marketplace's traffic day by day, then its scenarios, then what the warehouse does."""
    plan = Plan(request.number, request.first_day, request.days)
    for key in request.marketplaces:
        opens = request.marketplace_returns and markets[key].returns
        openings = Openings(plan, markets[key], request.seed) if opens else None
        traffic = Traffic(plan, markets[key], request.seed, request.graded_share, openings)
        for day in range(request.days):
            traffic.day(day, request.orders_per_day, request.returns_per_day)
        plant(plan, markets[key], request.seed, request.scenarios[key])
        if opens:
            plant_late(plan, markets[key], request.seed)
    if request.shelves:
        shelve(plan, markets, request.seed)
    plan.yard.returned.clear()  # many, and told by now
    for key in request.marketplaces:
        plant(plan, markets[key], request.seed, request.warehouse[key], WAREHOUSE_SCENARIOS, "warehouse scenario")
        dispatches(plan, markets[key], request.seed, request.dispatches_per_day)
    send_files(plan, request.form)
    return plan.finished()
