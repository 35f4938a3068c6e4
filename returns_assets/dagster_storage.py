"""Dagster's own storage by the environment: PostgreSQL when DAGSTER_POSTGRES_URL is set, SQLite under DAGSTER_HOME otherwise.

dagster.yaml knows no conditions; it names this class, so that one file serves both. Every process of an instance (web server, daemon,
runs) asks its own environment, which Dagster hands on to the processes that it starts.
"""

import os
from typing import Any

from dagster import DagsterInvariantViolationError
from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

POSTGRES = "DAGSTER_POSTGRES_URL"


class EnvironmentStorage(DagsterStorage):
    """Never instantiated: Dagster calls the two class methods, and gets one of its own storages."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """No configuration: the environment is enough."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: dict[str, Any]) -> DagsterStorage:
        """Raises DagsterInvariantViolationError when neither variable is set."""
        url = os.environ.get(POSTGRES, "")
        if url:
            from dagster_postgres import DagsterPostgresStorage  # only where it is used: it loads the PostgreSQL driver

            return DagsterPostgresStorage(url, inst_data=inst_data)
        home = os.environ.get("DAGSTER_HOME", "")
        if not home:
            raise DagsterInvariantViolationError(f"set DAGSTER_HOME (a folder for Dagster's history, such as var/dagster) or {POSTGRES}")
        return DagsterSqliteStorage.from_local(os.path.abspath(os.path.expanduser(home)), inst_data=inst_data)
