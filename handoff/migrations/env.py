"""Alembic's entry: runs the bridge's migrations on the connection that `handoff.migrate` hands in."""

from __future__ import annotations

from alembic import context

from handoff.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
