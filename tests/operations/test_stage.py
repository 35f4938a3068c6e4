"""The demo's own place: its tables, its environment, and the edits that its story makes."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from returns_assets.operations.demo.stage import Stage
from returns_assets.translation.load import load_mappings


@pytest.fixture
def stage(home: Path, tmp_path: Path) -> Stage:
    return Stage(tmp_path / "demo")


def test_a_new_story_ends_yesterday_and_its_tables_begin_with_it(stage: Stage) -> None:
    story = stage.story(days=4, seed=1)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert yesterday - story.last_day <= timedelta(days=1)  # midnight may pass during the test
    assert len(story.all_days) == 4
    tables = load_mappings(stage.mappings)
    assert tables.first_day == story.first_day
    assert {shop.calls.settle_seconds for shop in tables.marketplaces.values()} == {1}


def test_a_begun_story_goes_on_whatever_is_asked_for_later(stage: Stage) -> None:
    story = stage.story(days=4, seed=1)
    assert not stage.begun
    stage.remember(story, told=False)
    assert Stage(stage.home).begun
    assert not Stage(stage.home).told
    assert Stage(stage.home).story(days=9, seed=7) == story
    stage.remember(story, told=True)
    assert Stage(stage.home).told


def test_the_environment_of_a_real_installation_is_left_behind(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.story(days=3, seed=1)
    for name in ("RETURNS_LEDGER_URL", "RETURNS_WAREHOUSE_URL", "DAGSTER_POSTGRES_URL", "MIRAKL_REAL_KEY"):
        monkeypatch.setenv(name, "real")
    kept = dict(os.environ)
    try:
        stage.enter({"SANDBOX_URL": "http://127.0.0.1:1", "MIRAKL_NORDHAUS_KEY": "a key"})
        assert "real" not in os.environ.values()
        assert os.environ["RETURNS_HOME"] == str(stage.home)
        assert "export MIRAKL_NORDHAUS_KEY='a key'" in (stage.home / "demo.env").read_text()
    finally:
        os.environ.clear()
        os.environ.update(kept)


def test_the_person_in_the_story_edits_the_tables_as_the_readme_says(stage: Stage) -> None:
    stage.story(days=3, seed=1)
    before = load_mappings(stage.mappings)
    assert stage.map_reason("albion", "FAULTY_ITEM", "FAULT") == ["DEFECTIVE", "DAMAGED_IN_TRANSIT"]
    for _ in range(2):
        stage.map_label("Zu groß", "SIZE_TOO_LARGE")
    after = load_mappings(stage.mappings)
    assert after.version != before.version
    assert after.rebound.reason_map == {**before.rebound.reason_map, "Zu groß": "SIZE_TOO_LARGE"}
    assert {row.refund_reason_code for row in after.reasons if row.marketplace == "albion"} == {
        "ITEM_RETURNED",
        "NOT_AS_DESCRIBED",
        "FAULT",
    }
