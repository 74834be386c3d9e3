"""Proofs that people asked for: what both sides showed at that time, page by page."""

import sqlalchemy as sa
from alembic import op

from bot.store import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proofs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), server_default="", nullable=False),
        sa.Column("content", types.Document(), nullable=False),
        sa.Column("created", types.Instant(length=32), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_proofs_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proofs")),
        sa.UniqueConstraint("key", name=op.f("uq_proofs_key")),
    )


def downgrade() -> None:
    op.drop_table("proofs")
