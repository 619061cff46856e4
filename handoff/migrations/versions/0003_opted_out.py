"""Who wants no messages that they did not ask for. A slot would not do: a new session forgets it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    column = sa.Column("opted_out", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("conversations", column)
