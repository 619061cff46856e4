"""Who waits for a person is offered to leave a message, once, and told that it is kept, once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("handoffs", sa.Column("offered_message_at", sa.Float(), nullable=True))
    op.add_column("handoffs", sa.Column("told_kept_at", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("handoffs", "told_kept_at")
    op.drop_column("handoffs", "offered_message_at")
