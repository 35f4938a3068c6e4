"""The ledger's schema, step by step (Alembic). `returns_assets.ledger.schema` runs it; a test holds it equal to tables.py."""
