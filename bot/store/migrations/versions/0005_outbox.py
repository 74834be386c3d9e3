"""Outbox: messages on their way to Slack, and the lanes that pace them."""

import sqlalchemy as sa
from alembic import op

from bot.store import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.String(length=16), nullable=True),
        sa.Column("kind", sa.String(length=16), server_default="", nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("alert", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=32), server_default="", nullable=False),
        sa.Column("content", types.Document(), nullable=True),
        sa.Column("state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("mark", sa.String(length=32), server_default="", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("place", sa.String(length=32), server_default="", nullable=False),
        sa.Column("ts", sa.String(length=32), server_default="", nullable=False),
        sa.Column("created", types.Instant(length=32), nullable=False),
        sa.Column("claimed", types.Instant(length=32), nullable=True),
        sa.Column("not_before", types.Instant(length=32), nullable=True),
        sa.Column("until", types.Instant(length=32), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_outbox_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_state", ["state", "connection_id"], unique=False)
        batch_op.create_index("ix_outbox_channel", ["workspace_id", "channel"], unique=False)

    op.create_table(
        "lanes",
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("free", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lanes")),
    )


def downgrade() -> None:
    op.drop_table("lanes")
    op.drop_table("outbox")
