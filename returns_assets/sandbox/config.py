"""What a sandbox is set up with: marketplaces (keys, shop, currency, lists, features, quirks of the server) and the ReBound account.

Everything is plain data and can be changed while it runs (POST /admin/marketplaces). Where the reference leaves the real server's
behaviour open, there is a switch here and its default is said beside it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import yaml

from returns_assets.sandbox import defaults
from returns_assets.sandbox.records import MODES
from returns_assets.sandbox.returns_config import ReturnsConfig, laid_over, returns_config

Json = dict[str, Any]
# Not published: which states OR28 accepts. The reference's table (section 11), with TO_COLLECT and INCIDENT_OPEN counted as yes.
REFUNDABLE = ["SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED", "INCIDENT_OPEN"]


def _list() -> list[Any]:
    return []


@dataclass
class MarketplaceConfig:
    """One operator instance with one shop. Balances None mean: no limit, and A01 shows a large number."""

    key: str
    shop_id: str = "2000"
    label: str = ""
    api_key: str = ""  # default: sandbox-<key>-key
    currency: str = "EUR"
    platform_currency: str = ""  # default: the shop's currency; another one makes currency_iso_code required in OR28
    order_tax_mode: str = "TAX_INCLUDED"  # the platform's default
    currency_digits: int = 2
    reasons: list[Json] = field(default_factory=lambda: copy.deepcopy(defaults.STANDARD_REASONS))
    carriers: list[Json] = field(default_factory=lambda: copy.deepcopy(defaults.CARRIERS))
    shipping_types: list[Json] = field(default_factory=lambda: copy.deepcopy(defaults.SHIPPING_TYPES))
    taxes: list[Json] = field(default_factory=_list)
    features: Json = field(default_factory=dict[str, Any])  # laid over the PC01 answer, dotted keys allowed
    payable_balance: Decimal | None = None
    pending_balance: Decimal | None = None
    commission_rate: Decimal = Decimal("0.15")
    commission_tax_rate: Decimal = Decimal("20")  # percent
    nulls: str = "null"  # optional fields without a value: null | absent | mixed (by order)
    refund_state_field: str = "both"  # both | state (only the deprecated field, as in the official example)
    refundable_states: list[str] = field(default_factory=lambda: list(REFUNDABLE))
    taxes_required: str = "none_rule"  # TAX_EXCLUDED: which tax codes OR28 insists on: none_rule | all | never
    update_delta_seconds: int = 300  # OR11 takes this off start_update_date; the size is not published
    received_after_days: float | None = 7  # SHIPPED -> RECEIVED by the clock
    closed_after_days: float | None = None  # RECEIVED -> CLOSED by the clock, counted from the dispatch; None: never
    close_when_refunded: bool = False
    returns: ReturnsConfig = field(default_factory=ReturnsConfig)  # how returns are run where PC01's features.returns.marketplace is on
    warehouses: list[str] = field(default_factory=_list)  # codes; with any, a new offer's stock is divided among them
    offer_quantities: list[int] = field(default_factory=lambda: [20, 120])  # least and most that a new offer starts with
    sales_lower_stock: bool = True
    stock_back_after: list[str] = field(default_factory=_list)  # cancelation, refund: not published, nothing raises it by default
    stock_import_by: str = "polls"  # what moves STO01's file on: polls (answers of STO02) | clock (seconds) | tick (the admin only)
    stock_import_after: float = 0  # so many polls or seconds until COMPLETE; 0: at once
    duplicate_stock_import: str = "new"  # the same file again: new | existing (id of the latest, nothing is done); OF24: always existing
    warehouse_line_required: bool = True  # STO01: an offer with warehouses refuses a global quantity
    tracking_after_dispatch: bool = True  # OR23, ST23 once shipped: not established
    ceilings: dict[str, list[float]] = field(default_factory=dict[str, list[float]])  # operation: [calls, seconds]; above it 429

    def __post_init__(self) -> None:
        self.label = self.label or self.key
        self.api_key = self.api_key or f"sandbox-{self.key}-key"
        self.platform_currency = self.platform_currency or self.currency
        self.shop_id = str(self.shop_id)
        self.returns = returns_config(self.returns)
        for name in ("payable_balance", "pending_balance", "commission_rate", "commission_tax_rate"):
            value = getattr(self, name)
            setattr(self, name, None if value is None else Decimal(str(value)))
        self.stock_import_after = float(self.stock_import_after)
        for name, allowed in (
            ("order_tax_mode", MODES),
            ("nulls", ("null", "absent", "mixed")),
            ("refund_state_field", ("both", "state")),
            ("taxes_required", ("none_rule", "all", "never")),
            ("stock_import_by", ("polls", "clock", "tick")),
            ("duplicate_stock_import", ("new", "existing")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"marketplace {self.key}: {name} is {getattr(self, name)!r}, allowed: {', '.join(allowed)}")

        stray = set(self.stock_back_after) - {"cancelation", "refund"}
        if stray:
            raise ValueError(f"marketplace {self.key}: stock_back_after has {', '.join(sorted(stray))}, allowed: cancelation, refund")

    @cached_property
    def quantum(self) -> Decimal:
        return Decimal(1).scaleb(-self.currency_digits)

    def as_dict(self) -> Json:
        """JSON-able; `marketplace_from` takes it back."""
        return {k: str(v) if isinstance(v, Decimal) else v for k, v in asdict(self).items()}


@dataclass
class ReboundConfig:
    """`repeat` says what POST /sales-orders does with a clientOrderId it has seen (the real behaviour is unknown)."""

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-client-secret"
    token_seconds: int = 3600
    repeat: str = "409"  # 409 | overwrite | duplicate
    flow_keys: list[str] = field(default_factory=list[str])  # empty: any

    def __post_init__(self) -> None:
        self.repeat = str(self.repeat)
        if self.repeat not in ("409", "overwrite", "duplicate"):
            raise ValueError(f"rebound: repeat is {self.repeat!r}, allowed: 409, overwrite, duplicate")


@dataclass
class SandboxConfig:
    marketplaces: list[MarketplaceConfig]
    rebound: ReboundConfig = field(default_factory=ReboundConfig)
    seed: int = 1


def _checked(kind: type[Any], data: Mapping[str, Any], name: str) -> Json:
    allowed = {f.name for f in fields(kind)}
    unknown = sorted(set(data) - allowed)
    if unknown:
        raise ValueError(f"{name}: unknown field {', '.join(unknown)}; allowed: {', '.join(sorted(allowed))}")
    return copy.deepcopy(dict(data))


def marketplace_from(data: Mapping[str, Any], base: MarketplaceConfig | None = None) -> MarketplaceConfig:
    """A marketplace from plain data; fields not given come from `base`, from the default of that key, or from the class.

    `balance` may be given as one number for both balances or as {payable, pending}. ValueError names what is wrong.
    """
    given = dict(data)
    if "key" not in given:
        raise ValueError("a marketplace needs a key")
    if "balance" in given:
        balance: Any = given.pop("balance")
        parts = cast(Json, balance) if isinstance(balance, dict) else {"payable": balance, "pending": balance}
        given |= {f"{name}_balance": parts[name] for name in ("payable", "pending") if name in parts}
    if "tax_mode" in given:
        given["order_tax_mode"] = given.pop("tax_mode")
    given = _checked(MarketplaceConfig, given, f"marketplace {given['key']}")
    known: Json = next((copy.deepcopy(m) for m in defaults.MARKETPLACES if m["key"] == given["key"]), dict[str, Any]())
    if isinstance(given.get("returns"), dict):
        given["returns"] = laid_over(base.returns if base else known.get("returns", {}), given["returns"])
    return MarketplaceConfig(**(known | given)) if base is None else replace(base, **given)


def default_config(seed: int = 1) -> SandboxConfig:
    return SandboxConfig([marketplace_from(m) for m in defaults.MARKETPLACES], seed=seed)


def load_config(path: Path | None, seed: int = 1) -> SandboxConfig:
    """YAML: `marketplaces` (a list, or a mapping by key) replaces the default set; `rebound` lays over its defaults."""
    if path is None:
        return default_config(seed)
    raw: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(raw, dict):
        raise ValueError(f"{path}: expected a mapping with marketplaces and rebound")
    data = cast(Json, raw)
    places: Any = data.get("marketplaces")
    if isinstance(places, dict):
        places = [{"key": key, **(value or {})} for key, value in cast(dict[str, Json | None], places).items()]
    config = default_config(int(data.get("seed", seed)))
    if places is not None:
        config.marketplaces = [marketplace_from(place) for place in cast(list[Json], places)]
    config.rebound = ReboundConfig(**_checked(ReboundConfig, data.get("rebound") or {}, "rebound"))
    return config
