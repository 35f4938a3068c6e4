"""Alembic's entry: runs on the connection, and inside the transaction, that the ledger hands over."""

from alembic import context

from returns_assets.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
