"""Alembic's entry point: it uses the connection (and its transaction) that ``handoff.desk.migrate`` gives it."""

from __future__ import annotations

from alembic import context

from handoff.desk.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
