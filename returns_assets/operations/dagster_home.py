"""DAGSTER_HOME, made ready the same way by every command that starts Dagster. Imports no Dagster: `returns dagster` becomes it."""

import os
import shutil
from pathlib import Path

from returns_assets.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]  # the repository's folder, wherever a command is called from


class NoDagsterConfiguration(RuntimeError):
    """DAGSTER_HOME has no dagster.yaml and there is none to copy: Dagster would start with its own storage and telemetry."""


def prepare_dagster_home(settings: Settings) -> Path:
    """DAGSTER_HOME (by default RETURNS_HOME/dagster), made, set in this process's environment, and given the repository's dagster.yaml.

    A dagster.yaml that is there already is somebody's own and stays as it is. Raises NoDagsterConfiguration.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or settings.home / "dagster").expanduser().absolute()
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    ours, here = CHECKOUT / "dagster.yaml", home / "dagster.yaml"
    if not here.exists():
        if not ours.exists():
            raise NoDagsterConfiguration(f"{here} is missing, and so is {ours} to copy: put the repository's dagster.yaml there")
        shutil.copy(ours, here)
    return home
