"""A conversation knows the last event that was shown of it, so that closing it can say what the agent had seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("seen_seq", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("conversations", "seen_seq")
