"""What Dagster loads. Nothing else belongs here: build.py composes."""

from returns_assets.build import build_definitions

defs = build_definitions()
