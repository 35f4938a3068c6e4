"""What a ReBound account is set up with. Whatever ReBound does not publish (paths, repeats, labels, dates) has a switch here."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

# Published: /sales-orders and the client-credentials flow; observed at third parties: the legacy paths (below our stand-in of that host).
# Every other path is the reference's proposal (3.2) or, for registrations, an invention: an account's real paths go into `paths`.
PATHS = {
    "TOKEN": "POST /oauth/token",
    "SALES-ORDERS": "POST /sales-orders",
    "RETURN-CREATE": "POST /return-orders",
    "RETURN-LIST": "GET /return-orders",
    "RETURN": "GET /return-orders/{id}",
    "RETURN-HISTORY": "GET /return-orders/{id}/events",
    "RETURN-CANCEL": "POST /return-orders/{id}/cancel",
    "RETURN-EVENTS": "GET /return-events",
    "REGISTRATION-LIST": "GET /return-registrations",
    "REGISTRATION": "GET /return-registrations/{id}",
    "REGISTRATION-AUTHORISE": "POST /return-registrations/{id}/authorise",
    "REGISTRATION-DECLINE": "POST /return-registrations/{id}/decline",
    "LABEL": "GET /labels/{id}",
    "LEGACY-SEARCH": "POST /legacy/api/returns/search/json",
    "LEGACY-RETURN": "POST /legacy/api/returns/get/json",
    "LEGACY-TRACKING": "POST /legacy/api/tracking/get/json",
    "LEGACY-ORDERS": "POST /legacy/api/orders/search",
}
_TEMPLATE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) /\S*")
DATE_FORMATS = {"YYYY/MM/DD": "%Y/%m/%d", "MM/DD/YYYY": "%m/%d/%Y"}
_CHOICES = {
    "repeat": ("409", "overwrite", "duplicate"),
    "return_repeat": ("409", "duplicate"),
    "legacy_dates": tuple(DATE_FORMATS),
    "legacy_search": ("added", "changed"),
}
SECRETS = ("client_id", "client_secret", "legacy_login", "legacy_api_key")


@dataclass
class ReboundConfig:
    """One account with one set of credentials per API generation."""

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-client-secret"
    token_seconds: int = 3600
    flow_keys: list[str] = field(default_factory=list[str])  # empty: any
    repeat: str = "409"  # POST /sales-orders with a clientOrderId seen before: 409 | overwrite | duplicate
    paths: dict[str, str] = field(default_factory=dict[str, str])  # operation -> "METHOD /path", laid over PATHS
    direct_returns: bool = False  # returns of orders that were never pushed: refused (order-matched mode) | made
    return_repeat: str = "409"  # a clientReturnId seen before: 409 | duplicate
    not_returnable: list[str] = field(default_factory=list[str])  # clientOrderIds whose returns are refused for good
    label_seconds: float = 0  # above 0 a return is answered 202 and its label exists that much later
    carrier: str = "PostLink"
    location: str = "DE_DPD_Duisburg"  # the hub that a new return is sent to
    cursor_seconds: float = 86400  # how long a cursor lives; after that 410
    legacy_login: str = "sandbox-login"
    legacy_api_key: str = "sandbox-legacy-key"
    legacy_dates: str = "YYYY/MM/DD"  # YYYY/MM/DD | MM/DD/YYYY, in requests and records
    legacy_search: str = "added"  # which day the search filters by: added | changed (not stated anywhere)

    def __post_init__(self) -> None:
        self.repeat, self.return_repeat = str(self.repeat), str(self.return_repeat)
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"rebound: {name} is {getattr(self, name)!r}, allowed: {', '.join(allowed)}")
        unknown = sorted(set(self.paths) - set(PATHS))
        if unknown:
            raise ValueError(f"rebound: unknown path {', '.join(unknown)}; allowed: {', '.join(PATHS)}")
        for name, template in self.paths.items():
            if not _TEMPLATE.fullmatch(template) or ("{id}" in template) != ("{id}" in PATHS[name]):
                raise ValueError(f"rebound: path {name} is {template!r}; it must look like {PATHS[name]!r}")
        self.paths = PATHS | self.paths

    def public(self) -> dict[str, Any]:
        """Everything but the credentials."""
        return {name: value for name, value in asdict(self).items() if name not in SECRETS}
