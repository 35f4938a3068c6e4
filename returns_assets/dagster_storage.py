"""Dagster's own storage by the environment: PostgreSQL when DAGSTER_POSTGRES_URL is set, otherwise SQLite under DAGSTER_HOME
(RETURNS_HOME/dagster where that is not set: `dagster dev` in a checkout then finds the same history as the command line).

dagster.yaml knows no conditions; it names this class, so that one file serves both. Every process of an instance (web server, daemon,
runs) asks its own environment, which Dagster hands on to the processes that it starts.
"""

import os
from pathlib import Path
from typing import Any

from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

from returns_assets.settings import load_settings

POSTGRES = "DAGSTER_POSTGRES_URL"


class EnvironmentStorage(DagsterStorage):
    """Never instantiated: Dagster calls the two class methods, and gets one of its own storages."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """No configuration: the environment is enough."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: dict[str, Any]) -> DagsterStorage:
        """DagsterPostgresStorage or DagsterSqliteStorage; the folder is made."""
        url = os.environ.get(POSTGRES, "")
        if url:
            from dagster_postgres import DagsterPostgresStorage  # only where it is used: it loads the PostgreSQL driver

            return DagsterPostgresStorage(url, inst_data=inst_data)
        home = Path(os.environ.get("DAGSTER_HOME") or load_settings().home / "dagster").expanduser().absolute()
        return DagsterSqliteStorage.from_local(str(home), inst_data=inst_data)
