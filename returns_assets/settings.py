"""Environment to typed settings: where this installation keeps its data and where its mapping tables are.

What belongs to a marketplace (URLs, keys, limits) is in `mappings/marketplaces.yaml`, which names further variables.
Nothing is read at import time: call `load_settings()`.
"""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """All paths are relative to the working directory unless absolute. Variables: RETURNS_HOME, RETURNS_MAPPINGS, ..."""

    model_config = SettingsConfigDict(env_prefix="RETURNS_", extra="ignore", frozen=True)

    home: Path = Field(default=Path("var"), description="Everything this installation writes")
    mappings: Path = Field(default=Path("mappings"), description="The mapping tables that operations own")
    warehouse_url: str = Field(
        default="", description="duckdb:PATH (default RETURNS_HOME/returns.duckdb) or ducklake:CATALOG?data_path=PATH"
    )
    ledger_url: str = Field(
        default="", description="SQLAlchemy URL: sqlite:///PATH (default RETURNS_HOME/ledger.sqlite) or postgresql://..."
    )

    @property
    def inbox_dir(self) -> Path:
        """Where ReBound's files are dropped, one folder a channel."""
        return self.home / "inbox"

    @property
    def landing_dir(self) -> Path:
        """Where raw answers of the APIs are kept."""
        return self.home / "landing"

    @property
    def stock_signals_dir(self) -> Path:
        """The feed for the retailer's ERP, one folder a marketplace."""
        return self.home / "stock-signals"

    @property
    def published_path(self) -> Path:
        """The read-only copy of the warehouse for analysts."""
        return self.home / "published" / "returns.duckdb"

    @property
    def resolved_warehouse_url(self) -> str:
        return self.warehouse_url or f"duckdb:{self.home / 'returns.duckdb'}"

    @property
    def resolved_ledger_url(self) -> str:
        return self.ledger_url or f"sqlite:///{(self.home / 'ledger.sqlite').absolute()}"


def load_settings() -> Settings:
    """Read the environment now; raises pydantic's ValidationError naming the variable."""
    return Settings()
