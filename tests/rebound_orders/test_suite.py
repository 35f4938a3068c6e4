"""The blocking checks see what the planning got wrong: each fault that is put into a planned partition is found by its check."""

from pathlib import Path

from returns_assets.quality.gate import validate_actions
from returns_assets.steps.ingest_mirakl import ingest_orders
from returns_assets.steps.rebound_orders import plan_rebound_orders
from tests.rebound_orders.world import DAY, OrdersWorld, orders_world
from tests.sandbox_fixture import Sandbox

READY = "UPDATE rebound_orders SET outcome = 'ready', cause = NULL, todo = NULL, detail = NULL, exception_class = NULL"


def replaced(old: str, new: str) -> str:
    return f"UPDATE rebound_orders SET document = replace(document::VARCHAR, '{old}', '{new}')"


FAULTS = {
    "sales_lines_shipped": f"{READY} WHERE cause = 'not_shipped'",
    "sales_lines_whole": replaced('"quantity": "1"', '"quantity": "2"'),
    "sales_countries_have_lane": f"{READY} WHERE cause = 'country_without_lane'",
    "sales_ids_are_orders": replaced('"clientOrderId": ', '"clientOrderId": "x", "_": '),
    "sales_nothing_personal": replaced('{"clientOrderId', '{"email": "a@b", "clientOrderId'),
    "sales_orders_unique": "INSERT INTO rebound_orders SELECT * FROM rebound_orders",
    "sales_one_outcome": "UPDATE rebound_orders SET outcome = 'perhaps'",
    "sales_explained": "UPDATE rebound_orders SET detail = NULL WHERE outcome = 'wait'",
    "sales_orders_conserved": "DELETE FROM rebound_orders WHERE outcome = 'wait'",
}


def failed(world: OrdersWorld) -> set[str]:
    return {finding.name for finding in validate_actions(world.ctx, "rebound_orders", world.key, DAY) if finding.stops}


def test_each_fault_is_found(tmp_path: Path, server: Sandbox) -> None:
    with orders_world(tmp_path, server) as world:
        world.put(1)
        world.put(2, {}, {"order_line_state": "SHIPPING"})
        world.put(3, customer={"shipping_address": {"country_iso_code": "FRA"}})
        ingest_orders(world.ctx, world.key, DAY)
        plan_rebound_orders(world.ctx, world.key, DAY)
        assert failed(world) == set()
        for check, statement in FAULTS.items():
            with world.warehouse.transaction() as con:
                con.execute(statement)
            assert check in failed(world)
            plan_rebound_orders(world.ctx, world.key, DAY)
