"""The scenario list: what each planted case is called, which entry of the reference's list it stands for, and planting it.

`reference` is the number in the scenario list of the ReBound reference (section 6); None: not on that list. Entries of the list that are
not here: 18 and 19 are faults of the Mirakl server (admin/faults), 20 is a fault of the delivery (delivery.py) beside `half_document`,
21 and 22 are switches of the ReBound account (`repeat`, `label_seconds`), 24 is a replay of what `unknown_reason` leaves behind.
"""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from returns_assets.sandbox import scenarios_items as items
from returns_assets.sandbox import scenarios_journey as journey
from returns_assets.sandbox import scenarios_orders as orders
from returns_assets.sandbox.documents import Json
from returns_assets.sandbox.orders import Market
from returns_assets.sandbox.scenarios_scene import Scene
from returns_assets.sandbox.world_plan import Plan


@dataclass(frozen=True)
class Scenario:
    """`span`: days from its first to its last document. `trouble`: see Expectation."""

    play: Callable[[Scene], None]
    reference: int | None
    span: int = 0
    trouble: str = ""

    @property
    def name(self) -> str:
        return self.play.__name__


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(journey.happy_path, 1, 1),
    Scenario(journey.label_in_box, 2, 1),
    Scenario(journey.direct_to_retailer, 3, 1),
    Scenario(journey.duplicates, 4, 1),
    Scenario(journey.hub_before_scan, 5),
    Scenario(journey.after_close, 6, 1),
    Scenario(items.three_pieces_one_missing, 7),
    Scenario(journey.two_parcels, 8, 5),
    Scenario(journey.two_returns, 9, 1),
    Scenario(items.unexpected_item, 10),
    Scenario(items.wrong_item, 11),
    Scenario(items.empty_parcel, 11),
    Scenario(items.unidentifiable, 11),
    Scenario(items.correction_down, 12, 1),
    Scenario(items.missing_then_found, 13, 1),
    Scenario(orders.same_sku_by_line_id, 14),
    Scenario(orders.same_sku_ambiguous, 14),
    Scenario(orders.same_sku_equal_price, 14),
    Scenario(orders.by_sku, None),
    Scenario(journey.instant_then_registered, 15, 1),
    Scenario(journey.instant_only, 15),
    Scenario(journey.unknown_status, 16),
    Scenario(journey.unknown_reason, 16, trouble="code"),
    Scenario(journey.reason_not_given, None, trouble="code"),
    Scenario(orders.refunded_by_hand, 17),
    Scenario(orders.partly_refunded_by_hand, 17),
    Scenario(orders.goodwill, 17),
    Scenario(journey.half_document, 20),
    Scenario(journey.never_inspected, 23),
    Scenario(journey.cancelled_return, None),
    Scenario(journey.unroutable, None),
    Scenario(items.quarantine, None),
    Scenario(items.quarantine_released, None, 1),
    Scenario(items.used, None),
    Scenario(items.defect_confirmed, None),
    Scenario(items.damaged_by_customer, None),
    Scenario(items.return_to_consumer, None),
    Scenario(items.unknown_grade, None),
    Scenario(items.unknown_disposition, None),
    Scenario(items.unknown_verification, None),
    Scenario(items.lot, None),
    Scenario(items.uneven_units, None, 2),
    Scenario(items.bad_quantity, None),
    Scenario(items.over_quantity, None, 1),
    Scenario(orders.partly_cancelled, None),
    Scenario(orders.not_shipped, None, trouble="state"),
    Scenario(orders.closed, None, trouble="state"),
    Scenario(orders.incident_open, None),
    Scenario(orders.mixed_states, None),
    Scenario(orders.unknown_order, None),
    Scenario(orders.unknown_line, None),
    Scenario(orders.other_sku, None),
)
NAMES = tuple(scenario.name for scenario in SCENARIOS)


def _as_is(planted: list[Json]) -> list[Json]:
    return planted


def plant(
    plan: Plan,
    market: Market,
    seed: int,
    names: Collection[str] = NAMES,
    scenarios: tuple[Scenario, ...] = SCENARIOS,
    kind: str = "scenario",
) -> None:
    """Plant each named one of `scenarios` once in the marketplace, spread over the days of the world.

    A world with fewer days than a scenario spans plays it faster: what lies beyond the last day falls on the last day, in the same order.
    """
    known = [scenario.name for scenario in scenarios]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"unknown {kind} {', '.join(unknown)}; allowed: {', '.join(known)}")
    planted: list[Json] = []
    for position, scenario in enumerate(scenarios):
        if scenario.name not in names:
            continue
        start = position % max(1, plan.days - scenario.span)
        rng = random.Random(f"{seed}/{market.key}/{scenario.name}")
        scene = Scene(plan, market, scenario.name, start, rng, scenario.trouble)
        scenario.play(scene)
        planted.extend(scene.finished())
    plan.add_orders(market.key, partial(_as_is, planted))
