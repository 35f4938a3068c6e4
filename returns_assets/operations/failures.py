"""Which failures a person can do something about, and the sentence that says what. Everything else is a bug and keeps its traceback."""

import re

import duckdb
import httpx
from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from returns_assets.ledger.schema import LedgerTooNew
from returns_assets.mirakl.errors import MiraklError
from returns_assets.operations.dagster_home import NoDagsterConfiguration
from returns_assets.rebound.authentication import ReceiverMisconfigured
from returns_assets.rebound.reading_errors import ReboundReadError
from returns_assets.steps.act_gate import NotValidated
from returns_assets.translation.model import MappingError
from returns_assets.warehouse.connection import WarehouseError

# Their own text is the sentence.
SAID_BY_ITSELF = (
    LedgerTooNew,
    MappingError,
    MiraklError,
    NoDagsterConfiguration,
    NotValidated,
    ReboundReadError,
    ReceiverMisconfigured,
    WarehouseError,
)


def explain(error: BaseException) -> str | None:
    """One sentence for a failure that is not a bug, else None. Never contains a password."""
    if isinstance(error, SAID_BY_ITSELF):
        return str(error)
    if isinstance(error, ValidationError) and error.title == "Settings":
        return "; ".join(f"RETURNS_{'_'.join(str(p) for p in fault['loc']).upper()}: {fault['msg']}" for fault in error.errors())
    if isinstance(error, NoSuchModuleError | ArgumentError):
        return f"RETURNS_LEDGER_URL: {without_passwords(str(error))}; allowed: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"
    if isinstance(error, DBAPIError):
        return f"the ledger's database refused: {without_passwords(str(error.orig).strip())}"
    if isinstance(error, duckdb.IOException):
        return f"the warehouse: {error}"
    if isinstance(error, httpx.HTTPError):
        return f"no answer over HTTP: {type(error).__name__}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return None


def without_passwords(text: str) -> str:
    """The text with the password of every URL in it replaced."""
    return re.sub(r"://([^:/@\s]+):[^@\s]+@", r"://\1:***@", text)
