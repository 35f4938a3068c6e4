"""The list of the warehouse's scenarios, planted where a world has `warehouse`; the refund scenarios are in scenarios.py."""

from returns_assets.sandbox import scenarios_dispatch as dispatch
from returns_assets.sandbox import scenarios_shelf as shelf
from returns_assets.sandbox.scenarios import Scenario

WAREHOUSE_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(shelf.put_away, None),
    Scenario(shelf.put_away_twice, None),
    Scenario(shelf.graded_not_put_away, None),
    Scenario(shelf.damaged_put_away, None),
    Scenario(shelf.damaged_at_the_warehouse, None, 1),
    Scenario(shelf.quarantine_put_away, None),
    Scenario(shelf.corrected_after_putaway, None, 1),
    Scenario(shelf.direct_inspected, None),
    Scenario(shelf.direct_received_only, None),
    Scenario(shelf.direct_without_piece_ids, None),
    Scenario(shelf.direct_damaged, None),
    Scenario(shelf.direct_wrong_item, None),
    Scenario(shelf.stranger_put_away, None),
    Scenario(shelf.unknown_order_put_away, None),
    Scenario(shelf.bad_warehouse_rows, None),
    Scenario(dispatch.dispatched, None),
    Scenario(dispatch.dispatched_tracked, None),
    Scenario(dispatch.dispatched_by_unknown_carrier, None),
    Scenario(dispatch.dispatched_in_parts, None, 1),
    Scenario(dispatch.dispatched_unit_by_unit, None, 1),
    Scenario(dispatch.dispatched_twice, None),
    Scenario(dispatch.dispatched_without_number, None),
    Scenario(dispatch.dispatched_by_sku, None),
    Scenario(dispatch.dispatched_early, None),
    Scenario(dispatch.dispatched_too_many, None),
    Scenario(dispatch.dispatched_unknown_order, None),
)
WAREHOUSE_NAMES = tuple(scenario.name for scenario in WAREHOUSE_SCENARIOS)
