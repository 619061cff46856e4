"""A line of the transcript may have a file, a quote and a reaction, and be edited or deleted afterwards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("media_id", sa.String(length=64), nullable=True))
    op.add_column("messages", sa.Column("media", sa.JSON(), nullable=True))
    op.add_column("messages", sa.Column("quoted", sa.JSON(), nullable=True))
    op.add_column("messages", sa.Column("reaction", sa.String(length=64), nullable=True))
    op.add_column("messages", sa.Column("text_before", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("edited_at", sa.Float(), nullable=True))
    op.add_column("messages", sa.Column("deleted_at", sa.Float(), nullable=True))
    op.create_index("ix_messages_media_id", "messages", ["media_id"])
    op.add_column("conversations", sa.Column("opted_out", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("conversations", "opted_out")
    op.drop_index("ix_messages_media_id", "messages")
    for name in ("deleted_at", "edited_at", "text_before", "reaction", "quoted", "media", "media_id"):
        op.drop_column("messages", name)
