"""Reads the slices that expectations judge: one SQL file each, all from one consistent view of the warehouse."""

import re
from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import duckdb

from returns_assets.quality.denials import with_denials
from returns_assets.quality.facts import Facts

if TYPE_CHECKING:  # pandas costs 0.7 s: it is imported when a slice is read, not when the code location loads
    from pandas import DataFrame

Slices = Mapping[str, "DataFrame | str"]


def read_slices(
    con: duckdb.DuckDBPyConnection, names: Collection[str], facts: Facts, extra: Mapping[str, Any]
) -> dict[str, "DataFrame | str"]:
    """Each slice as a DataFrame (money as whole ten-thousandths: a float would round), or the reason why it could not be read.

    `extra` adds parameters that the warehouse does not know. A slice that cannot be read breaks its checks; the others are judged.
    """
    parameters = {**facts.parameters(), **extra}
    slices: dict[str, DataFrame | str] = {}
    for name in sorted(names):
        text = files("returns_assets.quality.slices").joinpath(f"{name}.sql").read_text(encoding="utf-8")
        named = set(re.findall(r"\$([a-z_]+)", text))
        try:
            slices[name] = con.execute(text, {key: parameters[key] for key in named}).df()
        except (duckdb.Error, KeyError) as error:
            slices[name] = f"the slice {name} cannot be read: {str(error).splitlines()[0]}"
    ready = slices.get("ready")
    if ready is not None and not isinstance(ready, str):
        slices["ready"] = _with_codes(_with_policy(ready, facts), facts)
    top_ups = slices.get("top_ups")
    if top_ups is not None and not isinstance(top_ups, str):
        slices["top_ups"] = _with_codes(top_ups, facts)
    stock = slices.get("stock_ready")
    if stock is not None and not isinstance(stock, str):
        slices["stock_ready"] = _with_restock(stock, facts)
    denied = slices.get("denied")
    if denied is not None and not isinstance(denied, str):
        slices["denied"] = with_denials(denied, facts)
    return slices


def _with_policy(ready: "DataFrame", facts: Facts) -> "DataFrame":
    """`ready` with what the policy table says about each row, read by this room's own reading of it."""
    axes = ["verification", "grade", "disposition", "reason"]
    words = {combo: facts.policy_says(*combo) for combo in set(zip(*(ready[axis] for axis in axes), strict=True))}
    return ready.assign(policy_says=[words[combo] for combo in zip(*(ready[axis] for axis in axes), strict=True)])


def _with_restock(ready: "DataFrame", facts: Facts) -> "DataFrame":
    """The slice with what restock.csv says about each row, read by this room's own reading of it."""
    axes = ["verification", "grade", "disposition", "lane"]
    words = {combo: facts.restock_says(*combo) for combo in set(zip(*(ready[axis] for axis in axes), strict=True))}
    return ready.assign(table_says=[words[combo] for combo in zip(*(ready[axis] for axis in axes), strict=True)])


def _with_codes(frame: "DataFrame", facts: Facts) -> "DataFrame":
    """The slice with the code that return_reasons.csv gives for each row's reason."""
    codes = {reason: facts.table_code(reason) for reason in set(frame["reason"])}
    return frame.assign(table_code=[codes[reason] for reason in frame["reason"]])
