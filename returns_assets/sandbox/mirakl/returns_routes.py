"""The paths of the returns API, and what all of them do where a marketplace has the feature off."""

from __future__ import annotations

from collections.abc import Callable

from returns_assets.sandbox.exchange import Answer, Call, Refusal
from returns_assets.sandbox.mirakl.return_life import enabled
from returns_assets.sandbox.mirakl.returns_create import rt01
from returns_assets.sandbox.mirakl.returns_move import rt21, rt25, rt26, rt27, rt29
from returns_assets.sandbox.mirakl.returns_read import rt11, rt12
from returns_assets.sandbox.mirakl.returns_update import rt04

Operation = Callable[[Call], Answer]


def _gated(operation: Operation) -> Operation:
    """Documented for a feature that is off are RT01's per-item error and RT12's zeros (7.1); a 404 or 403 for everything is a guess."""

    def gated(call: Call) -> Answer:
        off = call.place.config.returns.off
        if off != "per_item" and not enabled(call.place.config):
            raise Refusal(int(off), "Not Found" if off == "404" else "Forbidden: returns are not enabled")
        return operation(call)

    return gated


RETURNS: dict[str, dict[str, tuple[str, Operation]]] = {
    "/returns": {"GET": ("RT11", _gated(rt11)), "POST": ("RT01", _gated(rt01)), "PUT": ("RT04", _gated(rt04))},
    "/returns/items_to_return": {"GET": ("RT12", _gated(rt12))},
    "/returns/accept": {"PUT": ("RT21", _gated(rt21))},
    "/returns/receive": {"PUT": ("RT25", _gated(rt25))},
    "/returns/compliance": {"PUT": ("RT26", _gated(rt26))},
    "/returns/close": {"PUT": ("RT27", _gated(rt27))},
    "/returns/cancel": {"PUT": ("RT29", _gated(rt29))},
}
WRITES = frozenset({"RT01", "RT04", "RT21", "RT25", "RT26", "RT27", "RT29"})
