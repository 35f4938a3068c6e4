"""The SQL files of this room, by name."""

from importlib.resources import files


def sql(name: str) -> str:
    """The text of one SQL file of this package."""
    return files("returns_assets.steps").joinpath(f"{name}.sql").read_text(encoding="utf-8")
