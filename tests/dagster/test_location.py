"""What the location consists of, word for word: a change here is a change for everybody who clicks, schedules or links to it."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from returns_assets.assets.describe import table_schemas
from returns_assets.build import build_definitions
from returns_assets.partitions import day_slice, marketplace_slice, partition_key
from returns_assets.quality.suites import MAPPED, SUITES
from returns_assets.settings import Settings
from returns_assets.warehouse.connection import table_names
from tests.dagster.location import DAY, MAPPINGS

ROOT = Path(__file__).parents[2]
GROUPS = {
    "ingest": {
        "returns",
        "rebound_polls",
        "rebound_documents",
        "rebound_returns",
        "mirakl_reference",
        "mirakl_orders",
        "marketplace_returns",
        "warehouse_events",
    },
    "translate": {"mapped_dispositions"},
    "act": {"refund_actions", "refund_pushes"},
    "status": {"return_status_actions", "return_status_pushes"},
    "dispatch": {"dispatch_orders", "dispatch_notices", "dispatch_pushes", "late_dispatches"},
    "authorise": {"return_requests", "return_request_pushes", "rebound_orders", "rebound_order_pushes"},
    "stock": {"stock_offers", "stock_actions", "stock_pushes", "stock_signals", "stock_drift"},
    "report": {"return_metrics", "published_warehouse"},
}
DEPENDENCIES = {
    "returns": set(),
    "rebound_polls": set(),
    "rebound_documents": {"returns", "rebound_polls"},
    "rebound_returns": {"rebound_documents"},
    "warehouse_events": {"rebound_documents", "rebound_returns"},
    "mirakl_reference": set(),
    "mirakl_orders": {"rebound_returns"},
    "mapped_dispositions": {"rebound_returns", "mirakl_orders", "mirakl_reference"},
    "refund_actions": {"mapped_dispositions"},
    "refund_pushes": {"refund_actions", "mapped_dispositions"},
    "marketplace_returns": {"rebound_returns", "mirakl_reference"},
    "return_status_actions": {"rebound_returns", "marketplace_returns", "mirakl_reference"},
    "return_status_pushes": {"return_status_actions"},
    "return_requests": {"rebound_returns", "marketplace_returns", "mirakl_reference"},
    "return_request_pushes": {"return_requests"},
    "dispatch_orders": {"warehouse_events"},
    "dispatch_notices": {"dispatch_orders"},
    "dispatch_pushes": {"dispatch_notices"},
    "late_dispatches": {"dispatch_notices", "dispatch_pushes"},
    "rebound_orders": {"mirakl_orders"},
    "rebound_order_pushes": {"rebound_orders"},
    "stock_offers": {"mirakl_orders"},
    "stock_actions": {"rebound_returns", "warehouse_events", "mirakl_orders", "stock_offers"},
    "stock_pushes": {"stock_actions"},
    "stock_signals": {"stock_pushes"},
    "stock_drift": set(),
    "return_metrics": {"mapped_dispositions", "refund_pushes"},
    "published_warehouse": {"return_metrics"},
}
CHECKS = {
    "rebound_returns": {"documents_conserved", "inbox_conserved", "codes_known", "events_routed"},
    "warehouse_events": {"rows_conserved", "facts_kept", "words_known", "facts_placed"},
    "mirakl_orders": {"orders_found"},
    "mapped_dispositions": {
        "ready_codes_live", "ready_states_eligible", "ready_line_of_order", "ready_currency", "ready_tax_mode", "ready_amounts_positive",
        "ready_shipping_not_negative", "ready_within_remainder", "ready_within_shipping", "ready_within_units", "ready_not_in_later_day",
        "ready_policy_allows", "ready_codes_translated", "top_up_codes_live", "top_up_codes_translated", "top_up_positive", "top_up_once",
        "top_up_line_of_order", "top_up_order_whole", "piece_keys_unique", "definitive_events_only",
        "no_refund_founded", "refundable_is_refunded", "nothing_lost", "one_outcome",
        "outcomes_explained", "exception_share", "refund_total", "codes_validate", "states_validate", "partition_gate",
    },
    "stock_actions": {
        "stock_pieces_unique", "stock_only_sellable", "stock_triggered", "stock_sku_offered", "stock_sku_agrees", "stock_quantity_positive",
        "stock_within_units", "stock_not_in_later_day", "stock_one_outcome", "stock_explained",
    },
    "return_status_actions": {
        "status_codes_live", "status_codes_translated", "status_lines_complete", "status_steps_unique", "status_returns_unique",
        "status_order_agrees", "status_rests_on_event", "status_explained", "status_outcomes",
    },
    "return_requests": {
        "granted_lines_eligible", "granted_lines_whole", "created_codes_live", "refused_never_eligible", "refused_codes_live",
        "refused_codes_translated", "request_keys_unique", "request_one_outcome", "request_explained", "requests_conserved",
    },
    "dispatch_notices": {
        "ready_carriers_live", "ready_carriers_translated", "ready_orders_shipping", "ready_tracking_given", "ready_within_units",
        "ready_orders_whole", "notice_not_in_later_day", "notice_keys_unique", "notice_one_outcome", "notice_explained",
        "dispatches_conserved", "carriers_mapped", "carriers_live",
    },
    "rebound_orders": {
        "sales_lines_shipped", "sales_lines_whole", "sales_countries_have_lane", "sales_ids_are_orders", "sales_nothing_personal",
        "sales_orders_unique", "sales_one_outcome", "sales_explained", "sales_orders_conserved",
    },
}  # fmt: skip
NOT_BLOCKING = {"codes_validate", "states_validate", "codes_known", "events_routed", "words_known", "facts_placed", "orders_found",
                "carriers_mapped", "carriers_live"}  # fmt: skip


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_definitions(settings=Settings(home=tmp_path_factory.mktemp("home"), mappings=ROOT / "mappings"))


def test_assets_their_groups_and_dependencies(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    nodes = {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}
    assert {group: {name for name, node in nodes.items() if node.group_name == group} for group in GROUPS} == GROUPS
    assert {name: {key.to_user_string() for key in node.parent_keys} for name, node in nodes.items()} == DEPENDENCIES
    assert all(node.description for node in nodes.values())


def test_partitions(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    kinds = {key.to_user_string(): graph.get(key).partitions_def for key in graph.get_all_asset_keys()}
    assert {name for name, kind in kinds.items() if kind is None} == {"returns", "rebound_polls", "published_warehouse"}
    assert {name for name, kind in kinds.items() if isinstance(kind, dg.DailyPartitionsDefinition)} == {
        "rebound_documents",
        "rebound_returns",
        "warehouse_events",
    }
    (both,) = {kind for kind in kinds.values() if isinstance(kind, dg.MultiPartitionsDefinition)}
    assert "2025-03-01|albion" in both.get_partition_keys()
    assert len({key.split("|")[1] for key in both.get_partition_keys()}) == 3
    for node in (graph.get(key) for key in graph.get_all_asset_keys() if graph.get(key).partitions_def):
        assert node.backfill_policy == dg.BackfillPolicy.multi_run(1), "a ranged run would give one verdict for the whole range"


def test_partition_keys_go_both_ways() -> None:
    assert partition_key(DAY) == "2025-03-05"
    assert partition_key(DAY, "albion") == "2025-03-05|albion"
    assert day_slice("2025-03-05") == day_slice("2025-03-05|albion") == DAY
    assert marketplace_slice("2025-03-05|albion") == ("albion", DAY)
    with pytest.raises(ValueError, match="unpack"):
        marketplace_slice("2025-03-05")


def test_checks(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    keys = graph.asset_check_keys
    found = {asset: {key.name for key in keys if key.asset_key.to_user_string() == asset} for asset in CHECKS}
    assert found == CHECKS
    assert len(keys) == sum(len(names) for names in CHECKS.values())
    assert {key.name for key in keys if not graph.get(key).blocking} == NOT_BLOCKING
    assert all(graph.get(key).partitions_def is not None for key in keys), "a verdict is kept for each partition"
    assert {e.name for e in SUITES if e.asset == MAPPED} | {"partition_gate"} == CHECKS[MAPPED]


def test_jobs_schedules_sensors(defs: dg.Definitions) -> None:
    jobs = {
        name: {key.to_user_string() for key in defs.resolve_job_def(name).asset_layer.selected_asset_keys}
        for name in (
            "ingest_returns",
            "process_returns",
            "return_status",
            "process_dispatches",
            "process_rebound_orders",
            "authorise_returns",
            "restock",
            "nightly_drift",
            "publish",
        )
    }
    assert jobs == {
        "ingest_returns": {"returns", "rebound_polls", "rebound_documents", "rebound_returns", "warehouse_events"},
        "process_returns": GROUPS["translate"] | GROUPS["act"] | {"mirakl_reference", "mirakl_orders", "return_metrics"},
        "return_status": GROUPS["status"] | {"mirakl_reference", "marketplace_returns"},
        "process_dispatches": GROUPS["dispatch"],
        "process_rebound_orders": {"mirakl_orders", "rebound_orders", "rebound_order_pushes"},
        "restock": GROUPS["stock"] - {"stock_drift"} | {"mirakl_orders"},
        "nightly_drift": {"stock_drift"},
        "authorise_returns": {"mirakl_reference", "marketplace_returns", "return_requests", "return_request_pushes"},
        "publish": {"published_warehouse"},
    }
    checked = {key.name for key in defs.resolve_job_def("process_returns").asset_layer.asset_graph.asset_check_keys}
    assert checked >= CHECKS[MAPPED], "a run of the main job always has its gate"
    followed = {key.name for key in defs.resolve_job_def("return_status").asset_layer.asset_graph.asset_check_keys}
    assert followed >= CHECKS["return_status_actions"]
    repository = defs.get_repository_def()
    schedules = {schedule.name: schedule.cron_schedule for schedule in repository.schedule_defs}
    assert schedules == {
        "ingest_today": "*/15 * * * *",
        "ingest_yesterday": "10 0 * * *",
        "process_today": "5-59/15 * * * *",
        "close_yesterday": "20 0 * * *",
        "look_back_week": "0 2 * * *",
        "look_back_month": "0 4 * * 0",
        "status_today": "9-59/15 * * * *",
        "status_yesterday": "30 0 * * *",
        "status_week": "30 2 * * *",
        "status_month": "30 4 * * 0",
        "authorise_today": "7-59/15 * * * *",
        "authorise_yesterday": "35 * * * *",
        "authorise_week": "15 1,13 * * *",
        "authorise_month": "15 4 * * *",
        "dispatch_today": "6-59/15 * * * *",
        "dispatch_yesterday": "25 * * * *",
        "dispatch_week": "45 2 * * *",
        "dispatch_month": "45 4 * * 0",
        "orders_today": "12-59/30 * * * *",
        "orders_yesterday": "42 0 * * *",
        "orders_week": "15 3 * * *",
        "restock_today": "13-59/15 * * * *",
        "restock_yesterday": "40 * * * *",
        "restock_week": "25 3 * * *",
        "restock_month": "55 4 * * 0",
        "stock_drift_nightly": "45 3 * * *",
        "publish_hourly": "50 * * * *",
    }
    running = {sensor.name: sensor.default_status == dg.DefaultSensorStatus.RUNNING for sensor in repository.sensor_defs}
    assert running == {"new_documents": False, "new_events": False, "failed_checks": True, "gated_automation": False}


def test_every_table_has_columns_with_a_meaning() -> None:
    schemas = table_schemas()
    assert set(schemas) == set(table_names())
    for table, schema in schemas.items():
        assert schema.columns, table
        assert [column.name for column in schema.columns if not column.description] == [], table


def test_a_marketplace_more_is_a_partition_more(tmp_path: Path) -> None:
    added = MAPPINGS.model_copy(update={"marketplaces": {**MAPPINGS.marketplaces, "sudhaus": MAPPINGS.marketplaces["nordhaus"]}})
    defs = build_definitions(settings=Settings(home=tmp_path), mappings=added)
    kind = defs.resolve_asset_graph().get(dg.AssetKey("mapped_dispositions")).partitions_def
    assert kind is not None
    assert "2025-03-01|sudhaus" in kind.get_partition_keys()


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_loading_the_location_imports_nothing_slow_and_writes_nothing(tmp_path: Path) -> None:
    slow = "('pandas', 'great_expectations', 'dagster_postgres')"
    code = f"import sys, returns_assets.definitions; print([name for name in {slow} if name in sys.modules])"
    loaded = run("-c", code, RETURNS_HOME=str(tmp_path / "home"))
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.strip() == "[]"
    assert not (tmp_path / "home").exists()
    assert "Warning" not in loaded.stderr


def test_wrong_mapping_tables_are_one_clear_sentence(tmp_path: Path) -> None:
    loaded = run("-c", "import returns_assets.definitions", RETURNS_MAPPINGS=str(tmp_path / "nowhere"))
    assert loaded.returncode != 0
    assert "no such directory; RETURNS_MAPPINGS names the folder with marketplaces.yaml" in loaded.stderr


def test_dagster_validates_the_workspace(tmp_path: Path) -> None:
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    validated = run("-m", "dagster", "definitions", "validate", "-w", "workspace.yaml", DAGSTER_HOME=str(home), RETURNS_HOME=str(tmp_path))
    assert validated.returncode == 0, validated.stdout + validated.stderr
    assert "Validation successful" in validated.stdout + validated.stderr
